from __future__ import annotations

import csv
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.rules.money import (
	InexactAmount,
	InvalidAmount,
	allocate,
	checked,
	convert,
	not_negative,
	positive,
	round_half_up,
	round_money,
	round_money_down,
	smallest_unit,
	split_evenly,
)

with (Path(__file__).parent / "data" / "money_rounding.csv").open(encoding="utf-8", newline="") as source:
	ROUNDING = [
		(row["currency"], *(Decimal(row[column]) for column in ("unit", "amount", "rounded", "down")))
		for row in csv.DictReader(source)
	]

# Enough to find a lost cent in seconds, on a machine that is busy with something else.
MODEST = settings(max_examples=80, deadline=None)

currencies = st.sampled_from(["USD", "JPY", "KWD", "CLF"])
amounts = st.decimals(-(10**12), 10**12, places=9)


@st.composite
def whole_amounts(draw):
	currency = draw(currencies)
	return draw(st.integers(-(10**7), 10**7)) * smallest_unit(currency), currency


weights = st.lists(st.decimals(0, 1000, places=3), min_size=1, max_size=8).filter(any)


@pytest.mark.parametrize(("currency", "unit", "amount", "rounded", "down"), ROUNDING)
def test_rounding(currency, unit, amount, rounded, down):
	assert smallest_unit(currency) == unit
	assert round_money(amount, currency) == rounded
	assert round_money_down(amount, currency) == down


def test_a_rounded_amount_shows_its_places():
	assert [str(round_money(Decimal(7), currency)) for currency in ("JPY", "USD", "KWD")] == [
		"7",
		"7.00",
		"7.000",
	]
	assert str(round_money(Decimal("-0.004"), "USD")) == "0.00"


def test_the_decimal_context_of_the_caller_moves_no_cent():
	with localcontext(Context(prec=3)):
		assert round_money(Decimal("123456.785"), "USD") == Decimal("123456.79")
		assert allocate(Decimal("123456.79"), [Decimal(1), Decimal(1)], "USD") == (
			Decimal("61728.40"),
			Decimal("61728.39"),
		)


@MODEST
@given(amounts, currencies)
def test_rounding_is_to_the_nearest_unit_and_mirrors(amount, currency):
	rounded = round_money(amount, currency)

	assert abs(Fraction(rounded) - Fraction(amount)) <= Fraction(smallest_unit(currency)) / 2
	assert round_money(-amount, currency) == -rounded
	assert round_money(rounded, currency) == round_money_down(rounded, currency) == rounded


def test_a_third_is_rounded_from_its_exact_value():
	assert round_half_up(Fraction(200, 3), 6) == Decimal("66.666667")


@pytest.mark.parametrize(
	("amount", "rate", "currency", "converted"),
	[
		("100", "1.0856", "USD", "108.56"),
		("100", "157.345", "JPY", "15735"),
		("-100", "157.345", "JPY", "-15735"),
		("1", "0.3075", "KWD", "0.308"),
		("0", "90", "RUB", "0"),
	],
)
def test_converting(amount, rate, currency, converted):
	assert convert(Decimal(amount), Decimal(rate), currency) == Decimal(converted)


@pytest.mark.parametrize("rate", ["0", "-1", "NaN"])
def test_a_rate_is_above_zero(rate):
	with pytest.raises(InvalidAmount):
		convert(Decimal(1), Decimal(rate), "USD")


@pytest.mark.parametrize(
	("total", "by", "currency", "parts"),
	[
		("100", "1 1 1", "USD", "33.34 33.33 33.33"),
		("-100", "1 1 1", "USD", "-33.34 -33.33 -33.33"),
		("100", "1 1 1", "JPY", "34 33 33"),
		("0.02", "1 1 1", "USD", "0.01 0.01 0"),
		("100", "0 1 0", "USD", "0 100 0"),
		("10", "70 20 10", "USD", "7 2 1"),
		("0.05", "1 6 3", "USD", "0.01 0.03 0.01"),
		("0", "1 2", "USD", "0 0"),
		("1", "0.001 0.002", "KWD", "0.333 0.667"),
	],
)
def test_allocating(total, by, currency, parts):
	assert allocate(Decimal(total), list(map(Decimal, by.split())), currency) == tuple(
		map(Decimal, parts.split())
	)


