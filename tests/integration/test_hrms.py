"""Confirmed penalties in payroll, on a site where HRMS is installed beside the app."""

from __future__ import annotations

from collections.abc import Iterator

import frappe
import pytest
from frappe.utils import getdate

from partner_crm import api
from tests.bench.plugin import connect
from tests.factories import make_row, make_user_row

pytestmark = pytest.mark.commits

MANAGER, HEAD, COMPONENT = "anna@staff.example", "head@staff.example", "Penalty"


@pytest.fixture(scope="module")
def site(harness) -> Iterator:
	if not (harness.bench.path / "apps" / "hrms").is_dir():
		pytest.skip("the bench has no hrms")
	harness.add_app("hrms")
	own = harness.new_site_without_app()
	for app in ("hrms", "partner_crm"):
		harness.frappe("--site", own.name, "install-app", app)
	yield own
	harness.drop(own)


@pytest.fixture(autouse=True)
def payroll(transaction) -> Iterator[None]:
	make_user_row(MANAGER)
	make_user_row(HEAD, ("Partner CRM Manager",))
	make_row("Salary Component", name=COMPONENT, salary_component=COMPONENT, type="Deduction")
	settings = frappe.get_doc("Partner CRM Settings")
	settings.update({"penalties_to_payroll": 1, "penalty_salary_component": COMPONENT})
	settings.save()
	yield
	frappe.set_user("Administrator")
	frappe.db.rollback()


def make_employee(is_paid: bool = True) -> str:
	company = frappe.defaults.get_global_default("company")
	employee = make_row(
		"Employee",
		employee_name="Anna",
		user_id=MANAGER,
		status="Active",
		company=company,
		date_of_joining="2020-01-01",
	).name
	if is_paid:
		make_row(
			"Salary Structure Assignment",
			employee=employee,
			salary_structure="Standard",
			from_date="2020-01-01",
			company=company,
			docstatus=1,
		)
	return employee


def confirmed(**fields):
	values = {
		"rule": "Lead Untouched",
		"manager": MANAGER,
		"reference_doctype": "User",
		"reference_name": MANAGER,
		"company": frappe.defaults.get_global_default("company"),
		"violated_on": "2024-03-01",
		"amount": 10,
		"currency": "USD",
		"status": "Imposed",
	}
	penalty = make_row("Manager Penalty", **(values | fields))
	frappe.set_user(HEAD)
	api.decide_penalty(penalty.name, "Confirmed", "He did nothing")
	frappe.set_user("Administrator")
	return penalty.reload()


def test_a_confirmed_penalty_is_a_draft_that_somebody_has_to_approve():
	employee = make_employee()
	penalty = confirmed()
	draft = frappe.get_doc("Additional Salary", penalty.additional_salary)

	assert (draft.employee, draft.salary_component, draft.type, draft.amount, draft.docstatus) == (
		employee,
		COMPONENT,
		"Deduction",
		10,
		0,
	)
	assert draft.payroll_date == getdate()


def test_nothing_goes_to_payroll_unless_it_was_switched_on_and_there_is_money():
	make_employee()
	assert not confirmed(amount=0).additional_salary
	frappe.db.set_single_value("Partner CRM Settings", "penalties_to_payroll", 0)
	frappe.clear_document_cache("Partner CRM Settings", "Partner CRM Settings")
	assert not confirmed().additional_salary


@pytest.mark.parametrize("is_employed", [True, False])
def test_what_payroll_refuses_is_confirmed_all_the_same_and_the_timeline_says_why(is_employed):
	if is_employed:
		make_employee(is_paid=False)
	penalty = confirmed()
	said = frappe.get_all("Comment", {"reference_name": penalty.name}, pluck="content", order_by="creation")

	assert (penalty.status, penalty.additional_salary) == ("Confirmed", None)
	assert any("No Additional Salary was prepared" in text for text in said)
	assert not frappe.db.count("Additional Salary")


def test_uninstalling_the_app_leaves_hrms_as_it_was(harness, site):
	frappe.db.commit()
	harness.frappe("--site", site.name, "uninstall-app", "partner_crm", "--yes", "--no-backup")
	connect(site)
	frappe.clear_cache()

	assert "hrms" in frappe.get_installed_apps() and "partner_crm" not in frappe.get_installed_apps()
	assert frappe.get_meta("Additional Salary").get_field("amount")
