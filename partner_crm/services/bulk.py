"""Many rows by one statement that is put together as text: an object for each value takes longer than the database does.

For what the app writes by itself: nobody's rights are asked, and no document's events run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import frappe
from frappe.utils import now
from pypika.terms import Parameter

STAMPS = ("creation", "modified", "owner", "modified_by")

MOST = 1000
"""Rows in a statement, which has to fit into a packet."""


def insert(doctype: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> None:
	"""Writes rows of these columns, with the moment and the user added. Raises what the database refuses."""
	_insert(doctype, columns, rows, may_be_there=False)


def insert_new(doctype: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> int:
	"""The same, but rows whose name is taken stay as they are; returns how many were written.

	The database decides on each row as it writes it. Whatever else is wrong with one is raised, which INSERT IGNORE
	would hide.
	"""
	return _insert(doctype, columns, rows, may_be_there=True)


def _insert(doctype: str, columns: tuple[str, ...], rows: Iterable[Sequence], may_be_there: bool) -> int:
	rows, written = list(rows), 0
	before, row, after = _statement(doctype, columns, may_be_there, frappe.db.db_type)
	moment, user = now(), frappe.session.user
	stamps = (moment, moment, user, user)
	for start in range(0, len(rows), MOST):
		part = rows[start : start + MOST]
		values = [value for each in part for value in (*each, *stamps)]
		frappe.db.sql(f"{before}{','.join([row] * len(part))}{after}", values)
		written += frappe.db._cursor.rowcount
	return written


@cache
def _statement(
	doctype: str, columns: tuple[str, ...], may_be_there: bool, db_type: str
) -> tuple[str, str, str]:
	"""What comes before the rows, one row, and what comes after them."""
	table, names = frappe.qb.DocType(doctype), (*columns, *STAMPS)
	query = frappe.qb.into(table).columns(*names).insert(*[Parameter("%s")] * len(names))
	if may_be_there and db_type == "postgres":
		query = query.on_conflict(table.name).do_nothing()
	elif may_be_there:
		query = query.on_duplicate_key_update(table.name, table.name)
	row = f"({','.join(['%s'] * len(names))})"
	before, after = query.get_sql().split(row)
	return before, row, after
