"""The pieces of SQL that the reports are built of, the same on MariaDB, Postgres and SQLite.

Frappe's builder writes values inside aggregates and window functions into the text of the query. So every value
that a person gives stands in the WHERE of a derived table, which `Reader` makes; what is done with that table
afterwards (sums, ranks) names columns and constants only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pypika import Order, Table
from pypika.analytics import Count as CountOver
from pypika.analytics import RowNumber
from pypika.functions import Cast, Coalesce, Count, NullIf, Sum
from pypika.queries import QueryBuilder
from pypika.terms import Case, Criterion, Field, Function, Term, ValueWrapper

from partner_crm.reports.filters import DIMENSIONS, Filters
from partner_crm.reports.tables import TABLES, table_name

Columns = Callable[[str], Term]
"""Gives the column of a name; it may be an expression."""


@dataclass(frozen=True, slots=True)
class Restrict:
	"""What the reader may not see.

	`rows` gives, for a DocType and its table, the criterion of the rows that he may see, and None for all of them;
	`hidden` are the columns (DocType, column) that he may not: they are read as NULL.
	"""

	rows: Callable[[str, Table], Criterion | None] = lambda doctype, table: None
	hidden: frozenset[tuple[str, str]] = frozenset()


def month_of(day: Term) -> Term:
	"""The month of a date, as 2024-05."""
	return Function("SUBSTRING", Cast(day, "CHAR(10)"), 1, 7)


def day_of(moment: Term) -> Term:
	"""The day of a moment, as 2024-05-31."""
	return Function("SUBSTRING", Cast(moment, "CHAR(10)"), 1, 10)


def total(term: Term, places: int) -> Function:
	"""A sum in units of the last of so many decimal places: in cents, for two (`base.units` takes it back).

	SQLite adds in binary, where a hundred thousand amounts with cents can be a cent off and whole numbers can't.
	"""
	return Function("ROUND", Sum(term * 10**places))


def blank(term: Term) -> Criterion:
	"""True where a text is empty. Frappe leaves NULL in an unset link, and "" in one that was emptied."""
	return Coalesce(term, "") == ""


def when(criterion: Criterion, value: Any = 1, otherwise: Any = 0) -> Case:
	"""`value` where the criterion holds, else `otherwise`."""
	return Case().when(criterion, value).else_(otherwise)


def only(criterion: Criterion, value: Any) -> Case:
	"""`value` where the criterion holds, else NULL."""
	return Case().when(criterion, value)


def one_of(column: Term, values: Mapping[str, Any], otherwise: Any = 0) -> Case:
	"""The value that stands for the column's text."""
	case = Case()
	for text, value in values.items():
		case = case.when(column == text, value)
	return case.else_(otherwise)


def count_if(criterion: Criterion) -> Function:
	return Sum(when(criterion))


@dataclass(frozen=True, slots=True)
class Reader:
	"""The one door through which a report reads a table, with what the reader may see.

	`Q` is the query class: `frappe.qb` on a site, `pypika.dialects.SQLLiteQuery` elsewhere. `fetch` runs a query, for
	what is told only by arithmetic over rows. `kept`: the rollups that are kept, by name, each with the parts of it that
	have changed since. `only` narrows the rows of `chosen`, by their columns and their date.
	"""

	Q: Any
	filters: Filters
	restrict: Restrict = field(default_factory=Restrict)
	fetch: Callable[[QueryBuilder], Sequence[Sequence[Any]]] | None = None
	kept: Mapping[str, frozenset[str]] = field(default_factory=dict)
	only: Callable[[Columns, Term | None], Criterion] | None = None

	def all(
		self, doctype: str, columns: Iterable[str], where: Callable[[Columns], Criterion] | None = None
	) -> QueryBuilder:
		"""The named columns of the rows that the reader may see, whatever the filters say."""
		table = Table(table_name(doctype))
		column = self._columns(doctype, table)
		criteria = [where(column)] if where else []
		return self._derived(doctype, table, [column(name) for name in columns], criteria)

	def chosen(
		self,
		doctype: str,
		*,
		dated: str | Callable[[Columns], Term] | None,
		terms: Callable[[Columns], Sequence[Term]],
		where: Callable[[Columns], Criterion] | None = None,
		renamed: Mapping[str, str] | None = None,
	) -> QueryBuilder:
		"""The rows that the filters choose: a column for each grouping (`keys`), and `terms`.

		`dated` is the date by which a row belongs to the period and to a month; None if the period is of no
		concern. `renamed` gives a table's own name for a column that the filters know by another. A table
		that has no column for a filter has no row that matches it.
		"""
		table = Table(table_name(doctype))
		renamed = renamed or {}
		column = self._columns(doctype, table, renamed)
		known = {*TABLES[doctype].columns, *renamed}
		day = dated(column) if callable(dated) else table[dated] if dated else None
		criteria = [*chosen_by(self.filters, column, day, known)]
		if where:
			criteria.append(where(column))
		if self.only:
			criteria.append(self.only(column, day))
		return self._derived(
			doctype, table, [*key_terms(self.filters, column, day), *terms(column)], criteria
		)

	def _columns(self, doctype: str, table: Table, renamed: Mapping[str, str] | None = None) -> Columns:
		names = renamed or {}

		def column(name: str) -> Term:
			stored = names.get(name, name)
			if (doctype, stored) in self.restrict.hidden:
				return NullIf(table[stored], table[stored]).as_(stored)
			return table[stored]

		return column

	def _derived(
		self, doctype: str, table: Table, terms: Sequence[Term], criteria: Iterable[Criterion]
	) -> QueryBuilder:
		query = self.Q.from_(table).select(*terms)
		for criterion in criteria:
			query = query.where(criterion)
		seen = self.restrict.rows(doctype, table)
		if seen is not None:
			query = query.where(seen)
		return query.as_(doctype.lower().replace(" ", "_"))


