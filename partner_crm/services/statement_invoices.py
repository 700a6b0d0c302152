"""The invoice of a payout statement: a draft in ERPNext, made from what is set up there, and what was paid by it.

Payable: a Purchase Invoice from the Sales Partner's Supplier. Receivable: a Sales Invoice to the Customer of the
programme's owner. A statement that takes more back than it pays makes a return. Nothing is posted before somebody
with the right submits the draft.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import frappe
from erpnext.accounts.doctype.sales_invoice.sales_invoice import get_total_in_party_account_currency
from erpnext.accounts.party import get_party_account, get_party_gle_currency
from erpnext.accounts.utils import get_fiscal_years
from erpnext.setup.doctype.brand.brand import get_brand_defaults
from erpnext.setup.doctype.item_group.item_group import get_item_group_defaults
from erpnext.stock.doctype.item.item import get_item_defaults
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, flt, getdate
from pypika.functions import Sum

from partner_crm.rules import commission
from partner_crm.rules.money import round_money_down
from partner_crm.services import exchange, numbers, settings
from partner_crm.services.refusals import bullets

STATEMENT = "Payout Statement"
PURCHASE, SALE = "Purchase Invoice", "Sales Invoice"


@dataclass(frozen=True, slots=True)
class Side:
	"""Where ERPNext keeps what one direction of payouts needs."""

	invoice: str
	party: str
	party_field: str
	link_doctype: str
	link_field: str
	item_account: str
	default_account: str


SIDES = {
	"Payable": Side(
		PURCHASE,
		*("Supplier", "supplier", "Sales Partner", "pcrm_supplier"),
		*("expense_account", "default_expense_account"),
	),
	"Receivable": Side(
		SALE,
		*("Customer", "customer", "Counterparty", "customer"),
		*("income_account", "default_income_account"),
	),
}


class NotSetUp(frappe.ValidationError):
	"""ERPNext lacks something that the invoice needs."""


@dataclass(frozen=True, slots=True)
class Invoice:
	"""The invoice of a statement that is not cancelled."""

	doctype: str
	name: str
	docstatus: int


def live(statement: Document, without: str | None = None) -> Invoice | None:
	"""The statement's invoice, a draft or submitted; `without`: one that is being deleted."""
	doctype = SIDES[statement.direction].invoice
	invoice = frappe.qb.DocType(doctype)
	query = (
		frappe.qb.from_(invoice)
		.select(invoice.name, invoice.docstatus)
		.where((invoice.pcrm_statement == statement.name) & (invoice.docstatus < 2))
		.orderby(invoice.docstatus, order=frappe.qb.desc)
		.orderby(invoice.creation)
		.limit(1)
		.for_update()
	)
	if without:
		query = query.where(invoice.name != without)
	found = query.run()
	return Invoice(doctype, *found[0]) if found else None


def language_of(statement: Document) -> str | None:
	"""The language of the party, as ERPNext knows it."""
	party = _party(statement)
	return party and frappe.db.get_value(SIDES[statement.direction].party, party, "language")


def bank_account_of(statement: Document) -> frappe._dict | None:
	"""Where the money goes: the partner's own account, or the company's that the programme's owner pays to."""
	side = SIDES[statement.direction]
	whose = {"is_company_account": 1, "company": statement.company}
	if side.invoice == PURCHASE:
		whose = {"party_type": side.party, "party": _party(statement), "is_company_account": 0}
	found = frappe.get_all(
		"Bank Account",
		{**whose, "is_default": 1, "disabled": 0},
		["account_name", "bank", "bank_account_no", "iban"],
		order_by="name",
		limit=1,
	)
	return found[0] if found else None


def _party(statement: Document) -> str | None:
	side = SIDES[statement.direction]
	return frappe.db.get_value(side.link_doctype, statement.party, side.link_field)


# Making it


