from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.rules.calendar import add_months
from partner_crm.rules.commission import (
	BASES,
	CLAWED_BACK,
	CONFIRMED,
	COUNT,
	EXPECTED,
	FIXED,
	MARGINAL,
	NOTHING_BEFORE,
	PAID,
	PARTLY_PAID,
	PERCENT_OF_DEAL,
	PERCENT_OF_PAID,
	REJECTED,
	VOLUME,
	WHOLE,
	WHOLE_CLAIM,
	Allocation,
	InvalidTerms,
	Issued,
	PayoutFacts,
	PayoutLine,
	Prior,
	Term,
	Won,
	check_terms,
	invoice_parts,
	net,
	next_status,
	paid_amounts,
	paid_payouts,
	payable_now,
	reverse,
	rewritten,
	terms_in_force,
	won_payouts,
)
from partner_crm.rules.money import InvalidAmount, round_money, smallest_unit

DATA = Path(__file__).parent / "data"
DAY = date(2025, 1, 31)
# Enough to find a lost cent in seconds, on a machine that is busy with something else.
MODEST = settings(max_examples=80, deadline=None)


def examples(name):
	with (DATA / name).open(encoding="utf-8", newline="") as source:
		rows = list(csv.DictReader(source))
	return pytest.mark.parametrize("row", rows, ids=[row["case"] for row in rows])


def amounts(text):
	return tuple(map(Decimal, text.split()))


def tiers(row, basis):
	"""The terms of an example: `tiers` holds from:value for each row."""
	return [
		Term(
			basis=basis,
			value=Decimal(value),
			currency=row["currency"],
			tier_from=Decimal(start),
			tier_by=row["by"] or None,
			tier_mode=row["mode"],
			recurring_months=int(row["months"]),
			cap=Decimal(row["cap"]) if row["cap"] else None,
		)
		for start, value in (tier.split(":") for tier in row["tiers"].split())
	]


def percent(value, basis=PERCENT_OF_DEAL, **fields):
	return Term(basis=basis, value=Decimal(value), currency=fields.pop("currency", "USD"), **fields)


def issued_of(lines):
	return [Issued(str(number), line) for number, line in enumerate(lines, 1)]


def a_line(amount, **fields):
	line = PayoutLine(0, 1, Decimal(1000), Decimal(10), Decimal(amount), "USD", DAY, DAY, DAY)
	return replace(line, **fields)


# --- the payouts of a client that was won --------------------------------------------------------------------


@examples("commission_won.csv")
def test_won(row):
	lines = won_payouts(
		Won(DAY, Decimal(row["amount"])),
		tiers(row, row["basis"]),
		Prior(int(row["clients"]), Decimal(row["volume"]), row["known"] == "yes", Decimal(row["issued"])),
		shares=amounts(row["shares"]),
	)
	expected = [amounts(claim) for claim in row["expected"].split("|")]

	assert [(line.claim, line.instalment, line.amount) for line in lines] == [
		(claim, instalment, amount)
		for claim, instalments in enumerate(expected)
		for instalment, amount in enumerate(instalments, 1)
	]
	assert {line.currency for line in lines} == {row["currency"]}


def test_a_line_says_what_it_pays_for():
	term = percent(10, recurring_months=3)
	lines = won_payouts(Won(DAY, Decimal(1000)), [term], hold_days=14, due_days=30)

	assert lines[0] == PayoutLine(
		claim=0,
		instalment=1,
		basis_amount=Decimal("333.34"),
		rate=Decimal(10),
		amount=Decimal("33.34"),
		currency="USD",
		won_on=date(2025, 1, 31),
		hold_until=date(2025, 2, 14),
		due_on=date(2025, 3, 16),
	)
	assert [(line.won_on, line.hold_until, line.due_on) for line in lines[1:]] == [
		(date(2025, 1, 31), date(2025, 3, 14), date(2025, 4, 13)),
		(date(2025, 1, 31), date(2025, 4, 14), date(2025, 5, 14)),
	]


def test_without_hold_a_payout_may_be_confirmed_the_same_day():
	(line,) = won_payouts(Won(DAY, Decimal(1000)), [percent(10)])

	assert (line.hold_until, line.due_on) == (DAY, DAY)


@pytest.mark.parametrize(
	("terms", "rate"),
	[
		([percent(10)], "10"),
		([percent(10, cap=Decimal(1))], "10"),
		([percent(100, basis=FIXED)], "0"),
		([percent(5, tier_by=VOLUME), percent(10, tier_by=VOLUME, tier_from=Decimal(600))], "10"),
		(
			[
				percent(5, tier_by=VOLUME, tier_mode=MARGINAL),
				percent(10, tier_by=VOLUME, tier_mode=MARGINAL, tier_from=Decimal(600)),
			],
			"7",
		),
		(
			[
				percent(5, tier_by=VOLUME, tier_mode=MARGINAL),
				percent(8, tier_by=VOLUME, tier_mode=MARGINAL, tier_from=Decimal("333.33")),
			],
			"7.00001",
		),
	],
)
def test_the_rate_is_the_terms_or_the_average_over_marginal_tiers(terms, rate):
	(line,) = won_payouts(Won(DAY, Decimal(1000)), terms)

	assert line.rate == Decimal(rate)


def test_a_split_claim_splits_the_basis_too():
	first, second = won_payouts(Won(DAY, Decimal("1000.01")), [percent(10)], shares=amounts("75 25"))

	assert (first.basis_amount, second.basis_amount) == (Decimal("750.01"), Decimal("250.00"))
	assert (first.amount, second.amount) == (Decimal("75.00"), Decimal("25.00"))


