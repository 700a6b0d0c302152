"""Partner Income: what the claims of partners and programmes brought, what is still to come, and who brings it.

Payouts belong to the period and to a month by the day their client was won, claims by the day they were
registered. Reversals are rows with negative amounts, so every sum is net; rejected payouts count for nothing.
Payable and receivable money are told apart by the filter or the grouping `direction`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pypika.functions import Coalesce
from pypika.queries import QueryBuilder
from pypika.terms import Criterion, Term

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
from partner_crm.reports.behind import Narrowing, of_column, of_row
from partner_crm.reports.filters import Filters
from partner_crm.reports.rollups import CLAIMS as OF_CLAIMS
from partner_crm.reports.rollups import COUNT, DUES, INCOME, MONEY, PAID_CLIENTS, TEXT, Rollup
from partner_crm.reports.sql import Columns, Reader, blank, only, when
from partner_crm.rules.commission import CLAWED_BACK, EXPECTED, REJECTED

GROUPS = ("program", "partner", "channel", "client", "responsible", "month", "region", "company", "direction")
FILTERS = ("company", "responsible", "channel", "program", "partner", "region", "direction")

PARETO_LINE = Decimal(80)
"""The few that bring this many percent of the income are the ones to look after."""


def queries(reader: Reader, today: date) -> dict[str, QueryBuilder]:
	"""The payouts' sums, the clients by group and altogether, and the claims."""
	reader.filters.check(GROUPS, FILTERS)
	return {
		"payouts": PAYOUTS.rows(reader),
		"overdue": _overdue(reader, today),
		"clients": (CLIENTS if reader.filters.group_by else ALL_CLIENTS).rows(reader),
		"all_clients": ALL_CLIENTS.rows(replace(reader, filters=replace(reader.filters, group_by=()))),
		"claims": CLAIMS.rows(reader),
	}


def _payouts(reader: Reader) -> QueryBuilder:
	"""`own` are no reversals; `days` to the client are told by the first instalments, which are the `timed`."""

	def terms(payout: Columns) -> list[Any]:
		paid = Coalesce(payout("base_paid_amount"), 0)
		first = blank(payout("reversal_of")) & (Coalesce(payout("instalment"), 1) <= 1)
		return [
			payout("status"),
			payout("base_amount").as_("amount"),
			paid.as_("paid"),
			when(blank(payout("reversal_of"))).as_("own"),
			only(first, payout("days_to_client")).as_("days"),
			when(first & payout("days_to_client").notnull()).as_("timed"),
		]

	return reader.chosen("Payout", dated="won_on", terms=terms, where=_counts)


def _counts(payout: Columns) -> Criterion:
	return payout("status") != REJECTED


def _overdue(reader: Reader, today: date) -> QueryBuilder:
	"""Rows: group, payouts, what of them is past its day and not paid.

	All of them together are those that were due until yesterday, so they are kept by the month they are due in.
	"""
	filters = reader.filters
	if filters.from_date or filters.to_date or "month" in filters.group_by:
		return OVERDUE.counted(_overdue_of_period(reader, today), reader)
	until_yesterday = replace(filters, to_date=today - timedelta(days=1))
	return OVERDUE.rows(replace(reader, filters=until_yesterday))


def _overdue_of_period(reader: Reader, today: date) -> QueryBuilder:
	return reader.chosen(
		"Payout",
		dated="won_on",
		terms=lambda payout: [*_owed(payout), payout("name")],
		where=lambda payout: _counts(payout) & (payout("due_on") < today),
	)


def _owed(payout: Columns) -> list[Term]:
	return [(Coalesce(payout("base_amount"), 0) - Coalesce(payout("base_paid_amount"), 0)).as_("overdue")]


def _dues(reader: Reader) -> QueryBuilder:
	return reader.chosen("Payout", dated="due_on", terms=_owed, where=_counts)


