"""The nightly review on a site: what it imposes, on whom, and that nothing is imposed twice, whatever happens to it."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from email import message_from_string
from email.header import decode_header, make_header
from email.message import Message
from itertools import count
from zoneinfo import ZoneInfo

import frappe
import pytest
from frappe.utils import get_system_timezone, getdate
from freezegun import freeze_time

from partner_crm.rules import activity
from partner_crm.services import review
from partner_crm.tasks import review_deals
from tests.factories import (
	make_contact,
	make_deal,
	make_item,
	make_ready_mql,
	make_row,
	make_user,
	make_user_row,
)
from tests.simulation import Simulation
from tests.sql import statements

pytestmark = pytest.mark.commits

DAY = timedelta(days=1)
ANNA, BORIS = "anna@staff.example", "boris@staff.example"
SAID = {
	"discussed": "Banners for the autumn campaign",
	"agreed": "Ivan sends sizes and districts on Monday",
}


moments = count(1)


class Clock:
	"""Frozen time of the site's zone."""

	def __init__(self, frozen):
		self.frozen = frozen

	def set(self, day: date, hour: int = 12, minute: int = 0) -> None:
		# Settings are read again when the moment of their saving differs.
		self.frozen.move_to(utc(datetime.combine(day, time(hour, minute, 0, next(moments)))))


def utc(moment: datetime) -> datetime:
	return (
		moment.replace(tzinfo=ZoneInfo(get_system_timezone()))
		.astimezone(ZoneInfo("UTC"))
		.replace(tzinfo=None)
	)


@pytest.fixture
def clock() -> Iterator[Clock]:
	with freeze_time(utc(datetime(2024, 1, 15, 12)), ignore=["pymysql", "redis"]) as frozen:
		clock = Clock(frozen)
		clock.set(date(2024, 1, 15))
		yield clock


@pytest.fixture(autouse=True)
def managers() -> Iterator[None]:
	for user in (ANNA, BORIS):
		if not frappe.db.exists("User", user):
			make_user_row(user)
	yield
	frappe.db.rollback()
	for table in ("Partner Deal", "Partner Lead", "Client Interaction", "Manager Penalty", "Deal Review"):
		frappe.db.delete(table)
	for table in ("Discipline Event", "Deal Pause", "ToDo", "Notification Log", "Email Queue"):
		frappe.db.delete(table)
	frappe.db.commit()


@contextmanager
def rules_set(**rules: dict) -> Iterator[None]:
	"""`Deal_Lapsed={"amount": 5}`: the rules of the settings with these changes."""
	settings = frappe.get_doc("Partner CRM Settings")
	stored = settings.as_dict()
	for row in settings.penalty_rules:
		row.update(rules.get(row.rule.replace(" ", "_").replace("-", ""), {}))
	settings.save()
	frappe.db.commit()
	try:
		yield
	finally:
		frappe.set_user("Administrator")
		frappe.db.rollback()
		frappe.get_doc(stored | {"modified": settings.modified}).save()
		frappe.db.commit()


def deal_of(manager: str = ANNA, **fields):
	"""A correct deal."""
	fields = {
		"comment": "We talked about radio and agreed on an offer by Monday; Petr sends it",
		"items": [{"item_code": make_item(), "qty": 1, "rate": 100}],
	} | fields
	return make_deal(make_ready_mql(responsible=manager), responsible=manager, **fields)


def open_deal(created_on: date, manager: str = ANNA, **fields) -> str:
	"""A correct deal as it lies in the database since a day, without the work of saving it."""
	values = {
		"deal_title": "Deal",
		"stage": "SQL",
		"is_correct": 1,
		"responsible": manager,
		"company": frappe.defaults.get_global_default("company"),
		"clock_started_on": created_on,
		"active_until": activity.active_until(created_on),
		"activity_status": "Active",
		"next_review_on": created_on,
	}
	deal = make_row("Partner Deal", **(values | fields))
	frappe.db.set_value(
		"Partner Deal", deal.name, "creation", f"{created_on} 09:00:00", update_modified=False
	)
	return deal.name


def talk(deal: str, **fields):
	values = {"kind": "Call", "duration": 60, "deal": deal, **SAID} | fields
	return frappe.get_doc({"doctype": "Client Interaction", **values}).insert()


