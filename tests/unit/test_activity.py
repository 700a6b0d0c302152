from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.rules import activity as rules
from partner_crm.rules.activity import (
	Activity,
	Announcement,
	Assignment,
	Closing,
	Consequence,
	Discipline,
	Flaw,
	History,
	Interaction,
	Pause,
	Penalty,
	PenaltyRule,
	Plan,
	Product,
	Violation,
)
from partner_crm.rules.calendar import add_months
from tests.simulation import Simulation

DAY = timedelta(days=1)
RULES = (
	rules.DEAL_LAPSED,
	rules.DEAL_INCORRECT,
	rules.LEAD_UNTOUCHED,
	rules.NEXT_CONTACT_MISSED,
	rules.STUB_COMMENT,
	rules.STAFF_EMAIL,
)


def at(day: date, hour: int = 12) -> datetime:
	return datetime.combine(day, time(hour))


def make_deal(created_on: date = date(2024, 1, 15), **facts) -> History:
	facts.setdefault("assignments", (Assignment("anna@x.example", at(created_on, 9)),))
	return History(rules.DEAL, "PD-1", created_on, **facts)


def make_discipline(*changed: PenaltyRule, only: bool = False, **settings) -> Discipline:
	"""All six rules as shipped with the changed ones in their place, or nothing but the changed ones."""
	by_name = {} if only else {rule.rule: rule for rule in rules.shipped_penalty_rules()}
	by_name |= {rule.rule: rule for rule in changed}
	return Discipline(tuple(by_name.values()), **settings)


def call(day: date, recorded_on: date | None = None, qualifies: bool = True) -> Interaction:
	return Interaction(at(day), at(recorded_on or day, 18), qualifies)


def ledger(history: History, to_day: date, discipline: Discipline | None = None) -> list[tuple]:
	found = rules.penalties_between(history, date.min, to_day, discipline or make_discipline())
	return [(penalty.rule, penalty.manager, penalty.violated_on, penalty.imposed_on) for penalty in found]


# Correct deals

ITEM = Product("BANNER", Decimal("100.50"))
NO_SUM = "Product {row}: the amount is not a sum of money."


@pytest.mark.parametrize(
	("changes", "expected"),
	[
		({}, []),
		({"product_group": None}, [("product_group", "The product group is not chosen.", 0)]),
		({"stage": ""}, [("stage", "The stage is not chosen.", 0)]),
		({"contact": None}, [("contact", "The contact is not chosen.", 0)]),
		(
			{"comment_is_detailed": False},
			[("comment", "The comment does not say what was discussed and what was agreed.", 0)],
		),
		({"products": []}, [("products", "There is no product with an amount above zero.", 0)]),
		(
			{"products": [Product("BANNER", Decimal(0))]},
			[("products", "There is no product with an amount above zero.", 0)],
		),
		({"products": [ITEM, Product("GIFT", Decimal(0))]}, []),
		({"products": [ITEM, Product("GIFT", Decimal(-1))]}, [("product_amount", NO_SUM, 2)]),
		({"products": [ITEM, Product("GIFT", Decimal("NaN"))]}, [("product_amount", NO_SUM, 2)]),
		({"products": [ITEM, Product("GIFT", Decimal("Infinity"))]}, [("product_amount", NO_SUM, 2)]),
		(
			{"products": [Product(None, Decimal(5))]},
			[("product_item", "Product {row}: the item is not chosen.", 1)],
		),
	],
)
def test_correctness(changes, expected):
	deal = {"product_group": "Media", "stage": "SQL", "contact": "Ivan", "comment_is_detailed": True}
	errors = rules.correctness_errors(**{**deal, "products": [ITEM], **changes})

	assert [(error.code, error.sentence, error.row) for error in errors] == expected


def test_correctness_lists_every_error_at_once():
	errors = rules.correctness_errors("", None, "", False, [Product("", None)])

	assert [error.code for error in errors] == [
		"product_group",
		"stage",
		"contact",
		"comment",
		"products",
		"product_item",
		"product_amount",
	]


# The clock


def read_active_until() -> Iterator:
	with (Path(__file__).parent / "data" / "active_until.csv").open(encoding="utf-8", newline="") as source:
		for row in csv.DictReader(source):
			pauses = [
				Pause(*map(date.fromisoformat, pause.split("/")), date(2024, 1, 1))
				for pause in row["pauses"].split()
			]
			start, expected = date.fromisoformat(row["start"]), date.fromisoformat(row["expected"])
			yield pytest.param(start, int(row["months"]), pauses, expected, id=row["why"])


