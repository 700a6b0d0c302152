"""One inquiry in the desk, from its capture until its client is a Customer of ERPNext.

With SCREENSHOTS=1 the pages on the way are kept in docs/images.
"""

from __future__ import annotations

import os
from pathlib import Path

import frappe

from tests.factories import FOR_CLIENT, FOR_MQL, FOR_NEGOTIATION, make_item, make_region, make_user

IMAGES = Path(__file__).parents[2] / "docs" / "images"

REGION = "Test Region"
COMMENT = "Talked through the media plan and its prices; they agreed to two cities and a start in April"
TYPED = {
	"first_name": "Anna",
	"last_name": "Smirnova",
	"email": "anna@altyn.example",
	"company_name": "Altyn Bank",
}
CONTACT = {
	"designation": "Director",
	"pcrm_additional_information": "Decides on marketing",
	"pcrm_is_decision_maker": "Yes",
}
COUNTERPARTY = {
	"industry": "Banking",
	"category": "A",
	"website": "https://altyn.example",
	"additional_information": "Ten offices in the country",
	"documents_url": "https://files.example/altyn",
}


def open_form(desk, path):
	page = desk.open(path)
	page.wait_for_function(
		"path => cur_frm && frappe.router.slug(cur_frm.doctype) + '/' + cur_frm.doc.name === path", arg=path
	)
	return page


def fill(page, values) -> None:
	"""What a user enters, and saves, in the form that is open."""
	page.evaluate("values => cur_frm.set_value(values)", values)
	save(page)


def save(page) -> None:
	page.evaluate("() => cur_frm.save()")
	page.wait_for_function("!cur_frm.is_dirty() && !cur_frm.is_new() && !frappe.dom.freeze_count")
	page.wait_for_load_state("networkidle")


def press(page, label) -> None:
	page.locator(".page-actions, .page-head").get_by_role("button", name=label).first.click()


def move_to(page, stage) -> None:
	press(page, f"Move to {stage}")
	page.wait_for_function("stage => cur_frm.doc.stage === stage && !cur_frm.is_dirty()", arg=stage)
	page.wait_for_load_state("networkidle")


def wait_for_panel(page, text) -> None:
	"""What the form says that the next stage needs."""
	page.locator("[data-fieldname=missing_html]", has_text=text).wait_for()


def open_dialog(page, button):
	"""The dialog behind a button, once it has faded in: until then it is nobody's `cur_dialog`."""
	press(page, button)
	dialog = page.locator(".modal.show")
	dialog.wait_for()
	page.wait_for_function("() => window.cur_dialog && cur_dialog.display")
	return dialog


def keep_picture(page, name) -> None:
	if os.environ.get("SCREENSHOTS") == "1":
		IMAGES.mkdir(parents=True, exist_ok=True)
		page.evaluate("() => $('#alert-container').empty()")
		page.wait_for_timeout(1000)  # until what slides in has come to rest
		page.screenshot(path=IMAGES / f"{name}.png")


def capture(desk) -> str:
	page = desk.open("partner-lead/new")
	for field, text in TYPED.items():
		page.locator(f"[data-fieldname={field}] input:visible").fill(text)
		page.keyboard.press("Tab")
	fill(page, {"channel": "Website", "direction": "Inbound", "region": REGION})
	return page.evaluate("cur_frm.doc.name")


def read_refusal(desk) -> None:
	page = desk.page
	press(page, "Move to MQL")
	refusal = page.locator(".modal.show .msgprint")
	refusal.wait_for()
	said = refusal.inner_text()
	assert "can't go from Cold Lead to MQL yet" in said
	for gap in ("Contact: Role", "Counterparty: Industry", "Deal: Service (the need that was found)"):
		assert gap in said
	keep_picture(page, "refusal")
	page.keyboard.press("Escape")
	page.wait_for_function("cur_frm.doc.stage === 'Cold Lead'")
	desk.errors.clear()  # the browser notes the refusal itself, too


def complete(desk, lead) -> None:
	cards = frappe.db.get_value("Partner Lead", lead, ["contact", "counterparty"])
	fill(open_form(desk, f"contact/{cards[0]}"), CONTACT)
	fill(open_form(desk, f"counterparty/{cards[1]}"), COUNTERPARTY)
	desk.page.locator("[data-fieldname=people_html]").get_by_text("Anna Smirnova").wait_for(state="attached")
	fill(open_form(desk, f"partner-lead/{lead}"), FOR_MQL)
	desk.page.get_by_text("Nothing is missing for MQL.").wait_for()


