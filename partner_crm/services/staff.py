"""Who is one of us: the e-mail addresses of our own staff, which have no place in a client's card.

System Users, Employees with their company and private addresses, and everything on our own domains. Customers and
partners who have a user account of the website, users who are switched off and employees who have left are not staff.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import frappe
from frappe import _
from frappe.utils import escape_html
from pypika.terms import Parameter

from partner_crm.rules.identity import domain_of, normalise_email
from partner_crm.services import settings

ADMINISTRATOR = "Administrator"


def problems(addresses: Iterable[str]) -> list[str]:
	"""What a client's card says of them: the address, and only in general whose it is."""
	typed = list(filter(None, addresses))
	ours = among(typed)
	sentence = _("{0} is an address of our own staff. Enter the client's own address.")
	return [
		sentence.format(frappe.bold(escape_html(text))) for text in typed if normalise_email(text) in ours
	]


def among(addresses: Iterable[str]) -> set[str]:
	"""Which of these addresses are our own, normalised."""
	asked = {address for text in addresses if text and (address := normalise_email(text))}
	ours = {address for address in asked if _is_on_our_domain(address)}
	return ours | _of_people(asked - ours)


def _is_on_our_domain(address: str) -> bool:
	domain = domain_of(address)
	return any(domain == own or domain.endswith(f".{own}") for own in settings.company_email_domains())


def users_at(addresses: Iterable[str]) -> dict[str, str]:
	"""The System Users by their addresses, normalised. A user's name is his address; only Administrator's is not."""
	asked = set(addresses)
	if not asked:
		return {}
	rows = frappe.db.sql(_users().get_sql(), {"names": (*sorted(asked), ADMINISTRATOR)})
	found = {normalise_email(email if name == ADMINISTRATOR else name): name for name, email in rows}
	return {address: found[address] for address in asked & found.keys()}


def _users():
	user = frappe.qb.DocType("User")
	query = frappe.qb.from_(user).select(user.name, user.email).where(user.name.isin(Parameter("%(names)s")))
	return query.where((user.enabled == 1) & (user.user_type == "System User"))


def _of_people(addresses: set[str]) -> set[str]:
	"""Those of System Users and Employees, in one question: each contact of ours asks it."""
	if not addresses:
		return set()
	asked = tuple(sorted(addresses))
	rows = frappe.db.sql(_people(frappe.db.db_type), {"names": (*asked, ADMINISTRATOR), "addresses": asked})
	return addresses.intersection(normalise_email(email) for row in rows for email in row if email)


@cache
def _people(db_type: str) -> str:
	employee, asked = frappe.qb.DocType("Employee"), Parameter("%(addresses)s")
	employees = frappe.qb.from_(employee).select(employee.company_email, employee.personal_email)
	employees = employees.where(employee.company_email.isin(asked) | employee.personal_email.isin(asked))
	return employees.where(employee.status != "Left").union_all(_users()).get_sql()