@pytest.mark.parametrize(("start", "months", "pauses", "expected"), list(read_active_until()))
def test_active_until(start, months, pauses, expected):
	assert rules.active_until(start, months, pauses) == expected


spans = st.tuples(st.integers(-40, 200), st.integers(0, 60))


@given(
	st.dates(date(2023, 1, 1), date(2025, 1, 1)),
	st.integers(0, 3),
	st.lists(spans, max_size=5),
)
@settings(max_examples=100)
def test_a_paused_clock_gives_as_many_other_days(start, months, lengths):
	pauses = [Pause(start + first * DAY, start + (first + length) * DAY, start) for first, length in lengths]
	paused = {start + (first + extra) * DAY for first, length in lengths for extra in range(length + 1)}
	until = rules.active_until(start, months, pauses)

	days = (start + number * DAY for number in range(1, (until - start).days + 1))
	assert sum(day not in paused for day in days) == (add_months(start, months) - start).days
	assert until + DAY not in paused


def test_the_clock_starts_at_the_latest_of_creation_contact_and_reopening():
	created, spoken, reopened = date(2024, 1, 1), date(2024, 3, 1), date(2024, 2, 1)
	empty_talk = call(date(2024, 6, 1), qualifies=False)

	assert rules.clock_start(created) == created
	assert rules.clock_start(created, [empty_talk]) == created
	assert rules.clock_start(created, [call(spoken), empty_talk], reopened) == spoken
	assert rules.clock_start(created, [], reopened) == reopened
	assert rules.clock_start(created, [call(date(2023, 1, 1))]) == created


def test_a_deal_is_active_through_its_last_day():
	deal = make_deal(date(2023, 12, 31))

	assert rules.activity(deal, date(2024, 2, 29)) == Activity("Active", date(2024, 2, 29), 0)
	assert rules.activity(deal, date(2024, 3, 1)) == Activity("Inactive", date(2024, 2, 29), -1)


def test_an_incorrect_deal_is_inactive_and_its_clock_runs_on():
	deal = make_deal(flaws=(Flaw(date(2024, 1, 20)),))

	assert rules.activity(deal, date(2024, 1, 25)) == Activity("Inactive", date(2024, 3, 15), 50)


def test_closed_and_paused_deals_have_no_clock():
	pause = Pause(date(2024, 2, 1), date(2024, 2, 10), date(2024, 1, 30))
	closed = make_deal(closings=(Closing(date(2024, 2, 1)),))
	reopened = make_deal(closings=(Closing(date(2024, 2, 1), date(2024, 2, 20)),))

	assert rules.activity(closed, date(2024, 9, 1)) == Activity("Closed", None, None)
	assert rules.activity(reopened, date(2024, 3, 1)) == Activity("Active", date(2024, 4, 20), 50)
	assert rules.activity(make_deal(pauses=(pause,)), date(2024, 2, 10)) == Activity("Active", None, None)
	assert rules.activity(make_deal(pauses=(pause,)), date(2024, 2, 11)) == Activity(
		"Active", date(2024, 3, 25), 43
	)


# Violations and penalties, one story at a time


def test_shipped_rules_cost_nothing():
	assert [(r.rule, r.enabled, r.amount, r.repeat_months) for r in rules.shipped_penalty_rules()] == [
		(rule, True, Decimal(0), 0) for rule in RULES
	]


def test_a_lapse_is_penalised_once_on_the_day_after_the_last_active_one():
	deal = make_deal(date(2023, 12, 31))

	assert ledger(deal, date(2024, 2, 29)) == []
	assert ledger(deal, date(2025, 12, 31)) == [
		("Deal Lapsed", "anna@x.example", date(2024, 3, 1), date(2024, 3, 1))
	]


def test_a_penalty_copies_the_rule():
	rule = PenaltyRule("Deal Lapsed", amount=Decimal("50.00"), currency="EUR", grace_days=3)
	(penalty,) = rules.penalties_between(
		make_deal(), date(2024, 3, 1), date(2024, 4, 1), make_discipline(rule)
	)

	assert penalty == Penalty(
		rule="Deal Lapsed",
		manager="anna@x.example",
		reference_doctype="Partner Deal",
		reference_name="PD-1",
		violated_on=date(2024, 3, 16),
		nth=1,
		amount=Decimal("50.00"),
		currency="EUR",
		imposed_on=date(2024, 3, 19),
	)


