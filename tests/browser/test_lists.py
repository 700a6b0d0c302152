"""Where a manager looks first: lists with their colours, boards by stage, calendars of next contacts, connections."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_days, nowdate

from tests.factories import make_contact, make_row, make_user


@pytest.fixture(scope="module")
def anna(site) -> str:
	return "anna@staff.example"


@pytest.fixture
def clients(anna) -> None:
	"""One lead and five deals of hers."""
	if frappe.db.exists("User", anna):
		return
	make_user(anna)
	company = frappe.defaults.get_global_default("company")
	contact = make_contact(first_name="Sofia").name
	shared = {"responsible": anna, "contact": contact, "next_contact_on": nowdate(), "company": company}
	make_row("Partner Lead", lead_title="Sofia", track="Own Sale", stage="MQL", **shared)
	for title, activity in {
		"Quiet": {"activity_status": "Inactive", "is_correct": 1, "active_until": add_days(nowdate(), -5)},
		"Wrong": {"activity_status": "Inactive", "is_correct": 0},
		"Soon": {"activity_status": "Active", "is_correct": 1, "active_until": add_days(nowdate(), 3)},
		"Won": {"activity_status": "Closed", "is_correct": 1, "stage": "Client"},
		"Fresh": {"activity_status": "Active", "is_correct": 1, "active_until": add_days(nowdate(), 30)},
		"Free": {"activity_status": "Active", "is_correct": 1, "in_pool": 1, "responsible": ""},
	}.items():
		make_row("Partner Deal", **{"deal_title": f"{title} deal", "stage": "SQL", **shared, **activity})


def test_the_list_of_leads_shows_the_stage(clients, desk, anna):
	page = desk.login(anna).open("partner-lead")

	row = page.locator(".list-row", has_text="Sofia")
	row.locator(".indicator-pill.orange", has_text="MQL").first.wait_for()


def test_the_list_of_deals_shows_stage_and_activity(clients, desk, anna):
	page = desk.login(anna).open("partner-deal")

	for title, colour, text in (
		("Quiet", "red", "days since: 5"),
		("Quiet", "light-blue", "SQL"),
		("Wrong", "red", "Incorrect"),
		("Soon", "orange", "days left: 3"),
		("Fresh", "green", "days left: 30"),
		("Won", "gray", "Closed"),
		("Free", "purple", "In the pool"),
	):
		row = page.locator(".list-row", has_text=f"{title} deal")
		row.locator(f".indicator-pill.{colour}", has_text=text).first.wait_for()


@pytest.mark.parametrize(
	("board", "card"),
	[
		("partner-lead/view/kanban/Leads by stage", "Sofia"),
		("partner-deal/view/kanban/Deals by stage", "Soon deal"),
	],
)
def test_there_is_a_board_by_stage(clients, desk, anna, board, card):
	page = desk.login(anna).open(board)

	page.locator(".kanban-card", has_text=card).wait_for()


def test_a_board_and_a_form_say_how_long_a_deal_stays_active(clients, desk, anna):
	page = desk.login(anna).open("partner-deal/view/kanban/Deals by stage")
	card = page.locator(".kanban-card", has_text="Soon deal")
	card.locator(".indicator-pill.orange", has_text="days left: 3").wait_for()

	page = desk.login(anna).open(
		f"partner-deal/{frappe.db.get_value('Partner Deal', {'deal_title': 'Soon deal'})}"
	)
	page.locator(".form-dashboard .indicator.orange", has_text="days left: 3").wait_for()


def test_a_manager_contests_a_penalty_on_its_page(clients, desk, anna):
	penalty = make_row(
		"Manager Penalty",
		rule="Deal Lapsed",
		manager=anna,
		status="Imposed",
		reference_doctype="User",
		reference_name=anna,
		violated_on=nowdate(),
	)
	page = desk.login(anna).open(f"manager-penalty/{penalty.name}")
	page.get_by_role("button", name="Contest").click()
	page.locator(".modal textarea").fill("The client was on holiday")
	page.locator(".modal .btn-primary", has_text="Contest").click()
	page.locator(".indicator-pill", has_text="Contested").first.wait_for()

	frappe.db.rollback()
	assert frappe.db.get_value("Manager Penalty", penalty.name, "objection") == "The client was on holiday"


@pytest.mark.parametrize(("doctype", "title"), [("partner-lead", "Sofia"), ("partner-deal", "Soon deal")])
def test_there_is_a_calendar_of_next_contacts(clients, desk, anna, doctype, title):
	page = desk.login(anna).open(f"{doctype}/view/calendar/default")

	today = page.locator(f".fc-event >> text={title}")
	today.first.wait_for()


def test_customers_and_contacts_show_their_deals(clients, desk):
	customer = frappe.get_doc(doctype="Customer", customer_name="Sales Ltd", customer_type="Company").insert()
	frappe.db.set_value("Partner Deal", {"deal_title": "Won deal"}, "customer", customer.name)
	contact = frappe.db.get_value("Partner Lead", {"lead_title": "Sofia"}, "contact")

	for form in (f"customer/{customer.name}", f"contact/{contact}"):
		page = desk.login().open(form)
		# Customer shows them in a tab of their own.
		page.locator('.document-link[data-doctype="Partner Deal"]').wait_for(state="attached")