def test_no_terms_no_payout():
	assert won_payouts(Won(DAY, Decimal(1000)), []) == ()
	assert won_payouts(Won(DAY, Decimal(1000)), [percent(10, valid_from=date(2025, 2, 1))]) == ()


def test_payments_give_birth_to_percent_of_paid():
	assert won_payouts(Won(DAY, Decimal(1000)), [percent(10, basis=PERCENT_OF_PAID)]) == ()


def test_the_terms_of_the_day_of_winning_hold():
	terms = [
		percent(10, valid_to=date(2024, 12, 31)),
		percent(20, valid_from=date(2025, 1, 1), valid_to=date(2025, 1, 31)),
		percent(30, valid_from=date(2025, 2, 1)),
	]

	paid = {
		day: won_payouts(Won(day, Decimal(100)), terms)[0].amount
		for day in (date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 31), date(2025, 2, 1))
	}
	assert list(paid.values()) == [10, 20, 20, 30]
	assert terms_in_force(terms, date(2025, 1, 31)) == (terms[1],)


@pytest.mark.parametrize(
	("use", "message"),
	[
		(lambda: Won(DAY, Decimal("-1")), "-1 is negative."),
		(lambda: Won(DAY, Decimal("NaN")), "NaN is not an amount."),
		(lambda: Won(DAY, 10.5), "10.5 is of type float, and an amount must be a Decimal."),
		(lambda: Prior(volume=Decimal("-1")), "-1 is negative."),
		(lambda: Prior(client_issued=Decimal("-1")), "-1 is negative."),
		(lambda: Prior(clients=-1), "-1 clients are too few to have come before."),
		(
			lambda: Prior(clients=0, client_known=True),
			"0 clients are too few to have come before.",
		),
		(
			lambda: won_payouts(Won(DAY), [percent(1)], shares=amounts("60 40.01")),
			"Shares of 100.01 % are more than 100 %.",
		),
		(lambda: won_payouts(Won(DAY), [percent(1)], shares=amounts("0 50")), "0 is not above zero."),
		(lambda: won_payouts(Won(DAY), [percent(1)], hold_days=-1), "-1 days can't be waited for."),
		(lambda: won_payouts(Won(DAY), [percent(1)], due_days=-7), "-7 days can't be waited for."),
		(lambda: Allocation(Decimal(1), Decimal(0), Decimal(0), DAY), "An invoice of 0 has no share of tax."),
		(lambda: Allocation(Decimal("Infinity"), Decimal(1), Decimal(1), DAY), "Infinity is not an amount."),
		(lambda: Allocation(Decimal(1), Decimal(1), Decimal("NaN"), DAY), "NaN is not an amount."),
		(lambda: net([a_line(1), a_line(1, currency="EUR")]), "Amounts in EUR, USD can't be added up."),
		(lambda: payable_now([a_line(1)], Decimal(-1)), "-1 is negative."),
		(
			lambda: reverse([Issued("1", a_line(1)), Issued("2", a_line(-1))], Decimal(1), Decimal(1), DAY),
			"Payouts of both signs can't be taken back together.",
		),
		(lambda: reverse([Issued("1", a_line(1))], Decimal(-1), Decimal(1), DAY), "-1 is negative."),
		(lambda: reverse([Issued("1", a_line(1))], Decimal(1), Decimal(0), DAY), "0 is not above zero."),
	],
)
def test_bad_facts_are_refused(use, message):
	with pytest.raises(InvalidAmount) as refusal:
		use()

	assert str(refusal.value) == message


# --- any terms, any deal -------------------------------------------------------------------------------------

PERCENTAGES = st.decimals(0, 100, places=3)
MONEY = st.decimals(0, 10**6, places=2)
SHARES = st.sampled_from(["100", "50 50", "33.3 33.3 33.4", "20 30", "12.5", "1 1 98"]).map(amounts)
PRIORS = st.builds(Prior, clients=st.integers(1, 25), volume=MONEY, client_known=st.booleans())


NO_CAPS = st.none()
CAPS = st.decimals(1, 5000, places=3)


@st.composite
def any_terms(draw, bases=(FIXED, PERCENT_OF_DEAL), months=(0, 13), caps=NO_CAPS):
	"""Sound terms: a single row, or up to four tiers in any order."""
	basis = draw(st.sampled_from(bases))
	value = MONEY if basis == FIXED else PERCENTAGES
	tier_by = draw(st.sampled_from([None, COUNT, VOLUME]))
	later = draw(st.sets(st.integers(2, 20) | st.integers(21, 10**6), max_size=3)) if tier_by else set()
	common = {
		"basis": basis,
		"currency": draw(st.sampled_from(["USD", "JPY", "KWD"])),
		"tier_by": tier_by,
		"tier_mode": WHOLE if basis == FIXED else draw(st.sampled_from([WHOLE, MARGINAL])),
		"recurring_months": draw(st.integers(*months)),
		"cap": draw(caps),
	}
	rows = [Term(value=draw(value), tier_from=Decimal(start), **common) for start in {0, *later}]
	return draw(st.permutations(rows))


def by_the_terms(terms, basis, prior):
	"""What is owed in total before the cap, told once more in the plainest way."""
	rows = sorted(terms, key=lambda term: term.tier_from)
	volume = Fraction(prior.volume)
	if rows[0].basis == FIXED and prior.client_known:
		return round_money(Decimal(0), rows[0].currency)
	if rows[0].tier_by == COUNT:
		number = prior.clients if prior.client_known else prior.clients + 1
		rows = [[term for term in rows if term.tier_from <= number][-1]]
	elif rows[0].tier_mode == WHOLE:
		rows = [[term for term in rows if term.tier_from <= volume + basis][-1]]
	if rows[0].basis == FIXED:
		return round_money(rows[0].value, rows[0].currency)
	# From the top tier down: what lies above its beginning is its own, the rest is for the tiers below.
	owed, end = Fraction(0), volume + basis
	for term in reversed(rows):
		begins = max(volume, Fraction(term.tier_from) if len(rows) > 1 else volume)
		if end > begins:
			owed += (end - begins) * Fraction(term.value) / 100
			end = begins
	return round_money(owed, rows[0].currency)


