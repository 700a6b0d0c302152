"""A report beside the same report of an earlier period: the period before, or the same days a year ago.

Each number is followed by what it was then, and counts and amounts by how much they have changed since. A period of
whole months is compared with whole months, any other with as many days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pypika.queries import QueryBuilder

from partner_crm.reports import base
from partner_crm.reports.base import Column, Report, ReportModule, Row, percent
from partner_crm.reports.filters import NOTHING_EARLIER, PREVIOUS_YEAR, FilterError, Filters
from partner_crm.reports.sql import Restrict
from partner_crm.rules.calendar import add_months

BEFORE = "{column}, before"
CHANGE = "{column}, change in %"

NOT_BY_DOCUMENT = (
	"This report lists documents, which can't be compared with those of another period. Group it first."
)
NOT_BY_DAYS = "A report by {name} can be compared where the period is whole months, from a first day to a last day of a month."

COUNTED = ("Int", "Currency")
NUMBERS = (*COUNTED, "Float", "Percent")


@dataclass(frozen=True, slots=True)
class Earlier:
	"""The earlier period's filters, and how many whole months lie between; None where it is days."""

	filters: Filters
	months: int | None


def run(
	module: ReportModule,
	fetch: Callable[[QueryBuilder], Sequence[Row]],
	Q: Any,
	filters: Filters,
	today: date,
	restrict: Restrict | None = None,
	kept: Mapping[str, frozenset[str]] | None = None,
) -> Report:
	"""The report of `module`, beside that of the earlier period where the filters ask for it; see `base.run`."""
	now = base.run(module, fetch, Q, filters, today, restrict, kept)
	if not filters.compare_with:
		return now
	if now.keys is None:
		raise FilterError(NOT_BY_DOCUMENT)
	then = earlier(filters)
	return beside(now, base.run(module, fetch, Q, then.filters, today, restrict, kept), then.months)


def earlier(filters: Filters) -> Earlier:
	"""The period that the filters are to be compared with.

	Raises `FilterError` if there is none, or if a report by month could not be laid beside it month by month.
	"""
	begins, ends = filters.from_date, filters.to_date
	is_whole = begins.day == 1 and (ends + timedelta(days=1)).day == 1
	is_a_year = filters.compare_with == PREVIOUS_YEAR
	months = 12 if is_a_year else (ends.year - begins.year) * 12 + ends.month - begins.month + 1
	of_time = [name for name in filters.group_by if name in ("month", "day")]
	if "day" in of_time or (of_time and not is_whole):
		raise FilterError(NOT_BY_DAYS, name=of_time[0])
	try:
		if is_whole:
			first = add_months(begins, -months)
			last = add_months(first, (ends.year - begins.year) * 12 + ends.month - begins.month + 1)
			period = (first, last - timedelta(days=1))
		elif is_a_year:
			period = (add_months(begins, -12), add_months(ends, -12))
		else:
			days = ends - begins + timedelta(days=1)
			period = (begins - days, ends - days)
	except OverflowError:
		raise FilterError(NOTHING_EARLIER) from None
	shifted = replace(filters, from_date=period[0], to_date=period[1], compare_with=None)
	return Earlier(shifted, months if is_whole else None)


def beside(now: Report, before: Report, months: int | None) -> Report:
	"""Both reports in one, row by row; what was there before only follows, with nothing of it now.

	`months`: by how many a month of the earlier report comes before the one it is laid beside.
	"""
	known = {column.fieldname for column in now.columns}
	columns = (*now.columns, *(column for column in before.columns if column.fieldname not in known))
	then = {_key(row, now.keys, months or 0): row for row in before.rows}
	rows = [_joined(columns, row, then.pop(_key(row, now.keys, 0), {})) for row in now.rows]
	for key, row in then.items():
		rows.append(_joined(columns, dict(zip(now.keys, key, strict=True)), row))
	return replace(
		now,
		columns=tuple(_columns(columns)),
		rows=tuple(rows),
		totals=_joined(columns, now.totals, before.totals),
	)


def _key(row: Mapping[str, Any], keys: Sequence[str], months: int) -> tuple[Any, ...]:
	def value(name: str) -> Any:
		if name == "month" and row[name]:
			return add_months(date.fromisoformat(f"{row[name]}-01"), months).isoformat()[:7]
		return row[name]

	return tuple(value(name) for name in keys)


def _columns(columns: Sequence[Column]) -> Iterator[Column]:
	for column in columns:
		yield column
		if column.fieldtype in NUMBERS:
			yield replace(column, fieldname=f"{column.fieldname}_before", behind=(), sentence=BEFORE)
		if column.fieldtype in COUNTED:
			yield replace(
				column,
				fieldname=f"{column.fieldname}_change",
				fieldtype="Percent",
				options=None,
				behind=(),
				sentence=CHANGE,
			)


def _joined(columns: Sequence[Column], now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
	row = dict(now)
	for column in columns:
		name = column.fieldname
		if column.fieldtype not in NUMBERS:
			row.setdefault(name, None)
			continue
		then = before[name] if name in before else _nothing(column, now.get(name))
		row.setdefault(name, _nothing(column, then))
		row[f"{name}_before"] = then
		if column.fieldtype in COUNTED:
			row[f"{name}_change"] = _change(row[name], row[f"{name}_before"])
	return row


def _nothing(column: Column, beside: Any) -> Decimal | int | None:
	"""What a column says of no documents at all, beside what it says of the other period's."""
	if column.fieldtype not in COUNTED or column.is_ratio or beside is None:
		return None
	return Decimal(0) if column.fieldtype == "Currency" else 0


def _change(now: Decimal | int | None, before: Decimal | int | None) -> Decimal | None:
	return None if now is None or before is None else percent(now - before, before)
