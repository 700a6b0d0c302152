"""Invoices of deals: what is paid on them and what is credited is what partners are paid for. Others pass at once."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import beside, payouts


def on_change(invoice: Document, method: str | None = None) -> None:
	"""Submitted, cancelled, paid, or its payment taken back: ERPNext tells all of it here."""
	if invoice.get("pcrm_deal") and not invoice.docstatus.is_draft():
		with beside.logged(invoice, "no payouts from"):
			payouts.settle_soon(invoice.pcrm_deal)