@MODEST
@given(whole_amounts(), weights)
def test_parts_add_up_and_are_within_a_unit_of_their_share(total_and_currency, by):
	total, currency = total_and_currency
	parts = allocate(total, by, currency)
	whole = sum(map(Fraction, by))

	assert sum(parts) == total
	assert allocate(-total, by, currency) == tuple(-part for part in parts)
	for part, weight in zip(parts, by, strict=True):
		assert part * total >= 0
		assert weight or not part
		assert abs(Fraction(part) - Fraction(total) * Fraction(weight) / whole) < Fraction(
			smallest_unit(currency)
		)


@MODEST
@given(whole_amounts(), st.integers(1, 60))
def test_even_parts_differ_by_one_unit_and_the_larger_come_first(total_and_currency, count):
	total, currency = total_and_currency
	parts = split_evenly(total, count, currency)

	assert len(parts) == count
	assert sum(parts) == total
	assert list(map(abs, parts)) == sorted(map(abs, parts), reverse=True)
	assert abs(parts[0] - parts[-1]) <= smallest_unit(currency)


@pytest.mark.parametrize(
	("refused", "error", "message"),
	[
		(1.5, InexactAmount, "1.5 is of type float, and an amount must be a Decimal."),
		(1, InexactAmount, "1 is of type int, and an amount must be a Decimal."),
		(True, InexactAmount, "True is of type bool, and an amount must be a Decimal."),
		("1500", InexactAmount, "'1500' is of type str, and an amount must be a Decimal."),
		(None, InexactAmount, "None is of type NoneType, and an amount must be a Decimal."),
		(Decimal("NaN"), InvalidAmount, "NaN is not an amount."),
		(Decimal("sNaN"), InvalidAmount, "sNaN is not an amount."),
		(Decimal("-Infinity"), InvalidAmount, "-Infinity is not an amount."),
		(Decimal("1E+18"), InvalidAmount, "1E+18 has too many digits for an amount."),
		(Decimal("1E-999999999"), InvalidAmount, "1E-999999999 has too many digits for an amount."),
	],
)
@pytest.mark.parametrize(
	"use",
	[
		checked,
		not_negative,
		positive,
		lambda amount: round_money(amount, "USD"),
		lambda amount: allocate(amount, [Decimal(1)], "USD"),
		lambda amount: allocate(Decimal(1), [amount], "USD"),
		lambda amount: convert(Decimal(1), amount, "USD"),
	],
)
def test_what_is_not_an_amount(use, refused, error, message):
	with pytest.raises(error) as refusal:
		use(refused)

	assert str(refusal.value) == message
	assert refusal.value.sentence.format(**refusal.value.parameters) == message


def test_an_inexact_amount_is_a_type_error_too():
	with pytest.raises(TypeError):
		checked(0.1)


@pytest.mark.parametrize(
	("use", "message"),
	[
		(lambda: not_negative(Decimal("-0.01")), "-0.01 is negative."),
		(lambda: positive(Decimal(0)), "0 is not above zero."),
		(lambda: allocate(Decimal("0.005"), [Decimal(1)], "USD"), "0.005 is not a multiple of 0.01 USD."),
		(lambda: allocate(Decimal("0.5"), [Decimal(1)], "JPY"), "0.5 is not a multiple of 1 JPY."),
		(lambda: allocate(Decimal(1), [Decimal(2), Decimal(-1)], "USD"), "-1 is negative."),
		(lambda: allocate(Decimal(1), [Decimal(0)], "USD"), "1 can't be divided: nobody has a share in it."),
		(lambda: split_evenly(Decimal(1), 0, "USD"), "1 can't be divided: nobody has a share in it."),
	],
)
def test_what_can_not_be_done_with_an_amount(use, message):
	with pytest.raises(InvalidAmount) as refusal:
		use()

	assert str(refusal.value) == message
