"""Who is there already, told while typing; two cards compared and merged; pairs decided in the report.

With SCREENSHOTS=1 the pages on the way are kept in docs/images.
"""

from __future__ import annotations

import frappe
import pytest

from partner_crm.services import pairs, runs
from tests.browser.test_lead_to_client import keep_picture, open_form, press
from tests.factories import make_contact, make_counterparty, make_lead, make_user

PHONE = "+7 701 555 12 34"


@pytest.fixture
def head(desk):
	desk.login(make_user(roles=["Partner CRM Manager", "Sales User"]).name).page.set_default_timeout(30_000)
	return desk


def type_into(page, field: str, text: str) -> None:
	"""Key by key, without leaving the field."""
	box = page.locator(f".frappe-control[data-fieldname={field}] input:visible").first
	box.click()
	box.press_sequentially(text)


def test_a_company_is_told_while_it_is_typed(head):
	make_counterparty(title="Altyn Bank", website="https://altyn.example")
	card = make_counterparty(title="Another").name
	frappe.db.commit()
	page = open_form(head, f"counterparty/{card}")

	type_into(page, "website", "www.altyn.example")
	page.locator(".form-message.orange", has_text="Altyn Bank has the same internet domain").wait_for()
	page.evaluate("cur_frm.set_value('title', 'АО ALTYN BANK')")
	page.locator(".frappe-control[data-fieldname=title] input:visible").first.press("End")
	type_into(page, "title", " ")
	page.locator(".form-message.red", has_text="Altyn Bank is the same client").wait_for()
	keep_picture(page, "duplicate-warning")
	page.evaluate("cur_frm.reload_doc()")


def test_a_person_is_told_while_he_is_typed(head):
	make_contact(first_name="Anna", last_name="Typed", email="anna@typed.example")
	card = make_contact(first_name="Olga", last_name="Typed", email="olga@typed.example")
	frappe.db.commit()
	page = open_form(head, f"contact/{card.name}")

	page.locator(".frappe-control[data-fieldname=first_name] input:visible").first.fill("")
	type_into(page, "first_name", "Anna")

	page.locator(".form-message.orange", has_text="Anna Typed has the same name").wait_for()
	page.evaluate("cur_frm.reload_doc()")


def two_cards() -> tuple:
	kept = make_contact(
		first_name="Сергей",
		last_name="Ковальский",
		email="sk@altyn.example",
		phone=PHONE,
		designation="Buyer",
	)
	lost = make_contact(
		first_name="Сергей",
		last_name="Ковальксий",
		email="kovalski@home.example",
		phone="8 701 555 12 34",
		designation="Director",
		pcrm_interests="Sailing",
	)
	make_lead(contact=kept.name)
	return kept, lost


def test_two_cards_are_compared_and_merged_from_the_report(head):
	cards = two_cards()
	runs.work(runs.start(runs.POSSIBLE_DUPLICATES))
	page = head.open("query-report/Possible%20Duplicates")
	page.locator(".dt-row", has_text="The names are nearly the same").first.wait_for()
	keep_picture(page, "possible-duplicates")
	page.locator(".dt-row", has_text="The names are nearly the same").locator("input[type=checkbox]").check()
	page.get_by_role("button", name="Actions").click()
	page.locator(".actions-btn-group .dropdown-menu").get_by_text("Merge", exact=True).click()

	dialog = page.locator(".modal.show", has_text="Merge two cards")
	dialog.get_by_text("What moves to the card that stays").wait_for()
	page.wait_for_function("window.cur_dialog && cur_dialog.display")
	assert "Lead: 1" in dialog.inner_text()
	dialog.locator("tr", has_text="Designation").locator("input[value=lost]").check()
	keep_picture(page, "merge")
	dialog.get_by_role("button", name="Merge", exact=True).click()
	page.wait_for_function("!window.cur_dialog || !cur_dialog.display")
	page.wait_for_load_state("networkidle")

	frappe.db.rollback()
	(name,) = frappe.get_all(
		"Contact", {"name": ("in", [card.name for card in cards])}, pluck="name", order_by=None
	)
	card = frappe.get_doc("Contact", name)
	assert card.pcrm_interests == "Sailing" and len(card.email_ids) == 2


def test_a_pair_is_told_apart_with_a_reason(head):
	one, other = (
		make_contact(first_name="Ivan", last_name="Namesake"),
		make_contact(first_name="Ivan", last_name="Namesake"),
	)
	pairs.record("Contact", [pairs.Pair(one.name, other.name, pairs.POSSIBLE, 0.7)])
	name = pairs.name_of("Contact", one.name, other.name)
	frappe.db.commit()
	page = open_form(head, f"possible-duplicate/{name}")

	press(page, "Not a Duplicate")
	page.wait_for_function("window.cur_dialog && cur_dialog.display")
	page.locator(".modal.show textarea").fill("Father and son")
	page.locator(".modal.show .btn-primary").click()
	page.wait_for_function("cur_frm.doc.status === 'Not a Duplicate'")

	frappe.db.rollback()
	assert frappe.db.get_value("Possible Duplicate", name, "reason") == "Father and son"
