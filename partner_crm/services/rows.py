"""Rows that are saved or deleted without their document, as `/api/resource/Contact Phone` does.

Nothing of the document's own save runs then, so what it would have judged is judged here, after the row is written: a
refusal returns to the savepoint.
"""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html

from partner_crm.services import cards, identity, needs, savepoints, staff_cards

JUDGES = {
	"Contact": (cards.check_contact, needs.guard_contact),
	"Counterparty": (cards.check_counterparty, needs.guard_counterparty),
}

MAIN_COLUMNS = ("email_id", "phone", "mobile_no")


def begin(row: Document) -> None:
	"""In `before_save` and `on_trash`."""
	savepoints.begin(row)


def settle_card(row: Document) -> None:
	"""In `on_update` and `after_delete` of a row of a card: judges the card as it is now, and refreshes its keys."""
	card = frappe.get_doc(row.parenttype, row.parent)
	if not identity.is_managed(card):
		return
	before = _without_change(card, row)
	card.flags.savepoint = row.flags.savepoint
	with savepoints.all_or_nothing(row):
		_sync_main_columns(card)
		for judge in JUDGES[card.doctype]:
			judge(card, before)
		identity.claim(card)
		if card.get("pcrm_staff_email_since"):
			staff_cards.judge(card)


def settle_document(row: Document) -> None:
	"""In `on_update` and `after_delete` of a row that its document adds up."""
	with savepoints.all_or_nothing(row):
		frappe.get_doc(row.parenttype, row.parent).save()


def refuse_alone(row: Document) -> None:
	"""In `validate` and `on_trash` of a row that is judged by what its document was before."""
	frappe.throw(
		_("This row belongs to {0}: change it there, and save the whole document.").format(
			frappe.bold(escape_html(f"{_(row.parenttype)} {row.parent}"))
		),
		title=_("Not accepted"),
	)


def _sync_main_columns(card: Document) -> None:
	"""A contact's own columns repeat its main address and numbers."""
	if card.doctype != "Contact":
		return
	stored = {field: card.get(field) for field in MAIN_COLUMNS}
	card.set_primary_email()
	card.set_primary("phone")
	card.set_primary("mobile_no")
	changed = {field: card.get(field) for field in MAIN_COLUMNS if card.get(field) != (stored[field] or "")}
	if changed:
		frappe.db.set_value("Contact", card.name, changed)


def _without_change(card: Document, row: Document) -> Document:
	"""The card as it was before its row was saved or deleted."""
	before = frappe.get_doc(card.as_dict())
	others = [other for other in before.get(row.parentfield) if other.name != row.name]
	was = row if row.flags.in_delete else row.get_doc_before_save()
	before.set(row.parentfield, [*others, was] if was else others)
	return before
