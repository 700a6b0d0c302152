"""Payout Reconciliation: the weekly list of money that was forgotten, is late, or can't be right.

Each row is one finding about one document. Payouts, deals and referral leads belong to the period by the day the
client was won, a programme's own statement by its last day, our statements by no day at all; a programme's silence is
judged by its whole history. Rejected payouts
owe nothing, and rows that take back are judged with what they take back.

`FINDINGS` says for each kind which rows there are, and what of them is told. Most is decided by the database. Where
it can't be, it finds the few rows that simple arithmetic does not explain, and the terms that were copied onto them
decide. The weekly job asks the same questions part by part (`part_of`, `among`).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import pairwise
from statistics import median_high
from typing import Any

from pypika import Table
from pypika.functions import Coalesce, Sum
from pypika.queries import QueryBuilder
from pypika.terms import Criterion, ExistsCriterion, Field, Function, Term, ValueWrapper

from partner_crm.reports.base import Behind, Chart, Column, Figure, Report, Results, number, to_date
from partner_crm.reports.behind import of_column
from partner_crm.reports.filters import Filters, Message
from partner_crm.reports.sql import Columns, Reader, Restrict, blank, when
from partner_crm.reports.tables import table_name
from partner_crm.rules.agreements import Agreement, load, range_of
from partner_crm.rules.calendar import add_months
from partner_crm.rules.commission import (
	CLAWED_BACK,
	CONFIRMED,
	EXPECTED,
	FIXED,
	PARTLY_PAID,
	PERCENT_OF_PAID,
	REJECTED,
)
from partner_crm.rules.money import round_money, smallest_unit
from partner_crm.rules.stages import CLIENT, LOST

GROUPS = ()
FILTERS = ("company", "responsible", "channel", "program", "partner", "region")

DEAL, LEAD, PAYOUT = "Partner Deal", "Partner Lead", "Payout"
STATEMENT, PROGRAM = "Payout Statement", "Partner Program"
OWNERS_STATEMENT, OPEN_DIFFERENCES = "Program Statement", "Open Differences"
INVOICES = ("Purchase Invoice", "Sales Invoice")

RECEIVABLE = "Receivable"
DRAFT, CANCELLED = "Draft", "Cancelled"
NOT_CANCELLED = 2
"""The docstatus of drafts and of what is submitted lies below."""
DB_PLACES = 9
"""Decimal places of Frappe's columns for amounts and percentages."""
UNPAID = (EXPECTED, CONFIRMED, PARTLY_PAID)
SETTLED = (REJECTED, CLAWED_BACK)

ROUNDINGS, ROUNDINGS_OF_SHARES = 2, 3
"""A reward is rounded in total and divided, over shares too: so many smallest units a row can be off by itself."""

SILENT_AFTER_GAPS = 2
"""A programme is silent once nothing was paid for longer than this many of its usual gaps."""
LEAST_GAPS = 3
"""With fewer gaps between payments a programme has no rhythm yet."""

COMMON = ("name", "direction", "program", "party", "client", "amount", "day")
"""What every query begins with. `amount` is in the company's currency."""

FoundRow = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Listed:
	"""A query without an order, and its columns for the document and the day."""

	query: QueryBuilder
	name: Field
	day: Field


@dataclass(frozen=True, slots=True)
class Finding:
	"""A kind of finding: its name for people, the DocType it is about, and the sentence that explains a row.

	`told`: of the rows that `listed` finds, those that are findings, with what the sentence needs besides {on}.
	`needs`: columns (DocType, column) without which a reader is told nothing of it. `is_whole`: it takes all of its
	rows together to tell.
	"""

	label: str
	doctype: str
	sentence: str
	listed: Callable[[Reader, date], Listed]
	told: Callable[[Sequence[FoundRow], date], Iterable[tuple[FoundRow, Mapping[str, Any]]]] | None = None
	needs: tuple[tuple[str, str], ...] = ()
	is_whole: bool = False


# The queries


