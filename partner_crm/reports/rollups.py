"""Sums that are kept beside the documents, so that a report as it is opened need not read them all.

A rollup is what a query of a report counts and adds up, kept by company and by *part*: the month by which a document
belongs to a period, or the client of a payout. Beside the sums of each part stand those of all parts together (`ALL`).
Whoever changes a document notes its part in the same transaction (`services.rollups`), and a report reads

    all parts together - the noted parts, as they are kept + the documents of the noted parts, as they are

so it tells what the documents tell at every moment, whoever works beside it, and no save ever waits for another one's
sums. Every few minutes the noted parts are reckoned again. A reader who may not see all, and filters or groupings that
are not kept, get the documents themselves: the rows of both ways are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import reduce
from hashlib import blake2b
from operator import or_
from typing import Any

from pypika import Table
from pypika.functions import Cast, Coalesce, Count, Sum
from pypika.queries import QueryBuilder
from pypika.terms import Case, Criterion, Term, ValueWrapper

from partner_crm.reports.filters import Filters
from partner_crm.reports.sql import Columns, Reader, columns_of, key_names, total
from partner_crm.reports.tables import table_name
from partner_crm.rules.calendar import add_months

DOCTYPE = "Report Rollup"

ALL = "<all>"
"""The part that stands for all parts together. No document's name has such brackets."""
UNDATED = ""
"""The part of documents without the date that the others are told apart by."""
MONTHS, CLIENTS = "month", "client"
"""What the parts of a rollup are."""

JOURNEYS, DECISIONS, INCOME, DUES, CLAIMS, PAID_CLIENTS = (
	"journeys",
	"decisions",
	"income",
	"dues",
	"claims",
	"clients",
)
"""What can change: rollups that the same changes concern share their notes."""

PARTS_OF: Mapping[str, str] = dict.fromkeys((JOURNEYS, DECISIONS, INCOME, DUES, CLAIMS), MONTHS) | {
	PAID_CLIENTS: CLIENTS
}

OF_JOURNEYS = ("company", "registered_on", "channel", "stage", "stages_entered", "stages_lost_from")
FACTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
	"Partner Lead": {JOURNEYS: (*OF_JOURNEYS, "base_potential_value")},
	"Partner Deal": {
		JOURNEYS: (*OF_JOURNEYS, "base_amount", "probability"),
		DECISIONS: (
			*("company", "responsible", "stage", "won_on", "closed_on", "base_amount", "days_to_client"),
			*("lost_reason", "key_learnings"),
		),
	},
	"Payout": {
		INCOME: (
			*("company", "program", "status", "reversal_of", "instalment", "won_on", "base_amount"),
			*("base_paid_amount", "days_to_client"),
		),
		DUES: ("company", "program", "status", "due_on", "base_amount", "base_paid_amount"),
		PAID_CLIENTS: ("company", "program", "client", "status", "reversal_of"),
	},
	"Partner Claim": {CLAIMS: ("company", "program", "registered_on")},
}
"""What of a document the sums depend on, for each kind of change; a change of stage is written with its lead or deal."""

MOST_PARTS: Mapping[str, int] = {MONTHS: 24, CLIENTS: 1000}
"""More noted parts than these are not quicker to read than all documents."""

TEXT, NUMBER, LONG = "text", "number", "long text"
MONEY, COUNT = "money", "count"
EXACT, WRITTEN = "DECIMAL(38, 9)", "CHAR(60)"
"""Numbers are kept as text: no column of Frappe's holds the sum of a million amounts with all their decimals."""


