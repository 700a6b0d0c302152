"""What is still open between a programme's own statement and our payouts, for the Payout Reconciliation."""

from __future__ import annotations

from datetime import date
from typing import Any

from pypika.queries import QueryBuilder

from partner_crm.reports.filters import Filters
from partner_crm.reports.sql import Columns, Reader, Restrict, blank
from partner_crm.rules.matching import MATCHED

GROUPS = ()
FILTERS = ("company", "program")


def queries(
	Q: Any, filters: Filters, today: date, restrict: Restrict | None = None
) -> dict[str, QueryBuilder]:
	filters.check(GROUPS, FILTERS)
	return {"statement_differs": open_differences(Reader(Q, filters, restrict or Restrict()))}


def open_differences(reader: Reader) -> QueryBuilder:
	"""Rows: statement, programme, result, client, what the owner says less what we expect (in the programme's currency), day.

	A statement belongs to the period by its last day. Lines that match, and those that were settled, are left out.
	"""
	statement = reader.chosen(
		"Program Statement",
		dated="to_date",
		terms=lambda statement: [statement("name"), statement("program"), statement("to_date")],
	)

	def is_open(line: Columns):
		return (line("result") != MATCHED) & ~blank(line("result")) & (line("is_settled") == 0)

	names = ("parent", "result", "client", "difference", "on_date")
	line = reader.all("Program Statement Line", names, where=is_open)
	columns = [statement["name"], statement["program"], line["result"], line["client"], line["difference"]]
	return (
		reader.Q.from_(statement)
		.join(line)
		.on(line["parent"] == statement["name"])
		.select(*columns, line["on_date"])
		.orderby(statement["to_date"], statement["name"], line["result"], line["client"], line["difference"])
	)