def _listing(reader: Reader, source: QueryBuilder, *more: str) -> Listed:
	columns = [source[name] for name in (*COMMON, *more)]
	return Listed(reader.Q.from_(source).select(*columns), source["name"], source["day"])


def _nothing(alias: str) -> Term:
	return ValueWrapper(None).as_(alias)


def _client(row: Columns, title: str, name: Term) -> Term:
	"""As people call him: names of cards say nothing."""
	return when(blank(row(title)), name, row(title)).as_("client")


def _paid_for(payout: Columns) -> Term:
	return _client(payout, "client_title", payout("client"))


AMOUNT = {DEAL: "base_amount", LEAD: "base_potential_value"}
TITLE = {DEAL: "deal_title", LEAD: "lead_title"}
LINK = {DEAL: "deal", LEAD: "lead"}


def _won(reader: Reader, doctype: str, where: Callable[[Columns], Criterion]) -> QueryBuilder:
	"""Clients who were won under a programme."""

	def day(row: Columns) -> Term:
		return row("won_on") if doctype == DEAL else Coalesce(row("won_on"), row("registered_on"))

	return reader.chosen(
		doctype,
		dated=day,
		terms=lambda row: [
			row("name"),
			_nothing("direction"),
			row("program"),
			row("partner").as_("party"),
			_client(
				row,
				TITLE[doctype],
				when(blank(row("counterparty")), row("contact"), row("counterparty")),
			),
			row(AMOUNT[doctype]).as_("amount"),
			day(row).as_("day"),
		],
		where=lambda row: (row("stage") == CLIENT) & ~blank(row("program")) & where(row),
	)


def _without_payout(doctype: str, reader: Reader, today: date) -> Listed:
	"""Never reckoned by what holds now. What was reckoned and has no payout waits for the client's first payment."""
	# What was agreed is kept from readers; whether anything was is no secret.
	agreed = Table(table_name(doctype))["payout_terms"]
	return _listing(reader, _won(reader, doctype, lambda row: blank(agreed)))


def _without_claim(doctype: str, reader: Reader, today: date) -> Listed:
	return _listing(reader, _won(reader, doctype, lambda row: blank(row("claim"))))


def _payouts(
	reader: Reader, where: Callable[[Columns], Criterion], on: str = "won_on", *more: str
) -> QueryBuilder:
	"""Payouts with what is still to be paid of them, and the named columns besides."""
	return reader.chosen(
		PAYOUT,
		dated="won_on",
		terms=lambda payout: [
			payout("name"),
			payout("direction"),
			payout("program"),
			payout("partner").as_("party"),
			_paid_for(payout),
			(payout("base_amount") - Coalesce(payout("base_paid_amount"), 0)).as_("amount"),
			payout(on).as_("day"),
			*[payout(name) for name in more],
		],
		where=where,
	)


def _not_in_statement(reader: Reader, today: date) -> Listed:
	return _listing(
		reader,
		_payouts(reader, lambda payout: (payout("status") == CONFIRMED) & blank(payout("statement"))),
	)


def _overdue(reader: Reader, today: date) -> Listed:
	"""What is still to be paid of a payout and all that takes it back."""
	payout = _payouts(
		reader,
		lambda payout: (
			payout("status").isin(UNPAID) & (payout("due_on") < today) & blank(payout("reversal_of"))
		),
		"due_on",
	)
	taken_back = _taken_back(reader)
	left = payout["amount"] + Coalesce(taken_back["amount"], 0)
	columns = [left.as_(name) if name == "amount" else payout[name] for name in COMMON]
	query = reader.Q.from_(payout).left_join(taken_back).on(taken_back["root"] == payout["name"])
	query = query.select(*columns).where(Function("ROUND", left, reader.filters.precision) > 0)
	return Listed(query, payout["name"], payout["day"])


def _taken_back(reader: Reader) -> QueryBuilder:
	"""Of each payout, the sum of all rows that take it back."""
	row = reader.all(PAYOUT, ["root", "base_amount"], where=lambda payout: ~blank(payout("reversal_of")))
	summed = reader.Q.from_(row).select(row["root"], Sum(row["base_amount"]).as_("amount"))
	return summed.groupby(row["root"]).as_("taken_back")