def test_the_key_is_the_same_everywhere_and_differs_by_rule_document_and_day():
	key = rules.violation_key("Deal Lapsed", "Partner Deal", "PD-1", date(2024, 3, 16))

	assert key == "d7bbf87e83949954f90e3bfef43e92a8"
	assert key != rules.violation_key("Deal Incorrect", "Partner Deal", "PD-1", date(2024, 3, 16))
	assert key != rules.violation_key("Deal Lapsed", "Partner Deal", "PD-2", date(2024, 3, 16))
	assert key != rules.violation_key("Deal Lapsed", "Partner Deal", "PD-1", date(2024, 3, 17))


def test_what_is_in_the_ledger_is_not_imposed_again():
	deal, discipline = make_deal(), make_discipline()
	(penalty,) = rules.penalties_between(deal, date.min, date(2024, 12, 31), discipline)

	assert rules.penalties_between(deal, date.min, date(2024, 12, 31), discipline, {penalty.key}) == ()


@pytest.mark.parametrize(
	("reassigned_at", "debtor"),
	[
		(datetime(2024, 3, 15, 23, 59, 59), "boris@x.example"),
		(datetime(2024, 3, 16, 0, 0), "boris@x.example"),
		(datetime(2024, 3, 16, 0, 0, 1), "anna@x.example"),
		(datetime(2024, 3, 20, 12, 0), "anna@x.example"),
	],
)
def test_whoever_was_responsible_at_midnight_pays_whatever_the_grace(reassigned_at, debtor):
	deal = make_deal(
		assignments=(
			Assignment("anna@x.example", datetime(2024, 1, 15, 9)),
			Assignment("boris@x.example", reassigned_at),
		)
	)

	assert ledger(deal, date(2024, 12, 31), make_discipline(PenaltyRule("Deal Lapsed", grace_days=10))) == [
		("Deal Lapsed", debtor, date(2024, 3, 16), date(2024, 3, 26))
	]


def test_nobody_pays_for_a_deal_that_was_nobodys():
	deal = make_deal(
		assignments=(
			Assignment("anna@x.example", at(date(2024, 1, 15))),
			Assignment(None, at(date(2024, 3, 1))),
		)
	)

	assert ledger(deal, date(2024, 12, 31)) == []


def test_a_contact_on_the_last_day_saves_and_one_recorded_a_day_late_does_not():
	last_day = date(2024, 3, 15)

	assert ledger(make_deal(interactions=(call(last_day),)), date(2024, 5, 15)) == []
	late = make_deal(interactions=(call(last_day, recorded_on=last_day + DAY),))
	assert ledger(late, date(2024, 5, 15)) == [
		("Deal Lapsed", "anna@x.example", date(2024, 3, 16), date(2024, 3, 16))
	]


def test_a_late_record_that_does_not_cure_leaves_it_one_violation():
	deal = make_deal(interactions=(call(date(2024, 2, 1), recorded_on=date(2024, 6, 1)),))

	assert ledger(deal, date(2024, 12, 31)) == [
		("Deal Lapsed", "anna@x.example", date(2024, 3, 16), date(2024, 3, 16))
	]


def test_a_lapse_cured_within_the_grace_costs_nothing():
	discipline = make_discipline(PenaltyRule("Deal Lapsed", grace_days=5))

	assert ledger(make_deal(interactions=(call(date(2024, 3, 20)),)), date(2024, 5, 20), discipline) == []
	assert ledger(make_deal(interactions=(call(date(2024, 3, 21)),)), date(2024, 5, 20), discipline) == [
		("Deal Lapsed", "anna@x.example", date(2024, 3, 16), date(2024, 3, 21))
	]


def test_repeats_count_from_the_first_day_and_end_with_the_violation():
	discipline = make_discipline(PenaltyRule("Deal Lapsed", repeat_months=1, grace_days=40))
	deal = make_deal(date(2023, 11, 30), interactions=(call(date(2024, 6, 1)),))
	spell = [
		(violated_on, imposed_on)
		for _, _, violated_on, imposed_on in ledger(deal, date(2024, 7, 1), discipline)
	]

	assert spell == [
		(date(2024, 1, 31), date(2024, 3, 11)),
		(date(2024, 2, 29), date(2024, 3, 11)),
		(date(2024, 3, 31), date(2024, 3, 31)),
		(date(2024, 4, 30), date(2024, 4, 30)),
		(date(2024, 5, 31), date(2024, 5, 31)),
	]


