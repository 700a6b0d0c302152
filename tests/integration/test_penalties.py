"""What becomes of a penalty, and of a pause: who may do which step, and that nothing is rewritten."""

from __future__ import annotations

from datetime import date, timedelta

import frappe
import pytest
from frappe.desk.query_report import run as run_report
from frappe.utils import add_days, getdate

from partner_crm import api
from partner_crm.rules import activity
from tests.factories import make_row, make_user_row

ANNA, BORIS, HEAD = "anna@staff.example", "boris@staff.example", "head@staff.example"


@pytest.fixture(autouse=True)
def staff() -> None:
	make_user_row(ANNA)
	make_user_row(BORIS)
	make_user_row(HEAD, ("Partner CRM Manager",))


def make_penalty(**fields):
	deal = make_deal_row()
	values = {
		"rule": "Deal Lapsed",
		"manager": ANNA,
		"reference_doctype": "Partner Deal",
		"reference_name": deal,
		"deal": deal,
		"company": frappe.defaults.get_global_default("company"),
		"violated_on": "2024-03-01",
		"imposed_on": "2024-03-01",
		"nth": 1,
		"amount": 10,
		"currency": "USD",
		"status": "Imposed",
	}
	return make_row("Manager Penalty", **(values | fields))


def make_deal_row(**fields) -> str:
	today = getdate()
	values = {
		"deal_title": "Deal",
		"stage": "SQL",
		"responsible": ANNA,
		"company": frappe.defaults.get_global_default("company"),
		"is_correct": 1,
		"clock_started_on": today,
		"active_until": activity.active_until(today),
		"activity_status": "Active",
	}
	return make_row("Partner Deal", **(values | fields)).name


def status(penalty) -> str:
	return frappe.db.get_value(penalty.doctype, penalty.name, "status")


def timeline(doc) -> list[str]:
	return frappe.get_all(
		"Comment",
		{"reference_doctype": doc.doctype, "reference_name": doc.name, "comment_type": "Info"},
		pluck="content",
		order_by="creation",
	)


def test_a_manager_contests_and_the_head_of_sales_waives():
	penalty = make_penalty()
	frappe.set_user(ANNA)
	api.contest_penalty(penalty.name, "The client was on holiday")
	frappe.set_user(HEAD)
	api.decide_penalty(penalty.name, "Waived", "He was indeed")
	penalty.reload()

	assert (penalty.status, penalty.objection, penalty.reason, penalty.decided_by) == (
		"Waived",
		"The client was on holiday",
		"He was indeed",
		HEAD,
	)
	assert timeline(penalty) == ["contested it: The client was on holiday", "waived it: He was indeed"]


def test_saving_the_document_with_another_status_is_the_same_step():
	penalty = make_penalty()
	frappe.set_user(HEAD)
	penalty = frappe.get_doc("Manager Penalty", penalty.name)
	penalty.update({"status": "Confirmed", "reason": "He did nothing"})
	penalty.save()

	assert status(penalty) == "Confirmed"


@pytest.mark.parametrize(
	("user", "values", "message"),
	[
		(ANNA, {"status": "Contested"}, "Say why you contest it"),
		(ANNA, {"status": "Waived", "reason": "I say so"}, "Only the head of sales"),
		(HEAD, {"status": "Confirmed"}, "Say why you decide so"),
		(HEAD, {"status": "Contested", "objection": "Instead of her"}, "can contest this penalty"),
		(HEAD, {"status": "Paid", "reason": "?"}, "can't go from"),
	],
)
def test_steps_that_are_refused(user, values, message):
	penalty = make_penalty()
	frappe.set_user(user)
	penalty = frappe.get_doc("Manager Penalty", penalty.name)
	penalty.update(values)

	with pytest.raises(
		frappe.ValidationError if "Say" in message or "go" in message else frappe.PermissionError,
		match=message,
	):
		penalty.save()
	assert status(penalty) == "Imposed"


def test_nobody_decides_on_his_own_penalty():
	penalty = make_penalty(manager=HEAD)
	frappe.set_user(HEAD)

	with pytest.raises(frappe.PermissionError, match="of his own"):
		api.decide_penalty(penalty.name, "Waived", "I am the head")


def test_what_was_decided_stays():
	penalty = make_penalty(status="Confirmed", reason="He did nothing")
	frappe.set_user(HEAD)

	with pytest.raises(frappe.ValidationError, match="has been decided"):
		api.decide_penalty(penalty.name, "Waived", "I think again")


def test_the_ledger_is_not_rewritten_by_any_door():
	penalty = make_penalty()
	changed = frappe.get_doc("Manager Penalty", penalty.name)
	changed.update({"amount": 1, "manager": BORIS, "violated_on": "2020-01-01"})
	changed.save()
	stored = frappe.get_doc("Manager Penalty", penalty.name)

	assert (stored.amount, stored.manager, stored.violated_on) == (10, ANNA, date(2024, 3, 1))
	for rewrite in (lambda: stored.db_set("amount", 1), stored.delete):
		with pytest.raises(frappe.ValidationError, match="never rewritten"):
			rewrite()
	with pytest.raises(frappe.PermissionError, match="Nobody writes one by hand"):
		frappe.get_doc(penalty.as_dict() | {"name": None, "__islocal": 1}).insert()


