"""Letters and calls that come at the same moment, in processes of their own."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_days, getdate, now_datetime

from tests.factories import make_contact, make_row

pytestmark = pytest.mark.commits

CLIENT = "ivan@client.example"


def reply(index: int, to: str) -> None:
	sent = index % 2
	frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Sent" if sent else "Received",
			"subject": f"Part {index}",
			"content": "-",
			"sender": "Administrator" if sent else CLIENT,
			"recipients": CLIENT if sent else "sales@staff.example",
			"communication_date": add_days(now_datetime(), -index),
			"in_reply_to": to,
		}
	).insert(ignore_permissions=True)


def report(index: int, call: str) -> None:
	log = frappe.get_doc("Call Log", call)
	log.run_method("on_update")


def talk(index: int, deal: str) -> None:
	frappe.get_doc(
		{
			"doctype": "Client Interaction",
			"kind": "Call",
			"duration": 60,
			"deal": deal,
			"occurred_at": add_days(now_datetime(), -index),
			"discussed": f"{('Banners', 'Radio', 'Stands', 'Leaflets')[index]} for the spring campaign",
			"agreed": f"{('Ivan', 'Olga', 'Petr', 'Anna')[index]} sends sizes and districts on Monday",
		}
	).insert()


def nothing_failed(outcomes) -> bool:
	return not [outcome.error for outcome in outcomes if outcome.error] and not frappe.db.count(
		"Error Log", {"method": ("like", "Partner CRM:%")}
	)


def test_replies_to_one_letter_make_one_thread_that_counts_all(run_processes):
	unmanaged = make_contact(email=CLIENT, pcrm_managed=0)
	reply(1, to=None)
	first = frappe.get_last_doc("Communication", {"subject": "Part 1"}).name
	unmanaged.pcrm_managed = 1
	unmanaged.save()

	assert nothing_failed(run_processes(4, reply, first))

	(thread,) = frappe.get_all("Client Interaction", ["name", "is_two_way", "occurred_at", "direction"])
	assert frappe.db.count("Communication Link", {"link_name": thread.name}) == 5
	assert (thread.is_two_way, getdate(thread.occurred_at), thread.direction) == (1, getdate(), "Outgoing")


def test_an_end_of_a_call_reported_by_all_is_one_interaction(run_processes):
	contact = make_contact(phone="+7 701 555 12 34").name
	call = make_row(
		"Call Log", id="call-1", type="Incoming", status="Completed", duration=60, **{"from": "87015551234"}
	)
	frappe.db.delete("Client Interaction", {"contact": contact})

	assert nothing_failed(run_processes(4, report, call.name))

	assert frappe.db.count("Client Interaction", {"contact": contact, "call_log": call.name}) == 1


def test_the_latest_of_talks_at_once_counts(run_processes):
	contact = make_contact().name
	long_ago = add_days(getdate(), -50)
	deal = make_row(
		"Partner Deal",
		contact=contact,
		stage="SQL",
		is_correct=1,
		clock_started_on=long_ago,
		active_until=add_days(long_ago, 60),
		activity_status="Active",
	).name

	assert nothing_failed(run_processes(4, talk, deal))

	assert frappe.db.get_value("Partner Deal", deal, ["last_interaction_on", "active_until"]) == (
		getdate(),
		getdate(frappe.utils.add_months(getdate(), 2)),
	)
