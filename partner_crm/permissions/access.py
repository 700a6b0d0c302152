"""The permission hooks, for lists and for documents. Both ask the DocType's one criterion in criteria.py.

It bounds only what a user may do *as a sales manager*. A right that another of his roles gives goes as far as that
role: the head of sales, marketing and accountants see everything, and ERPNext's own roles keep their Contacts.
"""

import frappe
from pypika import Table
from pypika.terms import Criterion

from partner_crm.permissions.criteria import CRITERIA, literal
from partner_crm.permissions.team import team_of
from partner_crm.setup.roles import SALES_MANAGER

READING = (None, "select", "read", "report", "export", "print", "email")


def query_conditions(user: str | None, doctype: str) -> str:
	"""For lists, report views and link search."""
	seen = visible(doctype, user=user)
	return f"({seen.get_sql(quote_char='`', with_namespace=True)})" if seen else ""


def visible(doctype: str, table: Table | None = None, user: str | None = None) -> Criterion | None:
	"""What a query adds to its WHERE, so that the user finds what he may see; None where he sees everything."""
	user = user or frappe.session.user
	if not is_bounded(doctype, "read", user):
		return None
	table = table or frappe.qb.DocType(doctype)
	return criterion(doctype, table, "read", user) | table.name.isin(_shared(doctype, user))


def has_permission(doc, ptype: str | None = None, user: str | None = None) -> bool:
	"""For one document, by what the database holds: who writes his own name into it gains nothing.

	Shared documents are not our question: Frappe asks for the share after a refusal.
	"""
	user = user or frappe.session.user
	if ptype == "create" or not is_bounded(doc.doctype, ptype, user):
		return True
	return _is_met(doc, ptype, user) or not _is_stored(doc)


def has_contact_permission(doc, ptype: str | None = None, user: str | None = None) -> bool | None:
	if not has_permission(doc, ptype, user):
		return False
	return no_objection()


def no_objection() -> bool | None:
	"""On a DocType that other apps have hooks for, too: v15 asks none of them once a hook has answered yes."""
	return None if frappe.__version__.startswith("15.") else True


def is_bounded(doctype: str, ptype: str | None, user: str) -> bool:
	"""Whether the user has this right as a sales manager only."""
	if user == "Administrator":
		return False
	roles = set(frappe.get_roles(user))
	return SALES_MANAGER in roles and not _gives(doctype, ptype or "read", roles - {SALES_MANAGER})


def criterion(doctype: str, table: Table, ptype: str | None, user: str) -> Criterion:
	return CRITERIA[doctype](table, team_of(user, doctype), ptype in READING)


def _is_met(doc, ptype: str | None, user: str) -> bool:
	table = frappe.qb.DocType(doc.doctype)
	found = (
		frappe.qb.from_(table)
		.select(table.name)
		.where(table.name == doc.name)
		.where(criterion(doc.doctype, table, ptype, user))
	)
	return bool(found.run())


def _is_stored(doc) -> bool:
	"""Asked of the database: what a browser sends may say of itself that it is new."""
	return bool(doc.name and frappe.db.exists(doc.doctype, doc.name))


def _gives(doctype: str, ptype: str, roles: set[str]) -> bool:
	return any(
		row.get(ptype) and row.role in roles and not row.permlevel and not row.if_owner
		for row in frappe.get_meta(doctype).permissions
	)


def _shared(doctype: str, user: str):
	share = frappe.qb.DocType("DocShare")
	return (
		frappe.qb.from_(share)
		.select(share.share_name)
		.where(share.share_doctype == doctype)
		.where(share.read == 1)
		.where((share.user == literal(user)) | (share.everyone == 1))
	)