def test_a_deal_with_penalties_can_not_be_deleted():
	penalty = make_penalty()

	with pytest.raises(frappe.LinkExistsError):
		frappe.delete_doc("Partner Deal", penalty.deal)


def test_without_hrms_a_confirmed_penalty_is_in_the_report_only():
	frappe.db.set_single_value("Partner CRM Settings", "penalties_to_payroll", 1)
	frappe.clear_document_cache("Partner CRM Settings", "Partner CRM Settings")
	penalty = make_penalty()
	make_penalty(manager=BORIS, status="Waived")
	frappe.set_user(HEAD)
	api.decide_penalty(penalty.name, "Confirmed", "He did nothing")
	grouped = run_report("Manager Penalties", {"group_by": "responsible"})["result"]

	assert not frappe.db.get_value("Manager Penalty", penalty.name, "additional_salary")
	assert [
		(row["responsible"], row["confirmed"], row["amount"], row["confirmed_amount"]) for row in grouped
	] == [
		(ANNA, 1, 10, 10),
		(BORIS, 0, 0, 0),
		("Total", 1, 10, 10),
	]


def test_a_manager_finds_his_own_penalties_in_the_report():
	mine, other = make_penalty(), make_penalty(manager=BORIS)
	frappe.set_user(ANNA)
	listed = [row["name"] for row in run_report("Manager Penalties", {})["result"]]

	assert mine.name in listed and other.name not in listed


def test_the_number_cards_count_what_the_head_of_sales_has_to_decide():
	make_penalty()
	make_penalty(status="Waived")
	frappe.set_user(HEAD)
	from frappe.desk.doctype.number_card.number_card import get_result

	card = frappe.get_doc("Number Card", "Penalties to Decide")

	assert get_result(card.as_dict(), card.filters_json) == 1


# Pauses


def ask(deal: str, first: int = 0, last: int = 10, **fields):
	values = {"from_date": add_days(getdate(), first), "to_date": add_days(getdate(), last)}
	return frappe.get_doc(
		{"doctype": "Deal Pause", "deal": deal, "reason": "The client is on holiday", **values, **fields}
	).insert()


def approve(pause):
	frappe.set_user(HEAD)
	pause = frappe.get_doc("Deal Pause", pause.name)
	pause.status = "Approved"
	return pause.save()


def test_an_approved_pause_stops_the_clock_at_once():
	now, later = make_deal_row(), make_deal_row()
	until = activity.active_until(getdate())
	frappe.set_user(ANNA)
	pauses = [ask(now), ask(later, 5, 14)]
	assert frappe.db.get_value("Partner Deal", now, "active_until") == until
	for pause in pauses:
		approve(pause)

	assert frappe.db.get_value("Partner Deal", now, ["activity_status", "active_until"]) == ("Active", None)
	assert frappe.db.get_value("Partner Deal", later, "active_until") == until + timedelta(days=10)
	assert frappe.db.count("Notification Log", {"for_user": HEAD, "document_type": "Deal Pause"}) == 2
	assert frappe.db.count("Notification Log", {"for_user": ANNA, "document_type": "Deal Pause"}) == 2


def test_who_may_ask_and_who_may_approve():
	deal = make_deal_row()
	frappe.set_user(BORIS)
	with pytest.raises(frappe.PermissionError):
		ask(deal)
	frappe.set_user(ANNA)
	pause = ask(deal)
	pause.status = "Approved"
	with pytest.raises(frappe.PermissionError, match="Only the head of sales"):
		pause.save()


@pytest.mark.parametrize(
	("fields", "message"),
	[({"first": 3, "last": 1}, "ends before it begins"), ({"stage": "Lost"}, "is not open")],
)
def test_pauses_that_make_no_sense(fields, message):
	deal = make_deal_row(stage=fields.pop("stage", "SQL"))

	with pytest.raises(frappe.ValidationError, match=message):
		ask(deal, **fields)


def test_a_decided_pause_stays_as_it_is():
	frappe.set_user(ANNA)
	pause = approve(ask(make_deal_row()))
	pause.to_date = add_days(getdate(), 100)

	with pytest.raises(frappe.ValidationError, match="has been decided"):
		pause.save()
	with pytest.raises(frappe.ValidationError, match="past nights were judged by"):
		pause.delete()


def test_settings_that_can_not_be_used_are_refused():
	settings = frappe.get_doc("Partner CRM Settings")
	settings.announce_days = "14, soon"
	settings.append("penalty_rules", {"rule": "Deal Lapsed"})

	with pytest.raises(frappe.ValidationError, match=r"not days before a deal lapses.*more than once"):
		settings.save()


def test_the_six_rules_are_shipped_without_money():
	rows = frappe.get_doc("Partner CRM Settings").penalty_rules

	assert [(row.rule, row.enabled, row.amount) for row in rows] == [
		(rule.rule, 1, 0) for rule in activity.shipped_penalty_rules()
	]