def test_a_repeat_is_owed_by_whoever_is_responsible_then():
	assignments = (
		Assignment("anna@x.example", at(date(2024, 1, 15))),
		Assignment("boris@x.example", at(date(2024, 4, 1))),
	)
	found = rules.penalties_between(
		make_deal(assignments=assignments),
		date.min,
		date(2024, 4, 30),
		make_discipline(PenaltyRule("Deal Lapsed", repeat_months=1)),
	)

	assert [(penalty.nth, penalty.manager) for penalty in found] == [
		(1, "anna@x.example"),
		(2, "boris@x.example"),
	]


def test_closing_ends_a_violation_and_reopening_begins_anew():
	deal = make_deal(closings=(Closing(date(2024, 3, 16), date(2024, 5, 1)),))

	assert rules.violations(deal, date(2024, 12, 31), make_discipline()) == (
		Violation("Deal Lapsed", "Partner Deal", "PD-1", date(2024, 3, 16), date(2024, 3, 17)),
		Violation("Deal Lapsed", "Partner Deal", "PD-1", date(2024, 7, 2), None),
	)


def test_a_violation_has_begun_only_when_the_last_day_is_over():
	begun = Violation("Deal Lapsed", "Partner Deal", "PD-1", date(2024, 3, 16), None)

	assert rules.violations(make_deal(), date(2024, 3, 15), make_discipline()) == ()
	assert rules.violations(make_deal(), date(2024, 3, 16), make_discipline()) == (begun,)


def test_what_is_still_wrong_after_reopening_is_another_violation():
	deal = make_deal(
		flaws=(Flaw(date(2024, 1, 20)),), closings=(Closing(date(2024, 2, 1), date(2024, 2, 10)),)
	)

	assert rules.violations(deal, date(2024, 3, 1), make_discipline()) == (
		Violation("Deal Incorrect", "Partner Deal", "PD-1", date(2024, 1, 21), date(2024, 2, 2)),
		Violation("Deal Incorrect", "Partner Deal", "PD-1", date(2024, 2, 11), None),
	)


def test_a_pause_approved_after_the_lapse_ends_it_but_unwrites_nothing():
	pause = Pause(date(2024, 3, 10), date(2024, 3, 19), date(2024, 3, 17))

	assert rules.violations(make_deal(pauses=(pause,)), date(2024, 3, 25), make_discipline()) == (
		Violation("Deal Lapsed", "Partner Deal", "PD-1", date(2024, 3, 16), date(2024, 3, 18)),
	)
	assert ledger(make_deal(pauses=(pause,)), date(2024, 3, 25)) == [
		("Deal Lapsed", "anna@x.example", date(2024, 3, 16), date(2024, 3, 16))
	]


def test_a_pause_approved_within_the_grace_forgives():
	pause = Pause(date(2024, 3, 18), date(2024, 4, 20), date(2024, 3, 18))
	discipline = make_discipline(PenaltyRule("Deal Lapsed", grace_days=7, repeat_months=2))

	assert ledger(make_deal(pauses=(pause,)), date(2024, 6, 1), discipline) == [
		("Deal Lapsed", "anna@x.example", date(2024, 5, 16), date(2024, 5, 16))
	]


def test_an_incorrect_deal_mended_the_same_day_is_no_violation():
	assert ledger(make_deal(flaws=(Flaw(date(2024, 1, 15), date(2024, 1, 15)),)), date(2024, 3, 1)) == []


def test_being_incorrect_and_lapsed_is_one_violation():
	incorrect_first = make_deal(flaws=(Flaw(date(2024, 1, 15), date(2024, 4, 1)),))
	lapsed_first = make_deal(flaws=(Flaw(date(2024, 4, 1)),))
	first = Violation("Deal Incorrect", "Partner Deal", "PD-1", date(2024, 1, 16), None)

	assert rules.violations(incorrect_first, date(2024, 5, 1), make_discipline()) == (
		first,
		Violation("Deal Lapsed", "Partner Deal", "PD-1", date(2024, 3, 16), None, part_of=first.key),
	)
	assert [row[0] for row in ledger(incorrect_first, date(2024, 5, 1))] == ["Deal Incorrect"]
	assert [row[0] for row in ledger(lapsed_first, date(2024, 5, 1))] == ["Deal Lapsed"]


def test_a_rule_switched_off_hides_nothing():
	deal = make_deal(flaws=(Flaw(date(2024, 1, 15)),))
	discipline = make_discipline(PenaltyRule("Deal Incorrect", enabled=False))

	assert rules.violations_on(deal, date(2024, 3, 16), discipline) == ("Deal Lapsed",)
	assert [row[0] for row in ledger(deal, date(2024, 5, 1), discipline)] == ["Deal Lapsed"]