TERMS = ("amount", "basis_amount", "rate", "currency", "terms")


def _differs(reader: Reader, today: date) -> Listed:
	"""Payouts that no row without tiers among the terms of their programme explains by simple arithmetic."""
	unit = Decimal(100 * ROUNDINGS).scaleb(-reader.filters.precision)
	payout = reader.chosen(
		PAYOUT,
		dated="won_on",
		terms=lambda payout: [
			*[payout(name) for name in ("name", "direction", "program")],
			payout("partner").as_("party"),
			_paid_for(payout),
			payout("base_amount"),
			payout("won_on").as_("day"),
			payout("share"),
			*[payout(name) for name in TERMS],
		],
		where=lambda payout: blank(payout("reversal_of")) & payout("status").notin(SETTLED),
	)
	term = reader.all(
		"Partner Program Term",
		("parent", "basis", "value", "valid_from", "valid_to", "recurring_months"),
		where=lambda term: blank(term("tier_by")),
	)
	months = when(term["recurring_months"] > 1, term["recurring_months"], 1)
	above_fixed = payout["amount"] * 100 * months - term["value"] * payout["share"]
	above_percent = payout["amount"] * 100 - payout["basis_amount"] * term["value"]
	explains = (
		(term["parent"] == payout["program"])
		& (term["valid_from"].isnull() | (term["valid_from"] <= payout["day"]))
		& (term["valid_to"].isnull() | (term["valid_to"] >= payout["day"]))
		& (
			((term["basis"] == FIXED) & _is_within(above_fixed, months * unit))
			| ((term["basis"] != FIXED) & _is_within(above_percent, unit))
		)
	)
	above_rate = payout["amount"] * 100 - payout["basis_amount"] * payout["rate"]
	is_off = payout["terms"].notnull() | ((payout["rate"] > 0) & ~_is_within(above_rate, unit))
	columns = [payout["base_amount" if name == "amount" else name] for name in COMMON]
	query = reader.Q.from_(payout).select(*columns, *[payout[name] for name in TERMS])
	# Asked row by row: joined, a database sorts all of what it finds before it can tell the first part of it.
	explanation = reader.Q.from_(term).select(term["parent"]).where(explains)
	unexplained = query.where(is_off & ExistsCriterion(explanation).negate())
	return Listed(unexplained, payout["name"], payout["day"])


def _is_within(difference: Term, most: Any) -> Criterion:
	return (difference <= most) & (difference * -1 <= most)


def _of_lost(doctype: str, reader: Reader, today: date) -> Listed:
	"""Payouts still counted on although nobody is won any more by the deal or lead that they hang on."""
	link, more = LINK[doctype], ("instalment", "terms")
	payout = _payouts(
		reader,
		lambda payout: payout("status").isin(UNPAID) & blank(payout("reversal_of")),
		"won_on",
		link,
		*more,
	)
	columns = ["name", "stage", "closed_on"] if doctype == DEAL else ["name", "stage"]
	lost = reader.all(doctype, columns, where=lambda row: row("stage") != CLIENT)
	listed = _listing(reader, payout, *more)
	query = listed.query.join(lost).on(lost["name"] == payout[link])
	query = query.select(lost["stage"], lost["closed_on"] if doctype == DEAL else _nothing("closed_on"))
	return Listed(query, listed.name, listed.day)


def _refunded(reader: Reader, today: date) -> Listed:
	"""Payouts still counted on although nothing is left of them with all that takes them back."""
	taken_back = _taken_back(reader)
	payout = _payouts(
		reader,
		lambda payout: payout("status").isin(UNPAID) & blank(payout("reversal_of")),
		"won_on",
		"base_amount",
	)
	left = payout["base_amount"] + taken_back["amount"]
	listed = _listing(reader, payout)
	query = listed.query.join(taken_back).on(taken_back["root"] == payout["name"])
	query = query.where(Function("ROUND", left, reader.filters.precision) <= 0)
	return Listed(query, listed.name, listed.day)


