"""Reports and dashboards of the demonstration company, in English and Russian. With SCREENSHOTS=1 they are kept in docs/images."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import fmt_money

from partner_crm.services import demo, reporting
from tests.browser.test_lead_to_client import keep_picture

HEAD = demo.address(demo.HEAD)
EMPTY_IN_THE_DEMO = {"Possible Duplicates"}
WITHOUT_TOTAL = {"Payout Reconciliation"}
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


def shown_filters(page) -> list[str]:
	"""As the form has them; those that are empty left out."""
	return page.evaluate(
		"""() => frappe.query_report.filters.filter((filter) => filter.get_value()).map((filter) => {
			const chosen = filter.df.fieldtype === "Select" && filter.$input.find(":selected").text();
			return `${filter.df.label}: ${chosen || filter.$input.val()}`;
		})"""
	)


def printed(page):
	"""The window that the desk's own Print opens, with the filters on it."""
	page.locator(".menu-btn-group button").first.click()
	menu = page.locator(".menu-btn-group .dropdown-menu:visible .menu-item-label")
	menu.get_by_text(page.evaluate("__('Print')"), exact=True).first.click()
	dialog = page.locator(".modal.show")
	page.wait_for_function("() => window.cur_dialog && cur_dialog.display")
	dialog.locator("[data-fieldname=include_filters] input.input-with-feedback").check()
	with page.expect_popup() as popup:
		dialog.locator(".btn-modal-primary").click()
	popup.value.locator(".print-format table").wait_for()
	return popup.value


def told(column: dict, value) -> str:
	"""A count or an amount on paper."""
	if value is None:
		return ""
	return fmt_money(value, currency="USD") if column["fieldtype"] == "Currency" else f"{value:,}"


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("report", [name for name in reporting.REPORTS if name not in EMPTY_IN_THE_DEMO])
def test_a_report_is_printed_as_it_is_shown(company, desk, report, language):
	page = opened(desk, report, language, GROUPED_FIRST.get(report, ""))
	page.locator(".datatable .dt-row[data-row-index='0']").first.wait_for()
	filters = shown_filters(page)
	columns, rows = page.evaluate(
		"""() => [
			frappe.query_report.get_visible_columns().map(({ fieldname, label, fieldtype }) => ({ fieldname, label, fieldtype })),
			frappe.query_report.data,
		]"""
	)

	paper = printed(page)

	table = paper.locator(".print-format table").evaluate(
		"table => [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim()).slice(1))"
	)
	assert paper.locator("h2").inner_text() == frappe._(report, language)
	assert paper.locator(".filter-row").all_inner_texts() == filters
	assert table[0] == [column["label"] for column in columns]
	for place, column in enumerate(columns):
		if column["fieldtype"] in ("Int", "Currency"):
			assert [row[place] for row in table[1:]] == [
				told(column, row[column["fieldname"]]) for row in rows
			]
	is_total = table[-1][0] == {"en": "Total", "ru": "Итого"}[language]
	assert is_total == (report not in WITHOUT_TOTAL)
	assert "✗" not in table[-1]


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
