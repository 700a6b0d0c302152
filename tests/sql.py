"""What a piece of code asks of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import frappe


@contextmanager
def statements() -> Iterator[list[str]]:
	"""The statements that are sent inside, as they are sent, with their values in them."""
	sent: list[str] = []
	original = frappe.db.sql

	def record(*args, **kwargs):
		result = original(*args, **kwargs)
		sent.append(str(frappe.db.last_query))
		return result

	frappe.db.sql = record
	try:
		yield sent
	finally:
		frappe.db.sql = original


def indexes_of(statement: str) -> list[str]:
	"""The indexes among which the database may choose, for each table of a statement."""
	return [row.possible_keys or "" for row in _plan(statement)]


def reads_all(statement: str) -> bool:
	"""Whether the database has nothing better to do than to read some table from end to end.

	What it has found itself for this statement, in brackets in the plan, is read whole, as it should be.
	"""
	return any(
		row.type == "ALL" and not row.possible_keys and not row.table.startswith("<")
		for row in _plan(statement)
		if row.table
	)


def _plan(statement: str) -> list:
	return frappe.db.sql(f"EXPLAIN {statement}", as_dict=True)
