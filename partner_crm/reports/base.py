"""What every report is made of: its result, and the arithmetic that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Protocol

from pypika.queries import QueryBuilder

from partner_crm.reports.filters import DIMENSIONS, Dimension, Filters
from partner_crm.reports.sql import Reader, Restrict

Row = Sequence[Any]
Results = Mapping[str, Sequence[Row]]
Key = tuple[Any, ...]

# Enough digits for any sum of decimal(21,9) columns, so that rounding is the only change ever made to it.
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Behind:
	"""A list of the documents that a number counts or adds up.

	`where`: what the list is narrowed by besides the report's filters and the row's groupings, as (field, operator,
	value); `dated`: its field for the period; `renamed`: its own names for columns that the filters know by another;
	`keys`: its fields for what else tells the row apart, such as its stage; `ignores`: filters and groupings that
	the number does not mind. `names`: a query of the documents' names, for what no filters of a list can tell; it is
	given the rows that the filters choose, the row's key, and today, and None stands for no documents to be told.
	"""

	doctype: str
	where: tuple[tuple[str, str, Any], ...] = ()
	dated: str | None = None
	renamed: Mapping[str, str] = field(default_factory=dict)
	keys: Mapping[str, str] = field(default_factory=dict)
	ignores: frozenset[str] = frozenset()
	names: Callable[[Reader, Mapping[str, Any], date], QueryBuilder | None] | None = None


@dataclass(frozen=True, slots=True)
class Column:
	"""A column of a report, as Frappe's reports know it; `label` is to be translated.

	`behind`: the lists of the documents behind each of its numbers. `needs`: a column (DocType, column) without
	which it tells nothing, so that it is not shown to whom that is hidden. `is_said`: its values are words of ours,
	to be translated. `is_ratio`: of nothing it is not told, where a count or sum is zero. `sentence`: a sentence with the place {column} for the label.
	`context`: of its label and words, for translators. `is_hidden`: it only says where another column leads. `is_client`: its values
	are names of clients, that is of counterparties or of contacts.
	"""

	fieldname: str
	label: str
	fieldtype: str
	options: str | None = None
	behind: tuple[Behind, ...] = ()
	needs: tuple[str, str] | None = None
	is_said: bool = False
	is_ratio: bool = False
	sentence: str | None = None
	context: str | None = None
	is_hidden: bool = False
	is_client: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
	"""A chart: `kind` is bar, line or percentage; each dataset has a name (to be translated) and a value for each label.

	A label is a word of ours (to be translated), or the values of the first groupings of the report, one or more of
	them. `lines`: the datasets drawn as lines over the bars; `marks`: values to draw a line across the chart at.
	"""

	kind: str
	labels: tuple[str | Key, ...]
	datasets: tuple[tuple[str, tuple[Any, ...]], ...]
	lines: frozenset[str] = frozenset()
	marks: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
	"""One of the few numbers above a report; `needs` as for a column."""

	label: str
	value: Any
	fieldtype: str
	needs: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Report:
	"""A finished report. Rows and totals have a value for each column's fieldname, None where there is none.

	Amounts, averages and percentages are `Decimal`; a percentage of 50 is a half. `keys` are the columns that tell
	its rows apart, None where each row is a document.
	"""

	columns: tuple[Column, ...]
	rows: tuple[Mapping[str, Any], ...]
	totals: Mapping[str, Any]
	chart: Chart | None
	summary: tuple[Figure, ...]
	keys: tuple[str, ...] | None = None


class ReportModule(Protocol):
	"""A report: the groupings and filters it can honour, its queries, what is made of their rows, and what is behind them.

	It may also have `further`, which gives the queries that need the rows of the first: see `run`.
	"""

	GROUPS: tuple[str, ...]
	FILTERS: tuple[str, ...]

	def queries(self, reader: Reader, today: date) -> dict[str, QueryBuilder]: ...

	def report(self, results: Results, filters: Filters, today: date) -> Report: ...

	def behind(self, column: str) -> tuple[Behind, ...]: ...


def run(
	module: ReportModule,
	fetch: Callable[[QueryBuilder], Sequence[Row]],
	Q: Any,
	filters: Filters,
	today: date,
	restrict: Restrict | None = None,
	kept: Mapping[str, frozenset[str]] | None = None,
) -> Report:
	"""The report of `module`. `fetch` runs a query and returns its rows; `restrict` is what the reader may see.

	`kept`: the rollups that are kept, and the parts of each that have changed since (`reports.rollups`). Raises
	`FilterError` for a filter or grouping that this report can't honour.
	"""
	reader = Reader(Q, filters, restrict or Restrict(), fetch, kept or {})
	results = {name: fetch(query) for name, query in module.queries(reader, today).items()}
	if further := getattr(module, "further", None):
		# Queries that can be asked only once it is known what the first have found.
		results |= {name: fetch(query) for name, query in further(reader, results).items()}
	return module.report(results, filters, today)


def totals_of(columns: Iterable[Column], **known: Any) -> dict[str, Any]:
	"""A row of totals: what is known of each column, None of the others."""
	return {**dict.fromkeys(column.fieldname for column in columns), **known}


def group_columns(filters: Filters) -> tuple[Column, ...]:
	"""The leading columns of a grouped report."""
	return tuple(_group_column(name, DIMENSIONS[name]) for name in filters.group_by)


def _group_column(name: str, dimension: Dimension) -> Column:
	return Column(
		name,
		dimension.label,
		dimension.fieldtype,
		dimension.options,
		is_said=dimension.is_said,
		is_client=dimension.is_client,
		context=dimension.context,
	)


def split_rows(results: Results, filters: Filters, *names: str) -> Iterator[tuple[Key, Row]]:
	"""The fetched rows of these queries: the groupings of each, "" taken as None, and what follows them."""
	width = len(filters.group_by)
	for name in names:
		for row in results[name]:
			yield tuple(value or None for value in row[:width]), row[width:]


def in_order(found: Iterable[Key]) -> list[Key]:
	"""Group keys in the order of the alphabet, what is not set last."""
	return sorted(found, key=lambda key: [(value is None, str(value)) for value in key])


def named(key: Key, filters: Filters) -> dict[str, Any]:
	"""A group key as the beginning of a row."""
	return dict(zip(filters.group_by, key, strict=True))


class Tally:
	"""Counts and sums of one group, to be a dataclass with slots whose fields can all be added."""

	__slots__ = ()

	def add(self, other: Tally) -> None:
		for name in self.__slots__:
			setattr(self, name, getattr(self, name) + getattr(other, name))


def number(value: Any, places: int) -> Decimal:
	"""A database's number as a decimal, rounded half away from zero; nothing is zero."""
	return rounded(Decimal(str(value or 0)), places)


def units(value: Any, places: int) -> Decimal:
	"""What `sql.total` gave for so many decimal places, as the sum that it stands for; nothing is zero."""
	return number(value, 0).scaleb(-places, context=_EXACT)


def rounded(value: Decimal, places: int) -> Decimal:
	return value.quantize(Decimal(1).scaleb(-places), context=_EXACT)


def ratio(part: Decimal | int, whole: Decimal | int, places: int = 2) -> Decimal | None:
	"""`part` of `whole`; None where there is no whole to have a part of."""
	if whole <= 0:
		return None
	return rounded(_EXACT.divide(Decimal(part), Decimal(whole)), places)


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
	"""`part` of `whole` in percent, with two decimals; None where there is no whole."""
	return ratio(part * 100, whole)


def to_date(value: Any) -> date | None:
	"""A date as any database gives it: a date, a datetime, or its text."""
	if not value:
		return None
	if isinstance(value, datetime):
		return value.date()
	return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
