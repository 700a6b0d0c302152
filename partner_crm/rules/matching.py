"""What the owner of a programme says he owes us, line by line against what we expect of him (Partners' money,
"Reconciliation").

A line and a payout can be of one client when they share an identity value, or when the line names the deal. Of all
such pairs the surest is taken first: a named deal, then more shared values, then rarer ones; among these a payout of the
period, an amount within the tolerance, the least difference, the nearest day. A line has one payout at most, and a
payout one line; one that another list has a line for is given to none of this list, unless a person says so. The order
in which the lines are given makes no difference.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from partner_crm.rules.identity import DOMAIN, EMAIL, FULL_NAME, PHONE, TAX_ID, TITLE, Values

MATCHED = "Matched"
AMOUNT_DIFFERS = "Amount Differs"
UNKNOWN_CLIENT = "Unknown Client"
TWICE = "Twice"
NOT_LISTED = "Not Listed"
REFUSED = "Refused"

EVIDENCE = (TAX_ID, EMAIL, PHONE, TITLE, FULL_NAME, DOMAIN)
"""What tells a client, the surest first: many may have one name, and all of a company one domain."""

MOST_PAIRS = 40_000
"""Lines with a value, times the payouts with it. A value that makes more pairs, 200 by 200, tells nobody apart."""

NO_PAYOUT = ""
"""Said by hand: the line belongs to no payout."""


@dataclass(frozen=True, slots=True)
class Line:
	"""A line of the owner's list, by its row in the file.

	`reference`: the deal as he names it. `by_hand`: the payout that a person has chosen for it, `NO_PAYOUT` if none, None
	where nobody has.
	"""

	row: int
	amount: Decimal
	values: Values
	reference: str | None = None
	on: date | None = None
	by_hand: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
	"""A payout that we expect, less what was taken back of it. `references`: names by which the owner may call it.

	`on`: the day on which it was earned. `is_listed_elsewhere`: another list of the owner's has a line for it.
	"""

	name: str
	amount: Decimal
	values: Values
	references: frozenset[str] = frozenset()
	on: date | None = None
	is_in_period: bool = True
	is_listed_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Tolerance:
	"""`percent` of what we expect, but never less than one smallest `unit` of the currency."""

	percent: Decimal
	unit: Decimal

	def allows(self, difference: Decimal, expected: Decimal) -> bool:
		return abs(difference) <= max(self.unit, abs(expected) * self.percent / 100)


@dataclass(frozen=True, slots=True)
class Outcome:
	"""`row` None: the owner does not list the payout. `difference`: what he says less what we expect."""

	row: int | None
	payout: str | None
	result: str
	difference: Decimal


def match(lines: Sequence[Line], dues: Sequence[Due], tolerance: Tolerance) -> list[Outcome]:
	"""An outcome for each line, in the order of rows, and then for each payout of the period that has none."""
	chosen = {line.by_hand for line in lines}
	offered = (due for due in dues if due.name in chosen or not due.is_listed_elsewhere)
	free = {due.name: due for due in sorted(offered, key=lambda due: due.name)}
	known: set[int] = set()
	taken: dict[int, Due] = {}
	by_row = {line.row: line for line in sorted(lines, key=lambda line: line.row)}
	for line in by_row.values():
		if line.by_hand:
			known.add(line.row)
			if due := free.pop(line.by_hand, None):
				taken[line.row] = due
	undecided = [line for line in by_row.values() if line.by_hand is None]
	for *_surest, row, name in sorted(_pairs(undecided, dues, tolerance)):
		known.add(row)
		if row not in taken and name in free:
			taken[row] = free.pop(name)
	return [
		*(_outcome(line, taken.get(line.row), line.row in known, tolerance) for line in by_row.values()),
		*(
			Outcome(None, due.name, NOT_LISTED, -due.amount)
			for due in free.values()
			if due.is_in_period and due.amount
		),
	]


def _outcome(line: Line, due: Due | None, is_known: bool, tolerance: Tolerance) -> Outcome:
	if due is None:
		return Outcome(line.row, None, TWICE if is_known else UNKNOWN_CLIENT, line.amount)
	difference = line.amount - due.amount
	result = MATCHED if tolerance.allows(difference, due.amount) else AMOUNT_DIFFERS
	return Outcome(line.row, due.name, result, difference)


def _pairs(lines: Sequence[Line], dues: Sequence[Due], tolerance: Tolerance) -> Iterator[tuple]:
	"""What can be one, as it is compared: the surest is the least; the row and the payout come last."""
	found = _index(dues)
	saying = Counter(pair for line in lines for pair in _evidence(line.values))
	telling = {pair for pair, count in saying.items() if count * len(found.by_value[pair]) <= MOST_PAIRS}
	for line in lines:
		shared: dict[str, set[str]] = defaultdict(set)
		for field, value in telling.intersection(_evidence(line.values)):
			for name in found.by_value[field, value]:
				shared[name].add(field)
		named = set(found.by_reference.get(_plain(line.reference), ())) if line.reference else set()
		for name in shared.keys() | named:
			due, fields = found.dues[name], shared.get(name, set())
			difference = abs(line.amount - due.amount)
			yield (
				name not in named,
				-len(fields),
				min((EVIDENCE.index(field) for field in fields), default=0),
				not due.is_in_period,
				not tolerance.allows(difference, due.amount),
				difference,
				_days_apart(line.on, due.on),
				line.row,
				name,
			)


@dataclass(frozen=True, slots=True)
class _Index:
	dues: Mapping[str, Due]
	by_value: defaultdict[tuple[str, str], list[str]]
	by_reference: Mapping[str, Sequence[str]]


def _index(dues: Sequence[Due]) -> _Index:
	by_value: dict[tuple[str, str], list[str]] = defaultdict(list)
	by_reference: dict[str, list[str]] = defaultdict(list)
	for due in dues:
		for pair in _evidence(due.values):
			by_value[pair].append(due.name)
		for reference in due.references:
			by_reference[_plain(reference)].append(due.name)
	return _Index({due.name: due for due in dues}, by_value, by_reference)


def _evidence(values: Values) -> Iterator[tuple[str, str]]:
	for field in EVIDENCE:
		for value in values.get(field, ()):
			yield field, value


def _plain(reference: str) -> str:
	return reference.strip().casefold()


def _days_apart(one: date | None, other: date | None) -> int:
	return abs((one - other).days) if one and other else 0
