"""The reports that are shipped made in the report builder open in the desk with rows. With SCREENSHOTS=1 one is kept in docs/images."""

from __future__ import annotations

import frappe
import pytest

from tests.browser.test_lead_to_client import keep_picture
from tests.browser.test_reports import HEAD, company  # noqa: F401
from tests.countable import built_reports


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("report", built_reports())
def test_a_shipped_report_opens_with_rows(company, desk, report, language):  # noqa: F811
	doctype = frappe.db.get_value("Report", report, "ref_doctype")
	frappe.db.set_value("User", HEAD, "language", language)

	page = desk.login(HEAD).open(f"{frappe.scrub(doctype).replace('_', '-')}/view/report/{report}")

	page.locator(".datatable .dt-row[data-row-index='0']").first.wait_for()
	assert page.evaluate("cur_list.report_name") == report
	assert page.evaluate("cur_list.data.length") > 0
	if report == "Amount of Deals by Stage":
		keep_picture(page, f"report-builder-shipped-{language}")