def _statements(reader: Reader, where: Callable[[Columns], Criterion], *more: str) -> QueryBuilder:
	return reader.chosen(
		STATEMENT,
		dated=None,
		terms=lambda statement: [
			statement("name"),
			statement("direction"),
			_nothing("program"),
			statement("party"),
			_nothing("client"),
			statement("base_total").as_("amount"),
			statement("creation").as_("day"),
			*[statement(name) for name in more],
		],
		where=where,
	)


def _without_invoice(reader: Reader, today: date) -> Listed:
	"""What was paid without one needs none, and payouts that settle each other have nothing to invoice."""
	return _listing(
		reader,
		_statements(
			reader,
			lambda statement: (
				blank(statement("invoice")) & (statement("status") == DRAFT) & (statement("total") != 0)
			),
		),
	)


def _invoice_differs(reader: Reader, today: date) -> Listed:
	"""Statements whose invoice, with taxes or without, is for something else than they are."""
	statement = _statements(
		reader,
		lambda statement: ~blank(statement("invoice")) & (statement("status") != CANCELLED),
		*("invoice", "invoice_type", "total", "currency"),
	)
	unit = Decimal(1).scaleb(-reader.filters.precision)
	columns = ("name", "currency", "net_total", "grand_total", "docstatus")
	listed = _listing(reader, statement, "invoice", "total", "currency")
	query, found = listed.query, {}
	for doctype in INVOICES:
		invoice = reader.all(doctype, columns, where=lambda one: one("docstatus") < NOT_CANCELLED)
		is_its = (statement["invoice_type"] == doctype) & (invoice["name"] == statement["invoice"])
		query = query.left_join(invoice).on(is_its)
		found[doctype] = invoice

	def of_either(column: str) -> Term:
		return Coalesce(*[invoice[column] for invoice in found.values()])

	is_off = of_either("currency") != statement["currency"]
	off = [~_is_within(of_either(total) - statement["total"], unit) for total in ("net_total", "grand_total")]
	query = query.select(of_either("net_total"), of_either("currency")).where(is_off | Criterion.all(off))
	return Listed(query, listed.name, listed.day)


def _silent(reader: Reader, today: date) -> Listed:
	"""Programmes that are not ended, with a day on which the owner paid."""
	payout = reader.chosen(
		PAYOUT,
		dated=None,
		terms=lambda payout: [
			payout("program").as_("name"),
			payout("direction"),
			payout("program"),
			_nothing("party"),
			_nothing("client"),
			_nothing("amount"),
			payout("paid_on").as_("day"),
		],
		where=lambda payout: (
			(payout("direction") == RECEIVABLE)
			& ~blank(payout("program"))
			& payout("paid_on").notnull()
			& blank(payout("reversal_of"))
		),
	)
	running = reader.all(PROGRAM, ["name"], where=lambda program: Coalesce(program("disabled"), 0) == 0)
	listed = _listing(reader, payout)
	query = listed.query.join(running).on(running["name"] == payout["name"])
	return Listed(query.groupby(*[payout[name] for name in COMMON]), listed.name, listed.day)


def _owner_differs(reader: Reader, today: date) -> Listed:
	"""Lists of programmes' owners with differences from our payouts that nobody has cleared up."""
	statement = reader.chosen(
		OWNERS_STATEMENT,
		dated="to_date",
		terms=lambda statement: [
			statement("name"),
			_nothing("direction"),
			statement("program"),
			_nothing("party"),
			_nothing("client"),
			_nothing("amount"),
			statement("to_date").as_("day"),
			statement("open_lines"),
		],
		where=lambda statement: statement("status") == OPEN_DIFFERENCES,
	)
	return _listing(reader, statement, "open_lines")


# What of the rows is told


Told = Iterator[tuple[FoundRow, Mapping[str, Any]]]


