"""Deal Activity: which open deals are correct and active, how many days are left to each, and why not more.

"Rules of discipline", rule 2: a deal is active while it is correct and not past `active_until`; a deal without that
date (an approved pause) has no clock. Judged by the dates as they stand on `today`, not by last night's status.

Grouped, the report counts; ungrouped, it lists the open deals, the soonest to lapse first, and then the sales that
have no deal: submitted orders and invoices of customers who are ours, because a counterparty or a deal names them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pypika.functions import Count
from pypika.queries import QueryBuilder
from pypika.terms import Case

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
	number,
	percent,
	split_rows,
	to_date,
	totals_of,
	units,
)
from partner_crm.reports.behind import Narrowing, of_column, of_row
from partner_crm.reports.filters import Filters, Message
from partner_crm.reports.sql import Columns, Reader, blank, count_if, keys, total, when
from partner_crm.rules.stages import NEGOTIATION, SQL

GROUPS = (
	"responsible",
	"channel",
	"program",
	"partner",
	"region",
	"company",
	"product_group",
	"stage",
	"source",
	"month",
)
FILTERS = ("company", "responsible", "channel", "program", "partner", "region", "source")

DEAL = "Partner Deal"
OPEN = (SQL, NEGOTIATION)
SALES = {"Sales Order": "transaction_date", "Sales Invoice": "posting_date"}
SUBMITTED = 1

ACTIVE = "Active"
INACTIVE = "Inactive"

IS_INCORRECT = "The deal is incorrect: {errors}"
NEVER_TALKED = "There was no two-way call or correspondence with a detailed comment."
LAPSED = "The last two-way call or correspondence with a detailed comment was on {last_interaction_on}."
ONLY_WEAK_SINCE = (
	"The last two-way call or correspondence with a detailed comment was on {last_interaction_on}."
	" Of {count} interactions since, none was both."
)
ONLY_WEAK = "Of {count} interactions, none was a two-way call or correspondence with a detailed comment."
NO_DEAL = "This sale has no deal."

OF_PRODUCT = re.compile(r"Product (?P<row>\d+): (?P<what>[^{}]*)")


def queries(reader: Reader, today: date) -> dict[str, QueryBuilder]:
	"""The counts; ungrouped also the open deals, their interactions that did not qualify, and the sales without a deal."""
	reader.filters.check(GROUPS, FILTERS)
	result = {"counts": _counts(reader, today)}
	if not reader.filters.group_by:
		result["deals"] = _deals(reader)
		result["weak"] = _weak(reader)
		for doctype, dated in SALES.items():
			result[doctype] = _sales(reader, doctype, dated)
	return result


def _is_active(deal: Columns, today: date) -> Case:
	return when((deal("is_correct") == 1) & (deal("active_until").isnull() | (deal("active_until") >= today)))


def _is_open(deal: Columns) -> Any:
	return deal("stage").isin(OPEN)


def _counts(reader: Reader, today: date) -> QueryBuilder:
	"""Rows: group, open deals, correct, active, their amount."""
	deal = reader.chosen(
		DEAL,
		dated="registered_on",
		terms=lambda deal: [
			deal("is_correct"),
			_is_active(deal, today).as_("is_active"),
			deal("base_amount").as_("amount"),
		],
		where=_is_open,
	)
	groups = keys(deal, reader.filters)
	return (
		reader.Q.from_(deal)
		.select(*groups, Count("*"), count_if(deal["is_correct"] == 1), count_if(deal["is_active"] == 1))
		.select(total(deal["amount"], reader.filters.precision))
		.groupby(*groups)
	)


LISTED = (
	"name",
	"deal_title",
	"responsible",
	"product_group",
	"stage",
	"base_amount",
	"is_correct",
	"correctness_errors",
	"last_interaction_on",
	"active_until",
)


def _deals(reader: Reader) -> QueryBuilder:
	"""Rows: the columns `LISTED` of each open deal."""
	deal = reader.chosen(
		DEAL,
		dated="registered_on",
		terms=lambda deal: [deal(name) for name in LISTED],
		where=_is_open,
	)
	return (
		reader.Q.from_(deal)
		.select(*[deal[name] for name in LISTED])
		.orderby(when(deal["active_until"].isnull()), deal["active_until"], deal["name"])
	)


def _weak(reader: Reader) -> QueryBuilder:
	"""Rows: deal, how many interactions since the last one that qualified."""
	deal = reader.chosen(
		DEAL,
		dated="registered_on",
		terms=lambda deal: [deal("name"), deal("last_interaction_on")],
		where=_is_open,
	)
	interaction = reader.all(
		"Client Interaction",
		["deal", "occurred_at"],
		where=lambda interaction: interaction("qualifies") == 0,
	)
	since = deal["last_interaction_on"]
	return (
		reader.Q.from_(interaction)
		.join(deal)
		.on(deal["name"] == interaction["deal"])
		.select(deal["name"], Count("*"))
		.where(since.isnull() | (interaction["occurred_at"] >= since))
		.groupby(deal["name"])
	)


def _sales(reader: Reader, doctype: str, dated: str) -> QueryBuilder:
	"""Rows: name, customer, day, amount of each submitted sale to a customer of ours that has no deal."""
	counterparty = reader.all("Counterparty", ["customer"], where=lambda row: ~blank(row("customer")))
	deal = reader.all("Partner Deal", ["customer"], where=lambda row: ~blank(row("customer")))
	sale = reader.chosen(
		doctype,
		dated=dated,
		terms=lambda sale: [
			sale("name"),
			sale("customer"),
			sale(dated).as_("sold_on"),
			sale("base_grand_total"),
		],
		where=lambda sale: (
			(sale("docstatus") == SUBMITTED)
			& blank(sale("pcrm_deal"))
			& (sale("customer").isin(counterparty) | sale("customer").isin(deal))
		),
	)
	columns = [sale[name] for name in ("name", "customer", "sold_on", "base_grand_total")]
	return reader.Q.from_(sale).select(*columns).orderby(sale["sold_on"], sale["name"])


def _behind(*where: Narrowing) -> tuple[Behind]:
	return (Behind(DEAL, (("stage", "in", list(OPEN)), *where), dated="registered_on"),)


def _active_or_not(active: int) -> tuple[Behind]:
	def names(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder:
		deal = reader.chosen(
			DEAL,
			dated="registered_on",
			terms=lambda deal: [deal("name")],
			where=lambda deal: _is_open(deal) & (_is_active(deal, today) == active),
		)
		return of_row(reader, deal, key)

	return (Behind(DEAL, names=names),)


COUNT_COLUMNS = (
	Column("deals", "Open Deals", "Int", behind=_behind()),
	Column("correct", "Correct", "Int", behind=_behind(("is_correct", "=", 1))),
	Column("incorrect", "Incorrect", "Int", behind=_behind(("is_correct", "=", 0))),
	Column("active", "Active", "Int", behind=_active_or_not(1)),
	Column("inactive", "Inactive", "Int", behind=_active_or_not(0)),
	Column("active_share", "Share of Active", "Percent", behind=_behind()),
	Column("amount", "Amount", "Currency", behind=_behind()),
)

LIST_COLUMNS = (
	Column("client", "Client", "Data"),
	Column("responsible", "Manager", "Link", "User"),
	Column("product_group", "Product Group", "Link", "Item Group"),
	Column("stage", "Stage", "Data", is_said=True),
	Column("amount", "Amount", "Currency"),
	Column("is_correct", "Correct", "Check", context=DEAL),
	Column("activity_status", "Activity", "Data", is_said=True, context=DEAL),
	Column("last_interaction_on", "Last Interaction On", "Date"),
	Column("active_until", "Active Until", "Date"),
	Column("days_left", "Days Left", "Int"),
	Column("sold_on", "Sold On", "Date"),
	Column("why", "Why", "Small Text"),
	Column("doctype", "Document Type", "Link", "DocType"),
	Column("document", "Document", "Dynamic Link", "doctype"),
)


@dataclass(slots=True)
class Activity(Tally):
	"""What is known of one group."""

	deals: int = 0
	correct: int = 0
	active: int = 0
	amount: Decimal = Decimal(0)


def behind(column: str) -> tuple[Behind, ...]:
	return of_column(COUNT_COLUMNS, column)


def report(results: Results, filters: Filters, today: date) -> Report:
	"""Counts by group, or the list; `why` is a `Message`, and None for a deal that is active.

	`days_left` counts from today to the last active day: 0 on that day, negative after it.
	"""
	groups: dict[Key, Activity] = defaultdict(Activity)
	for key, (deals, correct, active, amount) in split_rows(results, filters, "counts"):
		groups[key].add(
			Activity(deals, int(correct or 0), int(active or 0), units(amount, filters.precision))
		)
	overall = Activity()
	for activity in groups.values():
		overall.add(activity)
	if filters.group_by:
		columns = (*group_columns(filters), *COUNT_COLUMNS)
		rows = tuple({**named(key, filters), **_figures(groups[key])} for key in in_order(groups))
		totals = totals_of(columns, **_figures(overall))
	else:
		columns = LIST_COLUMNS
		rows = (*_deal_rows(results, filters, today), *_sale_rows(results, filters))
		totals = totals_of(columns, amount=overall.amount)
	keys = filters.group_by or None
	return Report(columns, rows, totals, _chart(groups), _summary(overall, results), keys)


def _figures(activity: Activity) -> dict[str, Any]:
	return {
		"deals": activity.deals,
		"correct": activity.correct,
		"incorrect": activity.deals - activity.correct,
		"active": activity.active,
		"inactive": activity.deals - activity.active,
		"active_share": percent(activity.active, activity.deals),
		"amount": activity.amount,
	}


def _deal_rows(results: Results, filters: Filters, today: date) -> Iterator[dict[str, Any]]:
	weak = dict(results["weak"])
	for row in results["deals"]:
		deal = dict(zip(LISTED, row, strict=True))
		last, until = to_date(deal["last_interaction_on"]), to_date(deal["active_until"])
		is_correct = bool(deal["is_correct"])
		is_active = is_correct and (until is None or until >= today)
		yield {
			"doctype": DEAL,
			"document": deal["name"],
			"responsible": deal["responsible"],
			"client": deal["deal_title"] or deal["name"],
			"product_group": deal["product_group"],
			"stage": deal["stage"],
			"amount": number(deal["base_amount"], filters.precision),
			"is_correct": is_correct,
			"activity_status": ACTIVE if is_active else INACTIVE,
			"last_interaction_on": last,
			"active_until": until,
			"sold_on": None,
			"days_left": until and (until - today).days,
			"why": None
			if is_active
			else _why(is_correct, deal["correctness_errors"], last, weak.get(deal["name"], 0)),
		}


def _why(is_correct: bool, errors: str | None, last: date | None, weak: int) -> Message:
	if not is_correct:
		return Message(IS_INCORRECT, {"errors": tuple(_errors(errors))})
	if last is None:
		return Message(ONLY_WEAK, {"count": weak}) if weak else Message(NEVER_TALKED, {})
	if weak:
		return Message(ONLY_WEAK_SINCE, {"last_interaction_on": last, "count": weak})
	return Message(LAPSED, {"last_interaction_on": last})


def _errors(stored: str | None) -> Iterator[Message]:
	"""What is wrong with a deal, line by line as `rules.activity.correctness_errors` says it."""
	for line in (stored or "").splitlines():
		numbered = OF_PRODUCT.fullmatch(line)
		if numbered:
			yield Message(f"Product {{row}}: {numbered['what']}", {"row": int(numbered["row"])})
		else:
			yield Message(line.replace("{", "{{").replace("}", "}}"), {})


def _sale_rows(results: Results, filters: Filters) -> Iterator[dict[str, Any]]:
	for doctype in SALES:
		for name, customer, sold_on, amount in results[doctype]:
			yield {
				**dict.fromkeys(column.fieldname for column in LIST_COLUMNS),
				"doctype": doctype,
				"document": name,
				"client": customer,
				"amount": number(amount, filters.precision),
				"sold_on": to_date(sold_on),
				"why": Message(NO_DEAL, {}),
			}


def _chart(groups: dict[Key, Activity]) -> Chart:
	ordered = in_order(groups)
	return Chart(
		"bar",
		tuple(ordered),
		(
			("Active", tuple(groups[key].active for key in ordered)),
			("Inactive", tuple(groups[key].deals - groups[key].active for key in ordered)),
		),
	)


def _summary(overall: Activity, results: Results) -> tuple[Figure, ...]:
	figures = (
		Figure("Open Deals", overall.deals, "Int"),
		Figure("Incorrect", overall.deals - overall.correct, "Int"),
		Figure("Inactive", overall.deals - overall.active, "Int"),
	)
	if not SALES.keys() <= results.keys():
		return figures
	return (*figures, Figure("Sales without a Deal", sum(len(results[doctype]) for doctype in SALES), "Int"))
