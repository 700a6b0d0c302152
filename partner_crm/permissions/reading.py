"""What a user may read, for queries that Frappe does not build: rows as in his lists, fields as on his forms."""

from __future__ import annotations

import frappe
from frappe.model.db_query import DatabaseQuery
from pypika import Table
from pypika.terms import Criterion, PseudoColumn, ValueWrapper

PARENTS = {
	"Acquisition Channel Cost": "Acquisition Channel",
	"Partner Program Term": "Partner Program",
	"Sales Invoice Item": "Sales Invoice",
}
"""A child has the rights of its parent, and tables do not say whose children they hold."""


PAIR = "Possible Duplicate"
"""Two cards; told to whoever may read both of them."""


def rows(doctype: str, table: Table, user: str) -> Criterion | None:
	"""What a query adds to its WHERE, so that the user finds just what his list shows; None where that is all.

	Roles, User Permissions, shares and the hooks of every app are in it. `table` stands in the query without an alias.
	"""
	if parent := PARENTS.get(doctype):
		return _children(table, frappe.qb.DocType(parent), parent, user)
	if doctype == PAIR:
		return _pairs(table, user)
	if not frappe.has_permission(doctype, "read", user=user):
		return ValueWrapper(1) == 0
	query = DatabaseQuery(doctype, user=user)
	criteria = [query.build_match_conditions(), *query.conditions]
	criteria = [f"({criterion})" for criterion in criteria if criterion]
	if not criteria:
		return None
	# The query is run with parameters, to which a percent sign has to be doubled.
	return PseudoColumn(f"({' AND '.join(criteria)})".replace("%", "%%"))


def hidden_columns(doctype: str, user: str) -> set[str]:
	"""The fields of the DocType that are kept from the user by their permission level."""
	meta = frappe.get_meta(doctype)
	levels = {0, *meta.get_permlevel_access("read", user=user)}
	return (
		set()
		if user == "Administrator"
		else {df.fieldname for df in meta.fields if df.permlevel not in levels}
	)


def _pairs(table: Table, user: str) -> Criterion:
	found = []
	for doctype in ("Contact", "Counterparty"):
		of_doctype = table["card_doctype"] == doctype
		card = frappe.qb.DocType(doctype)
		seen = rows(doctype, card, user)
		if seen is not None:
			names = frappe.qb.from_(card).select(card["name"]).where(seen)
			of_doctype &= table["card"].isin(names) & table["other_card"].isin(names)
		found.append(of_doctype)
	return Criterion.any(found)


def _children(table: Table, parent: Table, doctype: str, user: str) -> Criterion | None:
	seen = rows(doctype, parent, user)
	if seen is None:
		return None
	return table["parent"].isin(frappe.qb.from_(parent).select(parent["name"]).where(seen))
