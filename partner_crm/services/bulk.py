"""Statements about many rows, as one text with few parameters: an object for each value takes longer than the database does.

For what the app writes by itself: nobody's rights are asked, and no document's events run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

import frappe
from frappe.utils import now
from pypika.queries import QueryBuilder
from pypika.terms import Parameter

STAMPS = ("creation", "modified", "owner", "modified_by")

MOST = 1000
"""Rows in a statement, which has to fit into a packet; more of them are not faster."""

NAMES = Parameter("%(names)s")
"""Stands in a query for the names that it is run with."""


def run(query: QueryBuilder, names: Collection[str], **options: Any) -> Any:
	"""Runs a query that has `NAMES` in an IN; without names there is nothing to do or to find."""
	return frappe.db.sql(query.get_sql(), {"names": tuple(names)}, **options) if names else ()


def insert(doctype: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> None:
	"""Writes rows of these columns, with the moment and the user added. Raises what the database refuses."""
	_insert(doctype, columns, rows, stamps=_stamps())


def insert_narrow(doctype: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> None:
	"""The same, without the moment and the user."""
	_insert(doctype, columns, rows)


def insert_new(doctype: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> int:
	"""As `insert`, but rows whose name is taken stay as they are; returns how many were written.

	The database decides on each row as it writes it. Whatever else is wrong with one is raised, which INSERT IGNORE
	would hide.
	"""
	return _insert(doctype, columns, rows, stamps=_stamps(), may_be_there=True)


def _stamps() -> tuple[str, ...]:
	moment, user = now(), frappe.session.user
	return (moment, moment, user, user)


def _insert(
	doctype: str,
	columns: tuple[str, ...],
	rows: Iterable[Sequence],
	stamps: tuple[str, ...] = (),
	may_be_there: bool = False,
) -> int:
	rows, written = list(rows), 0
	names = (*columns, *STAMPS) if stamps else columns
	before, row, after = _statement(doctype, names, may_be_there, frappe.db.db_type)
	for start in range(0, len(rows), MOST):
		part = rows[start : start + MOST]
		values = [value for each in part for value in (*each, *stamps)]
		frappe.db.sql(f"{before}{','.join([row] * len(part))}{after}", values)
		written += frappe.db._cursor.rowcount
	return written


@cache
def _statement(
	doctype: str, names: tuple[str, ...], may_be_there: bool, db_type: str
) -> tuple[str, str, str]:
	"""What comes before the rows, one row, and what comes after them."""
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.into(table).columns(*names).insert(*[Parameter("%s")] * len(names))
	if may_be_there and db_type == "postgres":
		query = query.on_conflict(table.name).do_nothing()
	elif may_be_there:
		query = query.on_duplicate_key_update(table.name, table.name)
	row = f"({','.join(['%s'] * len(names))})"
	before, after = query.get_sql().split(row)
	return before, row, after