def make(name: str) -> dict[str, str]:
	"""The draft of the statement's invoice; the one that is there already is not made twice."""
	statement = frappe.get_doc(STATEMENT, name, for_update=True)
	statement.check_permission("write")
	if statement.invoice:
		return {"doctype": statement.invoice_type, "name": statement.invoice}
	_guard_making(statement)
	gaps = list(_gaps(statement))
	if gaps:
		sentence = _("The invoice of {0} can't be made before this is set up:")
		frappe.throw(
			sentence.format(frappe.bold(statement.name)) + bullets(gaps), NotSetUp, title=_("Not set up yet")
		)
	draft = _draft(statement)
	return {"doctype": draft.doctype, "name": draft.name}


def _guard_making(statement: Document) -> None:
	if statement.status == "Cancelled":
		frappe.throw(_("This statement is cancelled and stays so. Make a new one."))
	if not flt(statement.total):
		frappe.throw(_("The payouts of this statement settle each other: there is nothing to invoice."))
	if flt(statement.paid_amount):
		frappe.throw(_("This statement is recorded as paid without an invoice."))


def _draft(statement: Document) -> Document:
	side = SIDES[statement.direction]
	is_return = flt(statement.total) < 0
	invoice = frappe.new_doc(side.invoice)
	invoice.update(
		{
			side.party_field: _party(statement),
			"company": statement.company,
			"currency": statement.currency,
			"conversion_rate": _rate(statement),
			"is_return": int(is_return),
			"ignore_pricing_rule": 1,
			"pcrm_statement": statement.name,
			"remarks": _("Payout statement {0}").format(statement.name),
			"items": [
				{
					"item_code": item,
					"qty": -1 if is_return else 1,
					"rate": abs(flt(part)),
					"description": escape_html(program),
				}
				for program, item, part in _parts(statement)
			],
		}
	)
	# The accountant of payouts needs no right in ERPNext: whoever submits the draft has it.
	invoice.flags.ignore_permissions = invoice.flags.by_service = True
	invoice.run_method("set_missing_values")
	_set_due_date(invoice, statement)
	return invoice.insert(ignore_permissions=True)


def _set_due_date(invoice: Document, statement: Document) -> None:
	"""The party's own payment terms, else the first day on which one of the payouts is due."""
	due = [getdate(line.due_on) for line in statement.payouts if line.due_on and flt(line.amount) > 0]
	if due and not invoice.get("payment_terms_template") and not invoice.is_return:
		invoice.due_date = max(getdate(invoice.posting_date), min(due))


def _parts(statement: Document) -> list[tuple[str, str | None, Decimal]]:
	"""The lines of the invoice: programme, item, amount."""
	nets: defaultdict[str, Decimal] = defaultdict(Decimal)
	for line in statement.payouts:
		nets[line.program] += numbers.money(line.amount, line.currency)
	parts = commission.invoice_parts(nets, statement.currency)
	items = dict(
		frappe.get_all(
			"Partner Program",
			{"name": ("in", list(parts))},
			["name", "item"],
			as_list=True,
			order_by="name",
		)
	)
	default = settings.get_settings().payout_item
	return [(program, items.get(program) or default, part) for program, part in parts.items()]


def _rate(statement: Document) -> float:
	return exchange.rate(statement.currency, exchange.company_currency(statement.company), getdate())


# What is missing


def _gaps(statement: Document) -> Iterator[str]:
	"""Everything that ERPNext still needs for this invoice, and how to mend it."""
	side = SIDES[statement.direction]
	yield from _gaps_of_party(statement, side)
	yield from _gaps_of_items(statement, side)
	yield from _gaps_of_company(statement)


