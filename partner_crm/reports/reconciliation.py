"""Payout Reconciliation: the weekly list of money that was forgotten, is late, or can't be right.

Each row is one finding about one document. Payouts and deals belong to the period by the day the client was won,
referral leads by the day they were handed over, statements by no day at all; a programme's silence is judged by its
whole history.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from statistics import median_high
from typing import Any

from pypika.functions import Coalesce, Sum
from pypika.queries import QueryBuilder
from pypika.terms import Criterion, Function, Term, ValueWrapper

from partner_crm.reports.base import Chart, Column, Figure, Report, Results, number, to_date
from partner_crm.reports.filters import Filters, Message
from partner_crm.reports.sql import Columns, Reader, Restrict, blank, when
from partner_crm.rules.commission import CONFIRMED, EXPECTED, PARTLY_PAID
from partner_crm.rules.money import round_money, smallest_unit
from partner_crm.rules.stages import CLIENT, LOST, UNQUALIFIED

GROUPS = ()
FILTERS = ("company", "responsible", "channel", "program", "partner", "region")

RECEIVABLE = "Receivable"
CANCELLED = "Cancelled"
DB_PLACES = 9
"""Decimal places of Frappe's columns for amounts and percentages."""
UNPAID = (EXPECTED, CONFIRMED, PARTLY_PAID)

SILENT_AFTER_GAPS = 2
"""A programme is silent once nothing was paid for longer than this many of its usual gaps."""
LEAST_GAPS = 3
"""With fewer gaps between payments a programme has no rhythm yet."""


@dataclass(frozen=True, slots=True)
class Finding:
	"""A kind of finding: its name for people, the DocType it is about, and the sentence that explains a row."""

	label: str
	doctype: str
	sentence: str


FINDINGS = {
	"deal_without_payout": Finding(
		"Won without Payout", "Partner Deal", "The deal was won on {on}, and no payout was made for it."
	),
	"lead_without_payout": Finding(
		"Referral without Payout",
		"Partner Lead",
		"The client was handed over on {on}, and no payout is expected.",
	),
	"deal_without_claim": Finding(
		"Won without Claim",
		"Partner Deal",
		"The deal was won on {on} for a partner who has no claim to the client.",
	),
	"not_in_statement": Finding(
		"Not in a Statement", "Payout", "The payout is confirmed and is in no statement."
	),
	"without_invoice": Finding(
		"Statement without Invoice", "Payout Statement", "The statement of {on} has no invoice."
	),
	"overdue": Finding("Overdue", "Payout", "The payout was due on {on}."),
	"differs": Finding(
		"Differs from the Terms",
		"Payout",
		"The payout is {given} {currency}; by its terms it would be {due}.",
	),
	"deal_lost": Finding(
		"Lost Client Still Expected", "Payout", "The deal is lost, and its payout still counts as due."
	),
	"lead_lost": Finding(
		"Rejected Referral Still Expected",
		"Payout",
		"The client was rejected, and the payout still counts as due.",
	),
	"refunded": Finding(
		"Refunded Client Still Expected",
		"Payout",
		"The payout was taken back in full and still counts as due.",
	),
	"silent": Finding(
		"Programme Gone Silent",
		"Partner Program",
		"The last payment came on {on}, {days} days ago; the usual gap is {gap} days.",
	),
}


def queries(
	Q: Any, filters: Filters, today: date, restrict: Restrict | None = None
) -> dict[str, QueryBuilder]:
	"""A query for each kind of finding (name, direction, programme, party, client, amount, day), and what they need beside."""
	filters.check(GROUPS, FILTERS)
	reader = Reader(Q, filters, restrict or Restrict())
	return {
		"deal_without_payout": _deal_without_payout(reader),
		"lead_without_payout": _lead_without_payout(reader),
		"deal_without_claim": _deal_without_claim(reader),
		"not_in_statement": _listed(
			reader,
			_payouts(reader, lambda payout: (payout("status") == CONFIRMED) & blank(payout("statement"))),
		),
		"without_invoice": _without_invoice(reader),
		"overdue": _overdue(reader, today),
		"differs": _differs(reader),
		"deal_lost": _of_lost(reader, "Partner Deal", "deal", LOST),
		"lead_lost": _of_lost(reader, "Partner Lead", "lead", UNQUALIFIED),
		"refunded": _refunded(reader),
		"payments": _payments(reader),
		"managers": _managers(reader),
	}


