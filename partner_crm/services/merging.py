"""Two cards of one client become one: side by side beforehand, nothing lost, and everything that pointed to the other kept.

Frappe's own merge (`rename_doc`) moves whatever links to the card, by meta, in one transaction, but drops the lost
card's values and rows. `fold` unites those with the kept card first, whichever door the merge came through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import frappe
from frappe import _
from frappe.model import default_fields, no_value_fields, table_fields
from frappe.model.document import Document
from frappe.model.dynamic_links import get_dynamic_link_map
from frappe.model.rename_doc import get_link_fields, rename_doc
from frappe.utils import escape_html

from partner_crm.rules.identity import normalise_email, normalise_phone, normalise_title
from partner_crm.services import cards, claims, deals, duplicates, identity, settings
from partner_crm.services.refusals import bullets

DOCTYPES = duplicates.DOCTYPES

# Made of the rows, or said of the card as such.
_NEVER_CHOSEN = {
	"Contact": {"full_name", "email_id", "phone", "mobile_no", "pcrm_managed", "unsubscribed", "image"},
	"Counterparty": set(),
}
_PRIMARY = ("is_primary", "is_primary_phone", "is_primary_mobile_no")
# Values of the lost card that the kept one has a table for.
_ALSO = {
	"Contact": {},
	"Counterparty": {"title": ("additional_titles", "title"), "email": ("additional_emails", "email")},
}


def preview(doctype: str, kept: str, lost: str) -> dict[str, Any]:
	"""Both cards side by side, and what would happen, before anything does."""
	survivor, other = _both(doctype, kept, lost)
	return {
		"kept": _shown(survivor),
		"lost": _shown(other),
		"fields": list(_differences(survivor, other)),
		"tables": list(_tables(survivor, other)),
		"links": _what_moves(doctype, lost),
		"clashes": _clashes(doctype, kept, lost),
		"consequences": claims.consequences_of_merge(doctype.lower(), kept, lost),
	}


def merge(doctype: str, kept: str, lost: str, take: Collection[str] | None = None) -> None:
	"""`take`: the fields whose value the lost card gives; left out, those that the kept card has nothing in."""
	survivor, other = _both(doctype, kept, lost)
	if clashes := _clashes(doctype, kept, lost):
		frappe.throw(_("The cards can't be merged yet:") + bullets(clashes), title=_("Not merged"))
	other.flags.take = (
		[row["fieldname"] for row in _differences(survivor, other) if row["take"]]
		if take is None
		else list(take)
	)
	# The right to merge is the right to write both cards, which has been checked; nothing of the lost one is deleted.
	rename_doc(doc=other, new=kept, merge=True, ignore_permissions=True, show_alert=False)


def fold(lost: Document, kept_name: str) -> None:
	"""In `before_rename`: the kept card gets the lost one's rows, keys and chosen values, and a note of the rest."""
	kept = frappe.get_doc(lost.doctype, kept_name, for_update=True)
	if not identity.is_managed(lost) and not identity.is_managed(kept):
		return
	_normalise_assignments(lost.doctype, (lost.name, kept_name))
	kept.reload()
	take = lost.flags.take
	differences = list(_differences(kept, lost))
	if take is None:
		take = [row["fieldname"] for row in differences if row["take"]]
	left = [row for row in differences if row["fieldname"] not in take]
	identity.hand_over(lost, kept)
	for row in differences:
		if row["fieldname"] in take:
			_put_aside(kept, row["fieldname"], kept.get(row["fieldname"]))
			kept.set(row["fieldname"], lost.get(row["fieldname"]))
	for row in left:
		_put_aside(kept, row["fieldname"], lost.get(row["fieldname"]))
	for field in _table_fields(kept):
		for row in _missing_rows(kept, lost, field):
			kept.append(field.fieldname, row)
	if kept.doctype == "Contact":
		kept.pcrm_managed = 1
		if not kept.image:
			cards.ask_for_no_picture(kept)
	kept.flags.ignore_mandatory = True  # what both cards have left open is not asked for now
	kept.save()
	_note(kept, lost, differences, take)


# What is shown


def _both(doctype: str, kept: str, lost: str) -> tuple[Document, Document]:
	"""Locked in one order, so that two who merge the same cards don't wait for each other in a circle."""
	if doctype not in DOCTYPES:
		frappe.throw(_("Only contacts and counterparties are merged."))
	if kept == lost:
		frappe.throw(_("A card can't be merged with itself."))
	found = {name: frappe.get_doc(doctype, name, for_update=True) for name in sorted((kept, lost))}
	for card in found.values():
		card.check_permission("write")
	return found[kept], found[lost]


def _shown(card: Document) -> dict[str, str]:
	return {"name": card.name, "title": card.get_title() or card.name}


def _differences(kept: Document, lost: Document) -> Iterator[dict[str, Any]]:
	"""The fields in which the cards differ and the lost one says something; `take`: where the kept one says nothing."""
	for field in kept.meta.fields:
		name = field.fieldname
		if (
			field.fieldtype in (*no_value_fields, *table_fields)
			or name in default_fields
			or name in _NEVER_CHOSEN[kept.doctype]
			or field.is_virtual
		):
			continue
		ours, theirs = kept.get(name), lost.get(name)
		if theirs in (None, "", 0) or str(ours) == str(theirs):
			continue
		yield {
			"fieldname": name,
			"label": _(field.label or name),
			"kept": _as_text(kept, field),
			"lost": _as_text(lost, field),
			"take": ours in (None, "", 0),
		}