def chosen_by(
	filters: Filters, column: Columns, day: Term | None, known: Iterable[str]
) -> Iterable[Criterion]:
	"""The criteria of the filters over these columns; the period is that of `day`."""
	for name, value in filters.chosen():
		field = DIMENSIONS[name].column
		yield column(field) == value if field in known else ValueWrapper(1) == 0
	if day is not None and filters.from_date:
		yield day >= filters.from_date
	# The day after is left out, since a moment of the last day is later than its beginning.
	if day is not None and filters.to_date and filters.to_date < date.max:
		yield day < filters.to_date + timedelta(days=1)


def key_terms(filters: Filters, column: Columns, day: Term | None) -> list[Term]:
	"""A column for each grouping, named by its place: a grouping may have the name of another column."""
	of_time = {"month": month_of, "day": day_of}
	return [
		(of_time[name](day) if name in of_time else column(DIMENSIONS[name].column)).as_(_key(place))
		for place, name in enumerate(filters.group_by)
	]


def keys(source: QueryBuilder, filters: Filters) -> list[Field]:
	"""The columns that `source` is to be grouped by, as they are stored.

	NULL and "" are one group: their counts and sums are added up afterwards, so a client found under both counts
	twice in it. To make them one in SQL would keep a database from grouping by an index, at ten times the cost.
	"""
	return [source[name] for name in key_names(filters)]


def key_names(filters: Filters) -> list[str]:
	return [_key(place) for place in range(len(filters.group_by))]


def _key(place: int) -> str:
	return f"key_{place + 1}"


def median(Q: Any, values: QueryBuilder, by: Sequence[str], value: str) -> QueryBuilder:
	"""The middle of `value` for each combination of the columns `by`. Exact.

	Rows: `by`, the sum of the middle values, and how many these are (one or two).
	"""
	group = [values[name] for name in by]
	ranked = (
		Q.from_(values)
		.select(*group, values[value].as_("value"))
		.select(RowNumber().over(*group).orderby(values[value]).as_("place"))
		.select(CountOver("*").over(*group).as_("of"))
		.as_("ranked")
	)
	group = [ranked[name] for name in by]
	return (
		Q.from_(ranked)
		.select(*group, Sum(ranked["value"]), Count("*"))
		.where((ranked["place"] * 2).between(ranked["of"], ranked["of"] + 2))
		.groupby(*group)
	)


def most_frequent(Q: Any, counted: QueryBuilder, by: Sequence[str], value: str, count: str) -> QueryBuilder:
	"""For each combination of the columns `by`, its most frequent `value` and how often it occurs.

	`counted` has a row for each of both, with the `count` of it. Of two that occur equally often, the first in the
	alphabet. Rows: `by`, the value, its count.
	"""
	names, of = [*by, value, count], columns_of(counted)
	place = RowNumber().over(*(of[name] for name in by)).orderby(of[count], order=Order.desc)
	place = place.orderby(of[value]).as_("place")
	ranked = Q.from_(counted).select(*(of[name] for name in names), place).as_("ranked")
	of = columns_of(ranked)
	return Q.from_(ranked).select(*(of[name] for name in names)).where(of["place"] == 1)


def columns_of(source: QueryBuilder) -> Table:
	"""The columns of a derived table, by its name alone.

	With those of the query itself PyPika writes the whole query anew for each column that is selected.
	"""
	return Table(source.alias)