def nightly(clock: Clock, first: date, last: date) -> None:
	for number in range((last - first).days + 1):
		night(clock, first + number * DAY)


def night(clock: Clock, day: date) -> None:
	frappe.db.commit()
	clock.set(day, 0, 5)
	review_deals()


def ledger(**filters) -> list[tuple]:
	rows = frappe.get_all(
		"Manager Penalty",
		filters,
		["rule", "manager", "violated_on", "imposed_on", "nth"],
		order_by="violated_on, rule, nth",
	)
	return [(row.rule, row.manager, row.violated_on, row.imposed_on, row.nth) for row in rows]


def column(doctype: str, name: str, field: str):
	return frappe.db.get_value(doctype, name, field)


def lapses(deal: str) -> list[tuple]:
	return [(manager, day) for _rule, manager, day, *_ in ledger(rule="Deal Lapsed", reference_name=deal)]


# One deal


def test_a_deal_that_goes_quiet_is_announced_and_then_penalised_once(clock):
	clock.set(date(2023, 12, 31))
	deal = open_deal(date(2023, 12, 31), deal_title="Radio for Ivan")
	frappe.db.commit()

	seen = {}
	for number in range(1, 80):
		day = date(2023, 12, 31) + number * DAY
		night(clock, day)
		seen[day] = frappe.db.get_value(
			"Partner Deal", deal, ["activity_status", "announced", "active_until"], as_dict=True
		)

	assert seen[date(2024, 2, 29)].activity_status == "Active"
	assert seen[date(2024, 3, 1)].activity_status == "Inactive"
	assert [
		day for day in seen if seen[day].announced != seen.get(day - DAY, frappe._dict(announced=0)).announced
	] == [
		date(2024, 2, 15),
		date(2024, 2, 22),
		date(2024, 2, 28),
	]
	assert ledger() == [("Deal Lapsed", ANNA, date(2024, 3, 1), date(2024, 3, 1), 1)]
	told = frappe.get_all(
		"Notification Log", {"for_user": ANNA}, ["subject", "email_content"], order_by="creation"
	)
	assert [note.subject for note in told] == ["Deals about to lapse: 1"] * 3 + ["New penalties: 1"]
	assert all("Radio for Ivan" in note.email_content for note in told)
	assert column("Deal Review", "2024-03-01", "penalties") == 1
	assert column("Deal Review", "2024-03-02", "status") == "Done"


@pytest.mark.parametrize(
	("reassigned_at", "debtor"),
	[
		(datetime(2024, 3, 14, 23, 59), BORIS),
		(datetime(2024, 3, 15, 23, 59), BORIS),
		(datetime(2024, 3, 16, 0, 1), ANNA),
		(datetime(2024, 3, 17, 12, 0), ANNA),
	],
)
def test_whoever_was_responsible_at_midnight_owes_it_however_late_the_job_is(clock, reassigned_at, debtor):
	clock.set(date(2024, 1, 15))
	deal = deal_of(ANNA)
	clock.set(reassigned_at.date(), reassigned_at.hour, reassigned_at.minute)
	deal.reload()
	deal.responsible = BORIS
	deal.save()
	night(clock, date(2024, 3, 20))

	assert lapses(deal.name) == [(debtor, date(2024, 3, 16))]


def test_a_talk_on_the_last_day_saves_and_one_logged_after_midnight_does_not(clock):
	clock.set(date(2024, 1, 15))
	saved, lost = deal_of().name, deal_of().name
	clock.set(date(2024, 3, 15), 23, 59)
	talk(saved)
	clock.set(date(2024, 3, 16), 0, 1)
	talk(lost, occurred_at="2024-03-15 18:00:00")
	night(clock, date(2024, 3, 20))

	assert lapses(saved) == []
	assert lapses(lost) == [(ANNA, date(2024, 3, 16))]
	assert column("Partner Deal", lost, "activity_status") == "Active"


def test_a_talk_that_is_deleted_prolonged_the_deal_until_then(clock):
	clock.set(date(2024, 1, 15))
	deal = deal_of().name
	clock.set(date(2024, 3, 1))
	interaction = talk(deal)
	clock.set(date(2024, 4, 20))
	interaction.delete()
	night(clock, date(2024, 4, 25))

	assert lapses(deal) == [(ANNA, date(2024, 4, 21))]


