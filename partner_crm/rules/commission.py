"""Partners' money: which terms hold, what they come to, when it is due, what is taken back, what is paid out.

The rules know no direction: a payout that the company owes a partner and one that a programme's owner owes
the company follow the same arithmetic. All amounts of one call are in the programme's currency; what was sold
or paid in another currency is converted before (`money.convert`, at the rate of the day).

Terms are rows. A row without `tier_by` stands for itself; rows with `tier_by` and the same period are one
table of tiers. `check_terms` finds what is wrong with them, and nothing is computed from terms that it
refuses.

Three things make the cents come out right. A reward is rounded once, in total. Then it is divided: first
among the partners of a split claim, then over instalments. And what comes in parts (payments, refunds) is
reckoned from the total so far, less what was issued before, so that no number or order of parts changes the
sum.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import combinations
from typing import Generic, Protocol, TypeVar

from partner_crm.rules.calendar import add_months
from partner_crm.rules.money import (
	MIXED_CURRENCIES,
	InvalidAmount,
	allocate,
	checked,
	not_negative,
	positive,
	round_half_up,
	round_money,
	round_money_down,
	split_evenly,
)

FIXED = "Fixed"
PERCENT_OF_DEAL = "Percent of Deal"
PERCENT_OF_PAID = "Percent of Paid"
PERCENTS = (PERCENT_OF_DEAL, PERCENT_OF_PAID)
BASES = (FIXED, *PERCENTS)

COUNT = "Count"
VOLUME = "Volume"
MEASURES = (COUNT, VOLUME)

WHOLE = "Whole"
MARGINAL = "Marginal"
MODES = (WHOLE, MARGINAL)

EXPECTED = "Expected"
CONFIRMED = "Confirmed"
PARTLY_PAID = "Partly Paid"
PAID = "Paid"
REJECTED = "Rejected"
CLAWED_BACK = "Clawed Back"

ZERO = Decimal(0)
HUNDRED = Decimal(100)
WHOLE_CLAIM = (HUNDRED,)
RATE_PLACES = 6
MOST_MONTHS = 1200

SHARES_ABOVE_100 = "Shares of {value} % are more than 100 %."
NEGATIVE_DAYS = "{value} days can't be waited for."
TOO_FEW_CLIENTS = "{value} clients are too few to have come before."
NOTHING_INVOICED = "An invoice of {value} has no share of tax."
BOTH_SIGNS = "Payouts of both signs can't be taken back together."


# --- terms --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
	"""One row of a programme's terms.

	`basis` and `value`: "Fixed" pays `value`, an amount, once for a client; "Percent of Deal" pays `value`
	percent (0 to 100) of the deal's amount, "Percent of Paid" the same percent of what the client has really
	paid, net of tax.

	`valid_from`, `valid_to`: first and last day of the row; None leaves that end open.

	`tier_by`, `tier_from`: the row holds from and including the `tier_from`-th client ("Count") or that
	amount of volume ("Volume") that the partner brings, up to the next row's. 0 and 1 both mean the first
	client. `tier_mode` says what a deal that reaches a tier is paid by volume: "Whole", the tier reached by
	the volume that includes the deal, on all of the deal; "Marginal", each tier on the part of the deal that
	lies in it. By count there is nothing to part: the n-th client has the n-th client's tier. A tier that is
	reached never changes what earlier deals were paid, because money rows are never rewritten.

	`recurring_months`: 0 or 1 pays at once. N pays a fixed reward or a percent of the deal in N equal monthly
	instalments, which together are the reward; and of "Percent of Paid" it counts the payments of the first N
	months after the deal was won (0: all payments, for ever).

	`cap`: the most that is paid for one client, in `currency`, over all deals, instalments and partners. 0
	and None: no cap, since a currency field left empty is 0.
	"""

	basis: str
	value: Decimal
	currency: str
	valid_from: date | None = None
	valid_to: date | None = None
	tier_from: Decimal = ZERO
	tier_by: str | None = None
	tier_mode: str = WHOLE
	recurring_months: int = 0
	cap: Decimal | None = None

	@property
	def first_day(self) -> date:
		return self.valid_from or date.min

	@property
	def last_day(self) -> date:
		return self.valid_to or date.max


class TermFault(Enum):
	"""What can be wrong with terms. The value is the sentence, with the placeholders {rows} and {value}."""

	UNKNOWN_BASIS = "Row {rows}: the basis {value} is unknown."
	UNKNOWN_TIER_BY = "Row {rows}: tiers can't be counted by {value}."
	UNKNOWN_TIER_MODE = "Row {rows}: the tier mode {value} is unknown."
	VALUE_INVALID = "Row {rows}: the value {value} is not an amount."
	VALUE_NEGATIVE = "Row {rows}: the value {value} is negative."
	PERCENT_ABOVE_100 = "Row {rows}: {value} % is more than 100 %."
	CAP_INVALID = "Row {rows}: the cap {value} is not an amount."
	CAP_NEGATIVE = "Row {rows}: the cap {value} is negative."
	TIER_FROM_INVALID = "Row {rows}: the beginning of the tier, {value}, is not a number."
	TIER_FROM_NEGATIVE = "Row {rows}: the beginning of the tier, {value}, is negative."
	TIER_FROM_NOT_WHOLE = "Row {rows}: a tier can't begin at client {value}."
	TIER_WITHOUT_MEASURE = (
		"Row {rows}: the tier from {value} does not say whether it goes by count or by volume."
	)
	MONTHS_INVALID = "Row {rows}: {value} is not a number of months."
	ENDS_BEFORE_START = "Row {rows}: the last day {value} is before the first."
	FIXED_MARGINAL = "Row {rows}: a fixed reward can't be parted by volume; its tiers have to be Whole."
	OVERLAP = "Rows {rows}: the periods overlap."
	TIERS_DISAGREE = (
		"Rows {rows}: the tiers of one period must agree in basis, measure, mode, months, cap and currency."
	)
	TIERS_NOT_FROM_START = (
		"Rows {rows}: the first tier begins at {value}; nothing is said of what comes before."
	)
	TIERS_DUPLICATE = "Rows {rows}: more than one tier begins at {value}."


@dataclass(frozen=True, slots=True)
class TermProblem:
	"""One fault of some rows: translate `sentence`, then format it with `parameters`."""

	fault: TermFault
	rows: tuple[int, ...]
	value: str = ""

	@property
	def code(self) -> str:
		return self.fault.name

	@property
	def sentence(self) -> str:
		return self.fault.value

	@property
	def parameters(self) -> dict[str, str]:
		return {"rows": ", ".join(map(str, self.rows)), "value": self.value}

	def __str__(self) -> str:
		return self.sentence.format(**self.parameters)


@dataclass(frozen=True, slots=True)
class TermPeriod:
	"""The first and last day of one set of terms, and its rows, numbered from 1."""

	first_day: date
	last_day: date
	rows: tuple[int, ...]


class InvalidTerms(ValueError):
	"""Nothing is paid by terms that `check_terms` refuses. `problems` are all of them."""

	def __init__(self, problems: Sequence[TermProblem]):
		super().__init__(" ".join(map(str, problems)))
		self.problems = tuple(problems)


def terms_in_force(terms: Iterable[Term], day: date) -> tuple[Term, ...]:
	"""The terms by which a deal won on `day` is paid ("Terms"): one row, or the tiers from the lowest up.

	Empty when nothing is in force: no reward is owed then, and reconciliation lists the client.
	"""
	in_force = (term for term in terms if _is_in_force(term, day))
	return tuple(sorted(in_force, key=lambda term: term.tier_from))


def check_terms(terms: Sequence[Term]) -> list[TermProblem]:
	"""Everything that is wrong with a programme's terms, rows numbered from 1 ("What bad input gets").

	One set of terms is in force on any day, so periods must not overlap: a successor begins after its
	predecessor's last day. Rows are one table of tiers when they have the same first and last day and
	each says by what it is counted.
	"""
	rows = list(enumerate(terms, 1))
	problems = [problem for number, term in rows for problem in _row_problems(number, term)]
	periods: defaultdict[tuple[date, date], list[_Row]] = defaultdict(list)
	for number, term in rows:
		if term.first_day <= term.last_day:
			periods[term.first_day, term.last_day].append((number, term))
	for (one, these), (other, those) in combinations(periods.items(), 2):
		if one[0] <= other[1] and other[0] <= one[1]:
			problems.append(TermProblem(TermFault.OVERLAP, _numbers([*these, *those])))
	for table in periods.values():
		if all(term.tier_by for _, term in table):
			problems.extend(_table_problems(table))
		elif len(table) > 1:
			problems.append(TermProblem(TermFault.OVERLAP, _numbers(table)))
	return problems


_Row = tuple[int, Term]


def rewritten(before: Sequence[Term], after: Sequence[Term], today: date) -> list[TermPeriod]:
	"""The periods of `before` whose terms are not the same in `after` ("Terms": used ones can only be succeeded).

	A period may end on another day than it did, as long as neither end is over before `today`: ending terms, and
	putting the end off, changes nothing for a deal that was won until now.
	"""
	begun: defaultdict[date, list[Term]] = defaultdict(list)
	for term in after:
		begun[term.first_day].append(term)
	periods: defaultdict[tuple[date, date], list[_Row]] = defaultdict(list)
	for number, term in enumerate(before, 1):
		periods[term.first_day, term.last_day].append((number, term))
	return [
		TermPeriod(first, last, _numbers(rows))
		for (first, last), rows in periods.items()
		if not _is_kept([term for _, term in rows], begun[first], today)
	]


def _is_kept(terms: Sequence[Term], successors: Sequence[Term], today: date) -> bool:
	ends = {term.last_day for term in successors}
	if len(ends) != 1 or Counter(map(_undated, terms)) != Counter(map(_undated, successors)):
		return False
	(end,) = ends
	return end == terms[0].last_day or min(end, terms[0].last_day) >= today


def _undated(term: Term) -> Term:
	return replace(term, valid_from=None, valid_to=None)


def _is_in_force(term: Term, day: date) -> bool:
	return term.first_day <= day <= term.last_day


def _row_problems(number: int, term: Term) -> Iterator[TermProblem]:
	def problem(fault: TermFault, value: object = "") -> TermProblem:
		return TermProblem(fault, (number,), str(value))

	if term.basis not in BASES:
		yield problem(TermFault.UNKNOWN_BASIS, term.basis)
	if term.tier_by and term.tier_by not in MEASURES:
		yield problem(TermFault.UNKNOWN_TIER_BY, term.tier_by)
	if term.tier_mode not in MODES:
		yield problem(TermFault.UNKNOWN_TIER_MODE, term.tier_mode)

	if not _is_amount(term.value):
		yield problem(TermFault.VALUE_INVALID, term.value)
	elif term.value < 0:
		yield problem(TermFault.VALUE_NEGATIVE, term.value)
	elif term.basis in PERCENTS and term.value > HUNDRED:
		yield problem(TermFault.PERCENT_ABOVE_100, term.value)

	if not _is_cap(term.cap):
		yield problem(TermFault.CAP_INVALID, term.cap)
	elif term.cap and term.cap < 0:
		yield problem(TermFault.CAP_NEGATIVE, term.cap)

	if not _is_amount(term.tier_from):
		yield problem(TermFault.TIER_FROM_INVALID, term.tier_from)
	elif term.tier_from < 0:
		yield problem(TermFault.TIER_FROM_NEGATIVE, term.tier_from)
	elif term.tier_by == COUNT and term.tier_from % 1:
		yield problem(TermFault.TIER_FROM_NOT_WHOLE, term.tier_from)
	elif term.tier_from and not term.tier_by:
		yield problem(TermFault.TIER_WITHOUT_MEASURE, term.tier_from)

	if type(term.recurring_months) is not int or not 0 <= term.recurring_months <= MOST_MONTHS:
		yield problem(TermFault.MONTHS_INVALID, term.recurring_months)
	if term.last_day < term.first_day:
		yield problem(TermFault.ENDS_BEFORE_START, term.valid_to)
	if term.basis == FIXED and term.tier_by == VOLUME and term.tier_mode == MARGINAL:
		yield problem(TermFault.FIXED_MARGINAL)


def _table_problems(table: Sequence[_Row]) -> Iterator[TermProblem]:
	"""What is wrong with the tiers of one period among themselves, as far as their numbers can be read."""
	table = [(number, term) for number, term in table if _is_amount(term.tier_from) and _is_cap(term.cap)]
	starts: defaultdict[Decimal, list[_Row]] = defaultdict(list)
	for number, term in table:
		starts[_start(term)].append((number, term))
	if starts and min(starts) > 0:
		lowest = min(term.tier_from for _, term in table)
		yield TermProblem(TermFault.TIERS_NOT_FROM_START, _numbers(table), str(lowest))
	for rows in starts.values():
		if len(rows) > 1:
			yield TermProblem(TermFault.TIERS_DUPLICATE, _numbers(rows), str(rows[0][1].tier_from))
	if len({_agreed(term) for _, term in table}) > 1:
		yield TermProblem(TermFault.TIERS_DISAGREE, _numbers(table))


def _agreed(term: Term) -> tuple[object, ...]:
	"""What all tiers of one table have in common."""
	return (term.basis, term.tier_by, term.tier_mode, term.recurring_months, term.cap or None, term.currency)


def _is_amount(value: object) -> bool:
	try:
		checked(value)
	except InvalidAmount:
		return False
	return True


def _is_cap(value: object) -> bool:
	return value is None or _is_amount(value)


def _numbers(rows: Iterable[_Row]) -> tuple[int, ...]:
	return tuple(sorted(number for number, _ in rows))


# --- what terms come to -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Won:
	"""A deal, or a referral lead, that became a client: its day, and its amount net of tax (0 if unknown)."""

	won_on: date
	amount: Decimal = ZERO

	def __post_init__(self):
		not_negative(self.amount)


@dataclass(frozen=True, slots=True)
class Prior:
	"""What the partner had brought to the programme before, at the moment the deal was won.

	`clients` and `volume` are counted from the first day of the terms in force, without what was taken back
	by then. They stay as they were when later payments on the deal are reckoned: else a payment that comes
	late would be paid by other terms than an early one. `client_known`: this client is one of `clients`
	already; a further deal does not make it a new client, so a fixed reward is not paid again and the tier is
	that of the last new client. `client_issued`: the sum of payouts of this client's other deals under the
	terms, for the cap.
	"""

	clients: int = 0
	volume: Decimal = ZERO
	client_known: bool = False
	client_issued: Decimal = ZERO

	def __post_init__(self):
		not_negative(self.volume)
		not_negative(self.client_issued)
		if self.clients < self.client_known:
			raise InvalidAmount(TOO_FEW_CLIENTS, value=self.clients)


NOTHING_BEFORE = Prior()


@dataclass(frozen=True, slots=True)
class PayoutLine:
	"""One payout to make: the fields of a `Payout` that follow from the terms.

	`claim` is the position, from 0, of the share (of a split claim) that it belongs to; `instalment` counts
	from 1. `basis_amount` is the part of the deal or payment that the row pays for, so that sums over rows
	count nothing twice, and `rate` the percent that the terms give for it: 0 for a fixed reward, the average
	over tiers where they are marginal. `amount` can differ from their product by the cap and by a cent.
	From `hold_until` on the payout may be confirmed; `due_on` follows the days until due later.
	"""

	claim: int
	instalment: int
	basis_amount: Decimal
	rate: Decimal
	amount: Decimal
	currency: str
	won_on: date
	hold_until: date
	due_on: date
	reversal_of: str = ""


def won_payouts(
	won: Won,
	terms: Sequence[Term],
	prior: Prior = NOTHING_BEFORE,
	*,
	hold_days: int = 0,
	due_days: int = 0,
	shares: Sequence[Decimal] = WHOLE_CLAIM,
) -> tuple[PayoutLine, ...]:
	"""The payouts that are born when a client is won ("Payout"), by claim and instalment.

	`terms` are all of the programme's, or the copy on the deal; those in force on the day of winning hold.
	Nothing is born without terms in force, nor under Percent of Paid, where payments give birth
	(`paid_payouts`). A reward of zero does give rows, of zero: the client was dealt with, not forgotten.

	Instalment n is earned n - 1 calendar months after the winning, counted from that day, and held
	`hold_days` from then.

	`shares` are the percentages of a split claim. What they leave of 100 is paid to nobody.

	Raises `InvalidTerms`, and `InvalidAmount` for shares above 100 % or negative days.
	"""
	table = _sound_terms_in_force(terms, won.won_on)
	if not table or table[0].basis == PERCENT_OF_PAID:
		return ()
	currency = table[0].currency
	months = max(table[0].recurring_months, 1)
	basis = round_money(won.amount, currency)
	total, rate = _reward(table, Fraction(basis), prior)
	by_claim = zip(_by_shares(total, shares, currency), _by_shares(basis, shares, currency), strict=True)
	lines = []
	for claim, (amount, share_of_basis) in enumerate(by_claim):
		parts = split_evenly(amount, months, currency)
		parts_of_basis = split_evenly(share_of_basis, months, currency)
		for month in range(months):
			hold_until, due_on = _dates(add_months(won.won_on, month), hold_days, due_days)
			lines.append(
				PayoutLine(
					claim=claim,
					instalment=month + 1,
					basis_amount=parts_of_basis[month],
					rate=rate,
					amount=parts[month],
					currency=currency,
					won_on=won.won_on,
					hold_until=hold_until,
					due_on=due_on,
				)
			)
	return tuple(lines)


@dataclass(frozen=True, slots=True)
class Allocation:
	"""So much of a client's payment, allocated to one invoice, in the programme's currency.

	`allocated` includes tax; of it `invoice_net` / `invoice_total` counts, both in whatever currency the
	invoice has. An advance counts once it is allocated to an invoice: its tax is not known before.

	What goes back to the client (a payment against a credit note, a cancelled or unreconciled payment) is an
	allocation with a negative amount. Its `paid_on` stays the day of the payment that goes back, which
	decides whether that payment had counted, and `returned_on` is the day it went.
	"""

	allocated: Decimal
	invoice_total: Decimal
	invoice_net: Decimal
	paid_on: date
	returned_on: date | None = None

	def __post_init__(self):
		checked(self.allocated)
		checked(self.invoice_net)
		if not checked(self.invoice_total):
			raise InvalidAmount(NOTHING_INVOICED, value=self.invoice_total)

	@property
	def net(self) -> Fraction:
		"""The allocated amount without its share of the invoice's tax, unrounded."""
		return Fraction(self.allocated) * Fraction(self.invoice_net) / Fraction(self.invoice_total)