def _clients(reader: Reader) -> QueryBuilder:
	"""The clients that were won and kept."""
	return reader.chosen(
		"Payout",
		dated="won_on",
		terms=lambda payout: [payout("client")],
		where=lambda payout: (
			payout("status").notin((REJECTED, CLAWED_BACK))
			& blank(payout("reversal_of"))
			& ~blank(payout("client"))
		),
	)


def _claims(reader: Reader) -> QueryBuilder:
	return reader.chosen("Partner Claim", dated="registered_on", terms=lambda claim: [claim("name")])


PAYOUTS = Rollup(
	"income.payouts",
	_payouts,
	("Payout",),
	INCOME,
	by="program",
	facts={"status": TEXT},
	sums={"own": COUNT, "amount": MONEY, "paid": MONEY, "days": COUNT, "timed": COUNT},
)
OVERDUE = Rollup("income.overdue", _dues, ("Payout",), DUES, by="program", sums={"overdue": MONEY})
CLIENTS = Rollup("income.clients", _clients, ("Payout",), PAID_CLIENTS, by="program", counts="client")
ALL_CLIENTS = Rollup(
	"income.all_clients", _clients, ("Payout",), PAID_CLIENTS, counts="client", parts_of=CLIENTS.name
)
CLAIMS = Rollup("income.claims", _claims, ("Partner Claim",), OF_CLAIMS, by="program")
ROLLUPS = (PAYOUTS, OVERDUE, CLIENTS, ALL_CLIENTS, CLAIMS)


@dataclass(slots=True)
class Income(Tally):
	"""What is known of one group. `days` is the sum of the days to each of `first_payouts` clients."""

	claims: int = 0
	clients: int = 0
	payouts: int = 0
	amount: Decimal = Decimal(0)
	expected: Decimal = Decimal(0)
	paid: Decimal = Decimal(0)
	overdue: Decimal = Decimal(0)
	days: int = 0
	first_payouts: int = 0


def _behind(*where: Narrowing) -> tuple[Behind]:
	return (Behind("Payout", where, dated="won_on"),)


AMOUNT = ("Payout", "base_amount")
"""Whoever may not see what a payout is worth is shown no sum of them."""
ALL_CLAIMS = (Behind("Partner Claim", dated="registered_on"),)
ALL_PAYOUTS = _behind(("status", "!=", REJECTED))
OWN_PAYOUTS = _behind(("status", "!=", REJECTED), ("reversal_of", "is", "not set"))
OF_CLIENTS = _behind(("status", "not in", [REJECTED, CLAWED_BACK]), ("reversal_of", "is", "not set"))
EXPECTED_ONES = _behind(("status", "=", EXPECTED))
CONFIRMED_ONES = _behind(("status", "not in", [REJECTED, EXPECTED]))