def _differing(rows: Sequence[FoundRow], today: date) -> Told:
	"""Those that the terms that were copied onto them don't explain, nor rounding to their own currency."""
	for *common, amount, basis, rate, currency, terms in rows:
		given, currency = number(amount, DB_PLACES), currency or ""
		agreement = _agreement(terms)
		allowed = _allowed(agreement, common[3] or "", number(basis, DB_PLACES), number(rate, DB_PLACES))
		if allowed is None:
			continue
		due = round_money(min(max(given, allowed[0]), allowed[1]), currency)
		if abs(given - due) > smallest_unit(currency) * _roundings(agreement):
			given = round_money(given, currency)
			yield common, {"given": given, "currency": currency, "due": due}


def _allowed(
	agreement: Agreement | None, partner: str, basis: Decimal, rate: Decimal
) -> tuple[Decimal, Decimal] | None:
	if agreement is None:
		due = basis * rate / 100
		return due, due
	return range_of(agreement, partner, basis) if partner in agreement.partners else None


def _roundings(agreement: Agreement | None) -> int:
	return ROUNDINGS_OF_SHARES if agreement and len(agreement.shares) > 1 else ROUNDINGS


def _agreement(terms: str | None) -> Agreement | None:
	return load(json.loads(terms)["agreement"]) if terms else None


def _lost(rows: Sequence[FoundRow], today: date) -> Told:
	"""Without what stays of a contract that was given up: payments that came, instalments that were earned."""
	for *common, instalment, terms, stage, closed_on in rows:
		if not (stage == LOST and _stays(terms, instalment, to_date(common[6]), to_date(closed_on))):
			yield common, {}


def _stays(terms: str | None, instalment: int, won_on: date | None, closed_on: date | None) -> bool:
	agreement = _agreement(terms)
	if agreement is None:
		return False
	if agreement.basis == PERCENT_OF_PAID:
		return True
	recurs = agreement.terms[0].recurring_months > 1
	return bool(recurs and closed_on and won_on and add_months(won_on, instalment - 1) <= closed_on)


def _gone_silent(rows: Sequence[FoundRow], today: date) -> Told:
	paid_on: dict[str, list[date]] = defaultdict(list)
	for row in rows:
		paid_on[row[0]].append(to_date(row[6]))
	for program, on in sorted(paid_on.items()):
		days = sorted(on)
		gaps = [(later - earlier).days for earlier, later in pairwise(days)]
		if len(gaps) < LEAST_GAPS:
			continue
		gap, quiet = median_high(gaps), (today - days[-1]).days
		if quiet > SILENT_AFTER_GAPS * gap:
			row = (program, RECEIVABLE, program, None, None, None, days[-1])
			yield row, {"days": quiet, "gap": gap}


def _invoiced_otherwise(rows: Sequence[FoundRow], today: date) -> Told:
	for *common, invoice, total, currency, net, invoiced_in in rows:
		given = round_money(number(net, DB_PLACES), invoiced_in or "")
		due = round_money(number(total, DB_PLACES), currency or "")
		yield (
			common,
			{
				"invoice": invoice,
				"given": given,
				"invoiced_in": invoiced_in,
				"due": due,
				"currency": currency,
			},
		)


def _owner_says_otherwise(rows: Sequence[FoundRow], today: date) -> Told:
	for *common, lines in rows:
		yield common, {"lines": lines}


