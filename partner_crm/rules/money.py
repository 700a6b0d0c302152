"""Amounts of money: exact while they are computed, rounded once, divided without losing a cent.

An amount is a finite `Decimal`. What is computed from amounts stays a `Fraction` until it is rounded, so
that no intermediate step and no decimal context of the caller can move a cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm

from babel.numbers import get_currency_precision

LARGEST_DIGITS = 18
"""Digits before the decimal point: more than any currency field holds, and too few to exhaust memory."""

FINEST_DIGITS = 60
"""Digits after the decimal point: more than any quotient of two Decimals in the default context has."""

NOT_DECIMAL = "{value} is of type {type}, and an amount must be a Decimal."
NOT_FINITE = "{value} is not an amount."
OUT_OF_RANGE = "{value} has too many digits for an amount."
NEGATIVE = "{value} is negative."
NOT_POSITIVE = "{value} is not above zero."
NOT_WHOLE_UNITS = "{value} is not a multiple of {unit} {currency}."
NO_WEIGHT = "{value} can't be divided: nobody has a share in it."
MIXED_CURRENCIES = "Amounts in {value} can't be added up."


class InvalidAmount(ValueError):
	"""Something that can't be reckoned with as money.

	`sentence` has {placeholders} for `parameters`: translate first, format afterwards. `str()` is English.
	"""

	def __init__(self, sentence: str, **parameters: object):
		super().__init__(sentence.format(**parameters))
		self.sentence = sentence
		self.parameters = parameters


class InexactAmount(InvalidAmount, TypeError):
	"""A float, a text, a bool or any other type where a Decimal belongs."""


def checked(amount: Decimal) -> Decimal:
	"""`amount` itself, if it is a finite Decimal of a sensible size ("What bad input gets": NaN amounts).

	Raises `InexactAmount` (a TypeError) for any other type, int included, because a caller that mixes
	types has lost track of where its numbers come from; `InvalidAmount` (a ValueError) for NaN, an
	infinity, or more than 18 digits before or 60 after the decimal point.
	"""
	if not isinstance(amount, Decimal):
		raise InexactAmount(NOT_DECIMAL, value=repr(amount), type=type(amount).__name__)
	if not amount.is_finite():
		raise InvalidAmount(NOT_FINITE, value=amount)
	if amount.adjusted() >= LARGEST_DIGITS or amount.as_tuple().exponent < -FINEST_DIGITS:
		raise InvalidAmount(OUT_OF_RANGE, value=amount)
	return amount


def not_negative(amount: Decimal) -> Decimal:
	"""`amount` itself, if it is `checked` and not below zero; else `InvalidAmount`."""
	if checked(amount) < 0:
		raise InvalidAmount(NEGATIVE, value=amount)
	return amount


def positive(amount: Decimal) -> Decimal:
	"""`amount` itself, if it is `checked` and above zero; else `InvalidAmount`."""
	if checked(amount) <= 0:
		raise InvalidAmount(NOT_POSITIVE, value=amount)
	return amount


def smallest_unit(currency: str) -> Decimal:
	"""The smallest amount of a currency that is paid: 0.01 for USD, 1 for JPY, 0.001 for KWD.

	Decimal places are those of Unicode's CLDR, which follows usage (no places for IRR, where ISO 4217 has
	two). A currency that CLDR does not know, and an empty one, has two places: 0.01.
	"""
	return _of_units(1, get_currency_precision(currency))


def round_half_up(amount: Decimal | Fraction, places: int) -> Decimal:
	"""`amount` with so many decimal places; a half goes away from zero, so negatives mirror positives."""
	return _of_units(_half_up(_exact(amount) * 10**places), places)


def round_money(amount: Decimal | Fraction, currency: str) -> Decimal:
	"""`amount` in whole smallest units of `currency`; a half goes away from zero, as accountants round."""
	return round_half_up(amount, get_currency_precision(currency))


def round_money_down(amount: Decimal, currency: str) -> Decimal:
	"""`amount` in whole smallest units, towards zero: what a limit really allows to be paid."""
	places = get_currency_precision(currency)
	return _of_units(int(_exact(amount) * 10**places), places)


def convert(amount: Decimal, rate: Decimal, currency: str) -> Decimal:
	"""`amount` in `currency`: multiplied by `rate` and rounded.

	`rate` is units of `currency` per unit of the amount's own, for the day that matters to the
	caller. Raises `InvalidAmount` for a rate of zero or less.
	"""
	return round_money(_exact(amount) * Fraction(positive(rate)), currency)


def allocate(total: Decimal, weights: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
	"""`total` divided in proportion to `weights`, to the smallest unit; the parts add up to `total` exactly.

	By largest remainder: each part is its exact share rounded down or up (towards or away from zero), and
	the units left over go to the largest remainders, the earlier part first among equals. So a part never
	has another sign than the total, a weight of zero gets nothing, and a negative total mirrors its positive.

	Raises `InvalidAmount` if `total` is not in whole units (rounding it here would hide a lost cent), if a
	weight is negative, or if no weight is above zero.
	"""
	units = _units(total, currency)
	ratios = [not_negative(weight).as_integer_ratio() for weight in weights]
	common = lcm(*(denominator for _, denominator in ratios))
	shares = [numerator * (common // denominator) for numerator, denominator in ratios]
	whole = sum(shares)
	if not whole:
		raise InvalidAmount(NO_WEIGHT, value=total)
	parts = [abs(units) * share // whole for share in shares]
	remainders = [abs(units) * share % whole for share in shares]
	by_remainder = sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)
	for part in by_remainder[: abs(units) - sum(parts)]:
		parts[part] += 1
	places = get_currency_precision(currency)
	return tuple(_of_units(part if units > 0 else -part, places) for part in parts)


def split_evenly(total: Decimal, parts: int, currency: str) -> tuple[Decimal, ...]:
	"""`total` in so many parts that differ by one smallest unit at most, the larger ones first.

	Raises `InvalidAmount` as `allocate` does, also for fewer parts than one.
	"""
	return allocate(total, [Decimal(1)] * parts, currency)


def _exact(amount: Decimal | Fraction) -> Fraction:
	return amount if isinstance(amount, Fraction) else Fraction(checked(amount))


def _half_up(amount: Fraction) -> int:
	units = int(abs(amount) + Fraction(1, 2))
	return units if amount > 0 else -units


def _of_units(units: int, places: int) -> Decimal:
	# From text, since arithmetic would round to the precision of whatever decimal context is set.
	return Decimal(f"{units}E-{places}")


def _units(amount: Decimal, currency: str) -> int:
	units = Fraction(checked(amount)) * 10 ** get_currency_precision(currency)
	if units.denominator != 1:
		raise InvalidAmount(NOT_WHOLE_UNITS, value=amount, unit=smallest_unit(currency), currency=currency)
	return int(units)
