"""Partner Funnel: how many came to each stage, how many stand there, how many went on, and how long it took.

A journey begins as a lead and, once converted, goes on as its deal: it is counted as the lead until then and as
the deal afterwards, with the deal's amount, manager and channel. The period chooses the journeys that began in it
(`registered_on`), so a report over a period follows that cohort to where it stands now, and a report without one
is a snapshot of everything.

Which stages a journey ever entered, and from which it was ever lost, stands with its lead or deal (`stages_entered`,
`stages_lost_from`; a deal has taken over its lead's), as the changes of stage in the log tell; a journey that came to a
stage twice counts once. It went on from a stage if it was ever at a later one of its track, so a sale imported as history
with stages left out is counted right. Nothing else is inferred: what no change records was not entered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pypika import Table
from pypika.functions import Coalesce, Count
from pypika.queries import QueryBuilder
from pypika.terms import Case, Criterion, Term, ValueWrapper

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
	percent,
	ratio,
	rounded,
	split_rows,
	totals_of,
	units,
)
from partner_crm.reports.behind import of_column, of_row
from partner_crm.reports.filters import Filters
from partner_crm.reports.rollups import JOURNEYS, MONEY, NUMBER, TEXT, Rollup
from partner_crm.reports.sql import (
	Columns,
	Reader,
	chosen_by,
	key_terms,
	keys,
	median,
	one_of,
	when,
)
from partner_crm.reports.tables import TABLES, table_name
from partner_crm.rules.stages import (
	CLIENT,
	COLD_LEAD,
	CONVERTED,
	EXITS,
	HANDED_OVER,
	LOST,
	MQL,
	NEGOTIATION,
	SQL,
	TRACKS,
	UNQUALIFIED,
	set_of,
	stages_in,
)

LEAD = "Partner Lead"
DEAL = "Partner Deal"

GROUPS = (
	"month",
	"company",
	"responsible",
	"channel",
	"source",
	"medium",
	"campaign",
	"program",
	"partner",
	"region",
	"product_group",
)
FILTERS = ("company", "responsible", "channel", "program", "partner", "region", "source")

STAGES = (COLD_LEAD, MQL, SQL, NEGOTIATION, HANDED_OVER, CLIENT, UNQUALIFIED, LOST)
OPEN = (COLD_LEAD, MQL, SQL, NEGOTIATION, HANDED_OVER)
CLOSED = (CLIENT, UNQUALIFIED, LOST)

SECONDS_A_DAY = 86400
PRECISE = 9
"""Decimal places of a probability, as Frappe stores it."""

SPANS = tuple(
	3600 * hours
	for hours in (1, 6, 24, 48, 72, 120, 168, 240, 336, 504, 720, 1080, 1440, 2160, 2880, 4320, 6480, 8760)
)
"""Where the times at a stage are divided, in seconds: a middle time is looked for in its span only."""

MIDDLE = "middle of "
"""Before the name of the stage in the name of a query."""

LOGGED = frozenset({"company", "month"})
"""What every change of stage knows of its journey."""

JOURNEY = ("stage", "stages_entered", "stages_lost_from")
"""Where a journey stands, which stages it ever entered, from which it was ever lost."""


def _later_stages() -> dict[str, frozenset[str]]:
	"""For each stage of a path, the stages after it, on any track and under any name."""
	later: dict[str, set[str]] = defaultdict(set)
	for track in TRACKS.values():
		for place, stage in enumerate(track.path):
			rest = track.path[place + 1 :]
			later[stage].update(rest, (name for name, same in track.same_as.items() if same in rest))
	return {stage: frozenset(stages) for stage, stages in later.items()}


LATER: Mapping[str, frozenset[str]] = _later_stages()


def queries(reader: Reader, today: date) -> dict[str, QueryBuilder]:
	"""For leads and for deals: where they stand and what they passed, and the median time at each stage."""
	reader.filters.check(GROUPS, FILTERS)
	return {
		"leads": LEADS.rows(reader),
		"deals": DEALS.rows(reader),
		**_days(reader),
	}


def further(reader: Reader, results: Results) -> dict[str, QueryBuilder]:
	"""The middle times of all journeys together: once it is known how many there are, they are read where they stand."""
	spans: dict[str, dict[int, int]] = defaultdict(dict)
	for stage, span, count in results.get("stays", ()):
		spans[stage][int(span)] = int(count)
	return {MIDDLE + stage: _middle(reader, stage, counts) for stage, counts in spans.items()}


def _deals(reader: Reader) -> QueryBuilder:
	return reader.chosen(
		DEAL,
		dated="registered_on",
		terms=lambda deal: [
			*(deal(name) for name in ("name", *JOURNEY)),
			deal("base_amount").as_("amount"),
			deal("probability"),
		],
	)


def _open_leads(reader: Reader) -> QueryBuilder:
	"""The leads that still stand for their journey."""
	return reader.chosen(
		LEAD,
		dated="registered_on",
		terms=lambda lead: [
			*(lead(name) for name in ("name", *JOURNEY)),
			lead("base_potential_value").as_("amount"),
			ValueWrapper(0).as_("probability"),
		],
		where=lambda lead: lead("stage") != CONVERTED,
	)


def _leads(reader: Reader) -> QueryBuilder:
	"""The leads of all chosen journeys, each with the values of its deal if it was converted."""
	shared = TABLES[LEAD].columns.keys() & TABLES[DEAL].columns.keys()
	columns = sorted(shared - {"name"})
	lead = reader.all(LEAD, [*columns, "name", "deal"])
	deal = reader.all(DEAL, [*columns, "name"])
	is_open = lead["stage"] != CONVERTED

	def column(name: str) -> Term:
		return when(is_open, lead[name], deal[name])

	began = column("registered_on")
	query = (
		reader.Q.from_(lead)
		.left_join(deal)
		.on(deal["name"] == lead["deal"])
		.select(*key_terms(reader.filters, column, began), lead["name"])
		# A converted lead whose deal is gone, or is hidden from this reader, stands for no journey.
		.where(is_open | deal["name"].notnull())
	)
	for criterion in chosen_by(reader.filters, column, began, columns):
		query = query.where(criterion)
	return query.as_("partner_lead")


def _spans(reader: Reader) -> QueryBuilder:
	"""The stays that are over, in the spans that `SPANS` divides time into."""

	def terms(change: Columns) -> list[Term]:
		span = Case()
		for place, seconds in enumerate(SPANS):
			span = span.when(change("seconds_in_stage") < seconds, place)
		return [change("from_stage"), span.else_(len(SPANS)).as_("span")]

	return _logged(reader, terms=terms)


OF_JOURNEYS = {
	"stage": TEXT,
	"stages_entered": NUMBER,
	"stages_lost_from": NUMBER,
	"probability": NUMBER,
}
LEADS = Rollup("funnel.leads", _open_leads, (LEAD,), JOURNEYS, facts=OF_JOURNEYS, sums={"amount": MONEY})
DEALS = Rollup("funnel.deals", _deals, (DEAL,), JOURNEYS, facts=OF_JOURNEYS, sums={"amount": MONEY})
STAYS = Rollup(
	"funnel.stays",
	_spans,
	("Stage Change", LEAD, DEAL),
	JOURNEYS,
	facts={"from_stage": TEXT, "span": NUMBER},
)
ROLLUPS = (LEADS, DEALS, STAYS)


def _days(reader: Reader) -> dict[str, QueryBuilder]:
	"""Every stay that is over counts. No stage is of leads and deals both, so each part tells the medians of its own."""
	if not _log_tells(reader):
		parts = _of(reader, LEAD, _leads(reader)), _of(reader, DEAL, _deals(reader))
		return {f"days_{place}": _medians(reader, stays) for place, stays in enumerate(parts)}
	if STAYS.is_kept_for(reader) and not reader.filters.group_by:
		return {"stays": STAYS.rows(reader)}
	stays = _logged(reader)
	if reader.filters.group_by:
		return {"days_0": _medians(reader, stays)}
	stage = stays["from_stage"]
	return {"stays": reader.Q.from_(stays).select(stage, 0, Count("*")).groupby(stage)}


def _medians(reader: Reader, stays: QueryBuilder) -> QueryBuilder:
	"""Rows: group, place of the stage in `OPEN`, the sum of the middle times in it in seconds, how many these are.

	The stage is a number here: a database sorts short rows much faster.
	"""
	group = keys(stays, reader.filters)
	known = [Coalesce(key, "").as_(key.name) for key in group]
	places = {stage: place for place, stage in enumerate(OPEN)}
	place = one_of(stays["from_stage"], places).as_("stage")
	stays = reader.Q.from_(stays).select(*known, place, stays["seconds_in_stage"].as_("seconds")).as_("known")
	return median(reader.Q, stays, [*(key.name for key in group), "stage"], "seconds")


def _middle(reader: Reader, stage: str, spans: Mapping[int, int]) -> QueryBuilder:
	"""Rows: the one or two middle times of as many as there are in these spans, read from the span of the first one on."""
	count = sum(spans.values())
	before, place = 0, (count - 1) // 2
	for span in sorted(spans):
		if before + spans[span] > place:
			break
		before += spans[span]
	stays = _logged(reader, stage, at_least=SPANS[span - 1] if span else None)
	seconds = stays["seconds_in_stage"]
	ordered = reader.Q.from_(stays).select(seconds).orderby(seconds)
	return ordered.limit(2 - count % 2).offset(place - before)


def _log_tells(reader: Reader) -> bool:
	"""Whether the log knows all that is asked of the journeys, so that they need not be joined: most of the time that takes."""
	filters, restrict = reader.filters, reader.restrict
	asked = {*filters.group_by, *(name for name, _value in filters.chosen())}
	is_open = all(restrict.rows(name, Table(table_name(name))) is None for name in (LEAD, DEAL))
	of_journeys = {
		(name, column) for name in (LEAD, DEAL, "Stage Change") for column in ("company", "registered_on")
	}
	return is_open and asked <= LOGGED and not restrict.hidden & of_journeys


def _logged(
	reader: Reader,
	*stages: str,
	at_least: int | None = None,
	terms: Callable[[Columns], list[Term]] | None = None,
) -> QueryBuilder:
	def where(change: Columns) -> Criterion:
		chosen = _is_over(change, stages or OPEN) & change("registered_on").notnull()
		return chosen if at_least is None else chosen & (change("seconds_in_stage") >= at_least)

	return reader.chosen("Stage Change", dated="registered_on", terms=terms or _stay, where=where)


def _of(reader: Reader, doctype: str, journeys: QueryBuilder) -> QueryBuilder:
	changes = reader.all(
		"Stage Change",
		["reference_name", "from_stage", "seconds_in_stage"],
		where=lambda change: (change("reference_doctype") == doctype) & _is_over(change),
	)
	return (
		reader.Q.from_(changes)
		.join(journeys)
		.on(journeys["name"] == changes["reference_name"])
		.select(*keys(journeys, reader.filters), *_stay(lambda name: changes[name]))
		.as_("stays")
	)


def _is_over(change: Columns, stages: Sequence[str] = OPEN) -> Criterion:
	return change("from_stage").isin(stages) & change("seconds_in_stage").notnull()


def _stay(change: Columns) -> list[Term]:
	return [change("from_stage"), change("seconds_in_stage")]


@dataclass(slots=True)
class Passage:
	"""What is known of one stage in one group."""

	entered: int = 0
	entered_amount: Decimal = Decimal(0)
	now: int = 0
	amount: Decimal = Decimal(0)
	weight: Decimal = Decimal(0)
	weighted: Decimal = Decimal(0)
	went_on: int = 0
	lost: int = 0
	median_days: Decimal | None = None


Group = Mapping[str, Passage]


def behind(column: str) -> tuple[Behind, ...]:
	return of_column(COLUMNS, column)


def report(results: Results, filters: Filters, today: date) -> Report:
	"""A row for each group and stage.

	`entered`, `entered_amount`: ever at this stage; `now`, `amount`: standing there; `weighted`: the amount by
	the probability of each deal (a client's is certain, a lost one's is none, a lead has none yet); `went_on`:
	ever at a later stage; `to_next`: these of the entered; `conversion`: the entered of all journeys of the
	group; `lost`: ever lost from here; `median_days`: of the stays that are over. Totals count every journey once.
	"""
	groups = _gather(results, filters)
	ordered = in_order(groups) if filters.group_by else [()]
	rows = [row for key in ordered for row in _rows(key, groups[key], filters)]
	overall = _sum_groups(groups.values())
	return Report(
		columns=(*group_columns(filters), *COLUMNS),
		rows=tuple(rows),
		totals=_totals(overall, filters),
		chart=Chart(
			"bar",
			STAGES,
			(
				("Ever Entered", tuple(overall[stage].entered for stage in STAGES)),
				("Now Here", tuple(overall[stage].now for stage in STAGES)),
			),
		),
		summary=_summary(overall),
		keys=(*filters.group_by, "stage"),
	)


def _behind(*wanted: tuple[str, Callable[[str], Iterable[str]]]) -> tuple[Behind, ...]:
	"""The journeys, leads still or deals, that have one of the stages wanted in each of these sets."""

	def names(journeys: Callable[[Reader], QueryBuilder]) -> Callable[..., QueryBuilder | None]:
		def of(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder | None:
			stage = key.get("stage")
			if stage is None:
				return None
			source = journeys(reader)
			query = of_row(reader, source, key)
			for column, stages_of in wanted:
				query = query.where(source[column].bitwiseand(set_of(stages_of(stage))) > 0)
			return query

		return of

	return (Behind(LEAD, names=names(_open_leads)), Behind(DEAL, names=names(_deals)))


def _itself(stage: str) -> tuple[str, ...]:
	return (stage,)


def _later(stage: str) -> frozenset[str]:
	"""Nobody goes on from a last stage."""
	return LATER.get(stage, frozenset())


NOW_HERE = (
	Behind(LEAD, (("stage", "!=", CONVERTED),), dated="registered_on", keys={"stage": "stage"}),
	Behind(DEAL, dated="registered_on", keys={"stage": "stage"}),
)
EVER_ENTERED = _behind(("stages_entered", _itself))
LOST_HERE = _behind(("stages_lost_from", _itself))
ONWARDS = _behind(("stages_entered", _itself), ("stages_entered", _later))

COLUMNS = (
	Column("stage", "Stage", "Data", is_said=True),
	Column("entered", "Ever Entered", "Int", behind=EVER_ENTERED),
	Column("entered_amount", "Amount Ever Entered", "Currency", behind=EVER_ENTERED),
	Column("now", "Now Here", "Int", behind=NOW_HERE),
	Column("amount", "Amount Now Here", "Currency", behind=NOW_HERE),
	Column("weighted", "Weighted Amount", "Currency", behind=NOW_HERE),
	Column("went_on", "Went On", "Int", behind=ONWARDS),
	Column("to_next", "Conversion to the Next", "Percent", behind=ONWARDS),
	Column("conversion", "Conversion from the First", "Percent", behind=EVER_ENTERED),
	Column("lost", "Lost from Here", "Int", behind=LOST_HERE),
	Column("median_days", "Median Days", "Float", behind=EVER_ENTERED),
)


def _gather(results: Results, filters: Filters) -> dict[Key, dict[str, Passage]]:
	places = filters.precision
	groups: dict[Key, dict[str, Passage]] = defaultdict(lambda: defaultdict(Passage))
	for key, (stage, entered, lost_from, chance, count, amount) in split_rows(
		results, filters, "leads", "deals"
	):
		count, worth = int(count), units(amount, places)
		group = groups[key]
		here = group[stage]
		here.now += count
		here.amount += worth
		here.weight += worth * number(chance, PRECISE)
		passed = stages_in(int(entered or 0))
		for name in passed:
			group[name].entered += count
			group[name].entered_amount += worth
			if passed & _later(name):
				group[name].went_on += count
		for name in stages_in(int(lost_from or 0)):
			group[name].lost += count
	for group in groups.values():
		for stage, passage in group.items():
			passage.weighted = _weighted(stage, passage, places)
	for key, (place, seconds, count) in split_rows(
		results, filters, *(name for name in results if name.startswith("days_"))
	):
		groups[key][OPEN[int(place)]].median_days = _in_days(seconds, count)
	for name in results:
		if name.startswith(MIDDLE):
			middle = [seconds for (seconds,) in results[name]]
			groups[()][name.removeprefix(MIDDLE)].median_days = _in_days(sum(middle), len(middle))
	return groups


def _in_days(seconds: Any, count: int) -> Decimal | None:
	return ratio(number(seconds, 0), count * SECONDS_A_DAY)


def _weighted(stage: str, passage: Passage, places: int) -> Decimal:
	if stage == CLIENT:
		return passage.amount
	return Decimal(0) if stage in EXITS else rounded(rounded(passage.weight, places) / 100, places)


def _rows(key: Key, group: Group, filters: Filters) -> Iterable[dict[str, Any]]:
	journeys = _journeys(group)
	for stage in STAGES:
		passage = group.get(stage, Passage())
		yield {
			**named(key, filters),
			"stage": stage,
			"entered": passage.entered,
			"entered_amount": passage.entered_amount,
			"now": passage.now,
			"amount": passage.amount,
			"weighted": passage.weighted,
			"went_on": None if stage in CLOSED else passage.went_on,
			"to_next": None if stage in CLOSED else percent(passage.went_on, passage.entered),
			"conversion": percent(passage.entered, journeys),
			"lost": None if stage in CLOSED else passage.lost,
			"median_days": passage.median_days,
		}


def _journeys(group: Group) -> int:
	"""Every journey stands at exactly one stage."""
	return sum(group[stage].now for stage in STAGES if stage in group)


def _sum_groups(groups: Iterable[Group]) -> dict[str, Passage]:
	overall = {stage: Passage() for stage in STAGES}
	for group in groups:
		for stage in group.keys() & overall.keys():
			for name in ("entered", "now", "amount", "weighted", "lost"):
				setattr(overall[stage], name, getattr(overall[stage], name) + getattr(group[stage], name))
	return overall


def _totals(overall: Group, filters: Filters) -> dict[str, Any]:
	journeys = _journeys(overall)
	return totals_of(
		(*group_columns(filters), *COLUMNS),
		entered=journeys,
		entered_amount=_sum(overall, "amount"),
		now=journeys,
		amount=_sum(overall, "amount"),
		weighted=_sum(overall, "weighted"),
		conversion=percent(overall[CLIENT].entered, journeys),
		lost=sum(overall[stage].entered for stage in EXITS),
	)


def _sum(group: Group, name: str) -> Decimal:
	return sum((getattr(passage, name) for passage in group.values()), Decimal(0))


def _summary(overall: Group) -> tuple[Figure, ...]:
	at_work = [passage for stage, passage in overall.items() if stage not in CLOSED]
	return (
		Figure("Leads and Deals", _journeys(overall), "Int"),
		Figure("At Work", sum(passage.now for passage in at_work), "Int"),
		Figure("Amount at Work", sum((passage.amount for passage in at_work), Decimal(0)), "Currency"),
		Figure(
			"Weighted Amount at Work", sum((passage.weighted for passage in at_work), Decimal(0)), "Currency"
		),
		Figure("Clients", overall[CLIENT].now, "Int"),
		Figure("Conversion to Clients", percent(overall[CLIENT].entered, _journeys(overall)), "Percent"),
	)