def paid_payouts(
	won_on: date,
	terms: Sequence[Term],
	allocation: Allocation,
	earlier: Sequence[Allocation],
	issued: Sequence[Decimal],
	prior: Prior = NOTHING_BEFORE,
	*,
	hold_days: int = 0,
	due_days: int = 0,
	shares: Sequence[Decimal] = WHOLE_CLAIM,
) -> tuple[PayoutLine, ...]:
	"""The payouts for one allocation of a payment under Percent of Paid ("Payout"), one for each share.

	`earlier` are the deal's allocations that have their payouts, over all of its invoices, negative ones
	included; `issued` is the sum of the deal's payouts so far for each of `shares`. Each amount is the terms
	applied to all that was paid so far, this allocation included, less what was issued: so the sum over any
	payments in any order is the terms applied to their total, to the cent, and an allocation that goes back
	gives a negative amount. Of three or more shares one can get a negative cent with a positive payment.

	The hold runs from the payment; what goes back is not confirmed before it went. Whose payout it takes back
	(`reversal_of`), the caller knows.

	Returns nothing without terms in force when the deal was won, if they are not Percent of Paid, or for a
	payment after the months that recur. Raises `InvalidTerms`, and `InvalidAmount` for shares above 100 % or
	negative days.
	"""
	table = _sound_terms_in_force(terms, won_on)
	if not table or table[0].basis != PERCENT_OF_PAID or not _counts(allocation, table[0], won_on):
		return ()
	currency = table[0].currency
	counted = sum((past.net for past in earlier if _counts(past, table[0], won_on)), Fraction())
	# Below zero is nothing paid: a refund can be booked before its payment.
	before, after = max(counted, Fraction()), max(counted + allocation.net, Fraction())
	total, rate = _reward(table, after, prior)
	owed = _by_shares(total, shares, currency)
	basis_before = _by_shares(round_money(before, currency), shares, currency)
	basis_after = _by_shares(round_money(after, currency), shares, currency)
	hold_until, due_on = _dates(
		allocation.paid_on, hold_days, due_days, not_before=allocation.returned_on or allocation.paid_on
	)
	return tuple(
		PayoutLine(
			claim=claim,
			instalment=len(earlier) + 1,
			basis_amount=basis_after[claim] - basis_before[claim],
			rate=rate,
			amount=owed[claim] - checked(already),
			currency=currency,
			won_on=won_on,
			hold_until=hold_until,
			due_on=due_on,
		)
		for claim, (_, already) in enumerate(zip(shares, issued, strict=True))
	)


