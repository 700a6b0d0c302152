"""Reports and dashboards of the demonstration company, in English and Russian. With SCREENSHOTS=1 they are kept in docs/images."""

from __future__ import annotations

from io import BytesIO
from unicodedata import normalize

import frappe
import pytest
from frappe.utils import add_months, fmt_money, nowdate
from pypdf import PdfReader

from partner_crm.services import demo, demo_site, reporting
from tests.bench.place import find_program
from tests.browser.test_lead_to_client import keep_picture

HEAD = demo.address(demo.HEAD)
WITHOUT_TOTAL = {"Payout Reconciliation", "Possible Duplicates"}
PICTURED_ELSEWHERE = {"Payout Reconciliation"}
"""With more kinds of findings, in test_reconciliation."""
GROUPED_FIRST = {"Manager Penalties": "?group_by=responsible"}
"""Its list of documents has no chart."""
CARDS = ("Partner Lead", "Partner Deal", "Contact", "Counterparty")
PEOPLE = ("responsible", "client")
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
	page.locator(".datatable .dt-row[data-row-index='0']").first.wait_for()
	page.locator(".chart-wrapper svg, .report-wrapper .chart-container svg").first.wait_for()
	if report not in PICTURED_ELSEWHERE:
		keep_picture(page, f"report-{report.lower().replace(' ', '-')}-{language}")


@pytest.mark.parametrize("report", reporting.REPORTS)
def test_nobody_is_called_by_a_hash_or_an_address(company, desk, report):
	ids = [name for doctype in CARDS for name in frappe.get_all(doctype, pluck="name", order_by=None)]
	grouped = [f"?group_by={name}" for name in PEOPLE if name in reporting.REPORTS[report].GROUPS]
	for query in ("", *grouped):
		text = opened(desk, report, query=query).locator(".report-wrapper, .chart-wrapper").all_inner_texts()
		hashes = [name for name in ids if " " not in name]  # contacts can be named by their full names
		assert not [name for name in (*hashes, demo_site.DOMAIN) if name in " ".join(text)]


def shown_filters(page) -> list[str]:
	"""As the form has them; those that are empty left out."""
	return page.evaluate(
		"""() => frappe.query_report.filters.filter((filter) => filter.get_value()).map((filter) => {
			const chosen = filter.df.fieldtype === "Select" && filter.$input.find(":selected").text();
			return `${filter.df.label}: ${chosen || filter.$input.val()}`;
		})"""
	)


def print_settings(page, entry: str):
	"""The dialog behind an entry of the report's menu."""
	page.locator(".menu-btn-group button").first.click()
	menu = page.locator(".menu-btn-group .dropdown-menu:visible .menu-item-label")
	menu.get_by_text(page.evaluate(f"__('{entry}')"), exact=True).first.click()
	page.wait_for_function("() => window.cur_dialog && cur_dialog.display")
	return page.locator(".modal.show")


def printed(page):
	"""The window that the desk's own Print opens, with the filters on it."""
	dialog = print_settings(page, "Print")
	dialog.locator("[data-fieldname=include_filters] input.input-with-feedback").check()
	with page.expect_popup() as popup:
		dialog.locator(".btn-modal-primary").click()
	popup.value.locator(".print-format table").wait_for()
	return popup.value


def is_on_the_sheet(paper) -> bool:
	return paper.evaluate(
		"""() => {
			const [sheet, table] = [".print-format", ".print-format table"].map((selector) =>
				document.querySelector(selector).getBoundingClientRect());
			return sheet.left <= table.left && table.right <= sheet.right;
		}"""
	)


def told(column: dict, value) -> str:
	"""A count or an amount on paper."""
	if value is None:
		return ""
	return fmt_money(value, currency="USD") if column["fieldtype"] == "Currency" else f"{value:,}"


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("report", reporting.REPORTS)
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
	assert is_on_the_sheet(paper)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_widest_report_stays_on_the_sheet(company, desk, language):
	period = f"from_date={add_months(nowdate(), -6)}&to_date={nowdate()}&compare_with=Previous Period"
	page = opened(desk, "Partner Income", language, f"?group_by=client&then_by=responsible&{period}")
	page.locator(".datatable .dt-row[data-row-index='0']").first.wait_for()

	paper = printed(page)

	assert paper.locator(".print-format th").count() > 30
	assert is_on_the_sheet(paper)


@pytest.mark.skipif(not find_program("wkhtmltopdf"), reason="Frappe makes PDFs with wkhtmltopdf.")
@pytest.mark.parametrize("report", reporting.REPORTS)
def test_a_pdf_has_all_columns_on_its_pages(company, desk, harness, site, http, report):
	harness.frappe(
		"--site", site.name, "set-config", "host_name", http.address
	)  # where PDFs get their styles
	page = opened(desk, report, query=GROUPED_FIRST.get(report, ""))
	page.locator(".datatable .dt-row[data-row-index='0']").first.wait_for()
	labels = page.evaluate("frappe.query_report.get_visible_columns().map((column) => column.label)")
	dialog = print_settings(page, "PDF")

	with page.expect_response("**/frappe.utils.print_format.report_to_pdf") as made:
		dialog.locator(".btn-modal-primary").click()

	first, *_more = PdfReader(BytesIO(made.value.body())).pages
	text = normalize("NFKC", " ".join(first.extract_text().split()))  # without ligatures
	assert [word for label in labels for word in label.split() if word not in text] == []
	assert first.mediabox.width > first.mediabox.height
	assert rightmost(first) < first.mediabox.width


def rightmost(page) -> float:
	"""Where the text begins that begins farthest to the right."""
	found = []

	def note(text, matrix, text_matrix, *_font):
		if text.strip():
			found.append(text_matrix[4] * matrix[0] + text_matrix[5] * matrix[2] + matrix[4])

	page.extract_text(visitor_text=note)
	return max(found)


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