@MODEST
@given(any_terms(), MONEY, PRIORS)
def test_instalments_add_up_to_the_terms(terms, amount, prior):
	lines = won_payouts(Won(DAY, amount), terms, prior)
	basis = round_money(amount, terms[0].currency)

	assert sum(line.amount for line in lines) == by_the_terms(terms, Fraction(basis), prior)
	assert sum(line.basis_amount for line in lines) == basis
	assert [line.instalment for line in lines] == list(range(1, max(terms[0].recurring_months, 1) + 1))
	assert [line.hold_until for line in lines] == [add_months(DAY, month) for month in range(len(lines))]


@MODEST
@given(
	st.lists(st.tuples(st.integers(1, 40), st.integers(0, 100)), min_size=1, max_size=4),
	st.integers(0, 120),
	st.integers(0, 60),
)
def test_marginal_tiers_dollar_by_dollar(widths_and_rates, volume, amount):
	starts = [sum(width for width, _ in widths_and_rates[:row]) for row in range(len(widths_and_rates))]
	rates = [rate for _, rate in widths_and_rates]
	terms = [
		percent(rate, tier_by=VOLUME, tier_mode=MARGINAL, tier_from=Decimal(start))
		for start, rate in zip(starts, rates, strict=True)
	]
	cents = 0
	for dollar in range(volume, volume + amount):
		cents += [rate for start, rate in zip(starts, rates, strict=True) if start <= dollar][-1]

	(line,) = won_payouts(Won(DAY, Decimal(amount)), terms, Prior(volume=Decimal(volume)))
	assert line.amount == Decimal(cents) / 100


@MODEST
@given(any_terms(), MONEY, PRIORS, SHARES)
def test_partners_get_their_shares_to_the_cent(terms, amount, prior, shares):
	whole = sum(line.amount for line in won_payouts(Won(DAY, amount), terms, prior))
	lines = won_payouts(Won(DAY, amount), terms, prior, shares=shares)
	unit = smallest_unit(terms[0].currency)
	parts = [sum(line.amount for line in lines if line.claim == claim) for claim in range(len(shares))]

	assert all(line.amount >= 0 for line in lines)
	assert sum(parts) == whole if sum(shares) == 100 else sum(parts) <= whole
	for part, share in zip(parts, shares, strict=True):
		assert abs(Fraction(part) - Fraction(whole) * Fraction(share) / 100) < Fraction(unit)


@MODEST
@given(any_terms(caps=CAPS), st.lists(MONEY, min_size=1, max_size=5), SHARES)
def test_a_client_never_costs_more_than_the_cap(terms, deals, shares):
	issued = Decimal(0)
	for amount in deals:
		owed = by_the_terms(terms, Fraction(round_money(amount, terms[0].currency)), Prior())
		lines = won_payouts(Won(DAY, amount), terms, Prior(client_issued=issued), shares=shares)
		paid = sum(line.amount for line in lines)
		issued += paid

		assert issued <= terms[0].cap
		if sum(shares) == 100:
			room = terms[0].cap - (issued - paid)
			assert paid == owed or (paid < owed and room - paid < smallest_unit(terms[0].currency))


@MODEST
@given(
	any_terms(bases=(PERCENT_OF_DEAL,), caps=st.none() | CAPS), MONEY, MONEY, st.decimals(0, 10**6, places=2)
)
def test_a_larger_deal_never_earns_less(terms, one, other, volume):
	# Tiers that pay less for more would do just that: let the rates rise.
	rates = sorted(term.value for term in terms)
	rows = sorted(terms, key=lambda term: term.tier_from)
	rising = [replace(term, value=rate) for term, rate in zip(rows, rates, strict=True)]
	smaller, larger = (
		sum(line.amount for line in won_payouts(Won(DAY, amount), rising, Prior(volume=volume)))
		for amount in sorted((one, other))
	)

	assert smaller <= larger


# --- the payouts of what was really paid ---------------------------------------------------------------------


def pay(terms, allocations, prior=NOTHING_BEFORE, shares=WHOLE_CLAIM, won_on=DAY):
	"""All payouts of allocations booked in this order, by claim."""
	booked, payouts = [], [[] for _ in shares]
	for allocation in allocations:
		issued = [sum((line.amount for line in lines), Decimal(0)) for lines in payouts]
		for line in paid_payouts(won_on, terms, allocation, booked, issued, prior, shares=shares):
			payouts[line.claim].append(line)
		booked.append(allocation)
	return payouts


@examples("commission_paid.csv")
def test_paid(row):
	allocations = [Allocation(*map(Decimal, payment.split(":")), DAY) for payment in row["payments"].split()]
	payouts = pay(
		tiers(row, PERCENT_OF_PAID), allocations, Prior(volume=Decimal(row["volume"])), amounts(row["shares"])
	)

	assert [tuple(line.amount for line in lines) for lines in payouts] == list(
		map(amounts, row["expected"].split("|"))
	)