FINDINGS = {
	"deal_without_payout": Finding(
		"Won without Payout",
		DEAL,
		"The deal was won on {on}, and no payout was made for it.",
		partial(_without_payout, DEAL),
	),
	"lead_without_payout": Finding(
		"Referral without Payout",
		LEAD,
		"The client was won on {on}, and no payout is expected.",
		partial(_without_payout, LEAD),
	),
	"deal_without_claim": Finding(
		"Won without Claim",
		DEAL,
		"The deal was won on {on}, and its client is registered for no one under the programme.",
		partial(_without_claim, DEAL),
	),
	"lead_without_claim": Finding(
		"Referral without Claim",
		LEAD,
		"The client was won on {on}, and is registered for no one under the programme.",
		partial(_without_claim, LEAD),
	),
	"not_in_statement": Finding(
		"Not in a Statement",
		PAYOUT,
		"The payout is confirmed and is in no statement.",
		_not_in_statement,
		needs=((PAYOUT, "statement"),),
	),
	"without_invoice": Finding(
		"Statement without Invoice", STATEMENT, "The statement of {on} has no invoice.", _without_invoice
	),
	"invoice_differs": Finding(
		"Invoice Differs from Its Statement",
		STATEMENT,
		"The invoice {invoice} is for {given} {invoiced_in}; its statement is {due} {currency}.",
		_invoice_differs,
		_invoiced_otherwise,
	),
	"overdue": Finding(
		"Overdue",
		PAYOUT,
		"The payout was due on {on}.",
		_overdue,
		needs=((PAYOUT, "base_amount"), (PAYOUT, "base_paid_amount")),
	),
	"differs": Finding(
		"Differs from the Terms",
		PAYOUT,
		"The payout is {given} {currency}; by its terms it would be {due}.",
		_differs,
		_differing,
		needs=((PAYOUT, "terms"),),
	),
	"deal_lost": Finding(
		"Lost Client Still Expected",
		PAYOUT,
		"The deal is not won any more, and its payout still counts as due.",
		partial(_of_lost, DEAL),
		_lost,
		needs=((PAYOUT, "terms"),),
	),
	"lead_lost": Finding(
		"Rejected Referral Still Expected",
		PAYOUT,
		"The client is not won any more, and the payout still counts as due.",
		partial(_of_lost, LEAD),
		_lost,
		needs=((PAYOUT, "terms"),),
	),
	"refunded": Finding(
		"Refunded Client Still Expected",
		PAYOUT,
		"The payout was taken back in full and still counts as due.",
		_refunded,
		needs=((PAYOUT, "base_amount"),),
	),
	"owner_differs": Finding(
		"Programme's Statement Differs",
		OWNERS_STATEMENT,
		"The statement of the programme's owner until {on} differs from our payouts. Open lines: {lines}.",
		_owner_differs,
		_owner_says_otherwise,
	),
	"silent": Finding(
		"Programme Gone Silent",
		PROGRAM,
		"The last payment came on {on}, {days} days ago; the usual gap is {gap} days.",
		_silent,
		_gone_silent,
		needs=((PAYOUT, "paid_on"),),
		is_whole=True,
	),
}


# What is asked


PROGRAMS = "programs"


def queries(reader: Reader, today: date) -> dict[str, QueryBuilder]:
	"""A query for each kind of finding that the reader can be told, and what they need beside."""
	reader.filters.check(GROUPS, FILTERS)
	found = {}
	for code, finding in FINDINGS.items():
		if reader.restrict.hidden.isdisjoint(finding.needs):
			listed = finding.listed(reader, today)
			found[code] = listed.query.orderby(listed.day, listed.name)
	return found | {PROGRAMS: _programs(reader)}


def part_of(code: str, Q: Any, filters: Filters, today: date, after: str, most: int) -> QueryBuilder:
	"""So many of the rows of a finding, by the names of the documents, from the one behind `after` on."""
	listed = FINDINGS[code].listed(Reader(Q, filters, Restrict()), today)
	if FINDINGS[code].is_whole:
		return listed.query.orderby(listed.name, listed.day)
	return listed.query.where(listed.name > after).orderby(listed.name).limit(most)


def among(code: str, Q: Any, filters: Filters, today: date, names: Sequence[str]) -> QueryBuilder:
	"""The rows of a finding about the documents of these names."""
	listed = FINDINGS[code].listed(Reader(Q, filters, Restrict()), today)
	return listed.query.where(listed.name.isin(names)).orderby(listed.name)


def _programs(reader: Reader) -> QueryBuilder:
	program = reader.all(PROGRAM, ["name", "manager_email", "direction"])
	return reader.Q.from_(program).select(program["name"], program["manager_email"], program["direction"])


