"""The right to a client: who may log an interaction with a contact (Rules of discipline, rule 1).

It comes with an open lead or deal of one's own on the contact, with having won it, or with being its account manager
in ERPNext. Who leads a team has the rights of its members; the head of sales has every right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import frappe

from partner_crm.permissions.team import team_of
from partner_crm.rules import stages
from partner_crm.services.funnel import is_head_of_sales
from partner_crm.services.needs import OPEN_DEALS, OPEN_LEADS

DEAL_STAGES = (*OPEN_DEALS, stages.CLIENT)
LEAD_STAGES = (*OPEN_LEADS, stages.CLIENT)


def has_right(user: str, contact: str, documents: Iterable[frappe._dict] = ()) -> bool:
	"""`documents`: rows of the contact's leads and deals that are at hand, which may save asking."""
	if any(_gives_right(row, user) for row in documents) or is_head_of_sales(user):
		return True
	team = team_of(user, "Partner Lead")
	return (
		_has_deal(contact, team)
		or _has_lead(contact, team)
		or any(customer_query(contact, team).run() for customer_query in _CUSTOMERS)
	)


def _gives_right(row: frappe._dict, user: str) -> bool:
	return row.responsible == user and not row.in_pool and row.stage in (*LEAD_STAGES, *DEAL_STAGES)


def _has_deal(contact: str, users: Collection[str]) -> bool:
	deal = frappe.qb.DocType("Partner Deal")
	query = (
		frappe.qb.from_(deal)
		.select(deal.name)
		.where((deal.contact == contact) & deal.responsible.isin(users))
		.where(deal.stage.isin(DEAL_STAGES) & (deal.in_pool == 0))
		.limit(1)
	)
	return bool(query.run())


def _has_lead(contact: str, users: Collection[str]) -> bool:
	lead = frappe.qb.DocType("Partner Lead")
	query = (
		frappe.qb.from_(lead)
		.select(lead.name)
		.where((lead.contact == contact) & lead.responsible.isin(users))
		.where(lead.stage.isin(LEAD_STAGES))
		.limit(1)
	)
	return bool(query.run())


# A contact's customers are found by what links to the contact, never by looking through an account manager's customers.


def _customer_of_deals(contact: str, users: Collection[str]):
	deal, customer = frappe.qb.DocType("Partner Deal"), frappe.qb.DocType("Customer")
	return (
		frappe.qb.from_(deal)
		.join(customer)
		.on(customer.name == deal.customer)
		.select(customer.name)
		.where((deal.contact == contact) & customer.account_manager.isin(users))
		.limit(1)
	)


def _customer_of_counterparty(contact: str, users: Collection[str]):
	person, company = frappe.qb.DocType("Contact"), frappe.qb.DocType("Counterparty")
	customer = frappe.qb.DocType("Customer")
	return (
		frappe.qb.from_(person)
		.join(company)
		.on(company.name == person.pcrm_counterparty)
		.join(customer)
		.on(customer.name == company.customer)
		.select(customer.name)
		.where((person.name == contact) & customer.account_manager.isin(users))
		.limit(1)
	)


def _customer_of_erpnext(contact: str, users: Collection[str]):
	link, customer = frappe.qb.DocType("Dynamic Link"), frappe.qb.DocType("Customer")
	return (
		frappe.qb.from_(link)
		.join(customer)
		.on(customer.name == link.link_name)
		.select(customer.name)
		.where((link.parenttype == "Contact") & (link.parent == contact) & (link.link_doctype == "Customer"))
		.where(customer.account_manager.isin(users))
		.limit(1)
	)


_CUSTOMERS = (_customer_of_counterparty, _customer_of_erpnext, _customer_of_deals)
