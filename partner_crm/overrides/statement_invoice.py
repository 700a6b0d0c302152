"""Invoices of payout statements tell their statement what was paid. Everybody else's pass at once."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import beside, statement_invoices, statements


def validate(invoice: Document, method: str | None = None) -> None:
	statement_invoices.keep_link(invoice)


def on_change(invoice: Document, method: str | None = None) -> None:
	if invoice.get("pcrm_statement"):
		with beside.logged(invoice, "the payout statement does not follow"):
			statements.follow(
				invoice.pcrm_statement, without=invoice.name if invoice.flags.in_delete else None
			)