def test_a_closed_deal_owes_nothing_and_a_reopened_one_has_its_time_again(clock):
	clock.set(date(2024, 1, 15))
	deal = deal_of()
	clock.set(date(2024, 3, 10))
	deal.reload()
	deal.stage, deal.lost_reason = "Lost", "No budget"
	deal.save()
	clock.set(date(2024, 5, 10))
	deal.reload()
	deal.stage, deal.move_reason = "SQL", "The budget is back"
	deal.save()
	night(clock, date(2024, 7, 20))

	assert lapses(deal.name) == [(ANNA, date(2024, 7, 11))]


def test_an_incorrect_deal_is_one_violation_with_its_lapse(clock):
	clock.set(date(2024, 1, 15))
	deal = deal_of(comment="").name
	night(clock, date(2024, 4, 1))

	assert [row[:3] for row in ledger(reference_name=deal)] == [("Deal Incorrect", ANNA, date(2024, 1, 16))]


def test_an_untouched_lead_and_a_missed_contact(clock):
	clock.set(date(2024, 1, 15))
	lead = make_ready_mql(responsible=ANNA)
	frappe.db.delete("Client Interaction")
	lead.reload()
	lead.next_contact_on = "2024-01-20"
	lead.save()
	night(clock, date(2024, 2, 1))

	assert [row[:3] for row in ledger(reference_name=lead.name)] == [
		("Lead Untouched", ANNA, date(2024, 1, 17)),
		("Next Contact Missed", ANNA, date(2024, 1, 21)),
	]


def test_a_stub_is_penalised_unless_it_is_mended_the_same_day(clock):
	clock.set(date(2024, 1, 15))
	deal = deal_of().name
	stubs = [talk(deal, discussed="НД", agreed="перезвонить", responsible=ANNA) for _number in range(2)]
	unanswered = talk(deal, discussed="НД", agreed="", outcome="No answer", duration=0, responsible=ANNA)
	clock.set(date(2024, 1, 15), 18)
	stubs[1].update(SAID).save()
	night(clock, date(2024, 1, 20))

	stub, mended = stubs
	assert [row[:3] for row in ledger(reference_name=stub.name)] == [
		("Stub Comment", ANNA, date(2024, 1, 16))
	]
	assert ledger(reference_name=mended.name) == ledger(reference_name=unanswered.name) == []


def test_amount_currency_and_rule_are_copied(clock):
	with rules_set(Deal_Lapsed={"amount": 12.5, "currency": "EUR", "grace_days": 3, "repeat_months": 1}):
		clock.set(date(2024, 1, 15))
		deal = deal_of().name
		night(clock, date(2024, 5, 20))
	penalties = frappe.get_all(
		"Manager Penalty",
		{"reference_name": deal},
		["amount", "currency", "deal", "status", "violated_on", "imposed_on", "nth"],
		order_by="nth",
	)

	assert [(p.violated_on, p.imposed_on) for p in penalties] == [
		(date(2024, 3, 16), date(2024, 3, 19)),
		(date(2024, 4, 16), date(2024, 4, 16)),
		(date(2024, 5, 16), date(2024, 5, 16)),
	]
	assert {(p.amount, p.currency, p.deal, p.status) for p in penalties} == {(12.5, "EUR", deal, "Imposed")}


def test_losing_the_client_and_a_case(clock):
	head = make_user(roles=("Partner CRM Manager",), language="ru").name
	with rules_set(Deal_Lapsed={"releases_to_pool": 1, "opens_case": 1}):
		clock.set(date(2024, 1, 15))
		deal = deal_of()
		night(clock, date(2024, 3, 16))
		night(clock, date(2024, 3, 17))
	pooled = frappe.db.get_value(
		"Partner Deal", deal.name, ["in_pool", "open_deal_key", "activity_status", "responsible"]
	)
	[task] = frappe.get_all(
		"ToDo", {"reference_name": deal.name}, ["allocated_to", "date", "status", "description"]
	)

	assert pooled == (1, None, "Closed", ANNA)
	assert (task.allocated_to, task.date, task.status) == (head, date(2024, 3, 16), "Open")
	assert task.description == "Разберитесь: Сделка неактивна, с 16-03-2024"
	frappe.db.delete("Has Role", {"parent": head})


