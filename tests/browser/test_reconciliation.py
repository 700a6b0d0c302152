"""The reconciliation in the desk: the list, the way from a finding to its documents, and the letter to a programme."""

from __future__ import annotations

from urllib.parse import parse_qs

import frappe
import pytest
from frappe.utils import add_days, nowdate

from tests.browser.test_lead_to_client import keep_picture
from tests.factories import make_payout, make_program, make_row, make_user, make_won_deal


@pytest.fixture
def accountant() -> str:
	return make_user(roles=["Partner CRM Accountant"]).name


@pytest.fixture
def bank() -> str:
	"""A programme that owes us for two clients, beside other findings."""
	name = make_program(
		title=f"Bank {frappe.generate_hash(length=4)}",
		direction="Receivable",
		manager_email="manager@bank.example",
	).name
	owed = {"direction": "Receivable", "program": name}
	make_payout(client="Anna", client_title="Anna", due_on=add_days(nowdate(), -12), **owed)
	make_payout(client="Boris", client_title="Boris", due_on=add_days(nowdate(), -3), amount=250, **owed)
	make_payout(client="Clara", due_on=add_days(nowdate(), 20))
	make_won_deal(program=name, contact="Dora")
	make_row("Stage Change", reference_doctype="Partner Deal", reference_name="-", to_stage="SQL")
	return name


def open_report(desk, user: str, query: str = ""):
	page = desk.login(user).open(f"query-report/Payout Reconciliation{query}")
	page.locator(".datatable .dt-row[data-row-index='0']").first.wait_for()
	return page


def composed(page) -> tuple[str, str, str]:
	"""Recipients, subject and text in the composer."""
	page.wait_for_function(
		"() => window.cur_dialog && cur_dialog.display && cur_dialog.fields_dict.recipients"
	)
	page.wait_for_function("() => (cur_dialog.get_value('content') || '').length > 20")
	return tuple(
		page.evaluate(f"cur_dialog.get_value('{name}')") for name in ("recipients", "subject", "content")
	)


def test_the_report_lists_what_is_found(desk, accountant, bank):
	page = open_report(desk, accountant)

	text = page.locator(".datatable").inner_text()
	assert "Overdue" in text and "Won without Payout" in text and "Not in a Statement" in text
	page.locator(".chart-wrapper svg, .report-wrapper .chart-container svg").first.wait_for()
	keep_picture(page, "report-payout-reconciliation-en")


def test_an_amount_leads_to_the_payout(desk, accountant, bank):
	page = open_report(desk, accountant, f"?program={bank}")

	page.locator(".pcrm-behind[data-column=amount]", has_text="250").first.click()

	page.wait_for_function("() => window.cur_list && cur_list.doctype === 'Payout'")
	page.wait_for_function("() => cur_list.total_count !== undefined")
	assert page.evaluate("cur_list.total_count") == 1


def test_the_letter_of_the_filtered_programme_is_ready_to_be_sent(desk, accountant, bank):
	page = open_report(desk, accountant, f"?program={bank}")

	page.get_by_role("button", name="Letter to the Programme").first.click()

	recipients, subject, content = composed(page)
	assert recipients.strip(", ") == "manager@bank.example"
	assert subject.startswith(f"{bank}: rewards open on")
	assert "Anna" in content and "12 days" in content and "$ 350.00 USD" in content
	keep_picture(page, "letter-to-programme")


def test_the_letter_of_the_ticked_row(desk, accountant, bank):
	page = open_report(desk, accountant, f"?program={bank}")
	page.evaluate("frappe.query_report.set_filter_value('program', '')")
	page.wait_for_load_state("networkidle")
	row = page.locator(".datatable .dt-row", has_text=bank).first
	row.locator("input[type=checkbox]").check()

	page.get_by_role("button", name="Letter to the Programme").first.click()

	assert bank in composed(page)[1]


def test_the_letter_from_the_form_of_the_programme(desk, accountant, bank):
	page = desk.login(accountant).open(f"partner-program/{bank}")

	page.get_by_role("button", name="Letter to the Programme").first.click()

	recipients, _subject, content = composed(page)
	assert recipients.strip(", ") == "manager@bank.example"
	assert "Boris" in content


def test_a_letter_hangs_on_no_document_where_others_would_read_its_amounts(desk, accountant, bank):
	page = open_report(desk, accountant, f"?program={bank}")
	page.get_by_role("button", name="Letter to the Programme").first.click()
	recipients, _subject, _content = composed(page)

	with page.expect_request("**/frappe.core.doctype.communication.email.make") as sent:
		page.locator(".modal.show .btn-modal-primary").click()

	values = parse_qs(sent.value.post_data)
	assert values["recipients"] == [recipients]
	assert not values.keys() & {"doctype", "name"}


def test_a_letter_that_can_not_be_written_says_what_is_missing(desk, accountant, bank):
	frappe.db.set_value("Partner Program", bank, "manager_email", None)
	page = open_report(desk, accountant, f"?program={bank}")

	page.get_by_role("button", name="Letter to the Programme").first.click()

	page.locator(".msgprint", has_text="The programme has no Manager's e-mail").wait_for()
	desk.errors.clear()