def test_the_client_of_a_deal_that_lapses_while_incorrect_is_lost_all_the_same():
	deal = make_deal(flaws=(Flaw(date(2024, 1, 15)),))
	discipline = make_discipline(
		PenaltyRule("Deal Lapsed", releases_to_pool=True, grace_days=2),
		PenaltyRule("Deal Incorrect", opens_case=True, repeat_months=1),
	)
	incorrect, lapsed = rules.violations(deal, date(2024, 6, 1), discipline)

	assert rules.consequences_between(deal, date.min, date(2024, 6, 1), discipline) == (
		Consequence(incorrect, date(2024, 1, 16), releases_to_pool=False, opens_case=True),
		Consequence(lapsed, date(2024, 3, 18), releases_to_pool=True, opens_case=False),
	)
	assert rules.consequences_between(deal, date(2024, 3, 19), date(2024, 6, 1), discipline) == ()


def test_a_lead_is_touched_by_the_end_of_the_next_day_or_not_at_all():
	lead = History(
		rules.LEAD,
		"PL-1",
		date(2024, 3, 4),
		registered_on=date(2024, 3, 1),
		assignments=(Assignment("anna@x.example", at(date(2024, 3, 4))),),
	)
	attempt = call(date(2024, 3, 5), qualifies=False)

	assert ledger(lead, date(2024, 3, 31)) == [
		("Lead Untouched", "anna@x.example", date(2024, 3, 6), date(2024, 3, 6))
	]
	assert ledger(replace(lead, interactions=(attempt,)), date(2024, 3, 31)) == []
	assert ledger(replace(lead, closings=(Closing(date(2024, 3, 5)),)), date(2024, 3, 31)) == []
	reopened = replace(lead, closings=(Closing(date(2024, 3, 5), date(2024, 3, 20)),))
	assert [row[2] for row in ledger(reopened, date(2024, 3, 31))] == [date(2024, 3, 22)]


@pytest.mark.parametrize(
	("interactions", "plans", "violated_on"),
	[
		((), [(date(2024, 2, 1), date(2024, 1, 20))], date(2024, 2, 2)),
		((call(date(2024, 2, 1), qualifies=False),), [(date(2024, 2, 1), date(2024, 1, 20))], None),
		((call(date(2024, 1, 31)),), [(date(2024, 2, 1), date(2024, 1, 20))], date(2024, 2, 2)),
		(
			(call(date(2024, 2, 1), recorded_on=date(2024, 2, 2)),),
			[(date(2024, 2, 1), date(2024, 1, 20))],
			date(2024, 2, 2),
		),
		(
			(),
			[(date(2024, 2, 1), date(2024, 1, 20)), (date(2024, 2, 20), date(2024, 2, 1))],
			date(2024, 2, 21),
		),
		((), [(date(2024, 2, 1), date(2024, 1, 20)), (None, date(2024, 2, 1))], None),
		((), [(date(2024, 1, 1), date(2024, 1, 20))], date(2024, 1, 21)),
	],
	ids=[
		"missed",
		"kept by an attempt",
		"a day early",
		"recorded late",
		"put off",
		"cancelled",
		"planned for the past",
	],
)
def test_a_planned_contact(interactions, plans, violated_on):
	deal = make_deal(interactions=interactions, plans=tuple(Plan(*plan) for plan in plans))
	missed = [row[2] for row in ledger(deal, date(2024, 3, 1)) if row[0] == "Next Contact Missed"]

	assert missed == ([violated_on] if violated_on else [])


@pytest.mark.parametrize(
	("doctype", "rule"), [(rules.INTERACTION, "Stub Comment"), (rules.CONTACT, "Staff E-mail")]
)
def test_a_stub_or_a_staff_address_left_overnight(doctype, rule):
	day = date(2024, 2, 1)
	history = History(
		doctype, "X-1", day, assignments=(Assignment("anna@x.example", at(day, 9)),), flaws=(Flaw(day),)
	)

	assert ledger(history, date(2024, 3, 1)) == [(rule, "anna@x.example", date(2024, 2, 2), date(2024, 2, 2))]
	assert ledger(replace(history, flaws=(Flaw(day, day),)), date(2024, 3, 1)) == []


# Announcements