def _as_text(card: Document, field: Any) -> str:
	value = card.get(field.fieldname)
	if value in (None, ""):
		return ""
	is_formatted = field.fieldtype in ("Currency", "Date", "Datetime", "Float", "Int", "Percent")
	return str(card.get_formatted(field.fieldname) if is_formatted else value)


def _tables(kept: Document, lost: Document) -> Iterator[dict[str, Any]]:
	for field in _table_fields(kept):
		added = list(_missing_rows(kept, lost, field))
		if added:
			yield {
				"label": _(field.label or field.fieldname),
				"rows": [_first_value(frappe.get_meta(field.options), row) for row in added],
			}


def _first_value(meta: Any, row: dict) -> str:
	shown = [
		row.get(field.fieldname)
		for field in meta.fields
		if field.fieldtype not in ("Check", *no_value_fields)
	]
	return " ".join(str(value) for value in shown if value)


def _what_moves(doctype: str, lost: str) -> list[dict[str, Any]]:
	"""How many documents of each kind point to the card."""
	counts: dict[str, int] = {}
	for doctype_with_link, filters in _pointers(doctype, lost):
		number = frappe.db.count(doctype_with_link, filters)
		if number:
			counts[doctype_with_link] = counts.get(doctype_with_link, 0) + number
	return [{"doctype": name, "label": _(name), "count": counts[name]} for name in sorted(counts)]


def _pointers(doctype: str, name: str) -> Iterator[tuple[str, dict]]:
	"""By meta: links and dynamic links of every table, ours, ERPNext's and those that the site has added."""
	internal = ("Identity Key", "Possible Duplicate")
	for link in get_link_fields(doctype):
		if not link["issingle"] and not frappe.get_meta(link["parent"]).istable:
			yield link["parent"], {link["fieldname"]: name}
	for link in get_dynamic_link_map().get(doctype, []):
		meta = frappe.get_meta(link.parent)
		if not (meta.issingle or meta.is_virtual or link.parent in internal):
			yield link.parent, {link.options: doctype, link.fieldname: name}
	yield "File", {"attached_to_doctype": doctype, "attached_to_name": name}


def _clashes(doctype: str, kept: str, lost: str) -> list[str]:
	"""What would make the merge fail, or somebody lose: shown before, not after."""
	return deals.clashes_of_merge(doctype.lower(), kept, lost)


# What is united


def _table_fields(card: Document) -> list:
	return card.meta.get_table_fields()


def _missing_rows(kept: Document, lost: Document, field: Any) -> Iterator[dict]:
	"""The lost card's rows that the kept one does not have, none of them as the main one where there is one."""
	columns = [
		column.fieldname
		for column in frappe.get_meta(field.options).fields
		if column.fieldtype not in no_value_fields
	]
	telling = [name for name in columns if name not in _PRIMARY]

	def sense(row: Document) -> tuple:
		return tuple(_sense(name, row.get(name)) for name in telling)

	there = set(map(sense, kept.get(field.fieldname)))
	for row in lost.get(field.fieldname):
		if sense(row) not in there:
			there.add(sense(row))
			values = {name: row.get(name) for name in columns}
			yield values | {name: 0 for name in _PRIMARY if kept.get(field.fieldname) and name in values}


def _sense(fieldname: str, value: Any) -> Any:
	"""A value as it counts: two spellings of one number or address are one row."""
	if fieldname == "phone":
		return normalise_phone(value or "", settings.identity().country) or value
	if fieldname in ("email_id", "email"):
		return normalise_email(value or "") or value
	if fieldname == "title":
		return normalise_title(value or "") or value
	return value or ""


def _put_aside(kept: Document, fieldname: str, value: Any) -> None:
	"""A title or address that is not the card's first one any more is among its others."""
	if value and fieldname in _ALSO[kept.doctype]:
		table, column = _ALSO[kept.doctype][fieldname]
		if _sense(column, value) not in {_sense(column, row.get(column)) for row in kept.get(table)}:
			kept.append(table, {column: value})


def _note(kept: Document, lost: Document, differences: Sequence[dict], take: Collection[str]) -> None:
	"""What the merge left out, so that nothing anybody has typed is gone."""
	left = [
		escape_html("{}: {}".format(row["label"], row["kept"] if row["fieldname"] in take else row["lost"]))
		for row in differences
		if row["kept"] or row["fieldname"] not in take
	]
	text = _("The card {0} ({1}) was merged into this one.").format(
		escape_html(lost.get_title() or lost.name), escape_html(lost.name)
	)
	if left:
		text += " " + _("What was not taken over:") + bullets(left)
	kept.add_comment("Info", text)


def _normalise_assignments(doctype: str, names: Sequence[str]) -> None:
	"""ToDo leaves an empty text behind, on which Frappe's merge stumbles."""
	card = frappe.qb.DocType(doctype)
	frappe.qb.update(card).set(card._assign, None).where(card.name.isin(names) & (card._assign == "")).run()
