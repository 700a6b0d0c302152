"""Manager Penalties: what the rules of discipline have cost, whom, and how it was decided.

Ungrouped, the penalties themselves, the latest violation first; grouped, how many and how much, each currency by
itself. A waived penalty costs nothing. This is also what payroll works from where HRMS is not installed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pypika import Order
from pypika.functions import Count
from pypika.queries import QueryBuilder

from partner_crm.reports.base import (
	Behind,
	Chart,
	Column,
	Figure,
	Report,
	Results,
	group_columns,
	in_order,
	named,
	split_rows,
	to_date,
	totals_of,
	units,
)
from partner_crm.reports.behind import Narrowing, of_column
from partner_crm.reports.filters import Filters
from partner_crm.reports.sql import Reader, keys, total

GROUPS = ("responsible", "company", "month")
FILTERS = ("company", "responsible")

PENALTY = "Manager Penalty"
STATUSES = ("Imposed", "Contested", "Confirmed", "Waived")
WAIVED = STATUSES[-1]


def _behind(*where: Narrowing) -> tuple[Behind]:
	return (
		Behind(
			PENALTY,
			where,
			dated="violated_on",
			renamed={"responsible": "manager"},
			keys={"currency": "currency"},
		),
	)


COUNT_COLUMNS = (
	Column("currency", "Currency", "Link", "Currency"),
	Column("penalties", "Penalties", "Int", behind=_behind()),
	Column("imposed", "Imposed", "Int", behind=_behind(("status", "=", "Imposed"))),
	Column("contested", "Contested", "Int", behind=_behind(("status", "=", "Contested"))),
	Column("confirmed", "Confirmed", "Int", behind=_behind(("status", "=", "Confirmed"))),
	Column("waived", "Waived", "Int", behind=_behind(("status", "=", WAIVED))),
	Column(
		"amount",
		"Amount without waived ones",
		"Currency",
		"currency",
		behind=_behind(("status", "!=", WAIVED)),
	),
	Column(
		"confirmed_amount",
		"Confirmed amount",
		"Currency",
		"currency",
		behind=_behind(("status", "=", "Confirmed")),
	),
)
LIST_COLUMNS = (
	Column("violated_on", "Violated on", "Date"),
	Column("rule", "Rule", "Data", is_said=True),
	Column("manager", "Manager", "Link", "User"),
	Column("reference_doctype", "Document type", "Link", "DocType"),
	Column("reference_name", "Document", "Dynamic Link", "reference_doctype"),
	Column("status", "Status", "Data", is_said=True),
	Column("amount", "Amount", "Currency", "currency"),
	Column("currency", "Currency", "Link", "Currency"),
	Column("objection", "The manager's objection", "Small Text"),
	Column("reason", "Reason for the decision", "Small Text"),
	Column("name", "Penalty", "Link", PENALTY),
)


def queries(reader: Reader, today: date) -> dict[str, QueryBuilder]:
	reader.filters.check(GROUPS, FILTERS)
	return {"counts": _counts(reader)} | (
		{} if reader.filters.group_by else {"penalties": _penalties(reader)}
	)


def _counts(reader: Reader) -> QueryBuilder:
	"""Rows: group, currency, status, how many, how much."""
	penalty = reader.chosen(
		PENALTY,
		dated="violated_on",
		terms=lambda penalty: [penalty("currency"), penalty("status"), penalty("amount")],
		renamed={"responsible": "manager"},
	)
	columns = [*keys(penalty, reader.filters), penalty["currency"], penalty["status"]]
	return (
		reader.Q.from_(penalty)
		.select(*columns, Count("*"), total(penalty["amount"], reader.filters.precision))
		.groupby(*columns)
	)


def _penalties(reader: Reader) -> QueryBuilder:
	"""Rows: the columns `LIST_COLUMNS`."""
	names = [column.fieldname for column in LIST_COLUMNS]
	penalty = reader.chosen(
		PENALTY,
		dated="violated_on",
		terms=lambda penalty: [penalty(name) for name in names],
		renamed={"responsible": "manager"},
	)
	return (
		reader.Q.from_(penalty)
		.select(*[penalty[name] for name in names])
		.orderby(penalty["violated_on"], order=Order.desc)
		.orderby(penalty["name"])
	)


def behind(column: str) -> tuple[Behind, ...]:
	return of_column(COUNT_COLUMNS, column)


def report(results: Results, filters: Filters, today: date) -> Report:
	groups: dict[tuple, dict[str, Any]] = {}
	numbers: Counter[str] = Counter()
	for key, (currency, status, how_many, cents) in split_rows(results, filters, "counts"):
		row = groups.setdefault((*key, currency), _nothing())
		amount = units(cents, filters.precision)
		numbers[status] += how_many
		row["penalties"] += how_many
		row[status.lower()] += how_many
		row["amount"] += Decimal(0) if status == WAIVED else amount
		row["confirmed_amount"] += amount if status == "Confirmed" else Decimal(0)
	summary = tuple(Figure(status, numbers[status], "Int") for status in STATUSES)
	if filters.group_by:
		rows = tuple(
			named(key[:-1], filters) | {"currency": key[-1]} | groups[key] for key in in_order(groups)
		)
		columns = (*group_columns(filters), *COUNT_COLUMNS)
		totals = totals_of(columns, **_totals(rows))
		return Report(
			columns, rows, totals, _chart(filters, rows), summary, keys=(*filters.group_by, "currency")
		)
	listed = tuple(_listed(values) for values in results["penalties"])
	return Report(LIST_COLUMNS, listed, totals_of(LIST_COLUMNS), None, summary)


def _totals(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
	"""Numbers of all rows; amounts only where they are of one currency."""
	names = ["penalties", *map(str.lower, STATUSES)]
	if len({row["currency"] for row in rows}) == 1:
		names += ["amount", "confirmed_amount", "currency"]
	return {name: rows[0][name] if name == "currency" else sum(row[name] for row in rows) for name in names}


def _chart(filters: Filters, rows: Sequence[Mapping[str, Any]]) -> Chart:
	"""By group, the currencies together."""
	counts: dict[tuple, Counter[str]] = {}
	for row in rows:
		counts.setdefault(tuple(row[name] for name in filters.group_by), Counter()).update(
			{status: row[status.lower()] for status in STATUSES}
		)
	return Chart(
		"bar",
		tuple(counts),
		tuple((status, tuple(count[status] for count in counts.values())) for status in STATUSES),
	)


def _nothing() -> dict[str, Any]:
	counts = dict.fromkeys(("penalties", *map(str.lower, STATUSES)), 0)
	return counts | {"amount": Decimal(0), "confirmed_amount": Decimal(0)}


def _listed(values: tuple) -> dict[str, Any]:
	row = dict(zip([column.fieldname for column in LIST_COLUMNS], values, strict=True))
	return row | {"violated_on": to_date(row["violated_on"]), "amount": Decimal(str(row["amount"] or 0))}
