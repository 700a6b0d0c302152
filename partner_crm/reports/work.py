"""Manager Work: what each manager did, day by day, by kind of event.

An event is an interaction with a client: a call, a letter, a meeting, a brief, a proposal. It belongs to whoever was
responsible for it and to the day on which it took place. Its channel, programme, partner and region are those of
its deal, and those of its lead while there is no deal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pypika.functions import Coalesce, Count, Sum
from pypika.queries import QueryBuilder
from pypika.terms import Criterion

from partner_crm.reports.base import (
	Behind,
	Chart,
	Column,
	Figure,
	Key,
	Report,
	Results,
	group_columns,
	in_order,
	named,
	number,
	ratio,
	split_rows,
	totals_of,
)
from partner_crm.reports.behind import of_column, of_row
from partner_crm.reports.filters import Filters
from partner_crm.reports.sql import Columns, Reader, blank, count_if, keys

INTERACTION = "Client Interaction"
GROUPS = ("responsible", "day", "month", "company")
FILTERS = ("company", "responsible", "channel", "program", "partner", "region")

OF_JOURNEYS = ("channel", "program", "partner", "region")
"""What is known of the deal or lead that an interaction was about, not of the interaction."""
SECONDS_A_MINUTE = 60


def queries(reader: Reader, today: date) -> dict[str, QueryBuilder]:
	"""The events by group and kind, the clients by group, and the clients altogether."""
	reader.filters.check(GROUPS, FILTERS)
	clients = _chosen(reader, "contact")
	groups = keys(clients, reader.filters)
	query = reader.Q.from_(clients)
	return {
		"events": _events(reader),
		"clients": query.select(*groups, Count(clients["contact"]).distinct()).groupby(*groups),
		"all_clients": query.select(Count(clients["contact"]).distinct()),
	}


def _chosen(reader: Reader, *columns: str) -> QueryBuilder:
	journeys = {name: getattr(reader.filters, name) for name in OF_JOURNEYS}
	own = replace(reader, filters=replace(reader.filters, **dict.fromkeys(OF_JOURNEYS)))
	where = None
	if any(journeys.values()):

		def where(event: Columns) -> Criterion:
			return _is_about(reader, event, journeys)

	return own.chosen(
		INTERACTION,
		dated="occurred_at",
		terms=lambda event: [event(name) for name in columns],
		where=where,
	)


def _is_about(reader: Reader, event: Columns, journeys: Mapping[str, str | None]) -> Criterion:
	"""Whether the event's deal, or its lead where it has no deal, is one of those that the filters choose."""
	of_journeys = replace(reader, filters=Filters(**journeys))

	def chosen(doctype: str) -> QueryBuilder:
		return of_journeys.chosen(doctype, dated=None, terms=lambda row: [row("name")])

	deals = event("deal").isin(chosen("Partner Deal"))
	return deals | (blank(event("deal")) & event("lead").isin(chosen("Partner Lead")))


def _events(reader: Reader) -> QueryBuilder:
	"""Rows: group, kind, how many, how many of them were two-way with a detailed comment, their length in seconds."""
	event = _chosen(reader, "kind", "qualifies", "duration")
	columns = [*keys(event, reader.filters), event["kind"]]
	return (
		reader.Q.from_(event)
		.select(*columns, Count("*"), count_if(event["qualifies"] == 1), Sum(Coalesce(event["duration"], 0)))
		.groupby(*columns)
	)


def _names(kind: str | None = None, qualifying: bool = False) -> tuple[Behind]:
	def names(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder:
		event = _chosen(reader, "name", "kind", "qualifies")
		query = of_row(reader, event, key)
		if kind is not None:
			query = query.where(event["kind"] == kind)
		return query.where(event["qualifies"] == 1) if qualifying else query

	return (Behind(INTERACTION, names=names),)


EVENTS = Column("events", "Events", "Int", behind=_names())
QUALIFYING = Column("qualifying", "Two-Way with a Detailed Comment", "Int", behind=_names(qualifying=True))
CLIENTS = Column("clients", "Clients", "Int", behind=_names())
MINUTES = Column("minutes", "Minutes of Talk", "Float", behind=_names())
FIRST_COLUMNS = (EVENTS, QUALIFYING, CLIENTS, MINUTES)
OF_KIND = "kind: "
"""What the name of a kind's column begins with."""


def behind(column: str) -> tuple[Behind, ...]:
	if column.startswith(OF_KIND):
		return _names(column.removeprefix(OF_KIND))
	return of_column(FIRST_COLUMNS, column)


@dataclass(slots=True)
class Work:
	"""What is known of one group."""

	kinds: Counter[str] = field(default_factory=Counter)
	qualifying: int = 0
	seconds: int = 0
	clients: int = 0

	def add(self, other: Work) -> None:
		"""All but the clients: one who talked to two managers is one client."""
		self.kinds.update(other.kinds)
		self.qualifying += other.qualifying
		self.seconds += other.seconds


def report(results: Results, filters: Filters, today: date) -> Report:
	"""A row for each group, with a column for each kind of event that occurs, the most frequent first."""
	groups: dict[Key, Work] = defaultdict(Work)
	for key, (kind, count, qualifying, seconds) in split_rows(results, filters, "events"):
		groups[key].add(Work(Counter({kind: count}), int(qualifying or 0), int(number(seconds, 0))))
	for key, (count,) in split_rows(results, filters, "clients"):
		groups[key].clients += count
	overall = Work(clients=results["all_clients"][0][0])
	for work in groups.values():
		overall.add(work)
	kinds = sorted(overall.kinds, key=lambda kind: (-overall.kinds[kind], str(kind)))
	columns = (
		*group_columns(filters),
		*FIRST_COLUMNS,
		*(Column(OF_KIND + str(kind), kind, "Int", behind=_names(kind)) for kind in kinds),
	)
	ordered = in_order(groups) if filters.group_by else [()]
	return Report(
		columns=columns,
		rows=tuple({**named(key, filters), **_figures(groups[key], kinds)} for key in ordered),
		totals=totals_of(columns, **_figures(overall, kinds)),
		chart=_chart(groups, ordered, kinds),
		summary=(
			Figure("Events", overall.kinds.total(), "Int"),
			Figure("Two-Way with a Detailed Comment", overall.qualifying, "Int"),
			Figure("Clients", overall.clients, "Int"),
		),
		keys=filters.group_by,
	)


def _chart(groups: Mapping[Key, Work], ordered: Iterable[Key], kinds: Iterable[str]) -> Chart:
	"""By the first grouping: days within managers would be more bars than anybody could tell apart."""
	by_first: dict[Key, Counter[str]] = defaultdict(Counter)
	for key in ordered:
		by_first[key[:1]].update(groups[key].kinds)
	datasets = ((kind, tuple(counts[kind] for counts in by_first.values())) for kind in kinds)
	return Chart("bar", tuple(by_first), tuple(datasets))


def _figures(work: Work, kinds: list[str]) -> dict[str, Any]:
	return {
		"events": work.kinds.total(),
		"qualifying": work.qualifying,
		"clients": work.clients,
		"minutes": ratio(work.seconds, SECONDS_A_MINUTE),
		**{OF_KIND + str(kind): work.kinds[kind] for kind in kinds},
	}
