"""Win Loss Analysis: which deals were won and lost, for what they are worth, why, and how long winning took.

A deal belongs to the period and to a month by the day it was decided: `won_on` of a client, `closed_on` of a lost one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from pypika import Order
from pypika.queries import QueryBuilder

from partner_crm.reports.base import (
	Behind,
	Chart,
	Column,
	Figure,
	Key,
	Report,
	Results,
	Tally,
	group_columns,
	in_order,
	named,
	percent,
	ratio,
	split_rows,
	totals_of,
	units,
)
from partner_crm.reports.behind import of_column
from partner_crm.reports.filters import Filters
from partner_crm.reports.rollups import COUNT, DECISIONS, LONG, MONEY, TEXT, Rollup
from partner_crm.reports.sql import Reader, blank, columns_of, key_names, most_frequent, when
from partner_crm.rules.stages import CLIENT, LOST

GROUPS = (
	"responsible",
	"product_group",
	"channel",
	"month",
	"lost_reason",
	"source",
	"program",
	"partner",
	"region",
	"company",
)
FILTERS = ("company", "responsible", "channel", "program", "partner", "region", "source")

REASONS_SHOWN = 10


def queries(reader: Reader, today: date) -> dict[str, QueryBuilder]:
	"""The decided deals' sums, the most frequent reason and learning of each group, and the main reasons of all."""
	reader.filters.check(GROUPS, FILTERS)
	reasons = REASONS.rows(reader).as_("reasons")
	learnings = LEARNINGS.rows(reader).as_("learnings")
	by = key_names(reader.filters)
	return {
		"won": WON_DEALS.rows(reader),
		"lost": LOST_DEALS.rows(reader),
		"top_reasons": most_frequent(reader.Q, reasons, by, "lost_reason", "documents"),
		"top_learnings": most_frequent(reader.Q, learnings, by, "key_learnings", "documents"),
		"reasons": _main_reasons(reader),
	}


def _main_reasons(reader: Reader) -> QueryBuilder:
	"""Rows: reason, how many deals were lost for it."""
	kept = REASONS if reader.filters.responsible else ALL_REASONS
	reasons = kept.rows(replace(reader, filters=replace(reader.filters, group_by=()))).as_("reasons")
	reason, deals = columns_of(reasons)["lost_reason"], columns_of(reasons)["documents"]
	query = reader.Q.from_(reasons).select(reason, deals).orderby(deals, order=Order.desc)
	return query.orderby(reason).limit(REASONS_SHOWN)


DECIDED_ON = {CLIENT: "won_on", LOST: "closed_on"}


def _decided(stage: str) -> Callable[[Reader], QueryBuilder]:
	def deals(reader: Reader) -> QueryBuilder:
		return reader.chosen(
			"Partner Deal",
			dated=DECIDED_ON[stage],
			terms=lambda deal: [
				deal("stage"),
				deal("base_amount").as_("amount"),
				deal("days_to_client").as_("days"),
				when(deal("days_to_client").notnull()).as_("timed"),
			],
			where=lambda deal: deal("stage") == stage,
		)

	return deals


def _with_text(stage: str, field: str) -> Callable[[Reader], QueryBuilder]:
	def deals(reader: Reader) -> QueryBuilder:
		return reader.chosen(
			"Partner Deal",
			dated=DECIDED_ON[stage],
			terms=lambda deal: [deal(field)],
			where=lambda deal: (deal("stage") == stage) & ~blank(deal(field)),
		)

	return deals


def _rollup(
	name: str,
	source: Callable[[Reader], QueryBuilder],
	facts: Mapping[str, str],
	sums: Mapping[str, str] = MappingProxyType({}),
	by: str | None = "responsible",
) -> Rollup:
	return Rollup(f"win_loss.{name}", source, ("Partner Deal",), DECISIONS, by, facts, sums)


OUTCOME = {"amount": MONEY, "days": COUNT, "timed": COUNT}
WON_DEALS = _rollup("won", _decided(CLIENT), {"stage": TEXT}, OUTCOME)
LOST_DEALS = _rollup("lost", _decided(LOST), {"stage": TEXT}, OUTCOME)
REASONS = _rollup("reasons", _with_text(LOST, "lost_reason"), {"lost_reason": LONG})
ALL_REASONS = _rollup("all_reasons", _with_text(LOST, "lost_reason"), {"lost_reason": LONG}, by=None)
LEARNINGS = _rollup("learnings", _with_text(CLIENT, "key_learnings"), {"key_learnings": LONG})
ROLLUPS = (WON_DEALS, LOST_DEALS, REASONS, ALL_REASONS, LEARNINGS)