def test_a_payout_of_a_payment_says_what_it_pays_for():
	terms = [percent(10, basis=PERCENT_OF_PAID)]
	paid = Allocation(Decimal("119"), Decimal("238"), Decimal("200"), date(2025, 3, 1))
	back = Allocation(Decimal("-119"), Decimal("238"), Decimal("200"), date(2025, 3, 1), date(2025, 6, 1))
	early = replace(back, returned_on=date(2025, 3, 2))
	dues = {"hold_days": 14, "due_days": 30}

	first = PayoutLine(
		claim=0,
		instalment=1,
		basis_amount=Decimal(100),
		rate=Decimal(10),
		amount=Decimal(10),
		currency="USD",
		won_on=DAY,
		hold_until=date(2025, 3, 15),
		due_on=date(2025, 4, 14),
	)
	taken = replace(first, instalment=2, basis_amount=Decimal(-100), amount=Decimal(-10))
	assert paid_payouts(DAY, terms, paid, [], [Decimal(0)], **dues) == (first,)
	# What goes back on hold is confirmed together with what it takes back; later, at once.
	assert paid_payouts(DAY, terms, early, [paid], [Decimal(10)], **dues) == (taken,)
	assert paid_payouts(DAY, terms, back, [paid], [Decimal(10)], **dues) == (
		replace(taken, hold_until=date(2025, 6, 1), due_on=date(2025, 7, 1)),
	)


def test_only_the_first_months_are_paid_for():
	terms = [percent(10, basis=PERCENT_OF_PAID, recurring_months=1)]
	hundred = [Decimal(100)] * 3
	won_on = date(2025, 1, 31)
	allocations = [
		Allocation(*hundred, date(2024, 12, 1)),
		Allocation(*hundred, date(2025, 2, 27)),
		Allocation(*hundred, date(2025, 2, 28)),
		Allocation(Decimal(-100), Decimal(100), Decimal(100), date(2025, 2, 28), date(2025, 5, 1)),
		Allocation(Decimal(-100), Decimal(100), Decimal(100), date(2025, 2, 27), date(2025, 5, 1)),
	]

	(payouts,) = pay(terms, allocations, won_on=won_on)
	assert [(line.instalment, line.amount) for line in payouts] == [(1, 10), (2, 10), (5, -10)]
	(payouts,) = pay(terms, [allocations[2], allocations[1]], won_on=won_on)
	assert [(line.instalment, line.basis_amount, line.amount) for line in payouts] == [(2, 100, 10)]


def test_payments_under_other_terms_give_no_payout():
	allocation = Allocation(Decimal(100), Decimal(100), Decimal(100), DAY)

	assert paid_payouts(DAY, [], allocation, [], [Decimal(0)]) == ()
	assert paid_payouts(DAY, [percent(10)], allocation, [], [Decimal(0)]) == ()


def test_what_was_issued_is_told_for_each_share():
	allocation = Allocation(Decimal(100), Decimal(100), Decimal(100), DAY)

	with pytest.raises(ValueError, match="argument 2 is shorter"):
		paid_payouts(DAY, [percent(10, basis=PERCENT_OF_PAID)], allocation, [], [])


allocations = st.builds(
	lambda cents, total, net: Allocation(Decimal(cents) / 100, Decimal(total), Decimal(min(net, total)), DAY),
	st.integers(-(10**6), 10**7),
	st.integers(1, 10**5),
	st.integers(1, 10**5),
)
PAID_TERMS = any_terms(bases=(PERCENT_OF_PAID,), months=(0, 0), caps=st.none() | CAPS)


@MODEST
@given(PAID_TERMS, st.lists(allocations, min_size=1, max_size=6), PRIORS, SHARES, st.randoms())
def test_payments_in_any_order_come_to_the_terms_on_their_total(terms, booked, prior, shares, random):
	total = sum(
		(
			Fraction(paid.allocated) * Fraction(paid.invoice_net) / Fraction(paid.invoice_total)
			for paid in booked
		),
		Fraction(0),
	)
	owed = by_the_terms(terms, max(total, Fraction(0)), prior)
	if terms[0].cap and terms[0].cap < owed:
		unit = smallest_unit(terms[0].currency)
		owed = terms[0].cap // unit * unit
	shuffled = random.sample(booked, len(booked))
	in_order, out_of_order = (
		[sum(line.amount for line in lines) for lines in pay(terms, order, prior, shares)]
		for order in (booked, shuffled)
	)

	assert in_order == out_of_order
	assert sum(pay(terms, booked, prior)[0][n].amount for n in range(len(booked))) == owed
	if sum(shares) == 100:
		assert sum(in_order) == owed


@MODEST
@given(PERCENTAGES, st.integers(0, 10**7), st.lists(st.integers(0, 10**7), max_size=6), st.integers(0, 25))
def test_an_invoice_paid_in_any_parts_pays_the_percent_of_its_net(rate, cents, cuts, tax):
	net_total = Decimal(cents + 1) / 100
	gross = round_money(net_total * (100 + tax) / 100, "USD")
	edges = [Decimal(0), *sorted(min(Decimal(cut) / 100, gross) for cut in cuts), gross]
	parts = [Allocation(end - start, gross, net_total, DAY) for start, end in pairwise(edges)]
	(payouts,) = pay([percent(rate, basis=PERCENT_OF_PAID)], parts)

	assert sum(line.amount for line in payouts) == round_money(
		Fraction(net_total) * Fraction(rate) / 100, "USD"
	)
	assert sum(line.basis_amount for line in payouts) == net_total
	assert all(line.amount >= 0 for line in payouts)


# --- taking back ---------------------------------------------------------------------------------------------


def take_back(payouts, refunded, of, day=DAY):
	"""The rows of one refund, and the payouts as they are after it."""
	lines = reverse(payouts, refunded, of, day)
	back = {line.reversal_of: line.amount for line in lines}
	return lines, [
		replace(payout, taken_back=payout.taken_back + back.get(payout.name, 0)) for payout in payouts
	]