COMMON = ("name", "direction", "program", "party", "client", "amount", "day")


def _listed(reader: Reader, source: QueryBuilder, *more: str) -> QueryBuilder:
	return (
		reader.Q.from_(source)
		.select(*[source[name] for name in (*COMMON, *more)])
		.orderby(source["day"], source["name"])
	)


def _nothing(alias: str) -> Term:
	return ValueWrapper(None).as_(alias)


def _client(row: Columns) -> Term:
	return when(blank(row("counterparty")), row("contact"), row("counterparty"))


def _won_deals(reader: Reader, where: Callable[[Columns], Criterion]) -> QueryBuilder:
	return reader.chosen(
		"Partner Deal",
		dated="won_on",
		terms=lambda deal: [
			deal("name"),
			_nothing("direction"),
			deal("program"),
			deal("partner").as_("party"),
			_client(deal).as_("client"),
			deal("base_amount").as_("amount"),
			deal("won_on").as_("day"),
		],
		where=lambda deal: (deal("stage") == CLIENT) & where(deal),
	)


def _deal_without_payout(reader: Reader) -> QueryBuilder:
	deal = _won_deals(reader, lambda deal: ~blank(deal("program")))
	payout = reader.all("Payout", ["deal"])
	return (
		_listed(reader, deal)
		.left_join(payout)
		.on(payout["deal"] == deal["name"])
		.where(payout["deal"].isnull())
	)


def _deal_without_claim(reader: Reader) -> QueryBuilder:
	deal = _won_deals(reader, lambda deal: ~blank(deal("program")) & ~blank(deal("partner")))
	claim = reader.all("Partner Claim", ["program", "client"])
	is_claimed = (claim["program"] == deal["program"]) & (claim["client"] == deal["client"])
	return _listed(reader, deal).left_join(claim).on(is_claimed).where(claim["client"].isnull())


def _lead_without_payout(reader: Reader) -> QueryBuilder:
	lead = reader.chosen(
		"Partner Lead",
		dated="registered_on",
		terms=lambda lead: [
			lead("name"),
			_nothing("direction"),
			lead("program"),
			lead("partner").as_("party"),
			_client(lead).as_("client"),
			lead("base_potential_value").as_("amount"),
			lead("registered_on").as_("day"),
		],
		where=lambda lead: (lead("stage") == CLIENT) & ~blank(lead("program")),
	)
	payout = reader.all("Payout", ["lead"])
	return (
		_listed(reader, lead)
		.left_join(payout)
		.on(payout["lead"] == lead["name"])
		.where(payout["lead"].isnull())
	)


def _payouts(
	reader: Reader, where: Callable[[Columns], Criterion], on: str = "won_on", *more: str
) -> QueryBuilder:
	"""Payouts with what is still to be paid of them, and the named columns besides."""
	return reader.chosen(
		"Payout",
		dated="won_on",
		terms=lambda payout: [
			payout("name"),
			payout("direction"),
			payout("program"),
			payout("partner").as_("party"),
			payout("client"),
			(payout("base_amount") - Coalesce(payout("base_paid_amount"), 0)).as_("amount"),
			payout(on).as_("day"),
			*[payout(name) for name in more],
		],
		where=where,
	)


def _overdue(reader: Reader, today: date) -> QueryBuilder:
	payout = _payouts(
		reader, lambda payout: payout("status").isin(UNPAID) & (payout("due_on") < today), "due_on"
	)
	return _listed(reader, payout).where(payout["amount"] > 0)


