"""Which documents a sales manager works with: one criterion for each DocType.

It is given the table, the users whose documents he answers for, and whether he only wants to read: a deal in the
pool, and what belongs to it, he may read but not change before he has taken it.
"""

from collections.abc import Collection

import frappe
from pypika.terms import Criterion, Field, PseudoColumn, Term

Users = Collection[str]


def partner_lead(lead, users: Users, reading: bool) -> Criterion:
	return _one_of(lead.responsible, users)


def partner_deal(deal, users: Users, reading: bool) -> Criterion:
	own = _one_of(deal.responsible, users)
	return own | (deal.in_pool == 1) if reading else own & (deal.in_pool == 0)


def counterparty(company, users: Users, reading: bool) -> Criterion:
	"""Of his leads and deals, of the customers whose account manager he is, and those he has entered."""
	return (
		_one_of(company.owner, users)
		| company.name.isin(_of_leads("counterparty", users, reading))
		| company.name.isin(_of_deals("counterparty", users, reading))
		| company.customer.isin(_accounts(users))
	)


def contact(person, users: Users, reading: bool) -> Criterion:
	"""Of his leads and deals, their colleagues, and those he has entered."""
	return (
		_one_of(person.owner, users)
		| person.name.isin(_of_leads("contact", users, reading))
		| person.name.isin(_of_deals("contact", users, reading))
		| person.pcrm_counterparty.isin(_counterparties(users, reading))
	)


def client_interaction(interaction, users: Users, reading: bool) -> Criterion:
	return (
		_one_of(interaction.responsible, users)
		| interaction.lead.isin(_of_leads("name", users, reading))
		| interaction.deal.isin(_of_deals("name", users, reading))
	)


def stage_change(change, users: Users, reading: bool) -> Criterion:
	of_lead = change.reference_name.isin(_of_leads("name", users, reading))
	of_deal = change.reference_name.isin(_of_deals("name", users, reading))
	return ((change.reference_doctype == "Partner Lead") & of_lead) | (
		(change.reference_doctype == "Partner Deal") & of_deal
	)


CRITERIA = {
	"Partner Lead": partner_lead,
	"Partner Deal": partner_deal,
	"Counterparty": counterparty,
	"Contact": contact,
	"Client Interaction": client_interaction,
	"Stage Change": stage_change,
}


def literal(text: str) -> Term:
	"""Quoted by Frappe: PyPika leaves a backslash as it is."""
	return PseudoColumn(frappe.db.escape(text, percent=False))


def _one_of(field: Field, users: Users) -> Criterion:
	return field.isin([literal(user) for user in users])


def _of_leads(column: str, users: Users, reading: bool):
	lead = frappe.qb.DocType("Partner Lead")
	return _column(lead, column, partner_lead(lead, users, reading))


def _of_deals(column: str, users: Users, reading: bool):
	deal = frappe.qb.DocType("Partner Deal")
	return _column(deal, column, partner_deal(deal, users, reading))


def _counterparties(users: Users, reading: bool):
	company = frappe.qb.DocType("Counterparty")
	return _column(company, "name", counterparty(company, users, reading))


def _accounts(users: Users):
	customer = frappe.qb.DocType("Customer")
	return _column(customer, "name", _one_of(customer.account_manager, users))


def _column(table, column: str, criterion: Criterion):
	return frappe.qb.from_(table).select(table[column]).where(criterion)
