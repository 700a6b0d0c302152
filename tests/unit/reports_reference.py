"""The reports counted record by record in plain Python, and a small site in SQLite to hold them against."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from random import Random
from statistics import median
from typing import Any

from pypika.dialects import SQLLiteQuery

from partner_crm.reports import activity as activity_report
from partner_crm.reports import base
from partner_crm.reports import channels as channels_report
from partner_crm.reports import funnel as funnel_report
from partner_crm.reports import income as income_report
from partner_crm.reports import journeys as kept_of_journeys
from partner_crm.reports import reconciliation as reconciliation_report
from partner_crm.reports import segments as segments_report
from partner_crm.reports import win_loss as win_loss_report
from partner_crm.reports import work as work_report
from partner_crm.reports.filters import DIMENSIONS, Filters
from partner_crm.reports.rollups import ALL
from partner_crm.reports.tables import TABLES, create_statements

TODAY = date(2024, 6, 15)

Record = dict[str, Any]


@dataclass
class Site:
	"""Records by DocType, kept as dictionaries and in SQLite."""

	records: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))

	def __post_init__(self) -> None:
		self.connection = sqlite3.connect(":memory:")
		for statement in create_statements():
			self.connection.execute(statement)
		for doctype in ("Partner Lead", "Partner Deal"):  # a site finds them by their names
			self.connection.execute(f'CREATE UNIQUE INDEX "{doctype} by name" ON "tab{doctype}" (name)')

	def add(self, doctype: str, **values: Any) -> Record:
		columns = TABLES[doctype].columns
		assert values.keys() <= columns.keys(), values.keys() - columns.keys()
		values.setdefault("name", f"{doctype} {len(self.records[doctype]) + 1}")
		if doctype in ("Partner Lead", "Partner Deal"):  # which have it, always
			values.setdefault("registered_on", TODAY)
		record = {name: values.get(name, 0 if kind == "check" else None) for name, kind in columns.items()}
		self.records[doctype].append(record)
		sql = f'INSERT INTO "tab{doctype}" VALUES ({", ".join("?" * len(columns))})'
		self.connection.execute(
			sql, [str(value) if isinstance(value, Decimal | date) else value for value in record.values()]
		)
		return record

	def passed(self, doctype: str, name: str, *stages: str, seconds: Iterable[int | None] = ()) -> None:
		"""Records that a document came to these stages, one after the other."""
		stays = [None, *seconds]
		for place, stage in enumerate(stages):
			self.add(
				"Stage Change",
				reference_doctype=doctype,
				reference_name=name,
				from_stage=stages[place - 1] if place else None,
				to_stage=stage,
				seconds_in_stage=stays[place] if place < len(stays) else None,
			)

	def change(self, doctype: str, record: Record, **values: Any) -> None:
		record |= values
		pairs = ", ".join(f'"{name}" = ?' for name in values)
		given = [str(value) if isinstance(value, Decimal | date) else value for value in values.values()]
		self.connection.execute(f'UPDATE "tab{doctype}" SET {pairs} WHERE name = ?', [*given, record["name"]])

	def run(self, module: Any, filters: Filters | None = None, **options: Any) -> base.Report:
		self._acquaint()
		return base.run(module, self.fetch, SQLLiteQuery, filters or Filters(), TODAY, **options)

	def fetch(self, query: Any) -> list[tuple[Any, ...]]:
		return self.connection.execute(query.get_sql()).fetchall()

	def _acquaint(self) -> None:
		for statement in kept_of_journeys.statements(SQLLiteQuery):
			self.connection.execute(statement.get_sql())

	def keep(self, module: Any, noted: Mapping[str, Iterable[str]] | None = None) -> None:
		"""Reckons the rollups of a report, or the parts of them that are noted."""
		self._acquaint()
		for rollup in module.ROLLUPS:
			parts = None if noted is None else sorted(noted[rollup.name])
			of_these = "" if parts is None else f" AND part IN ({', '.join('?' * (len(parts) + 1))})"
			self.connection.execute(
				f'DELETE FROM "tabReport Rollup" WHERE rollup = ?{of_these}',
				[rollup.name, *([] if parts is None else [ALL, *parts])],
			)
			if not rollup.parts_of and parts != []:
				self._write_rollup(rollup, self.fetch(rollup.of_parts(SQLLiteQuery, parts)))
			self._write_rollup(rollup, self.fetch(rollup.together(SQLLiteQuery)))

	def _write_rollup(self, rollup: Any, rows: Iterable[tuple[Any, ...]]) -> None:
		columns = ["rollup", "part", "company", *rollup.key_columns(), *rollup.number_columns()]
		for row in rows:
			sql = f'INSERT INTO "tabReport Rollup" ({", ".join(columns)}) VALUES ({", ".join("?" * len(columns))})'
			self.connection.execute(sql, [rollup.name, *row])

	def parts_of(self, module: Any) -> dict[str, Counter[tuple[Any, ...]]]:
		"""What the documents tell for each part of each rollup."""
		self._acquaint()
		return {rollup.name: Counter(self.fetch(rollup.of_parts(SQLLiteQuery))) for rollup in module.ROLLUPS}


# --- a random site ------------------------------------------------------------------------------------------

PEOPLE = ("ann@x.org", "deleted@x.org", "o'neil@x.org", None)
CHANNELS = ("Fair", "Ads", "A channel that is gone", None, "")
PROGRAMS = ("Bank", "Broker", None)
PARTNERS = ("Petrov", "Агент", None)
REGIONS = ("North", "South", None)
COMPANIES = ("Alpha", "Beta")
CUSTOMERS = ("Acme", "Ivanov", "Zhou")
KINDS = ("Call", "Email", "Свой вид")
DAYS = tuple(date(2024, 1, 28) + timedelta(days=9 * step) for step in range(20))
AMOUNTS = (
	None,
	Decimal(0),
	Decimal("0.10"),
	Decimal("33.35"),
	Decimal("-120.05"),
	Decimal("7250.99"),
	Decimal("900000000000.01"),
)


def a_site(random: Random, size: int = 1) -> Site:
	"""Some leads and deals that moved about, interactions, claims, payouts with reversals, costs and sales."""
	site = Site()
	add_documents(site, random, size)
	for _ in range(random.randrange(4 * size)):
		site.add(
			"Acquisition Channel Cost",
			parent=random.choice(("Fair", "Ads")),
			month=random.choice((date(2024, 1, 1), date(2024, 3, 1), date(2024, 5, 1))),
			amount=random.choice(AMOUNTS),
		)
	for _ in range(random.randrange(8 * size)):
		_add_interaction(site, random)
	_add_sales(site, random, size)
	return site


def add_documents(site: Site, random: Random, size: int = 1) -> None:
	"""Leads, deals, payouts and claims."""
	for _ in range(random.randrange(8 * size)):
		_add_lead(site, random)
	for _ in range(random.randrange(8 * size)):
		_add_deal(site, random)
	for _ in range(random.randrange(10 * size)):
		_add_payout(site, random)
	for _ in range(random.randrange(5 * size)):
		site.add(
			"Partner Claim",
			**_who(random),
			direction=random.choice(("Payable", "Receivable")),
			client=random.choice(("Acme", "Ivanov")),
			registered_on=random.choice(DAYS),
		)


def _add_interaction(site: Site, random: Random) -> None:
	def one_of(doctype: str) -> str | None:
		return random.choice([{"name": None}, *site.records[doctype]])["name"]

	site.add(
		"Client Interaction",
		company=random.choice(COMPANIES),
		responsible=random.choice(PEOPLE),
		kind=random.choice(KINDS),
		contact=random.choice(("Ivanov", "Petrova")),
		deal=one_of("Partner Deal"),
		lead=one_of("Partner Lead"),
		occurred_at=f"{random.choice(DAYS)} {random.choice(('00:00:00', '10:30:00', '23:59:59'))}",
		duration=random.choice((None, 0, 59, 3600)),
		qualifies=random.randrange(2),
	)


def _add_sales(site: Site, random: Random, size: int) -> None:
	for name in CUSTOMERS:
		if random.randrange(4):
			site.add(
				"Customer",
				name=name,
				customer_name=f"{name} Ltd",
				account_manager=random.choice(PEOPLE),
				territory=random.choice(REGIONS),
			)
		if random.randrange(2):
			site.add("Counterparty", customer=name)
	for number in range(random.randrange(9 * size)):
		sale = {
			"customer": random.choice(CUSTOMERS),
			"company": random.choice(COMPANIES),
			"docstatus": random.choice((0, 1, 1, 1, 2)),
		}
		amount = random.choice([amount for amount in AMOUNTS if amount is not None])
		day = random.choice((*DAYS, date(2023, 1, 9)))
		status = random.choice(("To Deliver and Bill", "To Bill", "Completed", "Closed"))
		site.add("Sales Order", **sale, transaction_date=day, base_grand_total=amount, status=status)
		invoice = site.add(
			"Sales Invoice",
			name=f"SI-{number}",
			**sale,
			posting_date=day,
			base_grand_total=amount,
			outstanding_amount=random.choice((Decimal(0), amount)),
			currency="EUR",
			party_account_currency=random.choice(("EUR", "USD")),
			# Never half a cent, which may fall on either side in binary.
			conversion_rate=random.choice((1, Decimal("1.2"))),
			is_return=int(not random.randrange(5)),
		)
		orders = [order["name"] for order in site.records["Sales Order"]]
		for _ in range(random.randrange(3)):
			site.add(
				"Sales Invoice Item",
				parent=invoice["name"],
				sales_order=random.choice((None, "", random.choice(orders))),
			)
		site.add("Delivery Note", **sale)


def _who(random: Random) -> Record:
	return {
		"company": random.choice(COMPANIES),
		"responsible": random.choice(PEOPLE),
		"channel": random.choice([name for name in CHANNELS if name != ""]),
		"region": random.choice(REGIONS),
		"program": random.choice(PROGRAMS),
		"partner": random.choice(PARTNERS),
	}


def _journey(random: Random) -> Record:
	return {
		**_who(random),
		"channel": random.choice(CHANNELS),
		"utm_source": random.choice(("google", None)),
		"product_group": random.choice(("Ads", "Sites")),
		"contact": random.choice(("Ivanov", "Petrova")),
		"counterparty": random.choice(("Acme", "", None)),
		"registered_on": random.choice(DAYS),
	}


def _walk(site: Site, random: Random, doctype: str, name: str, first: str, others: Iterable[str]) -> str:
	way = [first]
	for _ in range(random.randrange(5)):
		way.append(random.choice([stage for stage in (first, *others) if stage != way[-1]]))
	seconds = [random.choice((None, 0, 86_399, 86_400, 200_000, 10**8)) for _ in way[1:]]
	site.passed(doctype, name, *way, seconds=seconds)
	return way[-1]


def _add_lead(site: Site, random: Random, deal: str | None = None) -> str:
	name = f"L{len(site.records['Partner Lead'])}"
	others = ["MQL", "Unqualified", *(() if deal else ("Handed Over", "Client"))]
	stage = _walk(site, random, "Partner Lead", name, "Cold Lead", others)
	if deal:
		site.passed("Partner Lead", name, "Cold Lead", "Converted")
		stage = "Converted"
	site.add(
		"Partner Lead",
		name=name,
		**_journey(random),
		stage=stage,
		deal=deal,
		base_potential_value=random.choice(AMOUNTS),
	)
	return name


def _add_deal(site: Site, random: Random) -> None:
	name = f"D{len(site.records['Partner Deal'])}-{len(site.records['Partner Lead'])}"
	if random.randrange(3):
		_add_lead(site, random, deal=name)
	if not random.randrange(6):
		return  # its lead is left behind
	stage = _walk(site, random, "Partner Deal", name, "SQL", ["Negotiation", "Client", "Lost"])
	journey = _journey(random)
	days = random.choice((0, 3, 91, None))
	site.add(
		"Partner Deal",
		name=name,
		**journey,
		stage=stage,
		base_amount=random.choice(AMOUNTS),
		probability=random.choice((None, 0, 10, Decimal("33.5"))),
		customer=random.choice((None, "", *CUSTOMERS)) if stage == "Client" else None,
		won_on=random.choice(DAYS) if stage == "Client" else None,
		closed_on=random.choice(DAYS) if stage in ("Client", "Lost") else None,
		days_to_client=days if stage == "Client" else None,
		lost_reason=random.choice(("Price", "Time", "", None)),
		key_learnings=random.choice(("Speed", "Обед", None)),
		is_correct=random.randrange(2),
		correctness_errors=random.choice(("No product.", None)),
		last_interaction_on=random.choice((None, *DAYS)),
		active_until=random.choice((None, TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=40))),
	)


def _add_payout(site: Site, random: Random) -> None:
	amount = random.choice(AMOUNTS)
	payout = site.add(
		"Payout",
		**_who(random),
		direction=random.choice(("Payable", "Receivable")),
		client=random.choice(("Acme", "Ivanov", "Petrova")),
		deal=random.choice([None, *(deal["name"] for deal in site.records["Partner Deal"])]),
		lead=random.choice([None, *(lead["name"] for lead in site.records["Partner Lead"])]),
		instalment=random.choice((None, 1, 2)),
		status=random.choice(("Expected", "Confirmed", "Partly Paid", "Paid", "Rejected", "Clawed Back")),
		base_amount=amount,
		base_paid_amount=random.choice((None, amount, Decimal("0.05"))),
		won_on=random.choice(DAYS),
		due_on=random.choice((None, *DAYS)),
		days_to_client=random.choice((None, 0, 17)),
	)
	if amount and not random.randrange(3):
		site.add(
			"Payout",
			**{name: value for name, value in payout.items() if name not in ("name", "base_paid_amount")}
			| {"base_amount": -amount, "reversal_of": payout["name"]},
		)


# --- counting -----------------------------------------------------------------------------------------------


def half_up(value: Fraction, places: int) -> Decimal:
	whole = floor(abs(value) * 10**places + Fraction(1, 2))
	return Decimal(-whole if value < 0 else whole).scaleb(-places)


def part(of: Any, whole: Any, places: int = 2, times: int = 1) -> Decimal | None:
	return half_up(Fraction(of) * times / Fraction(whole), places) if whole > 0 else None


def percent(of: Any, whole: Any) -> Decimal | None:
	return part(of, whole, times=100)


def add_up(records: Iterable[Mapping[str, Any]], name: str) -> Decimal:
	return sum((record[name] or Decimal(0) for record in records), Decimal(0))


def is_chosen(record: Mapping[str, Any], filters: Filters, dated: str | None) -> bool:
	chosen = all(record[DIMENSIONS[name].column] == value for name, value in filters.chosen())
	if dated is None or not (filters.from_date or filters.to_date):
		return chosen
	day = record[dated]
	return chosen and day is not None and (filters.from_date or day) <= day <= (filters.to_date or day)


def key_of(record: Mapping[str, Any], filters: Filters, dated: str) -> tuple[Any, ...]:
	def value(name: str) -> Any:
		if name in ("month", "day"):
			return record[dated].isoformat()[: 7 if name == "month" else 10] if record[dated] else None
		return record[DIMENSIONS[name].column] or None

	return tuple(value(name) for name in filters.group_by)


def grouped(records: Iterable[Record], filters: Filters, dated: str) -> dict[tuple[Any, ...], list[Record]]:
	groups: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
	for record in records:
		if is_chosen(record, filters, dated):
			groups[key_of(record, filters, dated)].append(record)
	return groups


def by_key(rows: Iterable[Mapping[str, Any]], filters: Filters, *more: str) -> dict[tuple[Any, ...], Record]:
	"""The rows of a report by their groupings (and the columns `more`), without them."""
	names = (*filters.group_by, *more)
	found = {}
	for row in rows:
		key = tuple(row[name] for name in names)
		assert key not in found, f"two rows for {key}"
		found[key] = {name: value for name, value in row.items() if name not in names}
	return found


AHEAD = {
	"Cold Lead": ("MQL", "Converted", "SQL", "Negotiation", "Client", "Handed Over"),
	"MQL": ("Converted", "SQL", "Negotiation", "Client"),
	"SQL": ("Negotiation", "Client"),
	"Negotiation": ("Client",),
	"Handed Over": ("Client",),
}
ALL_STAGES = ("Cold Lead", "MQL", "SQL", "Negotiation", "Handed Over", "Client", "Unqualified", "Lost")


def journeys(site: Site) -> list[Record]:
	"""Each open lead, and each deal with what its lead went through; `changes` are all changes of stage."""
	changes = defaultdict(list)
	for change in site.records["Stage Change"]:
		changes[change["reference_doctype"], change["reference_name"]].append(change)
	leads = site.records["Partner Lead"]
	found = [
		{**lead, "amount": lead["base_potential_value"], "changes": changes["Partner Lead", lead["name"]]}
		for lead in leads
		if lead["stage"] != "Converted"
	]
	for deal in site.records["Partner Deal"]:
		own = list(changes["Partner Deal", deal["name"]])
		for lead in leads:
			if lead["deal"] == deal["name"]:
				own += changes["Partner Lead", lead["name"]]
		found.append({**deal, "amount": deal["base_amount"], "changes": own})
	return found


def funnel(site: Site, filters: Filters) -> dict[tuple[Any, ...], Record]:
	found = {}
	for key, group in grouped(journeys(site), filters, "registered_on").items():
		for stage in ALL_STAGES:
			found[(*key, stage)] = _funnel_row(group, stage)
	return found


def _funnel_row(group: list[Record], stage: str) -> Record:
	entered = [one for one in group if any(change["to_stage"] == stage for change in one["changes"])]
	now = [one for one in group if one["stage"] == stage]
	went_on = [
		one for one in entered if any(change["to_stage"] in AHEAD.get(stage, ()) for change in one["changes"])
	]
	lost = [
		one
		for one in group
		if any(
			change["from_stage"] == stage and change["to_stage"] in ("Unqualified", "Lost")
			for change in one["changes"]
		)
	]
	stays = [
		change["seconds_in_stage"]
		for one in group
		for change in one["changes"]
		if change["from_stage"] == stage and change["seconds_in_stage"] is not None
	]
	is_open = stage in AHEAD
	weight = sum((one["amount"] or 0) * (one.get("probability") or 0) for one in now)
	weighted = half_up(Fraction(half_up(Fraction(weight), 2)) / 100, 2) if is_open else Decimal(0)
	return {
		"entered": len(entered),
		"entered_amount": add_up(entered, "amount"),
		"now": len(now),
		"amount": add_up(now, "amount"),
		"weighted": add_up(now, "amount") if stage == "Client" else weighted,
		"went_on": len(went_on) if is_open else None,
		"to_next": percent(len(went_on), len(entered)) if is_open else None,
		"conversion": percent(len(entered), len(group)),
		"lost": len(lost) if is_open else None,
		"median_days": part(Fraction(median(stays)), 86_400) if stays and is_open else None,
	}


def income(site: Site, filters: Filters) -> tuple[dict[tuple[Any, ...], Record], Record]:
	payouts = [payout for payout in site.records["Payout"] if payout["status"] != "Rejected"]
	groups = grouped(payouts, filters, "won_on")
	claims = grouped(site.records["Partner Claim"], filters, "registered_on")
	found = {
		key: _income_row(groups.get(key, []), claims.get(key, [])) for key in groups.keys() | claims.keys()
	}
	everything = [payout for group in groups.values() for payout in group]
	overall = _income_row(everything, [claim for group in claims.values() for claim in group])
	running = Decimal(0)
	for row in sorted(found.values(), key=lambda row: -row["amount"]):
		running += row["amount"]
		row["share"] = percent(row["amount"], overall["amount"])
	return found, overall


def _income_row(payouts: list[Record], claims: list[Record]) -> Record:
	def unpaid(payout: Record) -> Decimal:
		return (payout["base_amount"] or Decimal(0)) - (payout["base_paid_amount"] or Decimal(0))

	own = [payout for payout in payouts if not payout["reversal_of"]]
	kept = {payout["client"] for payout in own if payout["status"] != "Clawed Back"}
	days = [
		payout["days_to_client"]
		for payout in own
		if (payout["instalment"] or 1) <= 1 and payout["days_to_client"] is not None
	]
	amount, paid = add_up(payouts, "base_amount"), add_up(payouts, "base_paid_amount")
	expected = sum((unpaid(one) for one in payouts if one["status"] == "Expected"), Decimal(0))
	return {
		"claims": len(claims),
		"clients": len(kept),
		"conversion": percent(len(kept), len(claims)),
		"payouts": len(own),
		"amount": amount,
		"expected": expected,
		"confirmed": amount - expected - paid,
		"paid": paid,
		"overdue": sum(
			(unpaid(one) for one in payouts if one["due_on"] and one["due_on"] < TODAY), Decimal(0)
		),
		"average": part(amount, len(own)),
		"days_to_client": part(sum(days), len(days)),
	}


def channels(site: Site, filters: Filters) -> dict[tuple[Any, ...], Record]:
	found = {}
	groups = grouped(journeys(site), filters, "registered_on")
	costs: dict[tuple[Any, ...], Decimal] = {}
	is_known = set(filters.group_by) <= {"month", "channel"} and {name for name, _ in filters.chosen()} <= {
		"channel",
		"company",
	}
	if is_known:
		costs = _costs(site, filters)
	deals = {deal["name"] for deal in site.records["Partner Deal"]}
	for key in groups.keys() | costs.keys() | ({()} if not filters.group_by else set()):
		group = groups.get(key, [])
		leads = [one for one in group if one["name"] not in deals]
		won = [one for one in group if one["stage"] == "Client"]
		names = {one["name"] for one in leads}
		payouts = [
			payout
			for payout in site.records["Payout"]
			if payout["lead"] in names
			and payout["direction"] == "Receivable"
			and payout["status"] != "Rejected"
		]
		revenue = add_up((one for one in won if one["name"] in deals), "amount")
		revenue += add_up(payouts, "base_amount")
		cost = costs.get(key, Decimal(0))
		found[key] = {
			"leads": len(group),
			"mqls": sum(
				one["name"] in deals or any(change["to_stage"] == "MQL" for change in one["changes"])
				for one in group
			),
			"sqls": len(group) - len(leads),
			"won": len(won),
			"conversion": percent(len(won), len(group)),
			"budgets": add_up((one for one in group if one["name"] in deals), "amount"),
			"revenue": revenue,
			"cost": cost if is_known else None,
			"cost_per_lead": part(cost, len(group)) if is_known else None,
			"cost_per_client": part(cost, len(won)) if is_known else None,
			"romi": percent(revenue - cost, cost) if is_known else None,
			"roas": part(revenue, cost) if is_known else None,
		}
	return found


def _costs(site: Site, filters: Filters) -> dict[tuple[Any, ...], Decimal]:
	costs: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
	for cost in site.records["Acquisition Channel Cost"]:
		first = filters.from_date and filters.from_date.replace(day=1)
		if (first or cost["month"]) <= cost["month"] <= (filters.to_date or cost["month"]):
			record = {"channel": cost["parent"], "month": cost["month"]}
			if filters.channel in (None, cost["parent"]):
				costs[key_of(record, filters, "month")] += cost["amount"] or Decimal(0)
	return costs


def win_loss(site: Site, filters: Filters) -> dict[tuple[Any, ...], Record]:
	decided = [
		{**deal, "decided_on": deal["won_on"] if deal["stage"] == "Client" else deal["closed_on"]}
		for deal in site.records["Partner Deal"]
		if deal["stage"] in ("Client", "Lost")
	]
	found = {}
	for key, group in grouped(decided, filters, "decided_on").items():
		won = [deal for deal in group if deal["stage"] == "Client"]
		lost = [deal for deal in group if deal["stage"] == "Lost"]
		days = [deal["days_to_client"] for deal in won if deal["days_to_client"] is not None]
		won_amount, lost_amount = add_up(won, "base_amount"), add_up(lost, "base_amount")
		reason, learning = _top(lost, "lost_reason"), _top(won, "key_learnings")
		found[key] = {
			"won": len(won),
			"lost": len(lost),
			"win_rate": percent(len(won), len(group)),
			"won_amount": won_amount,
			"lost_amount": lost_amount,
			"amount_win_rate": percent(won_amount, won_amount + lost_amount),
			"average_won": part(won_amount, len(won)),
			"days_to_client": part(sum(days), len(days)),
			"top_reason": reason[0],
			"top_reason_deals": reason[1],
			"top_learning": learning[0],
			"top_learning_deals": learning[1],
		}
	return found


def _top(deals: list[Record], name: str) -> tuple[str | None, int | None]:
	counts = Counter(deal[name] for deal in deals if deal[name])
	return min(counts.items(), key=lambda item: (-item[1], item[0]), default=(None, None))


def activity(site: Site, filters: Filters) -> dict[tuple[Any, ...], Record]:
	open_deals = [deal for deal in site.records["Partner Deal"] if deal["stage"] in ("SQL", "Negotiation")]
	found = {}
	for key, group in grouped(open_deals, filters, "registered_on").items():
		active = [deal for deal in group if is_active(deal)]
		correct = sum(deal["is_correct"] for deal in group)
		found[key] = {
			"deals": len(group),
			"correct": correct,
			"incorrect": len(group) - correct,
			"active": len(active),
			"inactive": len(group) - len(active),
			"active_share": percent(len(active), len(group)),
			"amount": add_up(group, "base_amount"),
		}
	return found


def is_active(deal: Record) -> bool:
	return bool(deal["is_correct"]) and (deal["active_until"] is None or deal["active_until"] >= TODAY)


def work(site: Site, filters: Filters) -> tuple[dict[tuple[Any, ...], Record], Record]:
	of_journeys = {name: getattr(filters, name) for name in ("channel", "program", "partner", "region")}
	asked = {name: value for name, value in of_journeys.items() if value}
	documents = {
		doctype: {record["name"]: record for record in site.records[doctype]}
		for doctype in ("Partner Deal", "Partner Lead")
	}

	def is_about(event: Record) -> bool:
		doctype, link = ("Partner Deal", "deal") if event["deal"] else ("Partner Lead", "lead")
		about = documents[doctype].get(event[link], {})
		return all(about.get(name) == value for name, value in asked.items())

	own = replace(filters, **dict.fromkeys(of_journeys))
	events = [
		{**event, "on": date.fromisoformat(event["occurred_at"][:10])}
		for event in site.records["Client Interaction"]
		if is_about(event)
	]
	groups = grouped(events, own, "on")
	found = {key: _work_row(group) for key, group in groups.items()}
	return found, _work_row([event for group in groups.values() for event in group])


def _work_row(events: list[Record]) -> Record:
	kinds = Counter(event["kind"] for event in events)
	return {
		"events": len(events),
		"qualifying": sum(event["qualifies"] for event in events),
		"clients": len({event["contact"] for event in events}),
		"minutes": part(sum(event["duration"] or 0 for event in events), 60),
		**{f"kind: {kind}": count for kind, count in kinds.items()},
	}


def segments(site: Site, filters: Filters) -> dict[str, Record]:
	"""By customer."""
	ours = {row["customer"] for row in site.records["Counterparty"]}
	asked = {name: getattr(filters, name) for name in ("channel", "program", "partner")}
	asked = {name: value for name, value in asked.items() if value}
	of_deals = {
		deal["customer"]
		for deal in site.records["Partner Deal"]
		if all(deal[name] == value for name, value in asked.items())
	}
	ours = of_deals if asked else ours | of_deals
	from_orders = {item["parent"] for item in site.records["Sales Invoice Item"] if item["sales_order"]}
	found = {}
	for customer in site.records["Customer"]:
		if customer["name"] not in ours:
			continue
		if filters.responsible not in (None, customer["account_manager"]):
			continue
		if filters.region in (None, customer["territory"]):
			row = _segment_row(site, filters, customer["name"], from_orders)
			if any(row[name] for name in ("purchases", "billed", "owed", "under_way", "deliveries")):
				found[customer["name"]] = row
	return found


def _segment_row(site: Site, filters: Filters, customer: str, from_orders: set[str]) -> Record:
	def sales(doctype: str, dated: str | None, docstatus: int = 1) -> list[Record]:
		return [
			sale
			for sale in site.records[doctype]
			if sale["customer"] == customer
			and sale["docstatus"] == docstatus
			and filters.company in (None, sale["company"])
			and is_chosen(sale, Filters(from_date=filters.from_date, to_date=filters.to_date), dated)
		]

	invoices = sales("Sales Invoice", "posting_date")
	direct = [one for one in invoices if one["name"] not in from_orders and not one["is_return"]]
	bought = [
		(one["transaction_date"], one["base_grand_total"]) for one in sales("Sales Order", "transaction_date")
	]
	bought += [(one["posting_date"], one["base_grand_total"]) for one in direct]
	days = sorted(day for day, _amount in bought)
	owed = [
		one["outstanding_amount"]
		* (one["conversion_rate"] if one["party_account_currency"] == one["currency"] else 1)
		for one in sales("Sales Invoice", None)
	]
	if len(days) < 2:
		segment = ["No Purchases", "One-Time"][len(days)]
	else:
		is_regular = len(days) >= 3 and (days[-1] - days[0]).days / (len(days) - 1) <= 180
		segment = "Regular" if is_regular else "Rare"
	return {
		"segment": segment,
		"purchases": len(bought),
		"bought": sum((amount for _day, amount in bought), Decimal(0)),
		"billed": add_up(invoices, "base_grand_total"),
		"owed": half_up(Fraction(sum(owed, Decimal(0))), 2),
		"under_way": sum(
			one["status"] not in ("Completed", "Closed", "Cancelled") for one in sales("Sales Order", None)
		),
		"deliveries": len(sales("Delivery Note", None, docstatus=0)),
		"last_on": days[-1] if days else None,
	}


def reconciliation(site: Site, filters: Filters) -> set[tuple[str, str]]:
	"""What is to be found on a random site: it has no statements, currencies, percentages or days of payment."""
	deals = [deal for deal in site.records["Partner Deal"] if is_chosen(deal, filters, "won_on")]
	leads = [lead for lead in site.records["Partner Lead"] if is_chosen(lead, filters, "registered_on")]
	payouts = [payout for payout in site.records["Payout"] if is_chosen(payout, filters, "won_on")]
	everywhere = site.records["Payout"]
	found = set()
	for kind, documents in (("deal", deals), ("lead", leads)):
		for won in documents:
			if won["stage"] != "Client" or not won["program"]:
				continue
			if not won["payout_terms"]:
				found.add((f"{kind}_without_payout", won["name"]))
			if not won["claim"]:
				found.add((f"{kind}_without_claim", won["name"]))
	lost = {deal["name"] for deal in site.records["Partner Deal"] if deal["stage"] != "Client"}
	rejected = {lead["name"] for lead in site.records["Partner Lead"] if lead["stage"] != "Client"}
	for payout in payouts:
		amount = payout["base_amount"] or Decimal(0)
		is_unpaid = payout["status"] in ("Expected", "Confirmed", "Partly Paid")
		left = amount - (payout["base_paid_amount"] or Decimal(0))
		if payout["status"] == "Confirmed":
			found.add(("not_in_statement", payout["name"]))
		if not is_unpaid or payout["reversal_of"]:
			continue
		if payout["deal"] in lost:
			found.add(("deal_lost", payout["name"]))
		if payout["lead"] in rejected:
			found.add(("lead_lost", payout["name"]))
		others = [one for one in everywhere if one["reversal_of"] and one["root"] == payout["name"]]
		left += add_up(others, "base_amount")
		if payout["due_on"] and payout["due_on"] < TODAY and left > 0:
			found.add(("overdue", payout["name"]))
		if others and amount + add_up(others, "base_amount") <= 0:
			found.add(("refunded", payout["name"]))
	return found


# --- holding a report against the count ----------------------------------------------------------------------


def check_funnel(report: base.Report, site: Site, chosen: Filters) -> None:
	counted = funnel(site, chosen)
	if not counted and not chosen.group_by:
		assert all(row["now"] == row["entered"] == 0 for row in report.rows)
		return
	assert by_key(report.rows, chosen, "stage") == counted
	assert report.totals["now"] == sum(row["now"] for row in counted.values())
	assert report.totals["amount"] == add_up(counted.values(), "amount")
	assert report.totals["weighted"] == add_up(counted.values(), "weighted")


def check_income(report: base.Report, site: Site, chosen: Filters) -> None:
	counted, overall = income(site, chosen)
	running = [row["running_share"] for row in report.rows]
	rows = by_key(
		({name: value for name, value in row.items() if name != "running_share"} for row in report.rows),
		chosen,
	)
	if counted or chosen.group_by:
		assert rows == counted
	totals = {name: report.totals[name] for name in overall}
	assert totals == overall
	amounts = [row["amount"] for row in report.rows]
	assert amounts == sorted(amounts, reverse=True)
	assert running == [
		percent(sum(amounts[: place + 1], Decimal(0)), overall["amount"]) for place in range(len(amounts))
	]


def check_channels(report: base.Report, site: Site, chosen: Filters) -> None:
	counted = channels(site, chosen)
	assert by_key(report.rows, chosen) == counted
	for name in ("leads", "mqls", "sqls", "won", "budgets", "revenue"):
		assert report.totals[name] == sum(row[name] for row in counted.values())


def check_win_loss(report: base.Report, site: Site, chosen: Filters) -> None:
	counted = win_loss(site, chosen)
	if counted or chosen.group_by:
		assert by_key(report.rows, chosen) == counted
	assert report.totals["won_amount"] == add_up(counted.values(), "won_amount")
	assert report.totals["lost"] == sum(row["lost"] for row in counted.values())


def check_activity(report: base.Report, site: Site, chosen: Filters) -> None:
	counted = activity(site, chosen)
	if chosen.group_by:
		assert by_key(report.rows, chosen) == counted
		assert report.totals["deals"] == sum(row["deals"] for row in counted.values())
	else:
		assert sum(row["activity_status"] == "Active" for row in report.rows) == sum(
			row["active"] for row in counted.values()
		)
		assert report.totals["amount"] == add_up(counted.values(), "amount")


def code_of(row: Mapping[str, Any]) -> str:
	"""The kind of a finding that is shown."""
	return next(
		code for code, finding in reconciliation_report.FINDINGS.items() if finding.label == row["finding"]
	)


def check_reconciliation(report: base.Report, site: Site, chosen: Filters) -> None:
	found = {(code_of(row), row["document"]) for row in report.rows}
	assert len(found) == len(report.rows)
	assert found == reconciliation(site, chosen)


def check_work(report: base.Report, site: Site, chosen: Filters) -> None:
	counted, overall = work(site, chosen)
	kinds = {column.fieldname: 0 for column in report.columns if column.fieldname.startswith("kind: ")}
	nothing = _work_row([])
	expected = {key: {**nothing, **kinds, **row} for key, row in counted.items()}
	assert by_key(report.rows, chosen) == expected or (not counted and not chosen.group_by)
	assert {name: report.totals[name] for name in {**nothing, **kinds}} == {**nothing, **overall}


def check_segments(report: base.Report, site: Site, chosen: Filters) -> None:
	counted = segments(site, chosen)
	sums = ("purchases", "bought", "billed", "owed", "under_way", "deliveries")
	assert {name: report.totals[name] for name in sums} == {
		name: sum(row[name] for row in counted.values()) for name in sums
	}
	if not chosen.group_by:
		known = {
			row["customer"]: {name: row[name] for name in ("segment", *sums, "last_on")}
			for row in report.rows
		}
		assert known == counted
	elif chosen.group_by == ("segment",):
		found = {row["segment"]: (row["clients"], row["bought"]) for row in report.rows}
		by_segment: dict[str, list[Record]] = defaultdict(list)
		for row in counted.values():
			by_segment[row["segment"]].append(row)
		assert found == {name: (len(rows), add_up(rows, "bought")) for name, rows in by_segment.items()}
	else:
		assert sum(row["clients"] for row in report.rows) == len(counted)


CHECKS = {
	activity_report: check_activity,
	channels_report: check_channels,
	funnel_report: check_funnel,
	income_report: check_income,
	reconciliation_report: check_reconciliation,
	segments_report: check_segments,
	win_loss_report: check_win_loss,
	work_report: check_work,
}
"""For each report, what asserts that it equals the count."""


def change_documents(site: Site, random: Random) -> None:
	"""Some of them move to another month, get another amount, change hands, or are paid."""
	changes = {
		"Partner Lead": lambda: {"channel": random.choice(CHANNELS), "registered_on": random.choice(DAYS)},
		"Partner Deal": lambda: {"base_amount": random.choice(AMOUNTS), "responsible": random.choice(PEOPLE)},
		"Payout": lambda: {
			"client": random.choice(("Acme", "Ivanov", "Petrova")),
			"status": random.choice(("Expected", "Paid", "Rejected", "Clawed Back")),
			"due_on": random.choice((None, *DAYS)),
		},
		"Partner Claim": lambda: {"program": random.choice(PROGRAMS)},
	}
	for doctype, change in changes.items():
		for record in site.records[doctype]:
			if not random.randrange(4):
				site.change(doctype, record, **change())


def kept_filters(random: Random, module: base.ReportModule) -> Filters:
	"""Filters that rollups can answer, at least some of a report's."""
	by = random.choice([rollup.by for rollup in module.ROLLUPS])
	values = {"channel": CHANNELS, "program": PROGRAMS, "responsible": PEOPLE}
	chosen = {"company": random.choice((None, "Alpha"))}
	if by and not random.randrange(3):
		chosen[by] = random.choice([value for value in values[by] if value])
	begins, ends = random.choice(
		[
			*[(None, None)] * 3,
			(date(2024, 2, 1), date(2024, 4, 30)),
			(date(2024, 2, 5), date(2024, 4, 29)),
			(date(2024, 3, 1), None),
			(None, date(2024, 3, 10)),
			(date(2024, 3, 2), date(2024, 3, 9)),
		]
	)
	groups = [name for name in ("month", "company", by) if name in module.GROUPS]
	group_by = tuple(random.sample(groups, random.randrange(len(groups) + 1)))
	return Filters(**chosen, from_date=begins, to_date=ends, group_by=group_by)


def any_filters(random: Random, module: base.ReportModule) -> Filters:
	"""Some filters that the report can honour, over values that occur on the site."""
	values = {
		"company": COMPANIES,
		"responsible": PEOPLE,
		"channel": CHANNELS,
		"program": PROGRAMS,
		"partner": PARTNERS,
		"region": REGIONS,
		"source": ("google",),
		"direction": ("Payable", "Receivable"),
	}
	name = random.choice(module.FILTERS)
	chosen = {name: random.choice([value for value in values[name] if value])} if random.randrange(3) else {}
	begins, ends = random.choice(
		[(None, None), (date(2024, 2, 5), date(2024, 4, 30)), (None, date(2024, 3, 1))]
	)
	groups = random.sample(module.GROUPS, min(random.randrange(3), len(module.GROUPS)))
	return Filters(**chosen, from_date=begins, to_date=ends, group_by=tuple(groups))
