"""What people see of the nightly review: the badges, a penalty contested and waived, a pause asked for and approved."""

from __future__ import annotations

from datetime import timedelta

import frappe
import pytest
from frappe.utils import formatdate, getdate, nowdate

from partner_crm.rules.activity import active_until
from partner_crm.tasks import review_deals
from tests.factories import make_contact, make_row, make_user

ANNA, HEAD = "anna@staff.example", "head@staff.example"


@pytest.fixture
def deals() -> dict[str, str]:
	"""Anna's, by title, as last night has left them."""
	if not frappe.db.exists("User", ANNA):
		_fill()
	return {title: frappe.db.get_value("Partner Deal", {"deal_title": f"{title} deal"}) for title in BADGES}


def _fill() -> None:
	for user, role in ((ANNA, "Partner CRM User"), (HEAD, "Partner CRM Manager")):
		make_user(user, roles=(role,))
	_deal("Quiet", days_left=-5)
	_deal("Soon", days_left=3)
	_deal("Fresh", days_left=30)
	_deal("Wrong", days_left=30, is_correct=0, incorrect_since=nowdate())
	review_deals()


def _deal(title: str, days_left: int, **fields) -> None:
	"""Open since the day that leaves it so many days."""
	began = getdate() - timedelta(days=70)
	while (active_until(began) - getdate()).days < days_left:
		began += timedelta(days=1)
	values = {
		"deal_title": f"{title} deal",
		"stage": "SQL",
		"responsible": ANNA,
		"contact": make_contact().name,
		"company": frappe.defaults.get_global_default("company"),
		"is_correct": 1,
		"clock_started_on": began,
		"active_until": active_until(began),
		"activity_status": "Active",
		"next_review_on": nowdate(),
	}
	deal = make_row("Partner Deal", **(values | fields))
	frappe.db.set_value("Partner Deal", deal.name, "creation", f"{began} 09:00:00", update_modified=False)


BADGES = {
	"Quiet": ("red", "days since: 5"),
	"Soon": ("orange", "days left: 3"),
	"Fresh": ("green", "days left: 30"),
	"Wrong": ("red", "Incorrect"),
}
ON_THE_BOARD = {"Fresh": ("gray", "days left: 30"), "Wrong": ("red", "Inactive")}
"""Where each field is shown by itself."""


def test_the_list_the_board_and_the_forms_say_how_active_a_deal_is(deals, desk):
	page = desk.login(ANNA).open("partner-deal")
	for title, (colour, text) in BADGES.items():
		row = page.locator(".list-row", has_text=f"{title} deal")
		row.locator(f".indicator-pill.{colour}", has_text=text).first.wait_for()

	page = desk.open("partner-deal/view/kanban/Deals by stage")
	for title, (colour, text) in (BADGES | ON_THE_BOARD).items():
		card = page.locator(".kanban-card", has_text=f"{title} deal")
		card.locator(f".indicator-pill.{colour}", has_text=text).first.wait_for()

	for title, (colour, text) in BADGES.items():
		page = desk.open(f"partner-deal/{deals[title]}")
		page.locator(f".form-dashboard .indicator.{colour}", has_text=text).wait_for()


def test_the_head_of_sales_sees_in_numbers_what_waits_and_what_last_night_did(deals, desk):
	page = desk.login(HEAD).open("partner-crm")
	for card, number in (("Deals That Lapse Soon", "1"), ("Incorrect Deals", "1"), ("Pauses to Decide", "0")):
		widget = page.locator(".number-widget-box", has_text=card)
		widget.locator(".widget-content .number", has_text=number).wait_for()

	page = desk.open("deal-review")
	page.locator(".list-row .indicator-pill.green", has_text="Done").first.wait_for()


def test_the_manager_is_told_and_contests_on_the_list_of_penalties(deals, desk):
	page = desk.login(ANNA).open("manager-penalty")
	page.wait_for_function("!cur_list.last_args")  # a list is not loaded twice within three seconds
	row = page.locator(".list-row", has_text="Deal Lapsed")
	row.get_by_role("button", name="Contest").click()
	page.locator(".modal textarea").fill("The client was on holiday")
	page.locator(".modal .btn-primary", has_text="Contest").click()
	row.locator(".indicator-pill", has_text="Contested").first.wait_for()
	page.locator(".notifications-icon").first.click()
	page.locator(".notification-item, .recent-item", has_text="Deals about to lapse: 1").first.wait_for()
	page.locator(".notification-item, .recent-item", has_text="Deals about to lapse: 1").first.click()
	page.locator(".form-dashboard .indicator", has_text="days left: 3").wait_for()


def test_the_head_of_sales_waives_it_and_the_timeline_says_so(deals, desk):
	penalty = frappe.db.get_value("Manager Penalty", {"deal": deals["Quiet"]})
	page = desk.login(HEAD).open(f"manager-penalty/{penalty}")
	page.get_by_role("button", name="Waive").click()
	page.locator(".modal textarea").fill("He has shown the letter")
	page.locator(".modal .btn-primary", has_text="Waive").click()
	page.locator(".indicator-pill", has_text="Waived").first.wait_for()
	page.locator(".timeline-item", has_text="waived it: He has shown the letter").first.wait_for()


def test_a_pause_is_asked_for_and_approved_and_stops_the_clock(deals, desk):
	page = desk.login(ANNA).open(f"partner-deal/{deals['Soon']}")
	page.get_by_role("button", name="Ask for a pause").click()
	page.locator('[data-fieldname="from_date"] input').fill(formatdate(nowdate()))
	page.locator('[data-fieldname="to_date"] input').fill(formatdate(nowdate()))
	page.locator('[data-fieldname="reason"] textarea').fill("The client is on holiday")
	page.keyboard.press("Tab")  # a text that is still being typed is no text
	page.locator('[id="page-Deal Pause"] .primary-action').click()
	page.locator(".indicator-pill", has_text="Asked").first.wait_for()
	desk.login(HEAD)
	frappe.db.rollback()
	page = desk.open("deal-pause/" + frappe.db.get_value("Deal Pause", {"deal": deals["Soon"]}))
	page.get_by_role("button", name="Approve").click()
	page.locator(".indicator-pill", has_text="Approved").first.wait_for()
	page = desk.open(f"partner-deal/{deals['Soon']}")
	page.locator(".form-dashboard .indicator.blue", has_text="Active, paused").wait_for()