@pytest.mark.parametrize(
	("left", "announced", "notice"),
	[
		(15, None, None),
		(14, None, 14),
		(13, 14, None),
		(7, 14, 7),
		(7, 7, None),
		(5, 14, 7),
		(3, None, 7),
		(1, 7, 1),
		(0, 7, 1),
		(0, 1, None),
		(-1, None, None),
	],
)
def test_only_the_nearest_notice_is_given_and_once(left, announced, notice):
	until = date(2024, 3, 15)

	assert rules.due_notice(until, until - left * DAY, (14, 7, 1), announced) == notice


def test_an_announcement_says_how_many_days_are_left_and_goes_to_the_one_responsible():
	deal = make_deal(
		assignments=(
			Assignment("anna@x.example", at(date(2024, 1, 15))),
			Assignment("boris@x.example", at(date(2024, 3, 1))),
		)
	)
	found = rules.announcement_on(deal, date(2024, 3, 10), make_discipline(), announced=14)

	assert found == Announcement("Partner Deal", "PD-1", "boris@x.example", date(2024, 3, 15), 5, 7)
	assert rules.announcement_on(deal, date(2024, 3, 16), make_discipline()) is None
	closed = replace(deal, closings=(Closing(date(2024, 3, 9)),))
	assert rules.announcement_on(closed, date(2024, 3, 10), make_discipline()) is None


@pytest.mark.parametrize(
	("day", "announced", "review"),
	[
		(date(2024, 1, 15), None, date(2024, 3, 1)),
		(date(2024, 3, 1), 14, date(2024, 3, 8)),
		(date(2024, 3, 10), 14, date(2024, 3, 11)),
		(date(2024, 3, 10), 7, date(2024, 3, 14)),
		(date(2024, 3, 14), 1, date(2024, 3, 16)),
		(date(2024, 3, 16), 1, date(2024, 4, 16)),
		(date(2024, 4, 16), 1, date(2024, 5, 16)),
	],
)
def test_the_next_review_is_when_something_falls_due(day, announced, review):
	discipline = make_discipline(PenaltyRule("Deal Lapsed", repeat_months=1))

	assert rules.next_review_on(make_deal(), day, discipline, announced) == review


def test_a_pause_is_reviewed_when_it_begins_and_when_it_is_over():
	deal = make_deal(pauses=(Pause(date(2024, 2, 1), date(2024, 2, 10), date(2024, 1, 20)),))

	assert rules.next_review_on(deal, date(2024, 1, 20), make_discipline()) == date(2024, 2, 1)
	assert rules.next_review_on(deal, date(2024, 2, 1), make_discipline()) == date(2024, 2, 11)


def test_a_closed_deal_is_never_reviewed_again():
	closed = make_deal(closings=(Closing(date(2024, 2, 1)),))

	assert rules.next_review_on(closed, date(2024, 2, 1), make_discipline()) is None


# The light path of a spreadsheet row


@given(
	st.dates(date(2023, 1, 1), date(2024, 12, 31)),
	st.none() | st.dates(date(2023, 1, 1), date(2024, 12, 31)),
	st.dates(date(2024, 1, 1), date(2026, 12, 31)),
	st.integers(0, 30),
	st.integers(0, 3),
)
@settings(max_examples=100)
def test_a_row_is_judged_as_its_history_would_be(created_on, spoken_on, today, grace_days, repeat_months):
	rule = PenaltyRule("Deal Lapsed", amount=Decimal(10), grace_days=grace_days, repeat_months=repeat_months)
	interactions = (call(max(created_on, spoken_on)),) if spoken_on else ()
	deal = make_deal(
		created_on,
		interactions=interactions,
		assignments=(Assignment("anna@x.example", at(created_on, 0)),),
	)
	until, is_inactive = rules.row_activity(created_on, spoken_on, today)

	state = rules.activity(deal, today)
	assert (state.active_until, state.status) == (until, "Inactive" if is_inactive else "Active")
	if spoken_on is None or spoken_on <= rules.row_activity(created_on, None, today)[0]:
		assert rules.row_penalties("PD-1", "anna@x.example", until, today, rule) == rules.penalties_between(
			deal, date.min, today, make_discipline(rule, only=True)
		)


def test_a_rule_switched_off_costs_a_row_nothing():
	rule = PenaltyRule("Deal Lapsed", enabled=False)

	assert rules.row_penalties("PD-1", "anna@x.example", date(2024, 1, 1), date(2025, 1, 1), rule) == ()


# Random histories of two years, against a simulation that lives through them day by day

