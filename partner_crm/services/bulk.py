"""Statements about very many rows: as one text with few parameters.

The query builder makes an object of every value, which takes longer than the database does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import frappe
from pypika.queries import QueryBuilder
from pypika.terms import Parameter

MOST_INSERTED = 1000
"""Rows in a statement: more of them are not faster."""

NAMES = Parameter("%(names)s")
"""Stands in a query for the names that it is run with."""


def run(query: QueryBuilder, names: Collection[str], **options: Any) -> Any:
	"""Runs a query that has `NAMES` in an IN; without names there is nothing to do or to find."""
	return frappe.db.sql(query.get_sql(), {"names": tuple(names)}, **options) if names else ()


def insert(doctype: str, columns: tuple[str, ...], rows: Sequence[tuple]) -> None:
	"""Rows in their order, a thousand in a statement. Frappe's own `bulk_insert` makes an object of each value."""
	for start in range(0, len(rows), MOST_INSERTED):
		part = rows[start : start + MOST_INSERTED]
		statement = _insert_statement(doctype, columns, len(part), frappe.db.db_type)
		frappe.db.sql(statement, [value for row in part for value in row])


@lru_cache(maxsize=64)
def _insert_statement(doctype: str, columns: tuple[str, ...], rows: int, db_type: str) -> str:
	"""Built once: putting it together takes longer than running it."""
	row = [Parameter("%s")] * len(columns)
	return frappe.qb.into(frappe.qb.DocType(doctype)).columns(*columns).insert(*([row] * rows)).get_sql()
