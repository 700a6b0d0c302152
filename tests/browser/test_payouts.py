"""Payouts in the desk: what each waits for, what is late, and what people do with it."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_days, nowdate

from tests.factories import make_payout, make_user

WHY = "The client is our own"


@pytest.fixture
def accountant() -> str:
	return make_user(roles=["Partner CRM Accountant"]).name


def make(client: str, **fields):
	"""A payout that is not late."""
	return make_payout(client_title=client, due_on=add_days(nowdate(), 5), **fields)


def test_the_list_tells_the_status_and_what_is_late(desk, accountant):
	make("Anna")
	make("Boris", status="Paid")
	make_payout(client_title="Clara", due_on=add_days(nowdate(), -1))

	page = desk.login(accountant).open("payout")

	for client, colour, status in (
		("Anna", "blue", "Confirmed"),
		("Boris", "green", "Paid"),
		("Clara", "red", "Confirmed"),
	):
		row = page.locator(".list-row", has_text=client)
		row.locator(f".indicator-pill.{colour}", has_text=status).first.wait_for()


def test_the_form_tells_what_a_payout_waits_for_and_it_is_rejected_there(desk, accountant):
	payout = make("Anna")
	page = desk.login(accountant).open(f"payout/{payout.name}")
	page.locator(".form-message", has_text="Waits for a statement").wait_for()

	page.get_by_role("button", name="Reject").click()
	page.wait_for_function("() => window.cur_dialog && cur_dialog.display")
	dialog = page.locator(".modal.show")
	dialog.locator("textarea").fill(WHY)
	dialog.locator(".btn-modal-primary").click()

	page.locator(".form-message", has_text=f"Rejected: {WHY}").wait_for()
	frappe.db.rollback()
	assert frappe.db.get_value("Payout", payout.name, ["status", "reason"]) == ("Rejected", WHY)


def test_the_accountant_records_a_payment_in_the_form(desk, accountant):
	payout = make("Anna")
	page = desk.login(accountant).open(f"payout/{payout.name}")

	page.get_by_role("button", name="Record Payment").click()
	page.wait_for_function("() => window.cur_dialog && cur_dialog.display")
	page.locator(".modal.show .btn-modal-primary").click()

	page.locator(".page-head .indicator-pill", has_text="Paid").first.wait_for()
	frappe.db.rollback()
	assert frappe.db.get_value("Payout", payout.name, ["status", "paid_amount"]) == ("Paid", 100)