@examples("commission_reversals.csv")
def test_reversals(row):
	payouts = issued_of(a_line(amount, currency=row["currency"]) for amount in amounts(row["amounts"]))
	for refunded, expected in zip(row["refunds"].split(), row["expected"].split("|"), strict=True):
		lines, payouts = take_back(payouts, Decimal(refunded), Decimal(row["of"]))
		wanted = () if expected.strip() == "none" else amounts(expected)
		assert tuple(line.amount for line in lines) == tuple(amount for amount in wanted if amount)


def test_a_reversal_names_its_payout_and_waits_for_it():
	line = a_line(100, instalment=2, hold_until=date(2025, 3, 1), due_on=date(2025, 3, 31))
	expected = replace(line, amount=Decimal(-25), basis_amount=Decimal(-250), reversal_of="PAY-1")

	early = reverse([Issued("PAY-1", line)], Decimal(250), Decimal(1000), date(2025, 2, 1))
	late = reverse([Issued("PAY-1", line)], Decimal(250), Decimal(1000), date(2025, 5, 1))
	assert early == (expected,)
	assert late == (replace(expected, hold_until=date(2025, 5, 1), due_on=date(2025, 5, 31)),)


def test_of_no_payouts_nothing_is_taken_back():
	assert reverse([], Decimal(1), Decimal(1), DAY) == ()


@MODEST
@given(any_terms(), MONEY, SHARES, st.lists(st.integers(0, 99), max_size=5))
def test_refunds_take_back_their_part_and_in_the_end_all(terms, amount, shares, percentages):
	payouts = issued_of(won_payouts(Won(DAY, amount), terms, shares=shares))
	before = net(payouts)
	rows = [payout.line for payout in payouts]
	for refunded in [*sorted(percentages), 100]:
		lines, payouts = take_back(payouts, Decimal(refunded), Decimal(100))
		rows += lines

		assert net(rows) == net(payouts) == round_money(before * (100 - refunded) / 100, terms[0].currency)
		assert all(line.amount < 0 for line in lines)
		assert all(payout.amount >= 0 for payout in payouts)
		assert reverse(payouts, Decimal(refunded), Decimal(100), DAY) == ()

	assert [payout.amount for payout in payouts] == [0] * len(payouts)
	backed = [payout.line.basis_amount for payout in payouts if payout.line.amount]
	assert sum(line.basis_amount for line in rows if line.reversal_of) == -sum(backed)


@MODEST
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.integers(0, 100))
def test_a_negative_row_is_taken_back_as_a_positive_one(cents, refunded):
	def back(sign):
		payouts = issued_of(a_line(Decimal(sign * amount) / 100) for amount in cents)
		return [line.amount for line in reverse(payouts, Decimal(refunded), Decimal(100), DAY)]

	assert back(-1) == [-amount for amount in back(1)]


# --- paying out ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
	("rows", "minimum", "total", "is_claimed"),
	[
		("", "0", "0", True),
		("100", "0", "100", True),
		("100 -30", "0", "70", True),
		("100 -30", "70", "70", True),
		("100 -30", "70.01", "70", False),
		("100 -100", "0", "0", True),
		("100 -100", "0.01", "0", False),
		("100 -130", "0", "-30", False),
		("100 -130", None, "-30", True),
		("20 20", "50", "40", False),
		("20 20 20", "50", "60", True),
	],
)
def test_below_the_minimum_all_is_carried_forward(rows, minimum, total, is_claimed):
	rows = tuple(map(a_line, amounts(rows)))
	settlement = payable_now(rows, minimum if minimum is None else Decimal(minimum))

	assert settlement.total == Decimal(total)
	assert (settlement.claimed, settlement.carried) == ((rows, ()) if is_claimed else ((), rows))


@pytest.mark.parametrize(
	("nets", "expected"),
	[
		({"A": "100", "B": "50"}, {"A": "100", "B": "50"}),
		({"A": "100", "B": "50", "C": "-30"}, {"A": "80", "B": "40"}),
		({"A": "-100", "B": "30"}, {"A": "-70"}),
		({"A": "10", "B": "0"}, {"A": "10"}),
		({"A": "10", "B": "-10"}, {}),
		({"A": "0.01", "B": "100", "C": "-100"}, {"B": "0.01"}),
		({}, {}),
	],
)
def test_the_lines_of_an_invoice_have_its_sign(nets, expected):
	parts = invoice_parts({name: Decimal(net) for name, net in nets.items()}, "USD")

	assert parts == {name: Decimal(part) for name, part in expected.items()}


@given(st.dictionaries(st.text(max_size=3), st.integers(-10_000, 10_000), max_size=8))
def test_the_lines_of_an_invoice_add_up(units):
	nets = {name: Decimal(unit) / 100 for name, unit in units.items()}
	total = sum(nets.values(), Decimal(0))

	parts = invoice_parts(nets, "USD")

	assert sum(parts.values(), Decimal(0)) == total
	assert all(part * total > 0 and part * nets[name] > 0 for name, part in parts.items())


@pytest.mark.parametrize(
	("rows", "paid", "expected"),
	[
		("100 50", "0", "0 0"),
		("100 50", "30", "30 0"),
		("100 50", "120", "100 20"),
		("100 50", "150", "100 50"),
		("100 50", "151", "100 50"),
		("100 50", "-1", "0 0"),
		("100 -30", "0", "0 0"),
		("100 -30", "10", "40 -30"),
		("100 -30", "70", "100 -30"),
		("100 -130", "-10", "100 -110"),
		("100 -130", "-30", "100 -130"),
		("100 -130", "30", "0 0"),
		("100 -100", "0", "100 -100"),
		("", "0", ""),
	],
)
def test_what_of_a_statement_is_paid(rows, paid, expected):
	assert paid_amounts(list(map(a_line, amounts(rows))), Decimal(paid)) == amounts(expected)