def _overdue_ones(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder:
	"""Rows: name."""
	return of_row(reader, _overdue_of_period(reader, today), key)


COLUMNS = (
	Column("claims", "Claims", "Int", behind=ALL_CLAIMS),
	Column("clients", "Clients", "Int", behind=OF_CLIENTS),
	Column("conversion", "Conversion", "Percent", behind=ALL_CLAIMS),
	Column("payouts", "Payouts", "Int", behind=OWN_PAYOUTS),
	Column("amount", "Income", "Currency", behind=ALL_PAYOUTS, needs=AMOUNT),
	Column("expected", "Expected", "Currency", behind=EXPECTED_ONES, needs=AMOUNT),
	Column("confirmed", "Confirmed", "Currency", behind=CONFIRMED_ONES, needs=AMOUNT),
	Column("paid", "Paid", "Currency", behind=ALL_PAYOUTS, needs=AMOUNT),
	Column("overdue", "Overdue", "Currency", behind=(Behind("Payout", names=_overdue_ones),), needs=AMOUNT),
	Column("average", "Average Payout", "Currency", is_ratio=True, behind=ALL_PAYOUTS, needs=AMOUNT),
	Column("days_to_client", "Days from Lead to Client", "Float", behind=OWN_PAYOUTS),
	Column("share", "Share", "Percent", behind=ALL_PAYOUTS, needs=AMOUNT),
	Column("running_share", "Running Share", "Percent", needs=AMOUNT),
)


def behind(column: str) -> tuple[Behind, ...]:
	return of_column(COLUMNS, column)


def report(results: Results, filters: Filters, today: date) -> Report:
	"""A row for each group, the greatest income first.

	`amount` is all that is not rejected, and equals `expected` (still to be confirmed), `confirmed` (and not yet
	paid) and `paid` together; `overdue` is what of it is past its day and not paid. `conversion`: clients of
	claims; `average`: the amount by payout, reversals not counted as payouts; `days_to_client`: the mean over
	first instalments; `share` and `running_share`: of the total, this row's and with all rows above it.
	"""
	groups = _gather(results, filters)
	ordered = sorted(in_order(groups), key=lambda key: -groups[key].amount) if filters.group_by else [()]
	overall = Income()
	for income in groups.values():
		overall.add(income)
	rows, running = [], Decimal(0)
	for key in ordered:
		running += groups[key].amount
		rows.append(
			{
				**named(key, filters),
				**_figures(groups[key], filters),
				"share": percent(groups[key].amount, overall.amount),
				"running_share": percent(running, overall.amount),
			}
		)
	# A client of two programmes is one client.
	overall.clients = sum(int(count) for (count,) in results["all_clients"])
	totals = {
		**dict.fromkeys(filters.group_by),
		**_figures(overall, filters),
		"share": percent(overall.amount, overall.amount),
		"running_share": None,
	}
	return Report(
		columns=(*group_columns(filters), *COLUMNS),
		rows=tuple(rows),
		totals=totals,
		chart=Chart(
			"axis-mixed",
			tuple(ordered),
			(
				("Share", tuple(row["share"] for row in rows)),
				("Running Share", tuple(row["running_share"] for row in rows)),
			),
			lines=frozenset({"Running Share"}),
			marks=(PARETO_LINE,),
		),
		summary=(
			Figure("Income", overall.amount, "Currency", needs=AMOUNT),
			Figure("Paid", overall.paid, "Currency", needs=AMOUNT),
			Figure("Overdue", overall.overdue, "Currency", needs=AMOUNT),
			Figure("Clients", overall.clients, "Int"),
			Figure(
				"Rows that Bring 80 %", _needed(row["running_share"] for row in rows), "Int", needs=AMOUNT
			),
		),
		keys=filters.group_by,
	)


def _gather(results: Results, filters: Filters) -> dict[Key, Income]:
	groups: dict[Key, Income] = defaultdict(Income)
	for key, (status, _rows, own, *sums, days, timed) in split_rows(results, filters, "payouts"):
		amount, paid = (units(value, filters.precision) for value in sums)
		groups[key].add(
			Income(
				payouts=int(own or 0),
				amount=amount,
				expected=amount - paid if status == EXPECTED else Decimal(0),
				paid=paid,
				days=int(days or 0),
				first_payouts=int(timed or 0),
			)
		)
	for key, (_rows, overdue) in split_rows(results, filters, "overdue"):
		groups[key].overdue += units(overdue, filters.precision)
	for key, (count,) in split_rows(results, filters, "clients"):
		groups[key].clients += int(count)
	for key, (count,) in split_rows(results, filters, "claims"):
		groups[key].claims += int(count)
	return groups


def _figures(income: Income, filters: Filters) -> dict[str, Any]:
	return {
		"claims": income.claims,
		"clients": income.clients,
		"conversion": percent(income.clients, income.claims),
		"payouts": income.payouts,
		"amount": income.amount,
		"expected": income.expected,
		"confirmed": income.amount - income.expected - income.paid,
		"paid": income.paid,
		"overdue": income.overdue,
		"average": ratio(income.amount, income.payouts, filters.precision),
		"days_to_client": ratio(income.days, income.first_payouts),
	}


def _needed(running_shares: Iterable[Decimal | None]) -> int | None:
	"""How many rows it takes to reach the line; None where there is no income to share."""
	for place, share in enumerate(running_shares, 1):
		if share is not None and share >= PARETO_LINE:
			return place
	return None