def test_a_deal_from_the_pool_gives_whoever_takes_it_all_of_the_time(clock):
	from partner_crm.api import take_deal

	with rules_set(Deal_Lapsed={"releases_to_pool": 1}):
		clock.set(date(2024, 1, 15))
		deal = deal_of().name
		night(clock, date(2024, 3, 16))
		clock.set(date(2024, 4, 1))
		frappe.set_user(BORIS)
		take_deal(deal)
		with pytest.raises(frappe.ValidationError, match="not in the pool any more"):
			take_deal(deal)
		frappe.set_user("Administrator")
		night(clock, date(2024, 6, 10))

	assert lapses(deal) == [(ANNA, date(2024, 3, 16)), (BORIS, date(2024, 6, 2))]


def test_changed_settings_count_from_their_first_night_on(clock):
	clock.set(date(2024, 1, 15))
	deal = deal_of().name
	with rules_set(Deal_Lapsed={"enabled": 0}):
		night(clock, date(2024, 3, 20))
	night(clock, date(2024, 3, 21))
	assert lapses(deal) == []

	with rules_set(Deal_Lapsed={"repeat_months": 1}):
		night(clock, date(2024, 3, 22))
		night(clock, date(2024, 4, 20))

	assert lapses(deal) == [(ANNA, date(2024, 4, 16))]


# The letters


def test_a_manager_gets_one_letter_a_day_in_his_language_about_his_own_deals_only(clock):
	frappe.db.set_value("User", ANNA, "language", "ru")
	clock.set(date(2024, 1, 15))
	for number in range(3):
		open_deal(date(2024, 1, 15), ANNA, deal_title=f"Anna {number}")
	open_deal(date(2024, 1, 15), BORIS, deal_title="Boris 1")
	open_deal(date(2024, 1, 15), "left@staff.example")
	make_row(
		"Email Account", email_id="out@staff.example", enable_outgoing=1, default_outgoing=1, smtp_server="x"
	)
	night(clock, date(2024, 3, 1))
	letters = {
		row.recipient: message_from_string(frappe.db.get_value("Email Queue", row.parent, "message"))
		for row in frappe.get_all("Email Queue Recipient", fields=["recipient", "parent"])
	}
	notes = {row.for_user: row for row in frappe.get_all("Notification Log", fields=["*"])}

	assert set(notes) == {ANNA, BORIS}
	assert notes[ANNA].subject == "Сделки, которые скоро станут неактивными: 3"
	assert "Anna 2" in notes[ANNA].email_content and "Boris" not in notes[ANNA].email_content
	assert notes[BORIS].subject == "Deals about to lapse: 1"
	assert set(letters) == {ANNA, BORIS} and frappe.db.count("Email Queue Recipient") == 2
	assert str(make_header(decode_header(letters[ANNA]["Subject"]))) == notes[ANNA].subject
	assert "Anna 2" in text_of(letters[ANNA]) and "Boris" not in text_of(letters[ANNA])
	assert "Boris 1" in text_of(letters[BORIS]) and "Anna" not in text_of(letters[BORIS])


def text_of(letter: Message) -> str:
	return next(
		part.get_payload(decode=True).decode()
		for part in letter.walk()
		if part.get_content_type() == "text/plain"
	)


def test_what_a_failed_night_did_not_tell_is_told_by_the_next_and_once(clock):
	clock.set(date(2024, 3, 1))
	make_row(
		"Deal Review", name="2024-03-01", night="2024-03-01", status="Failed", started_at="2024-03-01 00:05"
	)
	open_deal(date(2024, 1, 15), announced=14, announced_on=date(2024, 3, 1), next_review_on=date(2024, 3, 8))
	told = []
	for day in (date(2024, 3, 2), date(2024, 3, 3), date(2024, 3, 4)):
		night(clock, day)
		told.append(frappe.db.count("Notification Log", {"for_user": ANNA}))

	assert told == [1, 1, 1]


# Whatever happens to the job


def backlog(number: int) -> set[tuple]:
	"""Deals that went quiet, of two managers; returns the ledger that their nights make."""
	random.seed(5)
	expected = set()
	for _number in range(number):
		manager, created_on = random.choice((ANNA, BORIS)), date(2024, 1, 1) + random.randrange(40) * DAY
		deal = open_deal(created_on, manager)
		expected.add((deal, manager, activity.active_until(created_on) + DAY))
	frappe.db.commit()
	return expected