def _gaps_of_party(statement: Document, side: Side) -> Iterator[str]:
	party = _party(statement)
	if not party:
		sentence = _("{0} {1} has no {2}: choose one there in the field {3}.")
		label = frappe.get_meta(side.link_doctype).get_label(side.link_field)
		yield sentence.format(
			_(side.link_doctype),
			frappe.bold(escape_html(statement.party)),
			_(side.party),
			frappe.bold(_(label)),
		)
		return
	name = f"{_(side.party)} {frappe.bold(escape_html(party))}"
	if frappe.db.get_value(side.party, party, "disabled"):
		yield _("{0} is disabled: enable it there.").format(name)
	if _wants_an_order(side, party):
		yield _(
			"{0} may not be invoiced without an order: allow it there, or switch that off in {1}."
		).format(name, _("Buying Settings") if side.invoice == PURCHASE else _("Selling Settings"))
	yield from _gaps_of_account(statement, side, party, name)


def _wants_an_order(side: Side, party: str) -> bool:
	if side.invoice == PURCHASE:
		asked = frappe.db.get_single_value("Buying Settings", "po_required") == "Yes"
		allowed = "allow_purchase_invoice_creation_without_purchase_order"
	else:
		asked = frappe.db.get_single_value("Selling Settings", "so_required") == "Yes"
		allowed = "so_required"
	return asked and not frappe.db.get_value(side.party, party, allowed)


def _gaps_of_account(statement: Document, side: Side, party: str, name: str) -> Iterator[str]:
	account = get_party_account(side.party, party, statement.company)
	kind = _("payable account") if side.invoice == PURCHASE else _("receivable account")
	company = frappe.bold(escape_html(statement.company))
	if not account:
		yield _(NO_ACCOUNT).format(name, kind, company)
		return
	currency = frappe.get_cached_value("Account", account, "account_currency")
	is_booked = get_party_gle_currency(side.party, party, statement.company)
	allows_any = frappe.db.get_single_value(
		"Accounts Settings", "allow_multi_currency_invoices_against_single_party_account"
	)
	is_companys = currency == exchange.company_currency(statement.company)
	if currency != statement.currency and not (is_companys and (is_booked or allows_any)):
		sentence = _("The account {0} of {1} is in {2}: choose a {3} in {4} there for {5}.")
		yield sentence.format(
			frappe.bold(escape_html(account)), name, currency, kind, statement.currency, company
		)


NO_ACCOUNT = "{0} has no {1} for {2}: choose one there, or a default in the company."


def _gaps_of_items(statement: Document, side: Side) -> Iterator[str]:
	parts = _parts(statement)
	without = [program for program, item, _part in parts if not item]
	for program in without:
		sentence = _("No item to invoice for the programme {0}: choose one there, or for all in {1}.")
		yield sentence.format(frappe.bold(escape_html(program)), _("Partner CRM Settings"))
	for item in dict.fromkeys(item for _program, item, _part in parts if item):
		yield from _gaps_of_item(item, statement.company, side)


def _gaps_of_item(item: str, company: str, side: Side) -> Iterator[str]:
	name = frappe.bold(escape_html(item))
	disabled, is_stock = frappe.get_cached_value("Item", item, ["disabled", "is_stock_item"])
	if disabled:
		yield _("The item {0} is disabled: enable it, or choose another.").format(name)
	if is_stock:
		yield _("The item {0} is kept in stock: choose a service.").format(name)
	defaults = [
		find(item, company) for find in (get_item_defaults, get_item_group_defaults, get_brand_defaults)
	]
	has_account = any(found.get(side.item_account) for found in defaults if found)
	if not has_account and not frappe.get_cached_value("Company", company, side.default_account):
		kind = _("expense account") if side.invoice == PURCHASE else _("income account")
		whose = f"{_('Item')} {name}"
		yield _(NO_ACCOUNT).format(whose, kind, frappe.bold(escape_html(company)))


def _gaps_of_company(statement: Document) -> Iterator[str]:
	company = frappe.bold(escape_html(statement.company))
	if not frappe.get_cached_value("Company", statement.company, "cost_center"):
		yield _("The company {0} has no default cost centre: choose one there.").format(company)
	if not get_fiscal_years(getdate(), company=statement.company, boolean=True):
		yield _("No fiscal year of {0} includes today: add one.").format(company)
	currency = exchange.company_currency(statement.company)
	if not _rate(statement):
		sentence = _("There is no exchange rate from {0} to {1} on record: add one to Currency Exchange.")
		yield sentence.format(statement.currency, currency)


