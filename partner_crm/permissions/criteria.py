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
	return _is_kept(company, users) | _is_worked_with(company.name, "counterparty", users, reading)


def contact(person, users: Users, reading: bool) -> Criterion:
	"""Of his leads and deals, of his counterparties, and those he has entered."""
	return (
		_one_of(person.owner, users)
		| _is_worked_with(person.name, "contact", users, reading)
		| _is_worked_with(person.pcrm_counterparty, "counterparty", users, reading)
		| _is_at_kept_counterparty(person, users)
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


def deal_pause(pause, users: Users, reading: bool) -> Criterion:
	"""Of the deals he works with."""
	return pause.deal.isin(_of_deals("name", users, reading))


def manager_penalty(penalty, users: Users, reading: bool) -> Criterion:
	"""His own, and those of his team; whoever it was imposed on contests it."""
	return _one_of(penalty.manager, users)


def payout(payout, users: Users, reading: bool) -> Criterion:
	"""Of the leads and deals he works with, and those that were his when the client was won."""
	return (
		_one_of(payout.responsible, users)
		| payout.lead.isin(_of_leads("name", users, reading))
		| payout.deal.isin(_of_deals("name", users, reading))
	)


CRITERIA = {
	"Partner Lead": partner_lead,
	"Partner Deal": partner_deal,
	"Counterparty": counterparty,
	"Contact": contact,
	"Client Interaction": client_interaction,
	"Stage Change": stage_change,
	"Deal Pause": deal_pause,
	"Manager Penalty": manager_penalty,
	"Payout": payout,
}


def literal(text: str) -> Term:
	"""Quoted by Frappe: PyPika leaves a backslash as it is."""
	return PseudoColumn(frappe.db.escape(text, percent=False))


def _one_of(field: Field, users: Users) -> Criterion:
	return field.isin([literal(user) for user in users])


def _is_worked_with(field: Field, column: str, users: Users, reading: bool) -> Criterion:
	return field.isin(_of_leads(column, users, reading)) | field.isin(_of_deals(column, users, reading))


def _is_kept(company, users: Users) -> Criterion:
	"""Entered by him, or a customer whose account manager he is."""
	customer = frappe.qb.DocType("Customer")
	accounts = _column(customer, "name", _one_of(customer.account_manager, users))
	return _one_of(company.owner, users) | company.customer.isin(accounts)


def _of_leads(column: str, users: Users, reading: bool):
	lead = frappe.qb.DocType("Partner Lead")
	return _column(lead, column, partner_lead(lead, users, reading))


def _of_deals(column: str, users: Users, reading: bool):
	deal = frappe.qb.DocType("Partner Deal")
	return _column(deal, column, partner_deal(deal, users, reading))


def _is_at_kept_counterparty(person, users: Users) -> Criterion:
	"""Asked for each card: to list what somebody has entered, the whole table would be read."""
	company = frappe.qb.DocType("Counterparty")
	its_own = company.name == person.pcrm_counterparty
	return person.pcrm_counterparty.isin(_column(company, "name", its_own & _is_kept(company, users)))


def _column(table, column: str, criterion: Criterion):
	return frappe.qb.from_(table).select(table[column]).where(criterion)