def _sound_terms_in_force(terms: Sequence[Term], day: date) -> tuple[Term, ...]:
	"""`terms_in_force`, once none of them is at fault."""
	in_force = {number for number, term in enumerate(terms, 1) if _is_in_force(term, day)}
	problems = [problem for problem in check_terms(terms) if in_force.intersection(problem.rows)]
	if problems:
		raise InvalidTerms(problems)
	return terms_in_force(terms, day)


def _counts(allocation: Allocation, term: Term, won_on: date) -> bool:
	months = term.recurring_months
	return not months or allocation.paid_on < add_months(won_on, months)


def _reward(table: Sequence[Term], basis: Fraction, prior: Prior) -> tuple[Decimal, Decimal]:
	"""The whole reward for a deal of `basis`, rounded and capped, and its rate in percent."""
	term = table[0]
	if term.basis == FIXED:
		rate = ZERO
		earned = ZERO if prior.client_known else _reached(table, basis, prior).value
	elif term.tier_by == VOLUME and term.tier_mode == MARGINAL and basis:
		earned = _over_tiers(table, basis, Fraction(prior.volume))
		rate = round_half_up(earned * 100 / basis, RATE_PLACES)
	else:
		rate = _reached(table, basis, prior).value
		earned = basis * Fraction(rate) / 100
	total = round_money(earned, term.currency)
	if term.cap:
		total = min(total, max(round_money_down(term.cap, term.currency) - prior.client_issued, ZERO))
	return total, rate