SPAN = 730
offsets = st.integers(0, SPAN)


@st.composite
def histories(draw) -> History:
	created_on = draw(st.dates(date(2023, 10, 25), date(2024, 3, 5)))

	def day(number: int) -> date:
		return created_on + number * DAY

	def spans_of_time(most: int) -> list[tuple[date, date | None]]:
		turns = sorted(draw(st.lists(offsets, max_size=2 * most)))
		return [
			(day(turns[i]), day(turns[i + 1]) if i + 1 < len(turns) else None)
			for i in range(0, len(turns), 2)
		]

	talks = draw(
		st.lists(
			st.tuples(
				st.integers(-20, SPAN),
				st.sampled_from((0, 0, 0, 1, 3, 40, 100)),
				st.booleans(),
				st.sampled_from((None, None, 0, 1, 30, 200)),
			),
			max_size=12,
		)
	)
	breaks = draw(st.lists(st.tuples(offsets, st.integers(0, 90), st.integers(-30, 30)), max_size=4))
	planned = draw(st.lists(st.tuples(offsets, st.none() | st.integers(-10, 60)), max_size=6))
	handed = draw(
		st.lists(
			st.tuples(offsets, st.sampled_from((0, 9)), st.sampled_from(("boris", "clara", None))), max_size=5
		)
	)
	return History(
		draw(st.sampled_from((rules.DEAL, rules.DEAL, rules.LEAD))),
		"X-1",
		created_on,
		registered_on=draw(st.none() | st.integers(-5, 5).map(day)),
		interactions=tuple(
			Interaction(
				at(day(number)),
				at(day(max(number + delay, 0)), 18),
				qualifies,
				None if kept is None else day(max(number + delay, 0) + kept),
			)
			for number, delay, qualifies, kept in talks
		),
		assignments=(
			Assignment("anna", at(created_on, 9)),
			*(
				Assignment(manager, at(day(number), hour))
				for number, hour, manager in sorted(handed, key=lambda h: h[:2])
			),
		),
		closings=tuple(Closing(*span) for span in spans_of_time(3)),
		pauses=tuple(
			Pause(day(number), day(number + length), day(max(number + lag, 0)))
			for number, length, lag in breaks
		),
		flaws=tuple(Flaw(*span) for span in spans_of_time(3)),
		plans=tuple(
			Plan(None if ahead is None else day(number + ahead), day(number))
			for number, ahead in sorted(planned, key=lambda plan: plan[0])
		),
	)


disciplines = st.builds(
	lambda settings: Discipline(
		tuple(PenaltyRule(rule, *values) for rule, values in zip(RULES, settings, strict=True))
	),
	st.tuples(
		*[
			st.tuples(
				st.sampled_from((True, True, True, False)),
				st.just(Decimal(5)),
				st.just("EUR"),
				st.sampled_from((0, 0, 3, 40)),
				st.integers(0, 2),
			)
		]
		* len(RULES)
	),
)


@given(histories(), disciplines)
@settings(max_examples=40, deadline=None)
def test_a_whole_history_at_once_gives_what_every_night_would_have_given(history, discipline):
	lived = Simulation(history, discipline).run(SPAN)
	at_once = rules.penalties_between(history, date.min, history.created_on + SPAN * DAY, discipline)

	assert sorted((p.imposed_on, p.rule, p.manager, p.violated_on) for p in at_once) == sorted(lived)


@given(histories(), disciplines)
@settings(max_examples=40, deadline=None)
def test_talks_alone_are_judged_like_any_history(history, discipline):
	"""They have a way of their own through the rules, because most deals are like that."""
	nothing = dict.fromkeys(("closings", "pauses", "flaws", "plans"), ())
	talks = tuple(replace(talk, withdrawn_on=None) for talk in history.interactions)
	history = replace(history, doctype=rules.DEAL, interactions=talks, **nothing)
	lived = Simulation(history, discipline).run(SPAN)
	at_once = rules.penalties_between(history, date.min, history.created_on + SPAN * DAY, discipline)

	assert sorted((p.imposed_on, p.rule, p.manager, p.violated_on) for p in at_once) == sorted(lived)


