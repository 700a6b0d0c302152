"""The status of payouts follows from the facts: the day, what was paid, what was taken back; of either sign."""

from __future__ import annotations

from datetime import date

import frappe
import pytest

from partner_crm.services import payout_status
from tests.factories import make_partner, make_payout, make_program
from tests.sql import statements

TODAY = date(2026, 3, 1)
LATER = "2026-03-02"


@pytest.fixture
def parties():
	return {"partner": make_partner(), "program": make_program().name}


def status_of(payout) -> str:
	return frappe.db.get_value("Payout", payout.name, "status")


def take_back(payout, amount, **fields):
	same = {"partner": payout.partner, "program": payout.program, "status": "Expected"}
	return make_payout(amount=amount, reversal_of=payout.name, root=payout.root, **(same | fields))


@pytest.mark.parametrize("amount", [100, -100])
@pytest.mark.parametrize(
	("hold_until", "paid", "statement", "status"),
	[
		(LATER, 0, None, "Expected"),
		("2026-03-01", 0, None, "Confirmed"),
		("2026-03-01", 0, "PS-1", "Confirmed"),
		(LATER, 40, "PS-1", "Partly Paid"),
		("2026-03-01", 100, "PS-1", "Paid"),
	],
)
def test_both_signs_go_the_same_way(parties, amount, hold_until, paid, statement, status):
	paid = paid * (1 if amount > 0 else -1)
	payout = make_payout(
		amount=amount,
		status="Expected",
		hold_until=hold_until,
		paid_amount=paid,
		statement=statement,
		**parties,
	)

	payout_status.refresh([payout.name], TODAY)

	assert status_of(payout) == status


def test_what_is_taken_back_wholly_before_anybody_paid_needs_no_statement(parties):
	payout = make_payout(**parties)
	back = take_back(payout, -100)

	payout_status.refresh([back.name], TODAY)

	assert status_of(payout) == status_of(back) == "Clawed Back"


def test_what_takes_back_a_paid_payout_waits_for_a_statement(parties):
	payout = make_payout(paid_amount=100, statement="PS-1", status="Paid", **parties)
	back = take_back(payout, -100)

	payout_status.refresh([payout.name], TODAY)

	assert (status_of(payout), status_of(back)) == ("Clawed Back", "Confirmed")


def test_the_rest_of_a_payout_lives_on(parties):
	payout = make_payout(**parties)
	back = take_back(payout, -40)

	payout_status.refresh([payout.name], TODAY)

	assert status_of(payout) == status_of(back) == "Confirmed"


def test_rejecting_a_payout_rejects_what_takes_it_back(parties):
	payout = make_payout(status="Rejected", **parties)
	back = take_back(payout, -40)

	payout_status.refresh([payout.name], TODAY)

	assert status_of(back) == "Rejected"


def test_a_payment_that_is_cancelled_is_the_one_step_back(parties):
	payout = make_payout(paid_amount=0, statement="PS-1", status="Paid", **parties)

	payout_status.refresh([payout.name], TODAY)

	assert status_of(payout) == "Confirmed"


def test_many_are_judged_by_a_statement_for_each_new_status(parties):
	names = [make_payout(status="Expected", **parties).name for _ in range(20)]
	names += [make_payout(paid_amount=100, **parties).name for _ in range(20)]

	with statements() as sent:
		moved = payout_status.refresh(names, TODAY)
	assert (moved, len(sent)) == (40, 5)

	with statements() as sent:
		moved = payout_status.refresh(names, TODAY)
	assert (moved, len(sent)) == (0, 3)