def _reached(table: Sequence[Term], basis: Fraction, prior: Prior) -> Term:
	"""The tier that the deal reaches: by the client's number, or by the volume with the deal in it."""
	if table[0].tier_by == COUNT:
		reached = Fraction(prior.clients - prior.client_known)
	else:
		reached = Fraction(prior.volume) + basis
	return table[bisect_right([_start(term) for term in table], reached) - 1]


def _over_tiers(table: Sequence[Term], basis: Fraction, volume: Fraction) -> Fraction:
	"""Each tier's percent of the part of the deal that lies in it, the deal lying on top of `volume`."""
	end = volume + basis
	starts = [_start(term) for term in table]
	return sum(
		max(min(end, upper) - max(volume, lower), Fraction()) * Fraction(term.value) / 100
		for term, lower, upper in zip(table, starts, [*starts[1:], end], strict=True)
	)


def _start(term: Term) -> Fraction:
	"""What lies before the tier: so many clients, or so much volume."""
	start = Fraction(term.tier_from)
	return max(start - 1, Fraction()) if term.tier_by == COUNT else start


def _by_shares(amount: Decimal, shares: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
	"""`amount` by the shares of a split claim, in percent; what they leave of 100 % goes to nobody."""
	left = HUNDRED - sum(map(positive, shares))
	if left < 0:
		raise InvalidAmount(SHARES_ABOVE_100, value=HUNDRED - left)
	return allocate(amount, [*shares, left], currency)[:-1]


def _dates(earned_on: date, hold_days: int, due_days: int, not_before: date = date.min) -> tuple[date, date]:
	for days in (hold_days, due_days):
		if days < 0:
			raise InvalidAmount(NEGATIVE_DAYS, value=days)
	hold_until = max(earned_on + timedelta(days=hold_days), not_before)
	return hold_until, hold_until + timedelta(days=due_days)


# --- taking back --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Issued:
	"""A payout that exists: its name, its fields, and the sum of the rows that take it back so far.

	That sum has the opposite sign. A rejected payout owes nothing, so there is nothing of it to take back.
	"""

	name: str
	line: PayoutLine
	taken_back: Decimal = ZERO

	@property
	def amount(self) -> Decimal:
		"""What is left of it."""
		return self.line.amount + self.taken_back

	@property
	def currency(self) -> str:
		return self.line.currency


def reverse(issued: Sequence[Issued], refunded: Decimal, of: Decimal, day: date) -> tuple[PayoutLine, ...]:
	"""The rows that take payouts back when a client is refunded or a contract is cancelled ("Payout").

	`refunded` is all that the client has got back so far, out of `of`: amounts (of the deal), or a percentage
	out of 100. The same part of `issued` has to be back after these rows, to the cent, however many refunds
	there were; a repeated call gives none, and never more comes back than was issued. Each row names the one
	that it takes back (`reversal_of`); the payouts give it back in proportion to what is left of them, so the
	caller chooses which to pass: all instalments, or only those after a cancellation. A fixed reward is taken
	back in the same part: where it should stand until the client is wholly refunded, pass that refund only.

	A row is not confirmed before the payout that it takes back, so that the two net out in one statement.
	Rows that took back too much are taken back by the same function: their amounts are negative, and the
	result is positive. Under Percent of Paid a refund is a negative `Allocation` instead.

	Raises `InvalidAmount` if `issued` has both signs or more than one currency, if `refunded` is negative, or
	`of` is not above zero.
	"""
	left = [payout for payout in issued if payout.amount]
	if not left:
		return ()
	sign = _common_sign(payout.line.amount for payout in issued)
	part = min(Fraction(not_negative(refunded)) / Fraction(positive(of)), Fraction(1))
	currency = _common_currency(left)
	total = sum(payout.line.amount for payout in issued)
	excess = net(left) - round_money(Fraction(total) * (1 - part), currency)
	if excess * sign <= 0:
		return ()
	amounts = allocate(-excess, [abs(payout.amount) for payout in left], currency)
	return tuple(
		_reversal(payout, amount, day) for payout, amount in zip(left, amounts, strict=True) if amount
	)


def _reversal(payout: Issued, amount: Decimal, day: date) -> PayoutLine:
	line = payout.line
	# The basis follows what is left of the amount, so that it too is back to zero with the last cent.
	basis_left, basis_after = (
		round_money(Fraction(line.basis_amount) * Fraction(rest) / Fraction(line.amount), line.currency)
		for rest in (payout.amount, payout.amount + amount)
	)
	hold_until = max(line.hold_until, day)
	return replace(
		line,
		basis_amount=basis_after - basis_left,
		amount=amount,
		hold_until=hold_until,
		due_on=hold_until + (line.due_on - line.hold_until),
		reversal_of=payout.name,
	)


def _common_sign(amounts: Iterable[Decimal]) -> int:
	signs = {1 if amount > 0 else -1 for amount in amounts if amount}
	if len(signs) > 1:
		raise InvalidAmount(BOTH_SIGNS)
	return signs.pop()


# --- paying out ---------------------------------------------------------------------------------------------


class Payable(Protocol):
	"""Whatever has an amount (negative when it takes back) and a currency."""

	@property
	def amount(self) -> Decimal: ...

	@property
	def currency(self) -> str: ...


AnyPayable = TypeVar("AnyPayable", bound=Payable)


@dataclass(frozen=True, slots=True)
class Settlement(Generic[AnyPayable]):
	"""What a statement claims, and what waits for the next one: always one of the two. `total` is its net."""

	claimed: tuple[AnyPayable, ...]
	carried: tuple[AnyPayable, ...]
	total: Decimal


def net(payouts: Iterable[Payable]) -> Decimal:
	"""The sum of payouts, those that take back included; 0 of none.

	Raises `InvalidAmount` if they are in more than one currency.
	"""
	payouts = tuple(payouts)
	_common_currency(payouts)
	return sum((checked(payout.amount) for payout in payouts), ZERO)


def payable_now(confirmed: Sequence[AnyPayable], minimum: Decimal | None = ZERO) -> Settlement[AnyPayable]:
	"""What of one party's confirmed payouts, in no statement yet, is paid out now ("Statement").

	All of it, if the net reaches `minimum`; else all of it is carried forward, the negative rows with the
	positive, so that a party in debt is not paid before the debt is earned back. A net of exactly zero
	reaches a minimum of zero: the rows settle each other, and no invoice is needed. `minimum` None takes the
	net as it is, even below zero, for the return or credit note to a party that will earn no more.

	Raises `InvalidAmount` for more than one currency or a negative minimum.
	"""
	confirmed = tuple(confirmed)
	total = net(confirmed)
	if minimum is None or total >= not_negative(minimum):
		return Settlement(confirmed, (), total)
	return Settlement((), confirmed, total)


def invoice_parts(nets: Mapping[str, Decimal], currency: str) -> dict[str, Decimal]:
	"""The lines of a statement's invoice, from the net of each programme: all of one sign, and the same in total.

	ERPNext takes no line that goes against its invoice. So what one programme takes back beyond what it brings is
	taken off the others, in proportion; what is left of nothing has no line.
	"""
	total = sum(map(checked, nets.values()), ZERO)
	if not total:
		return {}
	same = {name: abs(net) for name, net in nets.items() if net * total > 0}
	parts = allocate(total, list(same.values()), currency)
	return {name: part for name, part in zip(same, parts, strict=True) if part}


def paid_amounts(claimed: Sequence[Payable], paid: Decimal) -> tuple[Decimal, ...]:
	"""How much of each payout of a statement is paid once `paid` of its net is (read from the invoice).

	As accountants settle without a note from the payer: what takes back is set off in full with the first
	payment, then the others are paid in the order given, the oldest first. The amounts have the signs of
	their rows, never exceed them, add up to `paid`, and never shrink while `paid` grows. Paying more than the
	net pays the net; a sign against the net's pays nothing. A statement whose net is zero has no invoice: its
	rows settle each other and all are paid.
	"""
	total = net(claimed)
	sign = -1 if total < 0 else 1
	settled = min(max(checked(paid) * sign, ZERO), abs(total))
	if total and not settled:
		return (ZERO,) * len(claimed)
	left = settled - sum(min(payout.amount * sign, ZERO) for payout in claimed)
	amounts = []
	for payout in claimed:
		part = min(payout.amount * sign, left)
		left -= max(part, ZERO)
		amounts.append(part * sign)
	return tuple(amounts)


def _common_currency(payouts: Sequence[Payable]) -> str:
	currencies = sorted({payout.currency for payout in payouts})
	if len(currencies) > 1:
		raise InvalidAmount(MIXED_CURRENCIES, value=", ".join(currencies))
	return currencies[0] if currencies else ""


# --- the life of a payout -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PayoutFacts:
	"""What decides the status of one payout, of either sign.

	`net` is what is left of the payout that started it all, with every row that takes it back, directly or by
	taking back such a row; all of those rows have the same net. `claimed`: one of them is in a statement, or
	was paid without one. `paid_amount` has the sign of `amount` and is read from the invoice's outstanding, or
	what the accountant recorded where there is no invoice. `rejected`: somebody with the right has turned the
	payout down.
	"""

	status: str
	amount: Decimal
	net: Decimal
	hold_until: date
	paid_amount: Decimal = ZERO
	is_reversal: bool = False
	claimed: bool = False
	rejected: bool = False


def next_status(facts: PayoutFacts, today: date) -> str:
	"""A payout's status by the facts of `today` ("Payout"): Expected -> Confirmed -> Partly Paid -> Paid.

	Confirmed from `hold_until` on, if anything is left of it. Partly Paid and Paid as the paid amount says,
	on hold or not; a row of zero has nothing to wait for but its hold, and is Paid then. Rejected only while
	nobody has claimed or paid it.

	Clawed Back: nothing is left. So is a row that takes back, as long as none of the rows is claimed:
	they cancel out and none needs to be paid. Once one is claimed, the row that takes back lives on until a
	statement nets it, for only that brings the money back.

	Rejected and Clawed Back are final, and a confirmed row never expects again. Growing facts never move a
	row back. The one step back is a payment that is cancelled: the paid amount shrinks, and the status
	follows the invoice to Partly Paid or Confirmed, since a row called Paid with an open invoice would be a
	lost payout.
	"""
	if facts.status in (REJECTED, CLAWED_BACK):
		return facts.status
	if facts.amount and not facts.net and not (facts.is_reversal and facts.claimed):
		return CLAWED_BACK
	paid = facts.paid_amount * ((facts.amount > 0) - (facts.amount < 0))
	if facts.rejected and not facts.claimed and paid <= 0:
		return REJECTED
	if facts.status == EXPECTED and today < facts.hold_until and paid <= 0:
		return EXPECTED
	if paid >= abs(facts.amount):
		return PAID
	return PARTLY_PAID if paid > 0 else CONFIRMED