@dataclass(slots=True)
class Outcome(Tally):
	"""What is known of one group. `days` is the sum of the days it took to win each of `timed` deals."""

	won: int = 0
	lost: int = 0
	won_amount: Decimal = Decimal(0)
	lost_amount: Decimal = Decimal(0)
	days: int = 0
	timed: int = 0


WON = (Behind("Partner Deal", (("stage", "=", CLIENT),), dated="won_on"),)
LOST_ONES = (Behind("Partner Deal", (("stage", "=", LOST),), dated="closed_on"),)
WON_BY_IT = (replace(WON[0], keys={"top_learning": "key_learnings"}),)
LOST_FOR_IT = (replace(LOST_ONES[0], keys={"top_reason": "lost_reason"}),)

COLUMNS = (
	Column("won", "Won", "Int", behind=WON),
	Column("lost", "Lost", "Int", behind=LOST_ONES),
	Column("win_rate", "Win Rate", "Percent", behind=(*WON, *LOST_ONES)),
	Column("won_amount", "Amount Won", "Currency", behind=WON),
	Column("lost_amount", "Amount Lost", "Currency", behind=LOST_ONES),
	Column("amount_win_rate", "Win Rate by Amount", "Percent", behind=(*WON, *LOST_ONES)),
	Column("average_won", "Average Won Deal", "Currency", is_ratio=True, behind=WON),
	Column("days_to_client", "Days to Win", "Float", behind=WON),
	Column("top_reason", "Main Reason of Losses", "Small Text"),
	Column("top_reason_deals", "Deals Lost for It", "Int", behind=LOST_FOR_IT),
	Column("top_learning", "What Helped Most", "Small Text"),
	Column("top_learning_deals", "Deals Won by It", "Int", behind=WON_BY_IT),
)


def behind(column: str) -> tuple[Behind, ...]:
	return of_column(COLUMNS, column)


def report(results: Results, filters: Filters, today: date) -> Report:
	"""A row for each group; rates are of the decided deals, `days_to_client` is the mean over won deals."""
	groups = _gather(results, filters)
	reasons, learnings = (
		{key: (text, int(deals)) for key, (text, deals) in split_rows(results, filters, name)}
		for name in ("top_reasons", "top_learnings")
	)
	ordered = in_order(groups) if filters.group_by else [()]
	overall = Outcome()
	for outcome in groups.values():
		overall.add(outcome)
	rows = []
	for key in ordered:
		reason, reason_deals = reasons.get(key, (None, None))
		learning, learning_deals = learnings.get(key, (None, None))
		rows.append(
			{
				**named(key, filters),
				**_figures(groups[key], filters),
				"top_reason": reason,
				"top_reason_deals": reason_deals,
				"top_learning": learning,
				"top_learning_deals": learning_deals,
			}
		)
	totals = _figures(overall, filters)
	columns = (*group_columns(filters), *COLUMNS)
	return Report(
		columns=columns,
		rows=tuple(rows),
		totals=totals_of(columns, **totals),
		chart=Chart(
			"bar",
			tuple(ordered),
			(("Won", tuple(row["won"] for row in rows)), ("Lost", tuple(row["lost"] for row in rows))),
		),
		summary=(
			Figure("Won", overall.won, "Int"),
			Figure("Lost", overall.lost, "Int"),
			Figure("Win Rate", totals["win_rate"], "Percent"),
			Figure("Amount Won", overall.won_amount, "Currency"),
			*(Figure(reason, int(deals), "Int") for reason, deals in results["reasons"]),
		),
		keys=filters.group_by,
	)


def _gather(results: Results, filters: Filters) -> dict[Key, Outcome]:
	places = filters.precision
	groups: dict[Key, Outcome] = defaultdict(Outcome)
	for key, (stage, count, amount, days, timed) in split_rows(results, filters, "won", "lost"):
		count, worth = int(count), units(amount, places)
		if stage == CLIENT:
			groups[key].add(Outcome(won=count, won_amount=worth, days=int(days or 0), timed=int(timed or 0)))
		else:
			groups[key].add(Outcome(lost=count, lost_amount=worth))
	return groups


def _figures(outcome: Outcome, filters: Filters) -> dict[str, Any]:
	return {
		"won": outcome.won,
		"lost": outcome.lost,
		"win_rate": percent(outcome.won, outcome.won + outcome.lost),
		"won_amount": outcome.won_amount,
		"lost_amount": outcome.lost_amount,
		"amount_win_rate": percent(outcome.won_amount, outcome.won_amount + outcome.lost_amount),
		"average_won": ratio(outcome.won_amount, outcome.won, filters.precision),
		"days_to_client": ratio(outcome.days, outcome.timed),
	}