def log_call(page) -> None:
	dialog = open_dialog(page, "Log Interaction")
	dialog.locator("[data-fieldname=discussed] textarea").fill("Budget and dates of the spring campaign")
	dialog.locator("[data-fieldname=agreed] textarea").fill("We send a media plan by Friday")
	page.evaluate("cur_dialog.set_value('duration', 300)")
	dialog.locator(".btn-modal-primary").click()
	page.get_by_text("Interaction logged.").wait_for()
	page.wait_for_load_state("networkidle")


def convert(page) -> str:
	dialog = open_dialog(page, "Convert to Deal")
	page.evaluate(
		"values => cur_dialog.set_values(values)",
		{"amount": 25000, "is_tender": "No", "brief_received_on": frappe.utils.today()},
	)
	keep_picture(page, "convert")
	dialog.locator(".btn-modal-primary").click()
	page.wait_for_function("cur_frm && cur_frm.doctype === 'Partner Deal' && cur_frm.doc.stage === 'SQL'")
	page.wait_for_load_state("networkidle")
	return page.evaluate("cur_frm.doc.name")


def add_product(page) -> None:
	row = {"item_code": make_item(), "qty": 1, "rate": 25000}
	frappe.db.commit()
	page.evaluate("row => { cur_frm.add_child('items', row); cur_frm.refresh_field('items'); }", row)


def drag(desk, deal, stage) -> None:
	page = desk.open("partner-deal/view/kanban/Deals by stage")
	card = page.locator(f".kanban-card-wrapper[data-name='{deal}']")
	column = page.locator(f".kanban-column[data-column-value='{stage}'] .kanban-cards")
	card.wait_for()
	page.wait_for_load_state("networkidle")
	start, end = card.bounding_box(), column.bounding_box()
	page.mouse.move(start["x"] + 50, start["y"] + 20)
	page.mouse.down()
	# by steps: the board takes a short jerk for a click
	page.mouse.move(end["x"] + 100, end["y"] + 50, steps=20)
	page.mouse.move(end["x"] + 105, end["y"] + 55, steps=5)
	with page.expect_response(lambda answer: "update_order_for_single_card" in answer.url):
		page.mouse.up()
	column.locator(f".kanban-card-wrapper[data-name='{deal}']").wait_for()
	page.wait_for_load_state("networkidle")


def stored(deal, field):
	frappe.db.rollback()
	return frappe.db.get_value("Partner Deal", deal, field)


def test_an_inquiry_becomes_a_client(desk):
	user = make_user("anna@staff.example", roles=["Partner CRM User", "Sales User"])
	make_region(REGION)
	desk.login(user.name)

	lead = capture(desk)
	read_refusal(desk)
	complete(desk, lead)
	move_to(desk.page, "MQL")
	wait_for_panel(desk.page, "Interaction with the client")
	log_call(desk.page)
	deal = convert(desk.page)
	wait_for_panel(desk.page, "Proposal sent on")
	add_product(desk.page)
	fill(desk.page, FOR_NEGOTIATION | {"comment": COMMENT})
	assert stored(deal, "is_correct") == 1
	drag(desk, deal, "Negotiation")
	assert stored(deal, "stage") == "Negotiation"

	fill(open_form(desk, f"partner-deal/{deal}"), FOR_CLIENT)
	wait_for_panel(desk.page, "Client group")
	counterparty = stored(deal, "counterparty")
	fill(open_form(desk, f"counterparty/{counterparty}"), {"client_group": "Commercial"})
	open_form(desk, f"partner-deal/{deal}")
	wait_for_panel(desk.page, "Nothing is missing for Client.")
	move_to(desk.page, "Client")
	linked = desk.page.locator("[data-fieldname=customer]").get_by_text("Altyn Bank")
	linked.wait_for()
	linked.scroll_into_view_if_needed()
	keep_picture(desk.page, "client")

	page = open_form(desk, f"customer/{stored(deal, 'customer')}")
	assert page.evaluate("cur_frm.doc.customer_name") == "Altyn Bank"
	assert page.evaluate("cur_frm.doc.customer_type") == "Company"
	page.locator('.document-link[data-doctype="Partner Deal"]').wait_for(state="attached")