def _differs(reader: Reader) -> QueryBuilder:
	"""Payouts at a percentage that are not it. A cap explains less than the percentage; it is the programme's."""
	# By the hundred, since SQLite divides whole numbers to whole numbers.
	unit = Decimal(100).scaleb(-reader.filters.precision)
	term = reader.all("Partner Program Term", ["parent"], where=lambda term: term("cap") > 0)

	def is_off(payout: Columns) -> Criterion:
		above = payout("amount") * 100 - payout("basis_amount") * payout("rate")
		is_too_little = (above < -unit) & (blank(payout("program")) | payout("program").notin(term))
		return (payout("rate") > 0) & blank(payout("reversal_of")) & ((above > unit) | is_too_little)

	terms = ("basis_amount", "rate", "currency")
	payout = reader.chosen(
		"Payout",
		dated="won_on",
		terms=lambda payout: [
			*[payout(name) for name in ("name", "direction", "program")],
			payout("partner").as_("party"),
			*[payout(name) for name in ("client", "amount")],
			payout("won_on").as_("day"),
			*[payout(name) for name in terms],
		],
		where=is_off,
	)
	return _listed(reader, payout, *terms)


def _of_lost(reader: Reader, doctype: str, link: str, stage: str) -> QueryBuilder:
	"""Payouts still counted on although the deal or lead they hang on is lost."""
	payout = _payouts(
		reader,
		lambda payout: payout("status").isin(UNPAID) & blank(payout("reversal_of")),
		"won_on",
		link,
	)
	lost = reader.all(doctype, ["name"], where=lambda row: row("stage") == stage)
	return _listed(reader, payout).join(lost).on(lost["name"] == payout[link])


def _refunded(reader: Reader) -> QueryBuilder:
	"""Payouts still counted on although reversals leave nothing of them."""
	reversal = reader.all(
		"Payout", ["reversal_of", "base_amount"], where=lambda payout: ~blank(payout("reversal_of"))
	)
	taken_back = (
		reader.Q.from_(reversal)
		.select(reversal["reversal_of"], Sum(reversal["base_amount"]).as_("amount"))
		.groupby(reversal["reversal_of"])
		.as_("taken_back")
	)
	payout = _payouts(
		reader,
		lambda payout: payout("status").isin(UNPAID) & blank(payout("reversal_of")),
		"won_on",
		"base_amount",
	)
	left = payout["base_amount"] + taken_back["amount"]
	return (
		_listed(reader, payout)
		.join(taken_back)
		.on(taken_back["reversal_of"] == payout["name"])
		.where(Function("ROUND", left, reader.filters.precision) <= 0)
	)


def _without_invoice(reader: Reader) -> QueryBuilder:
	statement = reader.chosen(
		"Payout Statement",
		dated=None,
		terms=lambda statement: [
			statement("name"),
			statement("direction"),
			_nothing("program"),
			statement("party"),
			_nothing("client"),
			statement("total").as_("amount"),
			statement("creation").as_("day"),
		],
		where=lambda statement: blank(statement("invoice")) & (statement("status") != CANCELLED),
	)
	return _listed(reader, statement)


def _payments(reader: Reader) -> QueryBuilder:
	"""Rows: programme, a day on which its owner paid."""
	payout = reader.chosen(
		"Payout",
		dated=None,
		terms=lambda payout: [payout("program"), payout("paid_on")],
		where=lambda payout: (
			(payout("direction") == RECEIVABLE)
			& ~blank(payout("program"))
			& payout("paid_on").notnull()
			& blank(payout("reversal_of"))
		),
	)
	columns = [payout["program"], payout["paid_on"]]
	return reader.Q.from_(payout).select(*columns).groupby(*columns).orderby(*columns)


def _managers(reader: Reader) -> QueryBuilder:
	program = reader.all("Partner Program", ["name", "manager_email"])
	return reader.Q.from_(program).select(program["name"], program["manager_email"])


