"""The demonstration company, made as `bench partner-crm-demo` makes it."""

from __future__ import annotations

from collections import Counter

import frappe
import pytest
from frappe.desk.query_report import run as run_report

from partner_crm.services import demo
from tests.bench.harness import HarnessError
from tests.factories import make_counterparty

pytestmark = pytest.mark.commits


@pytest.fixture
def fill_site(harness, site):
	def run(*options: str) -> str:
		frappe.db.commit()
		printed = harness.frappe("--site", site.name, "partner-crm-demo", *options)
		frappe.db.rollback()
		return printed

	return run


def stages_of(doctype: str) -> set[str]:
	return set(frappe.get_all(doctype, pluck="stage", order_by=None, distinct=True))


def counts() -> dict[str, int]:
	doctypes = ("Partner Lead", "Partner Deal", "Contact", "Counterparty", "Client Interaction", "Customer")
	money = ("Payout", "Payout Statement", "Manager Penalty", "Sales Order", "Sales Invoice", "Payment Entry")
	return {
		doctype: frappe.db.count(doctype) for doctype in (*doctypes, *money, "User", "Stage Change", "Item")
	}


def test_it_stays_out_of_a_site_with_clients_of_its_own(fill_site):
	company = make_counterparty()

	with pytest.raises(HarnessError, match="This site holds data of its own: Counterparty"):
		fill_site()

	assert not frappe.db.exists("User", demo.address(demo.HEAD))
	company.delete()
	frappe.db.commit()


def test_it_shows_every_stage_and_a_believable_past(fill_site):
	printed = fill_site("--password", "demonstration")

	assert "Partner Lead: 50" in printed
	assert stages_of("Partner Lead") == {
		"Cold Lead",
		"MQL",
		"Converted",
		"Handed Over",
		"Client",
		"Unqualified",
	}
	assert stages_of("Partner Deal") == {"SQL", "Negotiation", "Client", "Lost"}
	activity = Counter(frappe.get_all("Partner Deal", pluck="activity_status", order_by=None))
	assert activity.keys() == {"Active", "Inactive", "Closed"}
	assert frappe.get_all("Partner Deal", {"is_correct": 0}, pluck="counterparty")
	assert frappe.db.count("Partner Deal", {"handed_over_on": ("is", "set"), "customer": ("is", "set")})


def test_nothing_of_the_past_is_in_the_future_or_out_of_order():
	changes = frappe.get_all(
		"Stage Change", fields=["changed_at", "seconds_in_stage", "changed_by"], order_by=None
	)
	assert all(change.changed_at <= frappe.utils.now_datetime() for change in changes)
	assert all(change.seconds_in_stage >= 0 for change in changes)
	makers = {demo.address(person) for person in (demo.HEAD, *demo.MANAGERS)}
	assert {change.changed_by for change in changes} == makers
	won = frappe.get_all("Partner Deal", {"stage": "Client"}, ["days_to_client", "won_on", "registered_on"])
	assert all(deal.days_to_client == (deal.won_on - deal.registered_on).days > 0 for deal in won)


def statuses(doctype: str) -> set[str]:
	return set(frappe.get_all(doctype, pluck="status", order_by=None, distinct=True))


def test_money_is_at_each_of_its_ends():
	assert statuses("Payout") == {"Expected", "Confirmed", "Partly Paid", "Paid", "Rejected", "Clawed Back"}
	assert statuses("Payout Statement") == {"Invoiced", "Partly Paid", "Paid"}
	assert statuses("Manager Penalty") == {"Imposed", "Contested", "Confirmed", "Waived"}
	assert not frappe.db.count("Payout", {"won_on": (">", frappe.utils.nowdate())})
	for report, group in (("Partner Income", "program"), ("Manager Penalties", "responsible")):
		assert len(run_report(report, {"group_by": group})["result"]) > 3
	segments = {row["segment"] for row in run_report("Client Segments", {"group_by": "segment"})["result"]}
	assert segments == {"One-Time", "Rare", "Regular", "Total"}


def test_somebody_was_entered_twice():
	shown = run_report("Possible Duplicates", {"company": frappe.defaults.get_global_default("company")})

	told = {frozenset((row["card_title"], row["other_card_title"])) for row in shown["result"]}
	assert told >= {frozenset(("Viktor Lee", "Viktor Li")), frozenset(("Bekzat Omarov", "Bek Omarov"))}


def test_its_users_log_in_with_the_password_given(http):
	for person in demo.STAFF:
		credentials = {"usr": demo.address(person), "pwd": "demonstration"}
		assert http.guest().post("/api/method/login", data=credentials).ok


def test_a_second_run_changes_nothing(fill_site):
	before = counts()

	fill_site()

	assert counts() == before
