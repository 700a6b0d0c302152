"""Payout statements: what they claim, carry forward and set free, and the draft invoice that they make in ERPNext."""

from __future__ import annotations

import frappe
import pytest
from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry
from frappe.utils import add_days, getdate, nowdate

from partner_crm import api
from partner_crm.services import statements
from tests.factories import (
	make_counterparty,
	make_item,
	make_partner,
	make_payout,
	make_program,
	make_row,
)

PARTNER = "Partner 1"


def test_a_statement_claims_what_is_confirmed(ready):
	first, second = make_payout(won_on="2026-01-05"), make_payout(won_on="2026-01-01", amount=50)
	statement = make_statement()
	assert statement.total == 150
	print(api.make_invoice(statement.name))


@pytest.fixture
def ready():
	make_partner()
	supplier = make_row(
		"Supplier", name="Partner Ltd", supplier_name="Partner Ltd", supplier_group="All Supplier Groups"
	).name
	frappe.db.set_value("Sales Partner", PARTNER, "pcrm_supplier", supplier)
	frappe.db.set_single_value("Partner CRM Settings", "payout_item", make_item("Partner reward"))
	frappe.clear_document_cache("Partner CRM Settings", "Partner CRM Settings")


def make_statement(**fields):
	values = {"party_type": "Sales Partner", "party": PARTNER, "currency": "USD"}
	company = {"company": frappe.defaults.get_global_default("company")}
	return frappe.get_doc({"doctype": "Payout Statement", **company, **values, **fields}).insert()
