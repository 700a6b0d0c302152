"""What ERPNext knows of the money of a deal: its invoices and credit notes, and what was paid on them."""

from __future__ import annotations

from decimal import Decimal

import frappe
from frappe.utils import getdate
from pypika.functions import Min, Sum

from partner_crm.rules import receipts
from partner_crm.rules.agreements import Agreement
from partner_crm.rules.commission import Allocation
from partner_crm.rules.money import convert
from partner_crm.services.agreements import rate
from partner_crm.services.numbers import decimal

INVOICE = "Sales Invoice"
SUBMITTED = 1
COLUMNS = (
	*("name", "is_return", "return_against", "currency", "conversion_rate", "party_account_currency"),
	*(
		"net_total",
		"base_net_total",
		"grand_total",
		"base_grand_total",
		"rounded_total",
		"base_rounded_total",
	),
	*("is_pos", "paid_amount", "base_paid_amount", "change_amount", "base_change_amount", "posting_date"),
)


def invoices_of(deal: str) -> list[frappe._dict]:
	"""The submitted invoices of a deal, with its credit notes."""
	invoice = frappe.qb.DocType(INVOICE)
	return (
		frappe.qb.from_(invoice)
		.select(*[invoice[name] for name in COLUMNS])
		.where((invoice.pcrm_deal == deal) & (invoice.docstatus == SUBMITTED))
		.orderby(invoice.posting_date)
		.orderby(invoice.name)
		.run(as_dict=True)
	)


def has_invoices(deal: str) -> bool:
	return bool(frappe.db.exists(INVOICE, {"pcrm_deal": deal}))


# What was credited


def refunded(invoices: list[frappe._dict], agreement: Agreement) -> Decimal:
	"""How much of the deal's amount credit notes have taken back, net of tax, in the programme's currency."""
	return sum((-_net(row, agreement) for row in invoices if row.is_return), Decimal(0))


def invoiced(invoices: list[frappe._dict], agreement: Agreement) -> Decimal:
	"""Net of tax, in the programme's currency, credit notes left aside."""
	return sum((_net(row, agreement) for row in invoices if not row.is_return), Decimal(0))


def _net(row: frappe._dict, agreement: Agreement) -> Decimal:
	"""At the rates of the winning, as the deal's own amount is converted."""
	if row.currency == agreement.deal_currency:
		return convert(decimal(row.net_total), agreement.rate, agreement.currency)
	if row.currency == agreement.currency:
		return decimal(row.net_total)
	return convert(decimal(row.base_net_total), 1 / agreement.base_rate, agreement.currency)


# What was paid


def allocations_of(invoices: list[frappe._dict], agreement: Agreement) -> dict[str, tuple]:
	"""By key: the entry that pays, and its `Allocation` in the programme's currency.

	Raises `NotReckoned` where the rate of a payment's day is missing.
	"""
	by_name = {row.name: row for row in invoices}
	amounts = {row.name: _invoice(row) for row in invoices}
	found, company_amounts = _entries(by_name)
	allocations = {}
	for key, (entry, amount) in receipts.kept(amounts.values(), found).items():
		row = by_name[entry.invoice]
		part = amount / entry.amount
		allocations[key] = (
			entry,
			Allocation(
				allocated=_in_programs_currency(entry, amount, part, company_amounts, row, agreement),
				invoice_total=decimal(row.rounded_total) or decimal(row.grand_total),
				invoice_net=decimal(row.net_total),
				paid_on=entry.paid_on,
			),
		)
	return allocations


def _invoice(row: frappe._dict) -> receipts.Invoice:
	is_own = row.party_account_currency == row.currency
	total = (
		(row.rounded_total or row.grand_total) if is_own else (row.base_rounded_total or row.base_grand_total)
	)
	return receipts.Invoice(row.name, decimal(total), row.party_account_currency, row.return_against)


def _in_programs_currency(
	entry: receipts.Entry,
	amount: Decimal,
	part: Decimal,
	company_amounts: dict[str, Decimal],
	row: frappe._dict,
	agreement: Agreement,
) -> Decimal:
	"""In the currency in which it was paid, if that is the programme's; else from the company's, at the day's rate."""
	if row.party_account_currency == agreement.currency:
		return amount
	of_day = rate(agreement.company_currency, agreement.currency, entry.paid_on)
	return convert(company_amounts[entry.key] * part, of_day, agreement.currency)


def _entries(invoices: dict[str, frappe._dict]) -> tuple[list[receipts.Entry], dict[str, Decimal]]:
	"""What others than the invoices themselves have paid on them; and each in the company's currency.

	A gain or loss by exchange has no amount in the currency of the account, and is none.
	"""
	if not invoices:
		return [], {}
	ledger = frappe.qb.DocType("Payment Ledger Entry")
	paid, in_company = Sum(ledger.amount_in_account_currency), Sum(ledger.amount)
	rows = (
		frappe.qb.from_(ledger)
		.select(
			ledger.voucher_type,
			ledger.voucher_no,
			ledger.against_voucher_no.as_("invoice"),
			Min(ledger.posting_date).as_("posting_date"),
			paid.as_("amount"),
			in_company.as_("company_amount"),
		)
		.where(ledger.against_voucher_no.isin(list(invoices)) & (ledger.against_voucher_type == INVOICE))
		.where(ledger.voucher_no.notin(list(invoices)) & (ledger.delinked == 0))
		.where(ledger.amount_in_account_currency != 0)
		.groupby(ledger.voucher_type, ledger.voucher_no, ledger.against_voucher_no)
		.orderby(ledger.voucher_no)
		.orderby(ledger.against_voucher_no)
		.run(as_dict=True)
	)
	rows += [_at_the_till(row) for row in invoices.values() if row.is_pos]
	entries, amounts = [], {}
	for row in rows:
		amount = -decimal(row.amount)
		if amount:
			entry = receipts.Entry(
				row.voucher_type, row.voucher_no, row.invoice, amount, getdate(row.posting_date)
			)
			entries.append(entry)
			amounts[entry.key] = -decimal(row.company_amount)
	return entries, amounts


def _at_the_till(row: frappe._dict) -> frappe._dict:
	"""An invoice that is paid at once is its own voucher."""
	in_company = (row.base_paid_amount or 0) - (row.base_change_amount or 0)
	is_own = row.party_account_currency == row.currency
	return frappe._dict(
		voucher_type=INVOICE,
		voucher_no=row.name,
		invoice=row.name,
		posting_date=row.posting_date,
		amount=-((row.paid_amount or 0) - (row.change_amount or 0) if is_own else in_company),
		company_amount=-in_company,
	)
