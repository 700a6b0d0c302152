"""Channel Performance: what each source of leads brought, and what it cost.

A lead is an inquiry that began in the period, followed to what became of it by now; once converted it is counted as
its deal, with the deal's channel. Every deal has been an MQL, since no stage is skipped. Revenue is what won deals are
worth, and what programme owners pay for the clients handed over to them.

Cost is recorded by channel and month, whole months at a time, for all companies together. Where rows or filters
divide more finely than that, no cost can be told and none is shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

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
	units,
)
from partner_crm.reports.behind import of_column, of_row
from partner_crm.reports.filters import Filters
from partner_crm.reports.rollups import JOURNEYS, MONEY, NUMBER, TEXT, Rollup
from partner_crm.reports.sql import Reader, keys, total
from partner_crm.rules.commission import REJECTED
from partner_crm.rules.stages import CLIENT, CONVERTED, MQL, set_of, stages_in

GROUPS = (
	"month",
	"channel",
	"source",
	"medium",
	"campaign",
	"company",
	"responsible",
	"region",
	"program",
	"product_group",
)
FILTERS = ("company", "responsible", "channel", "program", "partner", "region", "source")

COST_GROUPS = frozenset({"month", "channel"})
COST_FILTERS = frozenset({"channel", "company"})
RECEIVABLE = "Receivable"


def queries(reader: Reader, today: date) -> dict[str, QueryBuilder]:
	"""Open leads, deals, income from programme owners, and cost where it can be told."""
	reader.filters.check(GROUPS, FILTERS)
	result = {
		"leads": OF_LEADS.rows(reader),
		"deals": OF_DEALS.rows(reader),
		"referral_income": _referral_income(reader),
	}
	if _cost_is_known(reader.filters):
		result["cost"] = _cost(reader)
	return result


def _open_leads(reader: Reader) -> QueryBuilder:
	return reader.chosen(
		"Partner Lead",
		dated="registered_on",
		terms=lambda lead: [lead("name"), lead("stage"), lead("stages_entered")],
		where=lambda lead: lead("stage") != CONVERTED,
	)


def _receivable(reader: Reader) -> QueryBuilder:
	return reader.all(
		"Payout",
		["name", "lead", "base_amount"],
		# Most payouts are for deals. That these are not is said, so that a database begins with the few others.
		where=lambda payout: (
			payout("lead").notnull() & (payout("direction") == RECEIVABLE) & (payout("status") != REJECTED)
		),
	)


def _deals(reader: Reader) -> QueryBuilder:
	return reader.chosen(
		"Partner Deal",
		dated="registered_on",
		terms=lambda deal: [deal("stage"), deal("base_amount").as_("amount")],
	)


OF_LEADS = Rollup(
	"channels.leads",
	_open_leads,
	("Partner Lead",),
	JOURNEYS,
	by="channel",
	facts={"stage": TEXT, "stages_entered": NUMBER},
)
OF_DEALS = Rollup(
	"channels.deals",
	_deals,
	("Partner Deal",),
	JOURNEYS,
	by="channel",
	facts={"stage": TEXT},
	sums={"amount": MONEY},
)
ROLLUPS = (OF_LEADS, OF_DEALS)


def _referral_income(reader: Reader) -> QueryBuilder:
	"""Rows: group, what programme owners pay or will pay for the leads handed over to them."""
	lead = _open_leads(reader)
	payout = _receivable(reader)
	groups = keys(lead, reader.filters)
	return (
		reader.Q.from_(payout)
		.join(lead)
		.on(lead["name"] == payout["lead"])
		.select(*groups, total(payout["base_amount"], reader.filters.precision))
		.groupby(*groups)
	)


def _cost_is_known(filters: Filters) -> bool:
	return COST_GROUPS.issuperset(filters.group_by) and COST_FILTERS.issuperset(
		name for name, _value in filters.chosen()
	)


def _cost(reader: Reader) -> QueryBuilder:
	"""Rows: group, cost. The period is widened to begin with its first month, and no company is asked for."""
	begins = reader.filters.from_date
	whole_months = replace(reader.filters, company=None, from_date=begins and begins.replace(day=1))
	cost = replace(reader, filters=whole_months).chosen(
		"Acquisition Channel Cost",
		dated="month",
		terms=lambda cost: [cost("amount")],
		renamed={"channel": "parent"},
	)
	groups = keys(cost, reader.filters)
	return (
		reader.Q.from_(cost).select(*groups, total(cost["amount"], reader.filters.precision)).groupby(*groups)
	)


@dataclass(slots=True)
class Performance(Tally):
	"""What is known of one group."""

	leads: int = 0
	mqls: int = 0
	sqls: int = 0
	won: int = 0
	budgets: Decimal = Decimal(0)
	revenue: Decimal = Decimal(0)
	cost: Decimal = Decimal(0)


def _ever_mql(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder:
	"""Rows: name."""
	lead = _open_leads(reader)
	return of_row(reader, lead, key).where(lead["stages_entered"].bitwiseand(set_of([MQL])) > 0)


def _paid_for(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder:
	"""Rows: name of a payout."""
	lead = _open_leads(reader)
	payout = _receivable(reader)
	return of_row(reader, lead, key, names=payout["name"]).join(payout).on(payout["lead"] == lead["name"])


LEADS = Behind("Partner Lead", (("stage", "!=", CONVERTED),), dated="registered_on")
DEALS = Behind("Partner Deal", dated="registered_on")
WON_LEADS = Behind("Partner Lead", (("stage", "=", CLIENT),), dated="registered_on")
WON_DEALS = Behind("Partner Deal", (("stage", "=", CLIENT),), dated="registered_on")
PAYOUTS = Behind("Payout", names=_paid_for)
COST = (Behind("Acquisition Channel", renamed={"channel": "name"}, ignores=frozenset({"company", "month"})),)

COLUMNS = (
	Column("leads", "Leads", "Int", behind=(LEADS, DEALS)),
	Column("mqls", "MQL", "Int", behind=(Behind("Partner Lead", names=_ever_mql), DEALS)),
	Column("sqls", "SQL", "Int", behind=(DEALS,)),
	Column("won", "Won", "Int", behind=(WON_LEADS, WON_DEALS)),
	Column("conversion", "Conversion", "Percent", behind=(LEADS, DEALS)),
	Column("budgets", "Budgets", "Currency", behind=(DEALS,)),
	Column("revenue", "Revenue", "Currency", behind=(WON_DEALS, PAYOUTS)),
	Column("cost", "Cost", "Currency", behind=COST),
	Column("cost_per_lead", "Cost per Lead", "Currency", is_ratio=True, behind=COST),
	Column("cost_per_client", "Cost per Client", "Currency", is_ratio=True, behind=COST),
	Column("romi", "ROMI", "Percent", behind=COST),
	Column("roas", "ROAS", "Float", behind=COST),
)


def behind(column: str) -> tuple[Behind, ...]:
	return of_column(COLUMNS, column)


def report(results: Results, filters: Filters, today: date) -> Report:
	"""A row for each group.

	`leads`, `mqls`, `sqls`, `won`: how many journeys came this far; `conversion`: the won of the leads;
	`budgets`: the amounts of all deals; `romi`: revenue less cost, in percent of cost; `roas`: revenue by cost.
	"""
	groups = _gather(results, filters)
	ordered = in_order(groups) if filters.group_by else [()]
	overall = Performance()
	for performance in groups.values():
		overall.add(performance)
	cost_is_known = "cost" in results
	rows = [{**named(key, filters), **_figures(groups[key], filters, cost_is_known)} for key in ordered]
	totals = _figures(overall, filters, cost_is_known)
	return Report(
		columns=(*group_columns(filters), *COLUMNS),
		rows=tuple(rows),
		totals={**dict.fromkeys(filters.group_by), **totals},
		chart=Chart(
			"bar",
			tuple(ordered),
			tuple(
				(label, tuple(row[name] for row in rows))
				for name, label in (("leads", "Leads"), ("sqls", "SQL"), ("won", "Won"))
			),
		),
		summary=tuple(
			Figure(column.label, totals[column.fieldname], column.fieldtype)
			for column in COLUMNS
			if column.fieldname in ("leads", "won", "conversion", "revenue", "cost", "romi")
		),
		keys=filters.group_by,
	)


def _gather(results: Results, filters: Filters) -> dict[Key, Performance]:
	places = filters.precision
	groups: dict[Key, Performance] = defaultdict(Performance)
	for key, (stage, entered, leads) in split_rows(results, filters, "leads"):
		leads = int(leads)
		mqls = leads if MQL in stages_in(int(entered or 0)) else 0
		groups[key].add(Performance(leads=leads, mqls=mqls, won=leads if stage == CLIENT else 0))
	for key, (stage, deals, amount) in split_rows(results, filters, "deals"):
		deals, worth, won = int(deals), units(amount, places), stage == CLIENT
		groups[key].add(
			Performance(
				leads=deals,
				mqls=deals,
				sqls=deals,
				won=deals if won else 0,
				budgets=worth,
				revenue=worth if won else Decimal(0),
			)
		)
	for key, (revenue,) in split_rows(results, filters, "referral_income"):
		groups[key].add(Performance(revenue=units(revenue, places)))
	if "cost" in results:
		for key, (cost,) in split_rows(results, filters, "cost"):
			groups[key].add(Performance(cost=units(cost, places)))
	return groups


def _figures(performance: Performance, filters: Filters, cost_is_known: bool) -> dict[str, Any]:
	return {
		"leads": performance.leads,
		"mqls": performance.mqls,
		"sqls": performance.sqls,
		"won": performance.won,
		"conversion": percent(performance.won, performance.leads),
		"budgets": performance.budgets,
		"revenue": performance.revenue,
		**(_cost_figures(performance, filters) if cost_is_known else dict.fromkeys(COST_FIGURES)),
	}


COST_FIGURES = ("cost", "cost_per_lead", "cost_per_client", "romi", "roas")


def _cost_figures(performance: Performance, filters: Filters) -> dict[str, Any]:
	cost, revenue, places = performance.cost, performance.revenue, filters.precision
	return {
		"cost": cost,
		"cost_per_lead": ratio(cost, performance.leads, places),
		"cost_per_client": ratio(cost, performance.won, places),
		"romi": percent(revenue - cost, cost),
		"roas": ratio(revenue, cost),
	}
