"""Answered calls of ERPNext's Call Log become interactions by themselves."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_days, getdate, now_datetime

from partner_crm.overrides import call_log
from tests.factories import make_contact, make_row, make_user_row
from tests.sql import statements

ANNA, BORIS = "anna@staff.example", "boris@staff.example"
CLIENT = "+7 701 555 12 34"


@pytest.fixture(autouse=True)
def nothing_goes_wrong():
	make_user_row(ANNA)
	make_user_row(BORIS)
	before = frappe.db.count("Error Log")
	yield
	assert frappe.db.count("Error Log") == before, frappe.get_last_doc("Error Log").error


@pytest.fixture
def contact() -> str:
	return make_contact(phone=CLIENT).name


@pytest.fixture
def deal(contact) -> str:
	made_on = add_days(getdate(), -40)
	return make_row(
		"Partner Deal",
		contact=contact,
		responsible=ANNA,
		stage="SQL",
		is_correct=1,
		clock_started_on=made_on,
		active_until=frappe.utils.add_months(made_on, 2),
		activity_status="Active",
	).name


def call(**fields):
	"""The client has called Anna and talked for two minutes."""
	values = {
		"doctype": "Call Log",
		"id": frappe.generate_hash(length=10),
		"type": "Incoming",
		"from": CLIENT,
		"to": "+7 727 000 00 00",
		"status": "Completed",
		"duration": 120,
		"employee_user_id": ANNA,
		"start_time": add_days(now_datetime(), -3).replace(microsecond=0),
	}
	return frappe.get_doc(values | fields).insert()


def interactions() -> list:
	return [
		frappe.get_doc("Client Interaction", name)
		for name in frappe.get_all("Client Interaction", pluck="name")
	]


def only_one():
	(found,) = interactions()
	return found


def test_an_answered_call_is_a_two_way_interaction(contact, deal):
	made = call()
	found = only_one()
	assert (found.kind, found.direction, found.contact, found.deal) == ("Call", "Incoming", contact, deal)
	assert (found.responsible, found.call_log, found.is_automatic) == (ANNA, made.name, 1)
	assert (found.duration, found.occurred_at) == (120, made.start_time)
	assert (found.is_two_way, found.qualifies, found.without_right) == (1, 0, 0)


@pytest.mark.parametrize(
	"fields",
	[
		{"status": "No Answer"},
		{"status": "Busy"},
		{"status": "In Progress"},
		{"duration": 0},
		{"duration": None},
	],
)
def test_what_was_not_answered_is_none(deal, fields):
	call(**fields)
	assert interactions() == []


def test_a_call_counts_when_it_ends(deal):
	made = call(status="Ringing", duration=0)
	assert interactions() == []
	made.update({"status": "Completed", "duration": 45})
	made.save()
	assert only_one().duration == 45


def test_it_is_one_interaction_whatever_is_saved_again(deal):
	made = call()
	made.save()
	before = only_one().as_dict()
	made.recording_url = "https://calls.example/1"
	made.save()
	assert only_one().as_dict() == before


def test_a_duration_corrected_later_is_corrected(deal):
	made = call()
	made.duration = 300
	made.save()
	assert only_one().duration == 300


@pytest.mark.parametrize("number", ["87015551234", "8 (701) 555-12-34", "0077015551234", "+77015551234"])
def test_a_number_in_any_spelling_finds_the_client(deal, number):
	call(**{"from": number})
	assert only_one().deal == deal


def test_an_outgoing_call_is_to_the_client(deal):
	call(**{"type": "Outgoing", "from": "+7 727 000 00 00", "to": "8 701 555 12 34"})
	assert (only_one().direction, only_one().deal) == ("Outgoing", deal)


def test_the_links_of_a_call_say_whose_it_is(contact):
	other = make_row("Partner Deal", contact=make_contact().name, responsible=BORIS, stage="SQL")
	call(links=[{"link_doctype": "Partner Deal", "link_name": other.name}])
	assert (only_one().contact, only_one().deal) == (other.contact, other.name)


def test_of_several_open_deals_it_is_that_of_who_has_spoken(contact, deal):
	own = make_row("Partner Deal", contact=contact, responsible=BORIS, stage="SQL").name
	call(employee_user_id=BORIS)
	assert only_one().deal == own


def test_without_the_right_it_is_kept_and_flagged(deal):
	call(employee_user_id=BORIS)
	assert (only_one().responsible, only_one().without_right) == (BORIS, 1)


def test_with_a_comment_it_prolongs_its_deal(deal):
	frappe.db.set_single_value("Partner CRM Settings", "require_evidence", 1)
	frappe.clear_document_cache("Partner CRM Settings")
	call()
	found = only_one()
	found.discussed = "Prices of outdoor banners for summer"
	found.agreed = "They choose the districts and write until Friday"
	found.save()
	assert found.qualifies == 1
	assert frappe.db.get_value("Partner Deal", deal, "last_interaction_on") == add_days(getdate(), -3)


def test_the_summary_of_a_call_says_what_was_talked_about(deal):
	call(summary="Prices of outdoor banners")
	assert only_one().discussed == "Prices of outdoor banners"


def test_a_call_from_the_future_is_kept_as_of_now(deal):
	call(start_time=add_days(now_datetime(), 1))
	assert only_one().occurred_at <= now_datetime()


def test_calls_of_others_make_nothing(contact):
	make_contact(phone="+7 701 000 11 22", pcrm_managed=0)
	call(**{"from": "+7 701 000 11 22"})
	call(**{"from": "+7 702 999 99 99"})
	call(**{"from": "anonymous"})
	assert interactions() == []


def test_a_missed_call_asks_the_database_nothing(contact):
	made = call(status="No Answer")
	with statements() as sent:
		call_log.on_update(made)
	assert sent == []


def test_an_error_of_ours_is_logged_and_the_call_is_kept(deal):
	frappe.db.delete("Interaction Kind", {"name": "Call"})
	frappe.clear_document_cache("Interaction Kind", "Call")
	made = call()
	assert frappe.db.exists("Call Log", made.name)
	assert interactions() == []
	log = frappe.get_last_doc("Error Log")
	assert log.method == "Partner CRM: no interaction from Call Log"
	frappe.db.delete("Error Log", {"name": log.name})


def test_a_call_can_be_deleted(deal):
	made = call()
	frappe.delete_doc("Call Log", made.name)
	assert only_one().call_log is None