COLUMNS = (
	Column("finding", "Finding", "Data"),
	Column("doctype", "Document Type", "Link", "DocType"),
	Column("document", "Document", "Dynamic Link", "doctype"),
	Column("direction", "Direction", "Data"),
	Column("program", "Programme", "Link", "Partner Program"),
	Column("manager_email", "Programme's Manager", "Data", "Email"),
	Column("party", "Partner or Party", "Data"),
	Column("client", "Client", "Data"),
	Column("amount", "Amount", "Currency"),
	Column("day", "Day", "Date"),
	Column("text", "What Is Wrong", "Small Text"),
)


def report(results: Results, filters: Filters, today: date) -> Report:
	"""A row for each finding, kind by kind, the oldest first.

	`finding` is a key of `FINDINGS`; `text` is a `Message`. `amount` is in the company's currency and still
	unpaid, but in the payout's own currency and whole where it differs from the terms, and the statement's total.
	"""
	managers = dict(results["managers"])
	found = [
		*_listed_rows(results, filters),
		*_differing_rows(results, filters),
		*_silent_rows(results, today),
	]
	places = {code: place for place, code in enumerate(FINDINGS)}
	found.sort(key=lambda row: places[row["finding"]])
	rows = tuple({**row, "manager_email": managers.get(row["program"])} for row in found)
	counts = Counter(row["finding"] for row in rows)
	kinds = [code for code in FINDINGS if counts[code]]
	return Report(
		columns=COLUMNS,
		rows=rows,
		totals=dict.fromkeys(column.fieldname for column in COLUMNS),
		chart=Chart(
			"bar",
			tuple(FINDINGS[code].label for code in kinds),
			(("Findings", tuple(counts[code] for code in kinds)),),
		),
		summary=tuple(Figure(FINDINGS[code].label, counts[code], "Int") for code in kinds),
	)


def _listed_rows(results: Results, filters: Filters) -> Iterator[dict[str, Any]]:
	for code in FINDINGS.keys() - {"differs", "silent"}:
		for *common, amount, on in results[code]:
			yield _row(code, common, number(amount, filters.precision), to_date(on))


def _differing_rows(results: Results, filters: Filters) -> Iterator[dict[str, Any]]:
	"""The payouts that the query found, without those that rounding to their own currency explains."""
	for *common, amount, on, basis, rate, currency in results["differs"]:
		currency = currency or ""
		due = round_money(number(basis, DB_PLACES) * number(rate, DB_PLACES) / 100, currency)
		given = number(amount, DB_PLACES)
		if abs(given - due) > smallest_unit(currency):
			yield _row(
				"differs",
				common,
				number(amount, filters.precision),
				to_date(on),
				given=round_money(given, currency),
				currency=currency,
				due=due,
			)


def _silent_rows(results: Results, today: date) -> Iterator[dict[str, Any]]:
	paid_on: dict[str, list[date]] = defaultdict(list)
	for program, on in results["payments"]:
		paid_on[program].append(to_date(on))
	for program, days in sorted(paid_on.items()):
		gaps = [(later - earlier).days for earlier, later in pairwise(days)]
		if len(gaps) < LEAST_GAPS:
			continue
		gap, quiet = median_high(gaps), (today - days[-1]).days
		if quiet > SILENT_AFTER_GAPS * gap:
			yield _row(
				"silent", (program, RECEIVABLE, program, None, None), None, days[-1], days=quiet, gap=gap
			)


def _row(
	code: str, common: Sequence[Any], amount: Decimal | None, on: date | None, **values: object
) -> dict[str, Any]:
	document, direction, program, party, client = common
	return {
		"finding": code,
		"doctype": FINDINGS[code].doctype,
		"document": document,
		"direction": direction,
		"program": program,
		"party": party,
		"client": client,
		"amount": amount,
		"day": on,
		"text": Message(FINDINGS[code].sentence, {"on": on, **values}),
	}
