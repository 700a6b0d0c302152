"""The demonstration's money: what customers order and pay, what partners and owners of programmes are due, and penalties.

Orders and invoices are ERPNext's own, statements and their invoices are made as an accountant makes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import frappe
from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry
from erpnext.accounts.utils import get_fiscal_year
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note, make_sales_invoice
from frappe.model.document import Document
from frappe.utils import flt, getdate

from partner_crm.services import payout_status, penalties, review, settings, statement_invoices
from partner_crm.services.demo_site import ACCOUNTANT, HEAD, address, as_user, ensure

REWARD_ITEM = "Partner reward"
OWNERS = {
	"Hosting that we recommend": "Cloud Harbor Hosting",
	"Analytics that we resell": "Clear Charts Analytics",
}
"""By programme: whose product it is."""

AGENCIES_PROGRAM, EVENTS_PROGRAM = "Agencies that recommend us", "Event organisers"
HOSTING_PROGRAM, ANALYTICS_PROGRAM = OWNERS
PROGRAMS = (
	(AGENCIES_PROGRAM, "Payable", "Percent of Deal", 10),
	(EVENTS_PROGRAM, "Payable", "Fixed", 800),
	(HOSTING_PROGRAM, "Receivable", "Fixed", 250),
	(ANALYTICS_PROGRAM, "Receivable", "Percent of Deal", 20),
)
HOLD_DAYS, DUE_DAYS = 14, 30

SETTLED = (("Sales Partner", "Silk Road Agency", 1.0), ("Sales Partner", "Balkan Partners", 0.5))
"""Whose payouts are invoiced, and what part of it is paid."""
TURNED_DOWN = "The contract was signed by a company that had worked with us before"
GIVEN_UP = "They cancelled within the month: their parent company has an agency"

ORDERS = ((0, 40, 75, 100), (0, 20), (0,), (0, 55, 90), (0,))
"""Days from the contract on which a customer orders, customer by customer in turns."""

PENALTIES = {"Deal Lapsed": 50, "Deal Incorrect": 20, "Lead Untouched": 20, "Next Contact Missed": 10}
OBJECTION = "The client was on a trade fair and had asked for quiet until it ended"


# What it needs


def make_programs(currency: str, since: date) -> None:
	for title, direction, basis, value in PROGRAMS:
		owner = _owner(OWNERS[title]) if title in OWNERS else None
		ensure(
			"Partner Program",
			title,
			title=title,
			direction=direction,
			counterparty=owner,
			manager_email=owner and "programme@owner.example",
			currency=currency,
			hold_days=HOLD_DAYS,
			due_days=DUE_DAYS,
			terms=[{"basis": basis, "value": value, "valid_from": since}],
		)


def _owner(title: str) -> str:
	ensure("Customer", title, customer_name=title)
	if name := frappe.db.get_value("Counterparty", {"title": title}):
		return name
	return frappe.get_doc({"doctype": "Counterparty", "title": title, "customer": title}).insert().name


def make_partners(partners: tuple[str, ...], region: str) -> None:
	group = frappe.db.get_value("Supplier Group", {"is_group": 0}, "name", order_by="lft")
	for partner in partners:
		ensure("Supplier", partner, supplier_name=partner, supplier_group=group)
		ensure(
			"Sales Partner",
			partner,
			partner_name=partner,
			territory=region,
			commission_rate=10,
			pcrm_supplier=partner,
		)


def name_reward_item(group: str, unit: str) -> None:
	"""Unless the site has one: what the invoices of partners are about."""
	ensure("Item", REWARD_ITEM, item_code=REWARD_ITEM, item_group=group, stock_uom=unit, is_stock_item=0)
	if not settings.get_settings().payout_item:
		changed = frappe.get_doc(settings.DOCTYPE)
		changed.payout_item = REWARD_ITEM
		changed.save()


# What customers buy


def sell() -> None:
	"""Orders of the customers that were won, invoices of most of them, payments of some."""
	deals = frappe.get_all(
		"Partner Deal",
		filters={"customer": ("is", "set"), "stage": "Client", "is_historical": 0},
		fields=["name", "customer", "company", "won_on", "amount"],
		order_by="name",
	)
	for number, deal in enumerate(deals):
		if not frappe.db.exists("Sales Order", {"customer": deal.customer}):
			_buy(deal, ORDERS[number % len(ORDERS)], number)


def _buy(deal: frappe._dict, days: tuple[int, ...], number: int) -> None:
	items = frappe.get_all("Partner Deal Item", {"parent": deal.name}, pluck="item_code", order_by="idx")
	ordered_on = [day for day in _days(deal.won_on, days) if day <= getdate()]
	for place, day in enumerate(ordered_on):
		with as_user(address(HEAD)):
			order = _order(deal, items[0], deal.amount / len(ordered_on), day)
			if place == len(ordered_on) - 1 and number % 2:
				make_delivery_note(order.name).insert()
				continue
		if place == 0 or number % 3:
			with as_user(address(ACCOUNTANT)):
				invoice = _invoice(order, day)
				if number % 2 == 0:
					_pay(invoice, 1.0)


def _days(first: date, days: tuple[int, ...]) -> Iterator[date]:
	"""In the books there is no day before the year that is open now."""
	_year, opened_on, _closes_on = get_fiscal_year(getdate())
	for later in days:
		yield max(first + timedelta(days=later), opened_on)


def _order(deal: frappe._dict, item: str, amount: float, day: date) -> Document:
	order = frappe.get_doc(
		{
			"doctype": "Sales Order",
			"customer": deal.customer,
			"company": deal.company,
			"pcrm_deal": deal.name,
			"transaction_date": day,
			"delivery_date": day + timedelta(days=30),
			"items": [{"item_code": item, "qty": 1, "rate": amount}],
		}
	)
	return _submitted(order)


def _invoice(order: Document, day: date) -> Document:
	invoice = make_sales_invoice(order.name)
	invoice.update({"set_posting_time": 1, "posting_date": day, "due_date": day + timedelta(days=30)})
	invoice.payment_terms_template, invoice.payment_schedule = None, []
	return _submitted(invoice)


def _pay(invoice: Document, part: float) -> None:
	amount = flt(invoice.outstanding_amount * part, 2)
	payment = get_payment_entry(invoice.doctype, invoice.name, party_amount=amount)
	payment.update({"reference_no": invoice.name, "reference_date": getdate()})
	_submitted(payment)


def _submitted(document: Document) -> Document:
	document.insert()
	document.submit()
	return document


# What partners are due


def settle() -> None:
	"""Confirms what is no longer on hold, and brings some of the payouts to each of their ends."""
	payout_status.confirm(getdate())
	if frappe.db.count("Payout Statement"):
		return
	with as_user(address(HEAD)):
		_turn_one_down()
		_lose_one()
	with as_user(address(ACCOUNTANT)):
		for party_type, party, part in SETTLED:
			_pay(_submit(_invoice_of(_statement(party_type, party))), part)
		owner = frappe.db.get_value("Partner Program", HOSTING_PROGRAM, "counterparty")
		_submit(_invoice_of(_statement("Counterparty", owner)))


def _turn_one_down() -> None:
	payout = frappe.get_doc("Payout", {"program": EVENTS_PROGRAM, "status": "Expected"})
	payout.update({"status": "Rejected", "reason": TURNED_DOWN})
	payout.save()


def _lose_one() -> None:
	"""A client who leaves takes the payout back with him."""
	payout = frappe.get_doc("Payout", {"program": EVENTS_PROGRAM, "status": "Confirmed"})
	deal = frappe.get_doc("Partner Deal", payout.deal)
	for step in (
		{"stage": "Negotiation", "move_reason": GIVEN_UP},
		{"stage": "Lost", "lost_reason": GIVEN_UP},
	):
		deal.update(step)
		deal.save()


def _statement(party_type: str, party: str) -> Document:
	of_party = {"partner" if party_type == "Sales Partner" else "program": party}
	if party_type == "Counterparty":
		of_party = {
			"program": ("in", frappe.get_all("Partner Program", {"counterparty": party}, pluck="name"))
		}
	company, currency = frappe.db.get_value("Payout", of_party, ["company", "currency"], order_by="name")
	return frappe.get_doc(
		{
			"doctype": "Payout Statement",
			"party_type": party_type,
			"party": party,
			"company": company,
			"currency": currency,
		}
	).insert()


def _invoice_of(statement: Document) -> Document:
	made = statement_invoices.make(statement.name)
	return frappe.get_doc(made["doctype"], made["name"])


def _submit(invoice: Document) -> Document:
	invoice.submit()
	return invoice


# What the rules cost


def price_rules() -> None:
	"""The app ships penalties of nothing; a demonstration has something to show."""
	changed = frappe.get_doc(settings.DOCTYPE)
	for row in changed.penalty_rules:
		row.amount = row.amount or PENALTIES.get(row.rule, 0)
	changed.save()


def impose() -> None:
	"""The night before today; then one penalty is contested, one waived, one confirmed."""
	review.run(getdate())
	found = frappe.get_all(
		"Manager Penalty",
		filters={"status": "Imposed"},
		fields=["name", "manager"],
		order_by="violated_on, name",
	)
	if frappe.db.exists("Manager Penalty", {"status": ("!=", "Imposed")}):
		return
	for step, penalty in zip((_contest, _waive, _confirm), found, strict=False):
		step(penalty)


def _contest(penalty: frappe._dict) -> None:
	with as_user(penalty.manager):
		penalties.contest(penalty.name, OBJECTION)


def _waive(penalty: frappe._dict) -> None:
	_contest(penalty)
	_decide(penalty, "Waived", "The client has confirmed it")


def _confirm(penalty: frappe._dict) -> None:
	_decide(penalty, "Confirmed", "Nobody called the client for two months")


def _decide(penalty: frappe._dict, status: str, reason: str) -> None:
	with as_user(address(HEAD)):
		penalties.decide(penalty.name, status, reason)
