"""Entering clients: what the form says of those who are there already, and where a company keeps its addresses."""

from __future__ import annotations

import frappe
import pytest

from tests.browser.test_lead_to_client import open_form, save
from tests.factories import make_contact, make_counterparty, make_user


@pytest.fixture
def anna():
	return make_user(roles=["Partner CRM User", "Sales User"]).name


def type_in(page, **fields) -> None:
	for field, text in fields.items():
		page.locator(f"[data-fieldname={field}] input:visible").fill(text)
		page.keyboard.press("Tab")


def test_the_form_names_a_card_of_the_same_person_while_one_types(desk, anna):
	card = make_contact(email="vera@known.example", first_name="Vera", last_name="Known", owner=anna)
	frappe.db.set_value("Contact", card.name, "owner", anna)
	page = desk.login(anna).open("partner-lead/new")

	type_in(page, email="vera@known.example")
	page.locator(".form-message", has_text="Vera Known has the same e-mail.").wait_for()

	type_in(page, first_name="Vera", last_name="Known")
	page.locator(".form-message", has_text="the lead will belong to it").wait_for()


def test_the_form_says_whom_to_ask_about_a_card_that_one_may_not_see(desk):
	make_contact(email="hidden@known.example", first_name="Hidden", last_name="Person")
	page = desk.login(make_user(roles=["Partner CRM User"]).name).open("partner-lead/new")

	type_in(page, email="hidden@known.example")
	message = page.locator(
		".form-message", has_text="There is a card with the same e-mail that you may not see."
	)
	message.wait_for()

	assert "Hidden" not in message.inner_text()


def test_a_company_keeps_addresses(desk, anna):
	company = make_counterparty(title="Altyn Bank")
	frappe.db.set_value("Counterparty", company.name, "owner", anna)
	page = open_form(desk.login(anna), f"counterparty/{company.name}")
	page.locator(".form-tabs").get_by_role("tab", name="ERPNext").click()

	page.locator("[data-fieldname=address_html] .btn-address").first.click()
	page.wait_for_function("() => cur_frm && cur_frm.doctype === 'Address' || window.cur_dialog?.display")
	values = {"address_title": "Altyn", "address_line1": "Abay Avenue 1", "city": "Almaty"}
	page.evaluate(
		"values => (cur_dialog && cur_dialog.display ? cur_dialog : cur_frm).set_value(values)",
		values | {"country": "Kazakhstan"},
	)
	save(page)

	frappe.db.rollback()
	links = {"link_doctype": "Counterparty", "link_name": company.name, "parenttype": "Address"}
	assert frappe.db.get_value("Dynamic Link", links, "parent")
	page = open_form(desk, f"counterparty/{company.name}")
	page.locator(".form-tabs").get_by_role("tab", name="ERPNext").click()
	page.locator("[data-fieldname=address_html]", has_text="Abay Avenue 1").wait_for()


def test_leads_are_captured_in_the_quick_entry(desk, anna):
	page = desk.login(anna).open("partner-lead")
	page.get_by_role("button", name="Add Partner Lead").click()
	page.wait_for_function("() => window.cur_dialog && cur_dialog.display")
	dialog = page.locator(".modal.show")
	for field, text in {"first_name": "Quick", "last_name": "Entry", "email": "quick@entry.example"}.items():
		dialog.locator(f"[data-fieldname={field}] input").fill(text)
	page.evaluate("cur_dialog.set_value('channel', 'Website')")
	dialog.locator(".btn-modal-primary").click()
	page.wait_for_function("() => !window.cur_dialog?.display")
	page.wait_for_load_state("networkidle")

	frappe.db.rollback()
	lead = frappe.get_doc("Partner Lead", {"email": "quick@entry.example"})
	assert (lead.responsible, lead.stage, lead.channel) == (anna, "Cold Lead", "Website")
	assert frappe.db.get_value("Contact", lead.contact, "full_name") == "Quick Entry"