@dataclass(frozen=True, slots=True)
class Rollup:
	"""What is counted and added up.

	`source`: the documents, as `Reader.chosen` gives them; `reads`: their DocTypes; `changes`: what notes concern it.
	`by`: the grouping and filter that it is kept by besides the company. `facts`: columns of the source that its rows
	are told apart by; `sums`: those that are added up, besides the documents, which are always counted, or the
	different values of the column `counts`. `parts_of`: the rollup whose different parts it counts.
	"""

	name: str
	source: Callable[[Reader], QueryBuilder]
	reads: tuple[str, ...]
	changes: str
	by: str | None = None
	facts: Mapping[str, str] = field(default_factory=dict)
	sums: Mapping[str, str] = field(default_factory=dict)
	counts: str | None = None
	parts_of: str | None = None

	@property
	def parts(self) -> str:
		return PARTS_OF[self.changes]

	def is_kept_for(self, reader: Reader) -> bool:
		"""Whether what is kept answers this reader with these filters."""
		return self._live(reader) is not None

	def _live(self, reader: Reader) -> list[str] | None:
		"""The parts whose documents are to be read: those noted, and those that the period covers by half.

		None where what is kept does not answer.
		"""
		filters, restrict = reader.filters, reader.restrict
		asked = {*filters.group_by, *(name for name, _value in filters.chosen())}
		known = {"company", self.by}
		if self.parts == MONTHS:
			known.add("month")
		elif (
			filters.from_date
			or filters.to_date
			or not filters.company
			or not asked >= {*filter(None, [self.by])}
		):
			return None  # who is in two months, companies or groups is one client
		is_kept = (
			self.name in reader.kept
			and asked <= known
			and not any(doctype in self.reads for doctype, _column in restrict.hidden)
			and all(restrict.rows(name, Table(table_name(name))) is None for name in self.reads)
		)
		if not is_kept:
			return None
		live = self._noted_or_cut(reader)
		return sorted(live) if len(live) <= MOST_PARTS[self.parts] else None

	def _noted_or_cut(self, reader: Reader) -> frozenset[str]:
		noted = reader.kept[self.name]
		first, last = reader.filters.from_date, reader.filters.to_date
		if self.parts != MONTHS or not (first or last):
			return noted
		cut = set()
		if first and first.day != 1:
			cut.add(_month(first))
		if last and (last == date.max or (last + timedelta(days=1)).day != 1):
			cut.add(_month(last))
		return frozenset(
			part
			for part in noted | cut
			if part != UNDATED and (not first or part >= _month(first)) and (not last or part <= _month(last))
		)

	def rows(self, reader: Reader) -> QueryBuilder:
		"""Rows: group ("" or NULL where not set), facts, how many documents, sums; amounts in units (`base.units`)."""
		live = self._live(reader)
		if live is None:
			return self.counted(self.source(reader), reader)
		kept = self._kept(reader, live)
		if live:
			part = replace(reader, only=self.within(live), kept={})
			kept = kept.union_all(self._counted(self.source(part), part, None))
		table = Table("kept")
		group = [table[name] for name in (*key_names(reader.filters), *self.facts)]
		documents = Coalesce(Sum(table["documents"]), 0)
		query = reader.Q.from_(kept.as_("kept")).select(*group, documents.as_("documents"))
		for name, kind in self.sums.items():
			query = query.select(_sum(table[name], kind, reader.filters.precision).as_(name))
		# What was noted and is no more has left a group of nothing. All together are told even where there is nothing.
		return query.groupby(*group).having(documents != 0) if group else query

	def of_parts(self, Q: Any, parts: Collection[str] | None = None) -> QueryBuilder:
		"""Rows: part, company, `by` if there is one, facts, how many documents, sums. Of all parts, or of those named.

		Numbers are texts: Frappe reads those of MariaDB as floats.
		"""
		group_by = tuple(filter(None, (self.parts, "company", self.by)))
		reader = Reader(Q, Filters(group_by=group_by), only=None if parts is None else self.within(parts))
		rows = self._counted(self.source(reader), reader, None).as_("counted")
		column, keys = columns_of(rows), (*key_names(reader.filters), *self.facts)
		numbers = (Cast(column[name], WRITTEN) for name in ("documents", *self.sums))
		return Q.from_(rows).select(*(column[name] for name in keys), *numbers)

	def together(self, Q: Any) -> QueryBuilder:
		"""The same rows for all parts together, of what is kept of each."""
		table = Table(table_name(DOCTYPE))
		of_parts = (table["rollup"] == (self.parts_of or self.name)) & (table["part"] != ALL)
		group = [table["company"], *(table[name] for name in self.key_columns())]
		query = Q.from_(table).select(ValueWrapper(ALL), *group).where(of_parts).groupby(*group)
		if self.parts_of:
			return query.select(Count(table["part"]).distinct())
		return query.select(*(Cast(Sum(_exact(table[name])), WRITTEN) for name in self.number_columns()))

	def groups(self, Q: Any) -> QueryBuilder:
		"""A row for each company, group and facts: as many as `together` has."""
		return self.rows(Reader(Q, Filters(group_by=tuple(filter(None, ("company", self.by))))))

	def key_columns(self) -> list[str]:
		"""Of the DocType, for the grouping and the facts."""
		facts = enumerate(self.facts.values(), 1)
		names = ["long_fact" if kind == LONG else f"fact_{place}" for place, kind in facts]
		return ["kept_by", *names] if self.by else names

	def number_columns(self) -> list[str]:
		return ["documents", *(f"sum_{place}" for place in range(1, len(self.sums) + 1))]

	def definition(self, Q: Any) -> str:
		"""Another one where what is kept has been reckoned in another way."""
		kinds = (*self.key_columns(), *self.number_columns(), self.parts_of or "")
		return blake2b(f"{self.of_parts(Q).get_sql()} {kinds}".encode(), digest_size=16).hexdigest()

	def within(self, parts: Collection[str]) -> Callable[[Columns, Term | None], Criterion]:
		"""The documents of these parts."""
		if self.parts == CLIENTS:
			return lambda column, day: column(CLIENTS).isin(sorted(parts))
		spans = [*_spans(parts)]
		return lambda column, day: reduce(or_, (_within_span(day, span) for span in spans))

	def _kept(self, reader: Reader, live: list[str]) -> QueryBuilder:
		"""Rows: group, facts, documents, sums, as they are kept.

		From some day on, or by month, the parts are added up. Else what does not belong is taken off from all together:
		the parts whose documents are read, and those after the period.
		"""
		filters, table = reader.filters, Table(table_name(DOCTYPE))
		part, last = table["part"], filters.to_date and _month(filters.to_date)
		is_added_up = bool("month" in filters.group_by or filters.from_date)
		query = reader.Q.from_(table).where(table["rollup"] == self.name)
		query.wrap_set_operation_queries = False  # SQLite knows no brackets around the parts of a union
		if filters.company:
			query = query.where(table["company"] == filters.company)
		if self.by and getattr(filters, self.by, None):
			query = query.where(table["kept_by"] == getattr(filters, self.by))
		if is_added_up:
			query = query.where(part.notin([ALL, *live]))
			if filters.from_date:
				query = query.where(part >= _month(filters.from_date))
			if last:
				query = query.where((part != UNDATED) & (part <= last))
		else:
			taken = part.isin([ALL, *live])
			query = query.where(
				taken | (part == UNDATED) | ((part > last) & (part != ALL)) if last else taken
			)
		sign = None if is_added_up else Case().when(part == ALL, 1).else_(-1)
		query = self._select_kept(query, table, filters, sign)
		if self.parts_of and live:
			noted = (
				(table["rollup"] == self.parts_of) & part.isin(live) & (table["company"] == filters.company)
			)
			counted = reader.Q.from_(table).select((0 - Count(part).distinct()).as_("documents"))
			query = query.union_all(counted.where(noted))
		return query

	def _select_kept(
		self, query: QueryBuilder, table: Table, filters: Filters, sign: Case | None
	) -> QueryBuilder:
		at = {"month": table["part"], "company": table["company"], self.by: table["kept_by"]}
		for name, key in zip(filters.group_by, key_names(filters), strict=True):
			query = query.select(at[name].as_(key))
		columns = self.key_columns()[bool(self.by) :]
		for column, (name, kind) in zip(columns, self.facts.items(), strict=True):
			query = query.select((_exact(table[column]) if kind == NUMBER else table[column]).as_(name))
		for column, name in zip(self.number_columns(), ("documents", *self.sums), strict=True):
			number = _exact(table[column])
			query = query.select((number if sign is None else sign * number).as_(name))
		return query

	def counted(self, source: QueryBuilder, reader: Reader) -> QueryBuilder:
		"""Such rows of these documents, which may be others than its own."""
		return self._counted(source, reader, reader.filters.precision)

	def _counted(self, source: QueryBuilder, reader: Reader, places: int | None) -> QueryBuilder:
		"""Without decimal places amounts are as they are, and what is not set is ""."""
		names, column = (*key_names(reader.filters), *self.facts), columns_of(source)
		group = [column[name] for name in names]
		told = group
		if places is None or LONG in self.facts.values():
			kinds = (*(TEXT for _key in reader.filters.group_by), *self.facts.values())
			known = [
				Coalesce(term, 0 if kind == NUMBER else "") for term, kind in zip(group, kinds, strict=True)
			]
			told = [term.as_(name) for term, name in zip(known, names, strict=True)]
			if LONG in self.facts.values():
				# No index has texts, so nothing is lost by making NULL and "" one group. A name that is given here
				# would mean the column in GROUP BY.
				group = known
		documents = Count(column[self.counts]).distinct() if self.counts else Count("*")
		query = reader.Q.from_(source).select(*told, documents.as_("documents"))
		for name, kind in self.sums.items():
			query = query.select(_sum(column[name], kind, places).as_(name))
		return query.groupby(*group)


def _sum(term: Term, kind: str, places: int | None) -> Term:
	return total(term, places) if kind == MONEY and places is not None else Sum(term)


def _exact(column: Term) -> Term:
	return Cast(column, EXACT)


def _month(day: date) -> str:
	return day.isoformat()[:7]


def _spans(parts: Collection[str]) -> Iterator[tuple[date, date | None] | None]:
	"""Months that follow each other as one span of days, up to the first day after it; None for what has no date."""
	if UNDATED in parts:
		yield None
	first = after = None
	for part in sorted(set(parts) - {UNDATED}):
		begins = date.fromisoformat(f"{part}-01")
		if after and begins != after:
			yield first, after
			first = None
		first, after = first or begins, None if part == _month(date.max) else add_months(begins, 1)
	if first:
		yield first, after


def _within_span(day: Term, span: tuple[date, date | None] | None) -> Criterion:
	if span is None:
		return day.isnull()
	first, after = span
	return (day >= first) & (day < after) if after else day >= first