def imposed() -> list[tuple]:
	rows = frappe.get_all("Manager Penalty", fields=["deal", "manager", "violated_on"], order_by="name")
	return [(row.deal, row.manager, row.violated_on) for row in rows]


def run_in_small_batches(_index: int, day: str, calls: int | None = None) -> None:
	"""`calls`: after so many calls of functions the process is killed."""
	review.BATCH = 15
	if calls:
		left = [calls]

		def count(_frame, event: str, _argument) -> None:
			left[0] -= event == "call"
			if not left[0]:
				os.kill(os.getpid(), signal.SIGKILL)

		sys.setprofile(count)
	review_deals(day)


def test_killed_at_random_points_and_run_again_the_ledger_is_the_same(run_processes):
	with rules_set(Deal_Lapsed={"opens_case": 1}):
		make_user(roles=("Partner CRM Manager",))
		expected = backlog(200)
		killed = 0
		for seed in range(20):
			calls = random.Random(seed).randrange(2_000, 60_000)
			[outcome] = run_processes(1, run_in_small_batches, "2024-04-30", calls)
			killed += outcome.error == "Ended"
		[outcome] = run_processes(1, run_in_small_batches, "2024-04-30")

	assert outcome.error is None, outcome.traceback
	assert killed > 10
	assert sorted(imposed()) == sorted(expected)
	assert frappe.db.count("ToDo") == len(expected)
	assert sorted(frappe.get_all("Notification Log", pluck="for_user")) == [ANNA, BORIS]
	assert frappe.db.get_value(
		"Deal Review", "2024-04-30", ["status", "reviewed", "penalties", "notified"]
	) == (
		"Done",
		len(expected),
		len(expected),
		2,
	)


def test_three_runs_at_once_make_one_ledger(run_processes):
	expected = backlog(200)
	outcomes = run_processes(3, run_in_small_batches, "2024-04-30")

	assert [outcome.error for outcome in outcomes] == [None] * 3, [o.traceback for o in outcomes]
	assert sorted(imposed()) == sorted(expected)
	assert sorted(frappe.get_all("Notification Log", pluck="for_user")) == [ANNA, BORIS]
	assert column("Deal Review", "2024-04-30", "reviewed") == len(expected)


def test_a_clock_that_is_set_back_imposes_nothing_twice():
	expected = backlog(30)
	for day in ("2024-04-30", "2024-04-10", "2024-04-30", "2024-03-20", "2024-05-02"):
		review_deals(day)

	assert sorted(imposed()) == sorted(expected)


def test_a_rerun_changes_nothing():
	backlog(5)
	review_deals("2024-04-30")
	before = everything()
	review_deals("2024-04-30")

	assert everything() == before


def test_a_night_without_work_asks_one_question_and_writes_one_record():
	review_deals("2024-04-30")
	with statements() as sent:
		review_deals("2024-05-01")

	assert [statement.split()[0].upper() for statement in sent if "`tab" in statement] == ["SELECT", "INSERT"]
	assert column("Deal Review", "2024-05-01", "status") == "Done"


def everything() -> dict[str, list]:
	frappe.db.commit()
	tables = ("Partner Deal", "Manager Penalty", "Deal Review", "ToDo", "Notification Log", "Email Queue")
	return {table: frappe.get_all(table, fields=["*"], order_by="name") for table in tables}


def test_what_can_not_be_judged_keeps_nobody_from_it_and_is_told_to_the_administrator():
	admin = make_user(roles=("System Manager",)).name
	expected = backlog(5)
	broken = open_deal(date(2024, 1, 1))
	make_row(
		"Discipline Event",
		reference_doctype="Partner Deal",
		reference_name=broken,
		kind="Next Contact",
		was="never",
		changed_at="2024-01-02 10:00:00",
	)
	review_deals("2024-04-30")
	record = frappe.get_doc("Deal Review", "2024-04-30")

	assert sorted(imposed()) == sorted(expected)
	assert (record.status, record.failures) == ("Done", 1)
	assert broken in record.errors and "Invalid isoformat string" in record.errors
	assert frappe.db.exists("Notification Log", {"for_user": admin, "document_name": record.name})