# What is shown


@dataclass(frozen=True, slots=True)
class Found:
	"""A finding about one document; `text` says what is wrong."""

	code: str
	document: str
	direction: str | None
	program: str | None
	party: str | None
	client: str | None
	amount: Decimal | None
	day: date | None
	text: Message

	@property
	def finding(self) -> Finding:
		return FINDINGS[self.code]


def told(code: str, rows: Sequence[FoundRow], filters: Filters, today: date) -> Iterator[Found]:
	"""What the fetched rows of a kind of finding say."""
	finding = FINDINGS[code]
	for row, values in finding.told(rows, today) if finding.told else ((row, {}) for row in rows):
		document, direction, program, party, client, amount, day = row
		on = to_date(day)
		yield Found(
			code,
			document,
			direction,
			program,
			party,
			client,
			None if amount is None else number(amount, filters.precision),
			on,
			Message(finding.sentence, {"on": on, **values}),
		)


def _behind() -> tuple[Behind, ...]:
	"""The document itself; of a statement its payouts."""

	def of(doctype: str, listed: str, column: str) -> Behind:
		def names(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder | None:
			if key.get("doctype") != doctype:
				return None
			rows = reader.all(listed, ["name"], where=lambda row: row(column) == key["document"])
			return reader.Q.from_(rows).select(rows["name"]).orderby(rows["name"])

		return Behind(listed, names=names, keys={"doctype": "doctype", "document": column})

	return (
		of(DEAL, DEAL, "name"),
		of(LEAD, LEAD, "name"),
		of(PAYOUT, PAYOUT, "name"),
		of(STATEMENT, PAYOUT, "statement"),
	)


COLUMNS = (
	Column("finding", "Finding", "Data", is_said=True),
	Column("client", "Client", "Data"),
	Column("program", "Programme", "Link", PROGRAM),
	Column("amount", "Amount", "Currency", behind=_behind()),
	Column("day", "Day", "Date"),
	Column("text", "What Is Wrong", "Small Text"),
	Column("doctype", "Document Type", "Link", "DocType"),
	Column("document", "Document", "Dynamic Link", "doctype"),
	Column("direction", "Direction", "Data", is_said=True, context=PROGRAM),
	Column("party", "Partner or Party", "Data"),
	Column("manager_email", "Programme's Manager", "Data", "Email"),
)


def behind(column: str) -> tuple[Behind, ...]:
	return of_column(COLUMNS, column)


def report(results: Results, filters: Filters, today: date) -> Report:
	"""A row for each finding, kind by kind, the oldest first.

	`finding` is its name for people; `text` is a `Message`. `amount` is what was sold or is still unpaid, in the company's
	currency; where a payout differs from its terms, and of a statement, all of it.
	"""
	programs = {name: (email, direction) for name, email, direction in results[PROGRAMS]}
	found = [each for code in FINDINGS for each in told(code, results.get(code, ()), filters, today)]
	counts = Counter(each.code for each in found)
	kinds = [code for code in FINDINGS if counts[code]]
	return Report(
		columns=COLUMNS,
		rows=tuple(_row(each, *programs.get(each.program, (None, None))) for each in found),
		totals=dict.fromkeys(column.fieldname for column in COLUMNS),
		chart=Chart(
			"bar",
			tuple(FINDINGS[code].label for code in kinds),
			(("Findings", tuple(counts[code] for code in kinds)),),
		),
		summary=tuple(Figure(FINDINGS[code].label, counts[code], "Int") for code in kinds),
	)


def _row(found: Found, manager_email: str | None, direction: str | None) -> dict[str, Any]:
	return {
		"finding": found.finding.label,
		"doctype": found.finding.doctype,
		"document": found.document,
		"direction": found.direction or direction,
		"program": found.program,
		"manager_email": manager_email,
		"party": found.party,
		"client": found.client,
		"amount": found.amount,
		"day": found.day,
		"text": found.text,
	}
