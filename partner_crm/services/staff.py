"""Who is one of us: the e-mail addresses of our own staff, which have no place in a client's card.

System Users, Employees with their company and private addresses, and everything on our own domains. Customers and
partners who have a user account of the website, users who are switched off and employees who have left are not staff.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache

import frappe
from frappe import _
from frappe.utils import escape_html
from pypika.terms import Parameter

from partner_crm.rules.identity import domain_of, normalise_email
from partner_crm.services import settings

ADMINISTRATOR = "Administrator"


def problems(addresses: Iterable[str], ours: Collection[str]) -> list[str]:
	"""What a client's card says of those that are `ours`, normalised: the address, and only in general whose it is."""
	if not ours:
		return []
	sentence = _("{0} is an address of our own staff. Enter the client's own address.")
	return [
		sentence.format(frappe.bold(escape_html(text))) for text in addresses if normalise_email(text) in ours
	]


def among(addresses: Iterable[str]) -> set[str]:
	"""Which of these addresses are our own, normalised."""
	ours, unsure = by_domain(addresses)
	if not unsure:
		return ours
	return ours | named(unsure, frappe.db.sql(_people(frappe.db.db_type), asked(unsure)))


def by_domain(addresses: Iterable[str]) -> tuple[set[str], set[str]]:
	"""Those that are our own by their domain, and those of which only the database can tell; normalised."""
	known = {address for text in addresses if text and (address := normalise_email(text))}
	own = settings.company_email_domains()
	ours = {address for address in known if _is_on(own, domain_of(address))}
	return ours, known - ours


def _is_on(own: Collection[str], domain: str) -> bool:
	return any(domain == each or domain.endswith(f".{each}") for each in own)


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


def asked(addresses: Iterable[str]) -> dict[str, tuple[str, ...]]:
	"""The parameters of `of_people`."""
	ordered = tuple(sorted(addresses))
	return {"names": (*ordered, ADMINISTRATOR), "addresses": ordered}


def named(addresses: set[str], rows: Iterable[Iterable[str | None]]) -> set[str]:
	"""Those that are in the rows which `of_people` found."""
	return addresses.intersection(normalise_email(email) for row in rows for email in row if email)


@cache
def _people(db_type: str) -> str:
	return of_people().get_sql()


def of_people():
	"""The addresses of System Users and Employees, two a row, in one question: each contact of ours asks it."""
	employee, addresses = frappe.qb.DocType("Employee"), Parameter("%(addresses)s")
	employees = frappe.qb.from_(employee).select(employee.company_email, employee.personal_email)
	employees = employees.where(
		employee.company_email.isin(addresses) | employee.personal_email.isin(addresses)
	)
	return employees.where(employee.status != "Left").union_all(_users())