# Time


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland", "Asia/Almaty"])
@pytest.mark.parametrize("created_on", [date(2023, 12, 31), date(2024, 1, 31), date(2024, 8, 31)])
def test_days_are_the_sites_whatever_its_clocks_do(clock, zone, created_on):
	"""Daylight saving begins and ends within these two months; a talk a minute before midnight counts."""
	before = frappe.db.get_single_value("System Settings", "time_zone")
	frappe.db.set_single_value("System Settings", "time_zone", zone)
	frappe.local.system_timezone = None
	frappe.cache.delete_key("time_zone")
	frappe.clear_cache()
	try:
		until = activity.active_until(created_on)
		quiet = open_deal(created_on)
		saved = open_deal(created_on, contact=make_contact().name)
		clock.set(until, 23, 59)
		assert getdate() == until
		talk(saved)
		clock.set(until + DAY, 0, 0)
		assert getdate() == until + DAY
		review_deals()
		assert lapses(quiet) == [(ANNA, until + DAY)]
		assert lapses(saved) == []
	finally:
		frappe.db.set_single_value("System Settings", "time_zone", before)
		frappe.db.commit()
		frappe.clear_cache()


# Random histories, against the reference that lives through them day by day


@pytest.mark.parametrize("seed", range(4))
def test_random_histories_with_outages_make_the_ledger_of_a_punctual_job(clock, seed):
	rand = random.Random(seed)
	begin, days = date(2023, 11, 20), 400
	rules = {
		"Deal_Lapsed": {"grace_days": rand.choice((0, 3)), "repeat_months": rand.choice((0, 1))},
		"Next_Contact_Missed": {"repeat_months": rand.choice((0, 2))},
	}
	with rules_set(**rules):
		clock.set(begin, 9)
		lives = [Life(deal_of(rand.choice((ANNA, BORIS))), begin) for _number in range(3)]
		working = True
		for number in range(days):
			day = begin + number * DAY
			if rand.random() < 0.05:
				working = not working
			if working and number:
				night(clock, day)
			for life in lives:
				if rand.random() < 0.04:
					clock.set(day, rand.randrange(1, 23))
					life.go_on(rand, day)
		last = begin + days * DAY
		night(clock, last)
		discipline = review.settings.discipline()
	for life in lives:
		lived = Simulation(life.history(), discipline).run(days)
		found = [
			(imposed_on, rule, manager, day)
			for rule, manager, day, imposed_on, _nth in ledger(reference_name=life.deal)
		]
		assert sorted(found) == sorted(lived), life.history()


THINGS = [
	"radio",
	"banners",
	"stands",
	"leaflets",
	"buses",
	"trams",
	"walls",
	"screens",
	"cinema",
	"metro",
	"towers",
	"kiosks",
	"lifts",
	"taxis",
]
PEOPLE = [
	"Petr",
	"Anna",
	"Olga",
	"Ivan",
	"Boris",
	"Clara",
	"Marat",
	"Aigul",
	"Dana",
	"Timur",
	"Sofia",
	"Viktor",
]
WHAT = [
	"sizes",
	"prices",
	"sketches",
	"districts",
	"dates",
	"samples",
	"layouts",
	"budgets",
	"addresses",
	"contracts",
	"photos",
]


def said(rand: random.Random) -> dict:
	"""A detailed comment that was hardly ever made before."""
	one, two, three = rand.choices(THINGS, k=3)
	who, to = rand.choices(PEOPLE, k=2)
	first, second = rand.choices(WHAT, k=2)
	return {
		"discussed": f"{one.title()}, {two} and {three} for {to} in {rand.randrange(100, 999)} shops",
		"agreed": f"{who} sends {first} and {second} to {to} by {rand.randrange(1, 28)} May",
	}


def test_an_address_of_a_new_colleague_in_a_card_is_found_and_can_be_mended(clock):
	frappe.set_user(ANNA)
	wrong, mended = (make_contact(f"petr{number}@staff.example") for number in (1, 2))
	frappe.set_user("Administrator")
	for number in (1, 2):
		make_user(f"petr{number}@staff.example")
	assert column("Contact", wrong.name, "pcrm_staff_email_since") == date(2024, 1, 15)
	clock.set(date(2024, 1, 15), 13)
	mended.reload()
	mended.email_ids = []
	mended.append("email_ids", {"email_id": "petr@private.example", "is_primary": 1})
	mended.save()
	night(clock, date(2024, 1, 20))

	assert [row[:3] for row in ledger(rule="Staff E-mail", reference_name=wrong.name)] == [
		("Staff E-mail", ANNA, date(2024, 1, 16))
	]
	assert ledger(reference_name=mended.name) == []
	assert column("Contact", mended.name, "pcrm_staff_email_since") is None


