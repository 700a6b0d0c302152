"""What people call a document whose name says nothing to them: a hash, an e-mail address, an English word.

A title is told as Frappe tells it beside a link: by the title field where the DocType shows it in links, translated
where the DocType is. Users are told by their full names, which Frappe shows to everybody in the desk who chooses one.
Of all others only those are told that the readers may see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import frappe
from frappe.model.meta import Meta
from frappe.utils import create_batch
from pypika import Table
from pypika.terms import Criterion

from partner_crm.permissions import reading

USER, DOCTYPE = "User", "DocType"
MOST_AT_ONCE = 5000

OF_CLIENTS = (
	("Counterparty", "name", "title"),
	("Contact", "name", "full_name"),
	("Payout", "client", "client_title"),
	("Partner Claim", "client", "client_title"),
)
"""Where a client's title stands: DocType, its columns for his name and his title. Of a client who was handed over to
another manager, and whose card is not seen any more, one's own payout still tells.
"""


def are_told(doctype: str) -> bool:
	"""Whether documents of this DocType are told by anything else than their names."""
	meta = frappe.get_meta(doctype)
	return doctype == USER or _is_said(meta) or _is_titled(meta)


def told_apart(titles: Mapping[str, str]) -> dict[str, str]:
	"""With the names of those whose title others have too."""
	known = Counter(titles.values())
	return {name: title if known[title] == 1 else f"{title} ({name})" for name, title in titles.items()}


@dataclass(frozen=True)
class Titles:
	"""The titles that all of these readers may see, by name; `say` translates."""

	readers: tuple[str, ...]
	say: Callable[[str], str]

	def of_documents(self, doctype: str, names: Collection[str]) -> dict[str, str]:
		meta = frappe.get_meta(doctype)
		if _is_said(meta):
			return {name: self.say(name) for name in names}
		if doctype == USER:
			return _read(doctype, "name", "full_name", names, [])
		return self._read(doctype, "name", meta.title_field, names) if _is_titled(meta) else {}

	def of_clients(self, names: Collection[str]) -> dict[str, str]:
		found: dict[str, str] = {}
		for doctype, name, title in OF_CLIENTS:
			found |= self._read(doctype, name, title, [one for one in names if one not in found])
		return found

	def _read(self, doctype: str, name: str, title: str, names: Collection[str]) -> dict[str, str]:
		if any({name, title} & reading.hidden_columns(doctype, reader) for reader in self.readers):
			return {}
		seen = [reading.rows(doctype, frappe.qb.DocType(doctype), reader) for reader in self.readers]
		return _read(doctype, name, title, names, [criterion for criterion in seen if criterion is not None])


def _is_said(meta: Meta) -> bool:
	return meta.name == DOCTYPE or bool(meta.translated_doctype)


def _is_titled(meta: Meta) -> bool:
	return bool(meta.show_title_field_in_link and meta.title_field)


def _read(
	doctype: str, name: str, title: str, names: Collection[str], seen: Collection[Criterion]
) -> dict[str, str]:
	table: Table = frappe.qb.DocType(doctype)
	found: dict[str, str] = {}
	for some in create_batch(sorted(names), MOST_AT_ONCE):
		query = frappe.qb.from_(table).select(table[name], table[title]).distinct()
		query = query.where(Criterion.all([table[name].isin(some), *seen]))
		found.update((key, told) for key, told in query.orderby(table[name], table[title]).run() if told)
	return found
