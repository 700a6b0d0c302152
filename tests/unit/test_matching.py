"""Lines of an owner's list against the payouts that we expect."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_crm.rules.matching import (
	AMOUNT_DIFFERS,
	MATCHED,
	NO_PAYOUT,
	NOT_LISTED,
	TWICE,
	UNKNOWN_CLIENT,
	Due,
	Line,
	Tolerance,
	match,
)

TOLERANCE = Tolerance(Decimal(1), Decimal("0.01"))
ANNA = {"email": ("anna@x",), "full_name": ("anna",)}
NAMESAKE = {"full_name": ("anna",)}


def line(row: int, amount: str, values=ANNA, **fields) -> Line:
	return Line(row, Decimal(amount), values, **fields)


def due(name: str, amount: str, values=ANNA, **fields) -> Due:
	return Due(name, Decimal(amount), values, **fields)


def told(lines, dues) -> list[tuple]:
	return [(one.row, one.payout, one.result) for one in match(lines, dues, TOLERANCE)]


@pytest.mark.parametrize(
	("said", "expected", "result"),
	[
		("100", "100", MATCHED),
		("101", "100", MATCHED),
		("101.01", "100", AMOUNT_DIFFERS),
		("99", "100", MATCHED),
		("98.99", "100", AMOUNT_DIFFERS),
		("0.02", "0.01", MATCHED),
		("0.03", "0.01", AMOUNT_DIFFERS),
		("0", "0", MATCHED),
	],
)
def test_the_tolerance_and_its_edges(said, expected, result):
	(outcome,) = match([line(1, said)], [due("A", expected)], TOLERANCE)

	assert (outcome.result, outcome.difference) == (result, Decimal(said) - Decimal(expected))


def test_the_surest_evidence_first():
	"""A named deal, then more values in common, then a rarer one; the amount only decides between equals."""
	exact_name, by_email = due("A", "100", NAMESAKE), due("B", "50")
	assert told([line(1, "100")], [exact_name, by_email]) == [
		(1, "B", AMOUNT_DIFFERS),
		(None, "A", NOT_LISTED),
	]
	named = due("C", "7", {}, references=frozenset(["D-1"]))
	assert told([line(1, "100", reference=" d-1")], [by_email, named])[0] == (1, "C", AMOUNT_DIFFERS)


def test_instalments_of_one_client_go_by_amount_and_day():
	dues = [due("A", "100", on=date(2026, 1, 1)), due("B", "50"), due("C", "100", on=date(2026, 2, 1))]
	lines = [line(1, "50"), line(2, "100", on=date(2026, 2, 3)), line(3, "100", on=date(2026, 1, 3))]

	assert told(lines, dues) == [(1, "B", MATCHED), (2, "C", MATCHED), (3, "A", MATCHED)]


def test_payouts_of_the_period_come_first_and_others_are_not_missed():
	dues = [due("A", "100", is_in_period=False), due("B", "90"), due("C", "5", NAMESAKE, is_in_period=False)]

	assert told([line(1, "100")], dues) == [(1, "B", AMOUNT_DIFFERS)]


def test_a_payout_taken_back_in_full_is_missed_by_nobody():
	assert told([], [due("A", "0")]) == []


def test_twice_and_unknown():
	lines = [line(1, "100"), line(2, "100"), line(3, "100", {"phone": ("1",)})]

	assert told(lines, [due("A", "100")]) == [(1, "A", MATCHED), (2, None, TWICE), (3, None, UNKNOWN_CLIENT)]


def test_a_value_that_all_have_tells_nobody_apart():
	"""A list in which every client is called Client: the e-mails decide, and nobody is compared with everybody."""
	count = 1000
	called = [{"full_name": ("client",), "email": (f"{number}@x",)} for number in range(count)]
	lines = [line(row, "1", values) for row, values in enumerate(called, 1)]
	dues = [due(f"P{place:04}", "1", values) for place, values in enumerate(called)]

	assert told(lines, dues) == [(row, f"P{row - 1:04}", MATCHED) for row in range(1, count + 1)]
	nameless = [line(row, "1", {"full_name": ("client",)}) for row in range(1, 202)]
	others = [due(f"P{place}", "1", {"full_name": ("client",)}) for place in range(200)]
	assert {result for _row, payout, result in told(nameless, others) if not payout} == {UNKNOWN_CLIENT}


def test_what_a_person_has_chosen_stays():
	dues = [due("A", "100"), due("B", "100", {})]
	lines = [line(1, "100", by_hand="B"), line(2, "100", by_hand=NO_PAYOUT), line(3, "70")]

	assert told(lines, dues) == [(1, "B", MATCHED), (2, None, UNKNOWN_CLIENT), (3, "A", AMOUNT_DIFFERS)]


def test_what_another_list_has_a_line_for_is_neither_offered_nor_missed():
	dues = [due("A", "100", is_listed_elsewhere=True), due("B", "70", {}, is_listed_elsewhere=True)]

	assert told([line(1, "100")], dues) == [(1, None, TWICE)]
	assert told([line(1, "100"), line(2, "70", by_hand="A")], dues) == [
		(1, None, TWICE),
		(2, "A", AMOUNT_DIFFERS),
	]


def values():
	few = st.sampled_from(["1", "2", "3"])
	return st.dictionaries(
		st.sampled_from(["email", "phone", "full_name", "title", "tax_id", "domain"]),
		st.lists(few, min_size=1, max_size=2, unique=True).map(tuple),
		max_size=3,
	)


AMOUNTS = st.integers(0, 400).map(lambda cents: Decimal(cents) / 100)
DAYS = st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 5))
REFERENCES = st.sampled_from(["", "D-1", "D-2"])
LINES = st.lists(
	st.tuples(
		AMOUNTS, values(), REFERENCES, DAYS, st.none() | st.sampled_from([NO_PAYOUT, "P0", "P1", "P9"])
	),
	max_size=8,
).map(lambda rows: [Line(row, *told) for row, told in enumerate(rows, 1)])
DUES = st.lists(
	st.tuples(AMOUNTS, values(), REFERENCES.map(lambda name: frozenset({name} - {""})), DAYS, st.booleans()),
	max_size=8,
).map(lambda rows: [Due(f"P{place}", *told) for place, told in enumerate(rows)])


@given(LINES, DUES, st.randoms(use_true_random=False))
def test_everything_is_accounted_for_once_in_any_order(lines, dues, random: Random):
	outcomes = match(lines, dues, TOLERANCE)

	assert [outcome.row for outcome in outcomes if outcome.row] == [line.row for line in lines]
	payouts = [outcome.payout for outcome in outcomes if outcome.payout]
	assert len(payouts) == len(set(payouts))
	left = {due.name for due in dues} - set(payouts)
	assert all(not due.is_in_period or not due.amount for due in dues if due.name in left)
	expected = sum(due.amount for due in dues if due.name in payouts)
	said = sum(line.amount for line in lines)
	assert sum(outcome.difference for outcome in outcomes) == said - expected

	shuffled_lines, shuffled_dues = [*lines], [*dues]
	random.shuffle(shuffled_lines)
	random.shuffle(shuffled_dues)
	assert match(shuffled_lines, shuffled_dues, TOLERANCE) == outcomes
