"""One inquiry in the desk, from its capture until it is qualified.

With SCREENSHOTS=1 the pages on the way are kept in docs/images.
"""

from __future__ import annotations

import os
from pathlib import Path

import frappe

from tests.factories import FOR_MQL, make_region, make_user

IMAGES = Path(__file__).parents[2] / "docs" / "images"

REGION = "Test Region"
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


def keep_picture(page, name) -> None:
	if os.environ.get("SCREENSHOTS") == "1":
		IMAGES.mkdir(parents=True, exist_ok=True)
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


def test_an_inquiry_is_qualified_once_nothing_is_missing(desk):
	user = make_user(roles=["Partner CRM User", "Sales User"])
	make_region(REGION)
	desk.login(user.name).page.set_default_timeout(15_000)

	lead = capture(desk)
	keep_picture(desk.page, "lead")
	read_refusal(desk)
	complete(desk, lead)
	move_to(desk.page, "MQL")
	frappe.db.rollback()
	assert frappe.db.get_value("Partner Lead", lead, "stage") == "MQL"
