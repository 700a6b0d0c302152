"""Two cards that may be one client: what is known of them, and what was decided.

Each pair of cards has one row, `Possible Duplicate`, whose name says which two they are, so that nobody decides twice.
"Not a Duplicate" is the head of sales' word for namesakes, or branches with one tax id: it holds for everybody,
`services.identity` lets both cards hold the same keys, and taking it back leaves both as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime

from partner_crm.rules.identity import IDENTITY_FIELDS
from partner_crm.rules.similarity import REASONS
from partner_crm.services import bulk

DOCTYPE = "Possible Duplicate"
OPEN, TOLD_APART = "Open", "Not a Duplicate"
DUPLICATE, POSSIBLE = "Duplicate", "Possible"


@dataclass(frozen=True, slots=True)
class Pair:
	"""Two cards, and what speaks for their being one client: codes of `rules.similarity`, and a card between."""

	card: str
	other: str
	kind: str
	score: float
	reasons: tuple[tuple[str, str | None], ...] = field(default=())


def by_the_rule(card: str, other: str, fields: Iterable[str]) -> Pair:
	"""Two cards that the rule takes for one (Rules of discipline, rule 5)."""
	reasons = tuple((f"{name}_same", None) for name in IDENTITY_FIELDS if name in fields)
	return Pair(card, other, DUPLICATE, 1.0, reasons)


def name_of(doctype: str, card: str, other: str) -> str:
	"""The same in both directions."""
	framed = "".join(f"{len(part)}:{part}" for part in (doctype, *sorted((card, other))))
	return blake2b(framed.encode(), digest_size=16).hexdigest()


def reasons_in_words(reasons: str | None) -> list[str]:
	"""Of the reasons as they are stored."""
	found = frappe.parse_json(reasons) or ()
	return [_(REASONS[code]).format(card=card) for code, card in found if code in REASONS]


# Decisions


def tell_apart(doctype: str, card: str, other: str, reason: str) -> None:
	"""Declares two cards "not a duplicate"."""
	row = _row(doctype, card, other)
	row.status, row.reason = TOLD_APART, reason
	row.save()


def take_back(doctype: str, card: str, other: str) -> None:
	"""Whatever keys the two share they keep, but nothing new."""
	row = frappe.get_doc(DOCTYPE, name_of(doctype, card, other))
	row.status = OPEN
	row.save()


def record_decision(row: Document) -> None:
	"""In `validate`: who decided, and when. The reasons before are kept with the row's versions."""
	if row.status == TOLD_APART and not (row.reason or "").strip():
		frappe.throw(_("Say why these are two clients."), title=_("No reason"))
	before = row.get_doc_before_save()
	if (before.status if before else OPEN) != row.status or (before and before.reason != row.reason):
		row.decided_by, row.decided_at = frappe.session.user, now_datetime()


def told_apart(doctype: str, card: str, others: Iterable[str]) -> set[str]:
	"""Those of the other cards that were declared to be another client than `card`."""
	by_name = {name_of(doctype, card, other): other for other in others}
	if not by_name:
		return set()
	row = frappe.qb.DocType(DOCTYPE)
	decided = row.name.isin(list(by_name)) & (row.status == TOLD_APART)
	return {by_name[name] for name in frappe.qb.from_(row).select(row.name).where(decided).run(pluck=True)}


def _row(doctype: str, card: str, other: str) -> Document:
	name = name_of(doctype, card, other)
	if not frappe.db.exists(DOCTYPE, name):
		frappe.has_permission(DOCTYPE, "write", throw=True)
		for each in {card, other}:
			frappe.get_doc(doctype, each).check_permission("read")
		record(doctype, [Pair(card, other, POSSIBLE, 0)])
	return frappe.get_doc(DOCTYPE, name)


# Findings


def record(doctype: str, found: Collection[Pair]) -> None:
	"""Notes pairs that are not known yet. Made by the app, whoever's work it came from."""
	by_name = {name_of(doctype, pair.card, pair.other): pair for pair in found}
	if not by_name:
		return
	known = frappe.get_all(DOCTYPE, {"name": ("in", list(by_name))}, pluck="name", order_by=None)
	_insert_many(doctype, {name: by_name[name] for name in sorted(by_name.keys() - set(known))})


def replace(doctype: str, found: Collection[Pair]) -> int:
	"""What a scan of all cards has found takes the place of what earlier ones had; decisions stay.

	Returns how many pairs wait for a decision.
	"""
	by_name = {name_of(doctype, pair.card, pair.other): pair for pair in found}
	fields = ["name", "status", "kind", "score", "reasons"]
	known = {
		row.name: row for row in frappe.get_all(DOCTYPE, {"card_doctype": doctype}, fields, order_by=None)
	}
	outdated = [
		name
		for name, row in known.items()
		if row.status == OPEN and (name not in by_name or not _says(row, by_name[name]))
	]
	table = frappe.qb.DocType(DOCTYPE)
	for start in range(0, len(outdated), 1000):
		frappe.qb.from_(table).delete().where(table.name.isin(outdated[start : start + 1000])).run()
	fresh = by_name.keys() - (known.keys() - set(outdated))
	_insert_many(doctype, {name: by_name[name] for name in sorted(fresh)})
	return sum(name not in known or known[name].status == OPEN for name in by_name)


def _says(row: Any, pair: Pair) -> bool:
	stored = tuple(map(tuple, frappe.parse_json(row.reasons) or ()))
	return row.kind == pair.kind and abs(row.score - pair.score) < 0.0005 and stored == pair.reasons


def _values(doctype: str, pair: Pair) -> dict[str, Any]:
	card, other = sorted((pair.card, pair.other))
	return {
		"card_doctype": doctype,
		"card": card,
		"other_card": other,
		"kind": pair.kind,
		"score": pair.score,
		"reasons": frappe.as_json(pair.reasons, indent=None),
		"status": OPEN,
	}


def _insert_many(doctype: str, pairs: dict[str, Pair]) -> None:
	"""Nobody may make these by hand: they are the app's, whoever's work they came from."""
	rows = {name: _values(doctype, pair) for name, pair in pairs.items()}
	if rows:
		columns = ("name", *next(iter(rows.values())))
		bulk.insert(DOCTYPE, columns, [(name, *values.values()) for name, values in rows.items()])


# Cards come and go


def forget(doctype: str, card: str) -> None:
	"""In `on_trash` of a card."""
	table = frappe.qb.DocType(DOCTYPE)
	of_card = (table.card == card) | (table.other_card == card)
	frappe.qb.from_(table).delete().where((table.card_doctype == doctype) & of_card).run()


def follow_rename(doctype: str, card: str) -> None:
	"""In `after_rename`: Frappe has moved the links, and the rows are to be called by them.

	After a merge two rows may speak of the same two cards: a decision counts more than none.
	"""
	table = frappe.qb.DocType(DOCTYPE)
	of_card = (table.card == card) | (table.other_card == card)
	query = frappe.qb.from_(table).select(table.name, table.card, table.other_card)
	query = query.where((table.card_doctype == doctype) & of_card).orderby(table.status).orderby(table.name)
	taken: set[str] = set()
	for name, one, other in query.run():
		wanted = name_of(doctype, one, other)
		if one == other or wanted in taken:
			frappe.db.delete(DOCTYPE, {"name": name})
			continue
		taken.add(wanted)
		if name != wanted:
			frappe.db.delete(DOCTYPE, {"name": wanted})
			frappe.qb.update(table).set(table.name, wanted).where(table.name == name).run()
