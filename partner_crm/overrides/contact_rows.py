"""Contact Phone and Contact Email, saved or deleted by themselves: their card's rules hold for them too."""

from __future__ import annotations

import frappe
from frappe.model.document import Document

from partner_crm.services import rows


def before_save(row: Document, method: str | None = None) -> None:
	if _is_ours(row):
		rows.begin(row)


def on_update(row: Document, method: str | None = None) -> None:
	if _is_ours(row):
		rows.settle_card(row)


def on_trash(row: Document, method: str | None = None) -> None:
	if _is_ours(row):
		rows.begin(row)


def after_delete(row: Document, method: str | None = None) -> None:
	if _is_ours(row):
		rows.settle_card(row)


def _is_ours(row: Document) -> bool:
	return row.parenttype == "Contact" and bool(frappe.db.get_value("Contact", row.parent, "pcrm_managed"))