@MODEST
@given(st.lists(st.integers(-50, 100), min_size=1, max_size=6).filter(sum))
def test_every_payment_of_a_statement_reaches_its_rows(numbers):
	rows = list(map(a_line, numbers))
	total = sum(numbers)
	sign = 1 if total > 0 else -1
	before = (0,) * len(rows)
	for paid in range(0, abs(total) + 1):
		parts = paid_amounts(rows, Decimal(paid * sign))

		assert sum(parts) == paid * sign
		for part, row, earlier in zip(parts, rows, before, strict=True):
			assert abs(earlier) <= abs(part) <= abs(row.amount)
			assert part * row.amount >= 0
		before = parts
	assert before == tuple(numbers)


# --- the life of a payout ------------------------------------------------------------------------------------

HOLD_UNTIL = date(2025, 1, 31)
STATUSES = (EXPECTED, CONFIRMED, PARTLY_PAID, PAID, REJECTED, CLAWED_BACK)


@examples("commission_status.csv")
def test_status(row):
	facts = PayoutFacts(
		status=row["status"],
		amount=Decimal(row["amount"]),
		net=Decimal(row["net"]),
		hold_until=HOLD_UNTIL,
		paid_amount=Decimal(row["paid"]),
		is_reversal=row["reversal"] == "yes",
		claimed=row["claimed"] == "yes",
		rejected=row["rejected"] == "yes",
	)

	assert next_status(facts, date.fromisoformat(row["today"])) == row["expected"]


any_facts = st.builds(
	PayoutFacts,
	status=st.sampled_from(STATUSES),
	amount=st.sampled_from([-100, -1, 0, 1, 100]).map(Decimal),
	net=st.sampled_from([-50, 0, 50]).map(Decimal),
	hold_until=st.just(HOLD_UNTIL),
	paid_amount=st.sampled_from([-100, -40, 0, 40, 100]).map(Decimal),
	is_reversal=st.booleans(),
	claimed=st.booleans(),
	rejected=st.booleans(),
)
days = st.integers(-40, 40).map(lambda shift: HOLD_UNTIL + timedelta(days=shift))


@MODEST
@given(any_facts, days)
def test_a_status_that_was_reached_stays_while_the_facts_do(facts, today):
	status = next_status(facts, today)

	assert next_status(replace(facts, status=status), today) == status
	if facts.status in (REJECTED, CLAWED_BACK):
		assert status == facts.status
	if facts.status != EXPECTED:
		assert status != EXPECTED


@MODEST
@given(any_facts, days)
def test_both_signs_live_the_same_life(facts, today):
	mirrored = replace(facts, amount=-facts.amount, net=-facts.net, paid_amount=-facts.paid_amount)

	assert next_status(mirrored, today) == next_status(facts, today)


@MODEST
@given(
	st.sampled_from([-1, 1]),
	st.lists(st.tuples(st.integers(0, 20), st.integers(0, 40), st.booleans(), st.booleans()), max_size=8),
)
def test_growing_facts_never_move_a_payout_back(sign, steps):
	facts = PayoutFacts(EXPECTED, Decimal(100 * sign), Decimal(100 * sign), HOLD_UNTIL)
	today = HOLD_UNTIL - timedelta(days=30)
	life = [EXPECTED]
	for passed, paid, rejected, refunded in steps:
		today += timedelta(days=passed)
		facts = replace(
			facts,
			status=life[-1],
			paid_amount=facts.paid_amount + paid * sign,
			claimed=facts.claimed or paid > 0,
			rejected=facts.rejected or rejected,
			net=Decimal(0) if refunded else facts.net,
		)
		life.append(next_status(facts, today))

	ranks = [STATUSES.index(status) for status in life]
	assert ranks == sorted(ranks)


@MODEST
@given(
	st.lists(
		st.tuples(st.integers(0, 12), st.sampled_from(["refund", "undo", "statement"]), st.integers(0, 100)),
		max_size=10,
	),
	st.sampled_from([Decimal(0), Decimal(60)]),
)
def test_statements_pay_what_is_left_whatever_happens_in_between(events, minimum):
	"""A payout held for 30 days; refunds, returns that are cancelled, statements; then one last statement."""
	today = DAY
	rows = {"1": a_line(100, hold_until=today + timedelta(days=30))}
	status, claimed, refunded = {"1": EXPECTED}, [], 0

	def issued(name):
		back = sum(line.amount for line in rows.values() if line.reversal_of == name)
		return Issued(name, rows[name], Decimal(back))

	def add(lines):
		for line in lines:
			name = str(len(rows) + 1)
			rows[name], status[name] = line, EXPECTED

	def review():
		for name, line in rows.items():
			facts = PayoutFacts(
				status=status[name],
				amount=line.amount,
				net=net(rows.values()),
				hold_until=line.hold_until,
				paid_amount=line.amount if name in claimed else Decimal(0),
				is_reversal=bool(line.reversal_of),
				claimed=bool(claimed),
			)
			status[name] = next_status(facts, today)

	def make_statement(minimum):
		ready = [name for name in rows if status[name] == CONFIRMED and name not in claimed]
		settlement = payable_now([rows[name] for name in ready], minimum)
		if settlement.claimed:
			claimed.extend(ready)

	for passed, event, percentage in events:
		today += timedelta(days=passed)
		if event == "refund" and status["1"] != CLAWED_BACK:
			refunded = max(refunded, percentage)
			add(reverse([issued("1")], Decimal(refunded), Decimal(100), today))
		elif event == "undo" and len(rows) > 1 and status["1"] != CLAWED_BACK:
			last = str(len(rows))
			if rows[last].amount < 0:
				add(reverse([issued(last)], Decimal(100), Decimal(100), today))
		elif event == "statement":
			make_statement(minimum)
		review()
	today += timedelta(days=60)
	review()
	make_statement(None)
	review()

	assert sum(rows[name].amount for name in claimed) == net(rows.values())
	assert set(status.values()) <= {PAID, CLAWED_BACK}