def discard_draft(statement: Document) -> None:
	"""A statement that lets its payouts go leaves no draft behind that somebody might submit."""
	invoice = live(statement)
	if invoice and not invoice.docstatus:
		frappe.delete_doc(invoice.doctype, invoice.name, ignore_permissions=True)


# What was paid


def paid_by_day(invoice: Invoice, total: Decimal, currency: str) -> list[tuple[date, Decimal]]:
	"""So much of the statement's total was paid by the end of each day on which something was, in its own currency.

	The invoice may be booked in another currency and with tax: what counts is the part of it that is settled, and
	while anything is outstanding, no more than a part.
	"""
	if invoice.docstatus != 1:
		return []
	document = frappe.get_doc(invoice.doctype, invoice.name)
	booked = Fraction(str(get_total_in_party_account_currency(document)))
	if not booked:
		return []
	outstanding = Fraction(str(flt(document.outstanding_amount)))
	by_day = _settled(document)
	at_once = booked - outstanding - sum(amount for _day, amount in by_day)
	if at_once:  # written off or paid within the invoice itself
		by_day.insert(0, (getdate(document.posting_date), at_once))
	steps, settled = [], Fraction()
	for day, amount in by_day:
		settled += amount
		part = min(max(settled / booked, Fraction(0)), Fraction(1))
		steps.append((day, total if part == 1 else _part_of(total, part, currency)))
	return steps


def _part_of(total: Decimal, part: Fraction, currency: str) -> Decimal:
	exact = Fraction(total) * part
	return round_money_down(Decimal(exact.numerator) / Decimal(exact.denominator), currency)


def _settled(document: Document) -> list[tuple[date, Fraction]]:
	"""What payments, journal entries and notes took off the invoice, by day, with the sign of the invoice."""
	entry = frappe.qb.DocType("Payment Ledger Entry")
	rows = (
		frappe.qb.from_(entry)
		.select(entry.posting_date, Sum(entry.amount_in_account_currency))
		.where((entry.against_voucher_type == document.doctype) & (entry.against_voucher_no == document.name))
		.where((entry.voucher_no != document.name) & (entry.delinked == 0))
		.groupby(entry.posting_date)
		.orderby(entry.posting_date)
		.run()
	)
	return [(getdate(day), -Fraction(str(flt(amount, 9)))) for day, amount in rows]


# Guards on the invoice


def keep_link(invoice: Document) -> None:
	"""The statement of an invoice is nobody's to type: it is given by the statement, and to what amends its invoice."""
	if invoice.flags.by_service:
		return
	stored = invoice.get_doc_before_save()
	if stored:
		invoice.pcrm_statement = stored.get("pcrm_statement")
	elif invoice.amended_from:
		invoice.pcrm_statement = frappe.db.get_value(invoice.doctype, invoice.amended_from, "pcrm_statement")
		_guard_amending(invoice)
	else:
		invoice.pcrm_statement = None


def _guard_amending(invoice: Document) -> None:
	"""Payouts that were invoiced again meanwhile, or have gone to another statement, are not paid twice."""
	if not invoice.pcrm_statement:
		return
	statement = frappe.get_doc(STATEMENT, invoice.pcrm_statement, for_update=True)
	if statement.status == "Cancelled":
		sentence = _("The payout statement {0} is cancelled: its invoice can't be amended.")
		frappe.throw(sentence.format(frappe.bold(statement.name)))
	other = live(statement)
	if other:
		sentence = _("The payout statement {0} has another invoice already: {1}.")
		frappe.throw(sentence.format(frappe.bold(statement.name), frappe.bold(other.name)))
	if flt(statement.paid_amount):
		sentence = _("The payout statement {0} is recorded as paid without an invoice.")
		frappe.throw(sentence.format(frappe.bold(statement.name)))
