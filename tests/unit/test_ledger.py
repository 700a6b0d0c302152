"""How a difference becomes rows."""

from __future__ import annotations

from decimal import Decimal

from partner_crm.rules.ledger import Chain, corrections


def chain(root: str, first: int, net: int, last: str = "", is_over: bool = False) -> Chain:
	return Chain(root, Decimal(first), Decimal(net), last, is_over)


def made(chains, difference: int) -> list[tuple[int, str]]:
	return [(int(row.amount), row.reversal_of) for row in corrections(chains, Decimal(difference))]


def test_the_first_is_a_payout_of_its_own():
	assert made([], 100) == [(100, "")]


def test_no_difference_makes_no_row():
	assert made([chain("A", 100, 100)], 0) == []


def test_less_is_taken_back_from_the_newest_first():
	assert made([chain("A", 100, 100), chain("B", 20, 20)], -50) == [(-20, "B"), (-30, "A")]


def test_more_gives_back_what_was_taken_before_anything_new():
	assert made([chain("A", 100, 70, "R")], 50) == [(30, "R"), (20, "")]


def test_what_was_taken_back_wholly_is_done_with():
	assert made([chain("A", 100, 0, "R", is_over=True)], 100) == [(100, "")]


def test_a_cent_more_than_there_is_goes_with_the_newest():
	assert made([chain("A", 100, 100), chain("B", 20, 20)], -121) == [(-21, "B"), (-100, "A")]
	assert made([chain("A", 100, 0, "R")], -1) == [(-1, "A")]
	assert made([], -1) == [(-1, "")]