# --- terms that can't hold -----------------------------------------------------------------------------------


def found(*terms):
	return [(problem.code, problem.rows) for problem in check_terms(terms)]


YEAR = {"valid_from": date(2025, 1, 1), "valid_to": date(2025, 12, 31)}
NEXT_YEAR = {"valid_from": date(2026, 1, 1), "valid_to": date(2026, 12, 31)}


def tier(value, start, **fields):
	return percent(value, **{"tier_by": VOLUME, "tier_from": Decimal(start), **YEAR, **fields})


@pytest.mark.parametrize(
	("terms", "message"),
	[
		([percent(10, basis="Percent")], "Row 1: the basis Percent is unknown."),
		([tier(10, 0, tier_by="Weight")], "Row 1: tiers can't be counted by Weight."),
		([tier(10, 0, tier_mode="Half")], "Row 1: the tier mode Half is unknown."),
		([percent("NaN")], "Row 1: the value NaN is not an amount."),
		([percent("sNaN")], "Row 1: the value sNaN is not an amount."),
		([percent("Infinity", basis=FIXED)], "Row 1: the value Infinity is not an amount."),
		([replace(percent(1), value=0.5)], "Row 1: the value 0.5 is not an amount."),
		([replace(percent(1), value=None)], "Row 1: the value None is not an amount."),
		([percent(-1)], "Row 1: the value -1 is negative."),
		([percent("100.01")], "Row 1: 100.01 % is more than 100 %."),
		([percent(101, basis=PERCENT_OF_PAID)], "Row 1: 101 % is more than 100 %."),
		([percent(1, cap=Decimal("NaN"))], "Row 1: the cap NaN is not an amount."),
		([percent(1, cap=Decimal(-5))], "Row 1: the cap -5 is negative."),
		([tier(1, "NaN")], "Row 1: the beginning of the tier, NaN, is not a number."),
		([tier(1, -1), tier(1, 0)], "Row 1: the beginning of the tier, -1, is negative."),
		(
			[tier(1, 0, tier_by=COUNT), tier(1, "2.5", tier_by=COUNT)],
			"Row 2: a tier can't begin at client 2.5.",
		),
		(
			[percent(1, tier_from=Decimal(5))],
			"Row 1: the tier from 5 does not say whether it goes by count or by volume.",
		),
		([percent(1, recurring_months=-1)], "Row 1: -1 is not a number of months."),
		([percent(1, recurring_months=1.5)], "Row 1: 1.5 is not a number of months."),
		([percent(1, recurring_months=10**9)], "Row 1: 1000000000 is not a number of months."),
		(
			[percent(1, valid_from=date(2025, 2, 1), valid_to=date(2025, 1, 31))],
			"Row 1: the last day 2025-01-31 is before the first.",
		),
		(
			[tier(100, 0, basis=FIXED, tier_mode=MARGINAL)],
			"Row 1: a fixed reward can't be parted by volume; its tiers have to be Whole.",
		),
		([percent(1), percent(2)], "Rows 1, 2: the periods overlap."),
		([percent(1, **YEAR), percent(2, **YEAR)], "Rows 1, 2: the periods overlap."),
		([percent(1, **YEAR), tier(2, 10)], "Rows 1, 2: the periods overlap."),
		(
			[percent(1, valid_to=date(2025, 1, 1)), percent(2, valid_from=date(2025, 1, 1))],
			"Rows 1, 2: the periods overlap.",
		),
		([tier(1, 0), tier(2, 10, valid_to=None)], "Rows 1, 2: the periods overlap."),
		(
			[tier(1, 10), tier(2, 20)],
			"Rows 1, 2: the first tier begins at 10; nothing is said of what comes before.",
		),
		(
			[tier(1, 2, tier_by=COUNT)],
			"Rows 1: the first tier begins at 2; nothing is said of what comes before.",
		),
		([tier(1, 0), tier(2, 10), tier(3, "10.0")], "Rows 2, 3: more than one tier begins at 10."),
		(
			[tier(1, 0, tier_by=COUNT), tier(2, 1, tier_by=COUNT)],
			"Rows 1, 2: more than one tier begins at 0.",
		),
		*(
			(
				[tier(1, 0), tier(2, 10, **other)],
				"Rows 1, 2: the tiers of one period must agree in basis, measure, mode, months, cap and currency.",
			)
			for other in (
				{"basis": FIXED},
				{"tier_by": COUNT},
				{"tier_mode": MARGINAL},
				{"recurring_months": 3},
				{"cap": Decimal(5)},
				{"currency": "EUR"},
			)
		),
	],
)
def test_terms_at_fault(terms, message):
	(problem,) = [problem for problem in check_terms(terms) if str(problem) == message]

	assert problem.sentence.format(**problem.parameters) == message


