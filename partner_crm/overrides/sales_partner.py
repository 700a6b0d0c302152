"""What the ledger of payouts says of a Sales Partner follows him to another name."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import payout_names


def after_rename(partner: Document, method: str, old: str, new: str, merge: bool = False) -> None:
	payout_names.follow_party("partner", old, new, merge)
