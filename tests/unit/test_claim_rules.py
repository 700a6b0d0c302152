"""What becomes of a registration, by the claims that are there."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from partner_crm.rules.claims import (
	ACTIVE,
	EXPIRED,
	RELEASED,
	Claim,
	Decision,
	Registration,
	decide,
	protected_until,
)

TODAY = date(2026, 6, 30)


def day(offset: int) -> date:
	return TODAY + timedelta(days=offset)


def wish(partner: str | None = "Alpha", on: int = 0, window: int = 30, client: str = "Acme") -> Registration:
	return Registration(client, partner, day(on), protected_until(day(on), window))


def claim(
	partner, first: int, last: int | None, status: str = ACTIVE, client: str = "Acme", also=()
) -> Claim:
	until = None if last is None else day(last)
	return Claim("claim", client, frozenset((partner, *also)), day(first), until, status)


OURS, TAKEN, FREE = Decision(claim="claim"), Decision(refused_by="claim"), Decision()


@pytest.mark.parametrize(
	("there", "expected"),
	[
		# of the same partner
		(claim("Alpha", -10, 20), OURS),
		(claim("Alpha", -30, 0), OURS),
		(claim("Alpha", -10, None), OURS),
		(claim("Alpha", -31, -1, EXPIRED), FREE),
		(claim("Alpha", -31, -1), Decision(lapsed=("claim",))),
		(claim("Alpha", -10, 20, RELEASED), FREE),
		(claim("Beta", -10, 20, also=("Alpha",)), OURS),
		# of another one
		(claim("Beta", -10, 20), TAKEN),
		(claim("Beta", -30, 0), TAKEN),
		(claim("Beta", -10, None), TAKEN),
		(claim("Beta", -31, -1, EXPIRED), FREE),
		(claim("Beta", -31, -1), Decision(lapsed=("claim",))),
		(claim("Beta", -10, 20, RELEASED), FREE),
		# to the person who stands for the company
		(claim("Beta", -10, 20, client="Anna"), TAKEN),
		(claim("Alpha", -10, 20, client="Anna"), FREE),
		(claim("Beta", -31, -1, client="Anna"), FREE),
	],
)
def test_what_becomes_of_a_client_who_is_handed_over_today(there, expected):
	assert decide(wish(), [there], TODAY) == expected


@pytest.mark.parametrize(
	("there", "expected"),
	[
		(claim("Beta", -10, 20), FREE),  # came after the window was over
		(claim("Beta", -100, -80, EXPIRED), TAKEN),
		(claim("Beta", -120, -91, EXPIRED), FREE),
		(claim("Beta", -100, -90, EXPIRED), TAKEN),
		(claim("Alpha", -10, 20), FREE),
		(claim("Alpha", -100, -80, EXPIRED), OURS),
	],
)
def test_what_becomes_of_a_registration_that_was_over_before_it_was_entered(there, expected):
	past = wish(on=-90)
	assert past.status(TODAY) == EXPIRED
	assert decide(past, [there], TODAY) == expected


def test_one_that_is_entered_late_and_would_still_hold_takes_nobody_s_client():
	late = wish(on=-20)
	assert late.status(TODAY) == ACTIVE
	assert decide(late, [claim("Beta", -5, 25)], TODAY) == TAKEN
	assert decide(late, [claim("Alpha", -5, 25)], TODAY) == OURS


def test_where_we_are_the_partner_ourselves_nobody_else_can_be():
	assert decide(wish(partner=None), [claim(None, -10, 20)], TODAY) == OURS


@pytest.mark.parametrize(("days", "last"), [(0, None), (1, day(1)), (30, day(30))])
def test_the_last_day_of_a_claim(days, last):
	assert protected_until(TODAY, days) == last


def test_a_claim_is_active_on_its_last_day():
	assert wish(on=-30).status(TODAY) == ACTIVE
	assert wish(on=-31).status(TODAY) == EXPIRED
	assert wish(on=-1000, window=0).status(TODAY) == ACTIVE