@given(histories(), disciplines, st.lists(offsets, max_size=6))
@settings(max_examples=60, deadline=None)
def test_nights_add_up_however_they_are_run(history, discipline, stops):
	"""In runs of any length, each of them late or punctual, and with the ledger growing: the same penalties."""
	last = history.created_on + SPAN * DAY
	whole = rules.penalties_between(history, history.created_on, last, discipline)
	begin, ledger = history.created_on, {}
	for end in [*(history.created_on + stop * DAY for stop in sorted(set(stops))), last]:
		punctual = rules.known(history, end - DAY)
		for penalty in rules.penalties_between(punctual, begin, end, discipline, ledger.keys()):
			ledger[penalty.key] = penalty
		begin = end + DAY

	assert sorted(ledger.values(), key=repr) == sorted(whole, key=repr)
	assert rules.penalties_between(history, history.created_on, last, discipline, ledger.keys()) == ()


@given(histories(), disciplines, offsets, st.sampled_from((None, 14, 7, 1)))
@settings(max_examples=60, deadline=None)
def test_nothing_happens_before_the_next_review(history, discipline, offset, announced):
	day = history.created_on + offset * DAY
	history = rules.known(history, day)
	review = rules.next_review_on(history, day, discipline, announced)
	quiet = review or day + 400 * DAY
	state = rules.activity(history, day)

	assert rules.penalties_between(history, day + DAY, quiet - DAY, discipline) == ()
	assert rules.consequences_between(history, day + DAY, quiet - DAY, discipline) == ()
	if history.doctype == rules.DEAL:
		for number in range(1, (quiet - day).days):
			later = rules.activity(history, day + number * DAY)
			assert (later.status, later.active_until) == (state.status, state.active_until)
			assert rules.announcement_on(history, day + number * DAY, discipline, announced) is None


@given(histories(), disciplines, offsets)
@settings(max_examples=60, deadline=None)
def test_the_violations_of_a_day_are_those_of_the_whole_history_that_stand_on_it(history, discipline, offset):
	day = history.created_on + offset * DAY
	standing = [
		v.rule
		for v in rules.violations(history, history.created_on + SPAN * DAY, discipline)
		if v.stands_on(day)
	]
	broken = rules.violations_on(history, day, discipline)

	# the head of a case of inactivity stands until its last part ends
	assert set(broken) <= set(standing)
	assert set(standing) - set(broken) <= set(rules.INACTIVITY)
	assert bool(set(standing) & set(rules.INACTIVITY)) == bool(set(broken) & set(rules.INACTIVITY))


@given(histories(), disciplines, offsets, offsets, st.sampled_from((None, 14, 7, 1)))
@settings(max_examples=60, deadline=None)
def test_a_review_is_all_of_its_parts_at_once(history, discipline, first, last, announced):
	begin, night = (history.created_on + offset * DAY for offset in sorted((first, last)))
	verdict = rules.review(history, begin, night, discipline, announced)
	known = rules.known(history, night)

	assert verdict.penalties == rules.penalties_between(history, begin, night, discipline)
	assert verdict.consequences == rules.consequences_between(history, begin, night, discipline)
	if history.doctype == rules.DEAL:
		assert verdict.activity == rules.activity(known, night)
		assert verdict.announcement == rules.announcement_on(history, night, discipline, announced)
	given = verdict.announcement.notice if verdict.announcement else announced
	upcoming = rules.next_review_on(known, night, discipline, given)
	assert (verdict.next_review_on or date.max) <= (upcoming or date.max)


@given(histories(), disciplines)
@settings(max_examples=40, deadline=None)
def test_looking_only_when_the_last_review_says_so_misses_nothing(history, discipline):
	"""The nightly review as it is: each visit sees everything, also what was recorded since, and plans the next."""
	last, day, begin = history.created_on + SPAN * DAY, history.created_on, history.created_on
	visited = []
	while day is not None and day <= last:
		verdict = rules.review(history, begin, day, discipline)
		visited += verdict.penalties
		begin, day = day + DAY, verdict.next_review_on

	assert tuple(sorted(visited, key=repr)) == tuple(
		sorted(rules.penalties_between(history, history.created_on, last, discipline), key=repr)
	)


def test_a_withdrawn_talk_prolonged_the_deal_until_it_was_withdrawn():
	talk = Interaction(at(date(2024, 3, 1)), at(date(2024, 3, 1)), True, withdrawn_on=date(2024, 4, 20))
	history = make_deal(date(2024, 1, 15), interactions=(talk,))

	assert rules.activity(rules.known(history, date(2024, 4, 19)), date(2024, 4, 20)).active_until == date(
		2024, 5, 1
	)
	assert ledger(history, date(2024, 6, 1)) == [
		("Deal Lapsed", "anna@x.example", date(2024, 4, 21), date(2024, 4, 21))
	]
