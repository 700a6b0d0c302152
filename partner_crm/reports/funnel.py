"""Partner Funnel: how many came to each stage, how many stand there, how many went on, and how long it took.

A journey begins as a lead and, once converted, goes on as its deal: it is counted as the lead until then and as
the deal afterwards, with the deal's amount, manager and channel. The period chooses the journeys that began in it
(`registered_on`), so a report over a period follows that cohort to where it stands now, and a report without one
is a snapshot of everything.

Ever entered comes from the recorded changes of stage; a journey that came to a stage twice counts once. It went on
from a stage if it was ever at a later one of its track, so a sale imported as history with stages left out is
counted right. Nothing else is inferred: what no change records was not entered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pypika.functions import Coalesce, Count, Sum
from pypika.queries import QueryBuilder
from pypika.terms import Criterion, Term, ValueWrapper

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
from partner_crm.reports.sql import (
	Columns,
	Reader,
	Restrict,
	chosen_by,
	key_terms,
	keys,
	median,
	one_of,
	total,
	when,
)
from partner_crm.reports.tables import TABLES
from partner_crm.rules.stages import (
	CLIENT,
	COLD_LEAD,
	CONVERTED,
	HANDED_OVER,
	LOST,
	MQL,
	NEGOTIATION,
	SQL,
	TRACKS,
	UNQUALIFIED,
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
EXITS = (UNQUALIFIED, LOST)

SECONDS_A_DAY = 86400


def _later_stages() -> dict[str, frozenset[str]]:
	"""For each stage of a path, the stages after it, on any track and under any name."""
	later: dict[str, set[str]] = defaultdict(set)
	for track in TRACKS.values():
		for place, stage in enumerate(track.path):
			rest = track.path[place + 1 :]
			later[stage].update(rest, (name for name, same in track.same_as.items() if same in rest))
	return {stage: frozenset(stages) for stage, stages in later.items()}


LATER: Mapping[str, frozenset[str]] = _later_stages()


# A set of stages as one number: it is the sum of the numbers of its stages.
BITS: Mapping[str, int] = {stage: 1 << place for place, stage in enumerate((*STAGES, CONVERTED))}


def queries(
	Q: Any, filters: Filters, today: date, restrict: Restrict | None = None
) -> dict[str, QueryBuilder]:
	"""For leads and for deals: where they stand, what they passed, where they were lost, the median time."""
	filters.check(GROUPS, FILTERS)
	reader = Reader(Q, filters, restrict or Restrict())
	result = {"leads_now": _now(reader, _open_leads(reader)), "deals_now": _now(reader, _deals(reader))}
	for name, doctype, journeys in (("leads", LEAD, _leads(reader)), ("deals", DEAL, _deals(reader))):
		result[f"{name}_passed"] = _passed(reader, doctype, journeys)
		result[f"{name}_lost"] = _lost(reader, doctype, journeys)
		result[f"{name}_days"] = _days(reader, doctype, journeys)
	return result


def _deals(reader: Reader) -> QueryBuilder:
	return reader.chosen(
		DEAL,
		dated="registered_on",
		terms=lambda deal: [
			deal("name"),
			deal("stage"),
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
			lead("name"),
			lead("stage"),
			lead("base_potential_value").as_("amount"),
			ValueWrapper(0).as_("probability"),
		],
		where=lambda lead: lead("stage") != CONVERTED,
	)


def _leads(reader: Reader) -> QueryBuilder:
	"""The leads of all chosen journeys, each with the values of its deal if it was converted."""
	shared = TABLES[LEAD].columns.keys() & TABLES[DEAL].columns.keys()
	columns = sorted(shared - {"name"})
	lead = reader.all(LEAD, [*columns, "name", "deal", "base_potential_value"])
	deal = reader.all(DEAL, [*columns, "name", "base_amount"])
	is_open = lead["stage"] != CONVERTED

	def column(name: str) -> Term:
		return when(is_open, lead[name], deal[name])

	began = column("registered_on")
	query = (
		reader.Q.from_(lead)
		.left_join(deal)
		.on(deal["name"] == lead["deal"])
		.select(*key_terms(reader.filters, column, began), lead["name"])
		.select(when(is_open, lead["base_potential_value"], deal["base_amount"]).as_("amount"))
		# A converted lead whose deal is gone, or is hidden from this reader, stands for no journey.
		.where(is_open | deal["name"].notnull())
	)
	for criterion in chosen_by(reader.filters, column, began, columns):
		query = query.where(criterion)
	return query.as_("partner_lead")


def _now(reader: Reader, journeys: QueryBuilder) -> QueryBuilder:
	"""Rows: group, stage, how many stand there, their amount, their amount times their probability in percent."""
	group = [*keys(journeys, reader.filters), journeys["stage"]]
	places = reader.filters.precision
	return (
		reader.Q.from_(journeys)
		.select(*group, Count("*"), total(journeys["amount"], places))
		.select(total(journeys["amount"] * journeys["probability"], places))
		.groupby(*group)
	)


def _passed(reader: Reader, doctype: str, journeys: QueryBuilder) -> QueryBuilder:
	"""Rows: group, a set of stages (`BITS`; NULL for none), how many journeys ever entered just these, their amount."""
	change = reader.all(
		"Stage Change",
		["reference_name", "to_stage"],
		where=lambda change: change("reference_doctype") == doctype,
	)
	entered = (
		reader.Q.from_(change)
		.select(Sum(one_of(change["to_stage"], BITS)).distinct())
		.where(change["reference_name"] == journeys["name"])
	)
	passed = (
		reader.Q.from_(journeys)
		.select(*keys(journeys, reader.filters), journeys["amount"], entered.as_("stages"))
		.as_("passed")
	)
	group = [*keys(passed, reader.filters), passed["stages"]]
	return (
		reader.Q.from_(passed)
		.select(*group, Count("*"), total(passed["amount"], reader.filters.precision))
		.groupby(*group)
	)


def _lost(reader: Reader, doctype: str, journeys: QueryBuilder) -> QueryBuilder:
	"""Rows: group, stage, how many journeys were ever lost from it."""
	changes = reader.all(
		"Stage Change",
		["reference_name", "from_stage"],
		where=lambda change: (change("reference_doctype") == doctype) & change("to_stage").isin(EXITS),
	)
	group = [*keys(journeys, reader.filters), changes["from_stage"]]
	return (
		reader.Q.from_(changes)
		.join(journeys)
		.on(journeys["name"] == changes["reference_name"])
		.select(*group, Count(changes["reference_name"]).distinct())
		.groupby(*group)
	)


def _days(reader: Reader, doctype: str, journeys: QueryBuilder) -> QueryBuilder:
	"""Rows: group, stage, the sum of the middle times in it in seconds, how many these are; every stay counts."""
	changes = reader.all(
		"Stage Change",
		["reference_name", "from_stage", "seconds_in_stage"],
		where=lambda change: (
			(change("reference_doctype") == doctype)
			& change("from_stage").isin(OPEN)
			& change("seconds_in_stage").notnull()
		),
	)
	groups = keys(journeys, reader.filters)
	stays = (
		reader.Q.from_(changes)
		.join(journeys)
		.on(journeys["name"] == changes["reference_name"])
		.select(*[Coalesce(key, "").as_(key.name) for key in groups])
		.select(changes["from_stage"].as_("stage"), changes["seconds_in_stage"].as_("seconds"))
		.as_("stays")
	)
	by = [*[key.name for key in groups], "stage"]
	return median(reader.Q, stays, by, "seconds")


@dataclass(slots=True)
class Passage:
	"""What is known of one stage in one group."""

	entered: int = 0
	entered_amount: Decimal = Decimal(0)
	now: int = 0
	amount: Decimal = Decimal(0)
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
			are_said=True,
		),
		summary=_summary(overall),
		keys=(*filters.group_by, "stage"),
	)


Changed = Callable[[Columns, str], Criterion]
"""Which changes of stage make a journey one of those that a number at a stage counts."""


def _entered(change: Columns, stage: str) -> Criterion:
	return change("to_stage") == stage


def _went_on(change: Columns, stage: str) -> Criterion:
	# No change leads to "", so that nobody goes on from a last stage.
	return change("to_stage").isin(sorted(LATER.get(stage, {""})))


def _left_lost(change: Columns, stage: str) -> Criterion:
	return (change("from_stage") == stage) & change("to_stage").isin(EXITS)


def _behind(*changed: Changed) -> tuple[Behind, ...]:
	"""The journeys with a change of each kind, those that are leads still and those that are deals."""

	def open_leads(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder | None:
		return _with_changes(reader, LEAD, _open_leads(reader), key, changed)

	def deals(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder | None:
		"""What happened before a deal's birth happened to its lead."""
		return _with_changes(reader, DEAL, _deals(reader), key, changed)

	return (Behind(LEAD, names=open_leads), Behind(DEAL, names=deals))


