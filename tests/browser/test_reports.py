"""Reports and dashboards of the demonstration company, in English and Russian. With SCREENSHOTS=1 they are kept in docs/images."""

from __future__ import annotations

import frappe
import pytest

from partner_crm.services import demo, reporting
from tests.browser.test_lead_to_client import keep_picture

HEAD = demo.address(demo.HEAD)
EMPTY_IN_THE_DEMO = {"Possible Duplicates"}
GROUPED_FIRST = {"Manager Penalties": "?group_by=responsible"}
"""Its list of documents has no chart."""
DASHBOARDS = ("Head of Sales", "Day of a Sales Manager", "Channels and Leads", "Money of Partners")


@pytest.fixture(scope="module")
def company(harness, site) -> None:
	harness.frappe("--site", site.name, "partner-crm-demo")


def opened(desk, report: str, language: str = "en", query: str = ""):
	frappe.db.set_value("User", HEAD, "language", language)
	page = desk.login(HEAD).open(f"query-report/{report}{query}")
	page.wait_for_function("() => frappe.query_report && frappe.query_report.report_settings")
	return page


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("report", reporting.REPORTS)
def test_a_report_opens_with_its_filters(company, desk, report, language):
	page = opened(desk, report, language, GROUPED_FIRST.get(report, ""))

	page.locator(".page-form [data-fieldname=from_date]").first.wait_for()
	if report not in EMPTY_IN_THE_DEMO:
		page.locator(".datatable .dt-row[data-row-index='0']").first.wait_for()
		page.locator(".chart-wrapper svg, .report-wrapper .chart-container svg").first.wait_for()
		keep_picture(page, f"report-{report.lower().replace(' ', '-')}-{language}")


def test_a_number_leads_to_the_documents_behind_it(company, desk):
	page = opened(desk, "Partner Funnel", "en")
	number = page.locator(".pcrm-behind[data-column=entered]").first
	number.wait_for()
	shown = int(number.inner_text())

	number.click()

	page.wait_for_function(
		"() => cur_dialog && cur_dialog.display || (window.cur_list && cur_list.total_count !== undefined)"
	)
	lists = page.evaluate(
		"""async () => (await frappe.xcall("partner_crm.api.documents_behind", {
			report: "Partner Funnel", column: "entered", key: {stage: "Cold Lead"},
			filters: frappe.query_reports["Partner Funnel"] && frappe.query_report.get_filter_values()
		})).map((list) => list.filters[0][2].length)"""
	)
	assert sum(lists) == shown


def test_one_list_is_opened_with_its_filters(company, desk):
	page = opened(desk, "Win Loss Analysis", "en")
	number = page.locator(".pcrm-behind[data-column=won]").first
	number.wait_for()
	shown = int(number.inner_text())

	number.click()

	page.wait_for_function("() => window.cur_list && cur_list.doctype === 'Partner Deal'")
	page.wait_for_function("() => cur_list.total_count !== undefined")
	assert page.evaluate("cur_list.total_count") == shown


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_a_dashboard_opens(company, desk, dashboard, language):
	frappe.db.set_value("User", HEAD, "language", language)
	page = desk.login(HEAD).open(f"dashboard-view/{dashboard}")

	page.locator(".dashboard-widget-box").first.wait_for()
	page.locator(".number-widget-box .number").first.wait_for()
	keep_picture(page, f"dashboard-{dashboard.lower().replace(' ', '-')}-{language}")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_workspace_has_funnel_cards_and_reports(company, desk, language):
	frappe.db.set_value("User", HEAD, "language", language)
	page = desk.login(HEAD).open("partner-crm")

	page.locator(".number-widget-box .number").first.wait_for()
	page.locator(".dashboard-widget-box svg").first.wait_for()
	keep_picture(page, f"workspace-{language}")
