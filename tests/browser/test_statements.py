"""What an accountant does with statements in the desk: look what would be claimed, make one, invoice and print it.

With SCREENSHOTS=1 the pages on the way are kept in docs/images.
"""

from __future__ import annotations

import os

import frappe
import pytest
from frappe.utils import add_days, nowdate

from partner_crm.services import payout_status
from tests.browser.test_lead_to_client import IMAGES, keep_picture, open_form, press, save
from tests.browser.test_russian import assert_russian
from tests.factories import make_item, make_partner, make_payout, make_program, make_user

ROLES = ["Partner CRM Accountant", "Accounts User", "Sales User"]


@pytest.fixture
def agent() -> str:
	"""A partner with two rewards to be paid, one that is on hold, and one that was paid and is taken back."""
	name = f"Nomad Agents {frappe.db.count('Sales Partner')}"
	group = {"supplier_group": "All Supplier Groups", "language": "ru"}
	supplier = frappe.get_doc({"doctype": "Supplier", "supplier_name": name, **group}).insert()
	partner = make_partner(name, pcrm_supplier=supplier.name)
	settings = frappe.get_doc("Partner CRM Settings")
	settings.payout_item = make_item("Partner reward")
	settings.save()
	program = make_program(title=f"Hosting {name}").name
	shared = {"partner": partner, "program": program, "due_on": add_days(nowdate(), 20)}
	first = earned(shared, "Silk Road Logistics", 4000)
	paid = frappe.get_doc({"doctype": "Payout Statement", **values_of(partner)}).insert()
	paid.update({"paid_amount": paid.total, "paid_on": nowdate()})
	paid.save()
	earned(shared, "Altyn Bank", 12000)
	earned(shared, "Caspian Foods", 7500)
	earned(shared, "Steppe Telecom", 3000, status="Expected", hold_until=add_days(nowdate(), 30))
	taken = earned(shared, "Silk Road Logistics", -1500, reversal_of=first, root=first)
	payout_status.refresh([taken])
	frappe.db.commit()
	return partner


def earned(shared: dict, client: str, basis: float, **fields) -> str:
	amount = {"basis_amount": basis, "rate": 10, "amount": basis / 10}
	return make_payout(**shared, client_title=client, **amount, **fields).name


def values_of(partner: str) -> dict:
	company = frappe.defaults.get_global_default("company")
	return {"party_type": "Sales Partner", "party": partner, "company": company, "currency": "USD"}


@pytest.fixture
def accountant(desk):
	desk.login(make_user(roles=ROLES).name).page.set_default_timeout(30_000)
	return desk


def test_from_a_partner_to_a_printed_statement(accountant, agent):
	page = accountant.open("payout")
	row = page.locator(".list-row", has_text="Altyn Bank").first
	row.locator(".indicator-pill.blue", has_text="Confirmed").first.wait_for()
	row.locator(".list-row-checkbox").check()
	press(page, "New Statement")
	page.wait_for_function("cur_frm && cur_frm.doctype === 'Payout Statement' && cur_frm.doc.party")
	preview = page.locator("[data-fieldname=preview]")
	for told in ("Altyn Bank", "Caspian Foods", "Steppe Telecom", "It is on hold until", "Total: $ 1,800.00"):
		preview.get_by_text(told).first.wait_for()
	keep_picture(page, "statement-preview")

	save(page)
	statement = page.evaluate("cur_frm.doc.name")
	press(page, "Make Invoice")
	page.wait_for_function("cur_frm.doctype === 'Purchase Invoice' && cur_frm.doc.name")
	assert page.evaluate("[cur_frm.doc.pcrm_statement, cur_frm.doc.grand_total]") == [statement, 1800]

	page = open_form(accountant, f"payout-statement/{statement}")
	page.locator(".form-message.orange", has_text="is a draft").wait_for()
	page.get_by_role("button", name="View Invoice").wait_for()
	keep_picture(page, "statement")
	language = frappe.db.get_value("Payout Statement", statement, "language")
	print_of = f"doctype=Payout Statement&name={statement}&format=Payout Statement&_lang={language}"
	page.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # a bench need not have one
	page.goto(f"/printview?{print_of}")
	page.get_by_role("heading", name=f"Ведомость выплат {statement}").wait_for()
	for told in ("Altyn Bank", "Silk Road Logistics", "Возврат", "Осталось для следующих ведомостей"):
		page.get_by_text(told).first.wait_for()
	if os.environ.get("SCREENSHOTS") == "1":
		page.locator(".print-format").screenshot(path=IMAGES / "statement-print.png")
	page = accountant.open("payout-statement")
	page.locator(".list-row", has_text=agent).locator(
		".indicator-pill.orange", has_text="Draft"
	).first.wait_for()


def test_a_payment_is_recorded_and_a_statement_cancelled(accountant, agent):
	statement = frappe.get_doc({"doctype": "Payout Statement", **values_of(agent)}).insert()
	frappe.db.commit()
	page = open_form(accountant, f"payout-statement/{statement.name}")

	press(page, "Record Payment")
	page.locator(".modal.show").get_by_role("button", name="Save").click()
	page.wait_for_function("cur_frm.doc.status === 'Paid' && cur_frm.doc.paid_amount === 1800")
	press(page, "Record Payment")
	dialog = page.locator(".modal.show")
	dialog.locator("[data-fieldname=paid_amount] input").fill("0")
	dialog.locator("[data-fieldname=paid_on] input").fill("")
	dialog.get_by_role("button", name="Save").click()
	page.wait_for_function("cur_frm.doc.status === 'Draft'")
	press(page, "Cancel Statement")
	page.locator(".modal.show").get_by_role("button", name="Yes").click()
	page.wait_for_function("cur_frm.doc.status === 'Cancelled'")


def test_statements_of_a_partner_and_of_a_programme(accountant, agent):
	page = accountant.open(f"sales-partner/{agent}")
	page.wait_for_function("name => cur_frm && cur_frm.doc.name === name", arg=agent)
	press(page, "New Statement")
	page.wait_for_function(
		"name => cur_frm.doctype === 'Payout Statement' && cur_frm.doc.party === name", arg=agent
	)


def test_a_russian_accountant_finds_nothing_in_english(desk, agent):
	statement = frappe.get_doc({"doctype": "Payout Statement", **values_of(agent)}).insert()
	frappe.db.commit()
	user = make_user(roles=ROLES, language="ru").name

	page = open_form(desk.login(user), f"payout-statement/{statement.name}")
	assert_russian(page)
	assert_russian(desk.open("payout-statement"))
	page = desk.open("payout-statement/new")
	page.evaluate("values => cur_frm.set_value(values)", {"party_type": "Sales Partner"})
	page.evaluate("values => cur_frm.set_value(values)", {"party": agent})
	page.locator("[data-fieldname=preview] .alert").wait_for()
	assert_russian(page)