def _with_changes(
	reader: Reader, doctype: str, journeys: QueryBuilder, key: Mapping[str, Any], changed: Iterable[Changed]
) -> QueryBuilder | None:
	stage = key.get("stage")
	if stage is None:
		return None
	query = of_row(reader, journeys, key)
	for kind in changed:

		def where(change: Columns, kind: Changed = kind) -> Criterion:
			return kind(change, stage)

		found = journeys["name"].isin(_changed(reader, doctype, where))
		if doctype == DEAL:
			found |= journeys["name"].isin(_grown_from(reader, _changed(reader, LEAD, where)))
		query = query.where(found)
	return query


def _changed(reader: Reader, doctype: str, where: Callable[[Columns], Criterion]) -> QueryBuilder:
	"""Rows: a document with such a change of stage."""
	return reader.all(
		"Stage Change",
		["reference_name"],
		where=lambda change: (change("reference_doctype") == doctype) & where(change),
	)


def _grown_from(reader: Reader, leads: QueryBuilder) -> QueryBuilder:
	"""Rows: a deal that one of these leads became."""
	return reader.all(
		LEAD, ["deal"], where=lambda lead: (lead("stage") == CONVERTED) & lead("name").isin(leads)
	)


NOW_HERE = (
	Behind(LEAD, (("stage", "!=", CONVERTED),), dated="registered_on", keys={"stage": "stage"}),
	Behind(DEAL, dated="registered_on", keys={"stage": "stage"}),
)
EVER_ENTERED = _behind(_entered)
LOST_HERE = _behind(_left_lost)
ONWARDS = _behind(_entered, _went_on)

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
	for key, (stage, count, amount, weight) in split_rows(results, filters, "leads_now", "deals_now"):
		passage = groups[key][stage]
		passage.now += count
		passage.amount += units(amount, places)
		passage.weighted += _weighted(stage, units(amount, places), units(weight, places), places)
	for key, (stages, count, amount) in split_rows(results, filters, "leads_passed", "deals_passed"):
		entered = {stage for stage, bit in BITS.items() if int(stages or 0) & bit}
		for stage in entered:
			passage = groups[key][stage]
			passage.entered += count
			passage.entered_amount += units(amount, places)
			if entered & LATER.get(stage, frozenset()):
				passage.went_on += count
	for key, (stage, count) in split_rows(results, filters, "leads_lost", "deals_lost"):
		groups[key][stage].lost += count
	for key, (stage, seconds, count) in split_rows(results, filters, "leads_days", "deals_days"):
		groups[key][stage].median_days = ratio(number(seconds, 0), count * SECONDS_A_DAY)
	return groups


def _weighted(stage: str, amount: Decimal, weight: Decimal, places: int) -> Decimal:
	if stage == CLIENT:
		return amount
	return Decimal(0) if stage in EXITS else rounded(weight / 100, places)


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
