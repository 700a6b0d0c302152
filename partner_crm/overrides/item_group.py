"""An Item Group that gets another name keeps its open deals open only once."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import deals


def after_rename(group: Document, method: str, old: str, new: str, merge: bool = False) -> None:
	deals.rekey("product_group", new)