def test_every_fault_is_found_at_once():
	assert found(
		percent(120, cap=Decimal(-1), valid_from=date(2025, 1, 1)),
		percent(-5, valid_from=date(2025, 6, 1)),
		percent("NaN", basis="?", recurring_months=-1, valid_to=date(2024, 12, 31)),
	) == [
		("PERCENT_ABOVE_100", (1,)),
		("CAP_NEGATIVE", (1,)),
		("VALUE_NEGATIVE", (2,)),
		("UNKNOWN_BASIS", (3,)),
		("VALUE_INVALID", (3,)),
		("MONTHS_INVALID", (3,)),
		("OVERLAP", (1, 2)),
	]


def test_an_overlap_of_tables_names_all_of_their_rows():
	terms = [tier(1, 0), tier(2, 0, **NEXT_YEAR), tier(3, 10), tier(4, 10, **NEXT_YEAR)]

	assert found(*terms) == []
	assert found(*terms, percent(5, valid_from=date(2025, 12, 31), valid_to=date(2025, 12, 31))) == [
		("OVERLAP", (1, 3, 5))
	]


@pytest.mark.parametrize("basis", BASES)
def test_sound_terms(basis):
	assert check_terms([]) == []
	assert found(percent(100, basis=basis, cap=Decimal(0), recurring_months=12)) == []
	assert found(percent(1, basis=basis, tier_by="")) == []
	assert found(tier(1, 0, basis=basis), tier(2, 10, basis=basis, cap=Decimal(0))) == []
	assert found(tier(1, 1, basis=basis, tier_by=COUNT), tier(2, 2, basis=basis, tier_by=COUNT)) == []
	assert found(percent(1, basis=basis, **YEAR), percent(2, basis=basis, **NEXT_YEAR)) == []
	assert (
		found(
			percent(1, basis=basis, valid_to=date(2024, 12, 31)),
			percent(1, basis=basis, **YEAR),
			percent(1, basis=basis, valid_from=date(2026, 1, 1)),
		)
		== []
	)


OPEN_END = {"valid_from": date(2025, 1, 1), "valid_to": None}


@pytest.mark.parametrize(
	("before", "after", "changed"),
	[
		([percent(10, **OPEN_END)], [percent(10, **OPEN_END)], []),
		([percent(10, **OPEN_END)], [percent(11, **OPEN_END)], [(1,)]),
		([percent(10, **OPEN_END)], [percent(10, **OPEN_END, cap=Decimal(5))], [(1,)]),
		([percent(10, **OPEN_END)], [percent(10, **OPEN_END, currency="EUR")], [(1,)]),
		([percent(10, **OPEN_END)], [], [(1,)]),
		([percent(10, **OPEN_END)], [percent(10, **OPEN_END | {"valid_from": date(2025, 1, 2)})], [(1,)]),
		# ended, and succeeded
		([percent(10, **OPEN_END)], [percent(10, **OPEN_END | {"valid_to": DAY})], []),
		([percent(10, **OPEN_END)], [percent(10, **OPEN_END | {"valid_to": DAY - timedelta(1)})], [(1,)]),
		(
			[percent(10, **OPEN_END)],
			[percent(10, **OPEN_END | {"valid_to": DAY}), percent(5, valid_from=DAY + timedelta(1))],
			[],
		),
		# an end that is put off, or is over
		([percent(10, **OPEN_END | {"valid_to": DAY})], [percent(10, **OPEN_END)], []),
		([percent(10, **OPEN_END | {"valid_to": DAY - timedelta(1)})], [percent(10, **OPEN_END)], [(1,)]),
		# one table of tiers
		([tier(1, 0), tier(2, 10)], [tier(2, 10), tier(1, 0)], []),
		([tier(1, 0), tier(2, 10)], [tier(1, 0)], [(1, 2)]),
		([tier(1, 0), tier(2, 10)], [tier(1, 0), tier(2, 10), tier(3, 20)], [(1, 2)]),
		([tier(1, 0), tier(2, 0, **NEXT_YEAR)], [tier(1, 0), tier(3, 0, **NEXT_YEAR)], [(2,)]),
		# terms for another time
		([percent(10, **YEAR)], [percent(10, **YEAR), percent(5, **NEXT_YEAR)], []),
	],
)
def test_what_terms_were_rewritten(before, after, changed):
	assert [period.rows for period in rewritten(before, after, DAY)] == changed


def test_a_fixed_value_may_be_above_100():
	assert found(percent(1500, basis=FIXED)) == []


def test_nothing_is_paid_by_terms_at_fault():
	terms = [percent(10), percent(20)]
	allocation = Allocation(Decimal(100), Decimal(100), Decimal(100), DAY)

	with pytest.raises(InvalidTerms, match="Rows 1, 2: the periods overlap") as refusal:
		won_payouts(Won(DAY, Decimal(1000)), terms)
	assert [problem.code for problem in refusal.value.problems] == ["OVERLAP"]
	with pytest.raises(InvalidTerms, match="Row 1: 110 % is more than 100 %"):
		paid_payouts(DAY, [percent(110, basis=PERCENT_OF_PAID)], allocation, [], [Decimal(0)])


def test_terms_of_another_day_do_not_stop_a_payout():
	terms = [percent(110, valid_to=date(2024, 12, 31)), percent(10, valid_from=date(2025, 1, 1))]

	assert [line.amount for line in won_payouts(Won(DAY, Decimal(1000)), terms)] == [100]


@MODEST
@given(any_terms(bases=BASES, caps=st.none() | st.decimals(0, 5000, places=3)))
def test_generated_terms_are_sound_and_lie_in_force_from_the_lowest_tier(terms):
	assert check_terms(terms) == []
	assert terms_in_force(terms, DAY) == tuple(sorted(terms, key=lambda term: term.tier_from))