class Life:
	"""What happens to a deal: done on the site, and written down for the reference."""

	def __init__(self, deal, created_on: date):
		self.deal, self.created_on = deal.name, created_on
		self.assignments = [activity.Assignment(deal.responsible, datetime.combine(created_on, time(9)))]
		self.interactions, self.closings, self.flaws, self.plans, self.pauses = [], [], [], [], []
		self.alive: dict[str, int] = {}
		if not deal.is_correct:
			self.flaws.append(activity.Flaw(created_on))

	def history(self) -> activity.History:
		parts = ("interactions", "assignments", "closings", "flaws", "plans", "pauses")
		return activity.History(
			"Partner Deal", self.deal, self.created_on, **{part: tuple(getattr(self, part)) for part in parts}
		)

	def go_on(self, rand: random.Random, day: date) -> None:
		deal = frappe.get_doc("Partner Deal", self.deal)
		if deal.stage == "Lost":
			deal.stage, deal.move_reason = "SQL", "They are back"
			deal.save()
			self.closings[-1] = activity.Closing(self.closings[-1].closed_on, day)
			return
		step = rand.choice(
			("talk", "talk", "talk", "late", "take back", "hand over", "plan", "close", "flaw", "pause")
		)
		getattr(self, f"_{step.replace(' ', '_')}")(deal, rand, day)

	def _talk(self, deal, rand: random.Random, day: date, occurred_on: date | None = None) -> None:
		occurred_at = datetime.combine(occurred_on or day, time(0, 30))
		interaction = talk(deal.name, occurred_at=occurred_at, responsible=deal.responsible, **said(rand))
		self.alive[interaction.name] = len(self.interactions)
		self.interactions.append(
			activity.Interaction(occurred_at, frappe.utils.now_datetime(), bool(interaction.qualifies))
		)

	def _late(self, deal, rand: random.Random, day: date) -> None:
		self._talk(deal, rand, day, day - rand.randrange(1, 40) * DAY)

	def _take_back(self, deal, rand: random.Random, day: date) -> None:
		if self.alive:
			name, index = self.alive.popitem()
			frappe.delete_doc("Client Interaction", name)
			gone = self.interactions[index]
			self.interactions[index] = activity.Interaction(
				gone.occurred_at, gone.recorded_at, gone.qualifies, day
			)

	def _hand_over(self, deal, rand: random.Random, day: date) -> None:
		deal.responsible = ANNA if deal.responsible == BORIS else BORIS
		deal.save()
		self.assignments.append(activity.Assignment(deal.responsible, frappe.utils.now_datetime()))

	def _plan(self, deal, rand: random.Random, day: date) -> None:
		deal.next_contact_on = rand.choice((None, day + rand.randrange(30) * DAY))
		deal.save()
		self.plans.append(activity.Plan(deal.next_contact_on, day))

	def _close(self, deal, rand: random.Random, day: date) -> None:
		deal.stage, deal.lost_reason = "Lost", "No budget"
		deal.save()
		self.closings.append(activity.Closing(day))

	def _flaw(self, deal, rand: random.Random, day: date) -> None:
		was_correct = deal.is_correct
		deal.set("items", [] if deal.get("items") else [{"item_code": make_item(), "qty": 1, "rate": 100}])
		deal.amount = 100
		deal.save()
		if was_correct and not deal.is_correct:
			self.flaws.append(activity.Flaw(day))
		elif deal.is_correct and not was_correct:
			self.flaws[-1] = activity.Flaw(self.flaws[-1].since, day)

	def _pause(self, deal, rand: random.Random, day: date) -> None:
		first = day + rand.randrange(-5, 20) * DAY
		last = first + rand.randrange(30) * DAY
		values = {"deal": deal.name, "from_date": first, "to_date": last, "reason": "Holidays"}
		pause = frappe.get_doc({"doctype": "Deal Pause", **values}).insert()
		pause.status = "Approved"
		pause.save()
		self.pauses.append(activity.Pause(first, last, day))
