"""Amounts of payouts are for those who have the right to them: not in the form, not in lists, reports, exports or print."""

from __future__ import annotations

import frappe
import pytest
from frappe import client
from frappe.desk import reportview
from frappe.desk.form.load import getdoc
from frappe.desk.search import search_link

from tests.factories import make_payout, make_user_row
from tests.integration.test_payout_decisions import save

AMOUNT = 12345
HIDDEN = ("amount", "base_amount", "rate", "basis_amount", "paid_amount", "statement", "terms", "share")

MARKETING, ANNA, BORIS = "marketing@staff.example", "anna@staff.example", "boris@staff.example"
ACCOUNTANT = "accountant@staff.example"


def _form(payout) -> object:
	getdoc("Payout", payout.name)
	return [doc.as_dict() for doc in frappe.response.docs], frappe.response.docinfo


def _report(payout) -> object:
	fields = [f"`tabPayout`.`{name}`" for name in ("name", *HIDDEN)]
	return reportview.execute("Payout", fields=fields, filters=[["Payout", "name", "=", payout.name]])


def _export(payout) -> object:
	frappe.local.form_dict = frappe._dict(
		doctype="Payout",
		file_format_type="CSV",
		fields=frappe.as_json([f"`tabPayout`.`{name}`" for name in ("name", *HIDDEN)]),
		filters=frappe.as_json([["Payout", "name", "=", payout.name]]),
	)
	reportview.export_query()
	return frappe.response.filecontent


DOORS = {
	"form": _form,
	"list": lambda payout: frappe.get_list("Payout", {"name": payout.name}, ["name", *HIDDEN]),
	"list of everything": lambda payout: client.get_list("Payout", ["*"], {"name": payout.name}),
	"report": _report,
	"export": _export,
	"client.get": lambda payout: client.get("Payout", payout.name),
	"client.get_value": lambda payout: client.get_value("Payout", ["name", *HIDDEN], payout.name),
	"print": lambda payout: frappe.get_print("Payout", payout.name),
	"search": lambda payout: search_link("Payout", payout.client_title),
}


@pytest.fixture
def payout():
	make_user_row(MARKETING, ("Partner CRM Marketing",))
	make_user_row(ACCOUNTANT, ("Partner CRM Accountant",))
	make_user_row(ANNA)
	make_user_row(BORIS)
	payout = make_payout(
		amount=AMOUNT, rate=AMOUNT, basis_amount=AMOUNT, share=AMOUNT, terms=str(AMOUNT), responsible=ANNA
	)
	save(payout, ACCOUNTANT, paid_on="2026-02-01", paid_amount=AMOUNT)
	return payout


def shown(door: str, payout, user: str) -> str:
	frappe.set_user(user)
	try:
		return str(DOORS[door](payout)).replace(",", "").replace(" ", "")
	except frappe.PermissionError:
		return "refused"
	finally:
		frappe.set_user("Administrator")


@pytest.mark.parametrize("door", DOORS)
def test_marketing_is_refused_payouts(door, payout):
	assert shown(door, payout, MARKETING) == ("[]" if door == "search" else "refused")


@pytest.mark.parametrize("door", [door for door in DOORS if door not in ("search", "export")])
def test_its_manager_sees_the_amounts(door, payout):
	assert str(AMOUNT) in shown(door, payout, ANNA)


@pytest.mark.parametrize("door", DOORS)
def test_another_manager_does_not_see_the_payout(door, payout):
	assert str(AMOUNT) not in shown(door, payout, BORIS)
	assert payout.name not in shown(door, payout, BORIS)


def test_an_accountant_exports_the_amounts(payout):
	assert str(AMOUNT) in shown("export", payout, ACCOUNTANT)
