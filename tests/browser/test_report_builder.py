"""A head of sales builds a report of his own, and a chart, a card and a dashboard of it; what is shipped opens with rows.

With SCREENSHOTS=1 the steps are kept in docs/images.
"""

from __future__ import annotations

import frappe
import pytest

from tests.browser.test_lead_to_client import keep_picture
from tests.browser.test_reports import HEAD, company  # noqa: F401
from tests.countable import built_reports

GROUPED = "() => cur_list && cur_list.data && cur_list.data.length && cur_list.group_by"


def opened(desk, path: str, language: str = "en"):
	frappe.db.set_value("User", HEAD, "language", language)
	frappe.get_doc("User", HEAD).add_roles("Dashboard Manager")
	return desk.login(HEAD).open(path)


def group(page, by: str, function: str, on: str | None = None) -> None:
	"""The button "Add Group" of the report builder, and its three choices."""
	page.locator(".group-by-button").click()
	page.locator(".group-by-popover select.group-by, .popover select.group-by").select_option(by)
	page.locator(".popover select.aggregate-function").select_option(function)
	if on:
		page.locator(".popover select.aggregate-on").select_option(on)
	page.wait_for_function(GROUPED)


def in_rows(page) -> dict:
	return page.evaluate(
		"""() => Object.fromEntries(cur_list.data.map((row) =>
			[row[cur_list.group_by_control.group_by_field] || "", row._aggregate_column]))"""
	)


def in_sql(doctype: str, by: str, aggregate: str) -> dict:
	return dict(frappe.db.sql(f"SELECT COALESCE(`{by}`, ''), {aggregate} FROM `tab{doctype}` GROUP BY 1"))


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("report", built_reports())
def test_a_shipped_report_opens_with_rows(company, desk, report, language):  # noqa: F811
	doctype = frappe.db.get_value("Report", report, "ref_doctype")

	page = opened(desk, f"{frappe.scrub(doctype).replace('_', '-')}/view/report/{report}", language)

	page.locator(".datatable .dt-row[data-row-index='0']").first.wait_for()
	assert page.evaluate("cur_list.report_name") == report
	assert page.evaluate("cur_list.data.length") > 0
	assert page.locator(".page-head .indicator-pill.orange:visible").count() == 0, (
		"it says that it is not saved"
	)
	if report == "Amount of Deals by Stage":
		keep_picture(page, f"report-builder-shipped-{language}")


@pytest.mark.parametrize(
	("doctype", "by", "on"),
	[
		("Partner Lead", "channel", "base_potential_value"),
		("Client Interaction", "kind", "duration"),
		("Payout", "program", "base_amount"),
	],
)
def test_a_list_is_grouped_and_added_up_by_clicks(company, desk, doctype, by, on):  # noqa: F811
	page = opened(desk, f"{frappe.scrub(doctype).replace('_', '-')}/view/report")
	page.locator(".datatable").first.wait_for()

	group(page, by, "sum", on)

	page.wait_for_function(
		f"() => cur_list.group_by_control.aggregate_on_field === '{on}' && cur_list.data[0]._aggregate_column !== undefined"
	)
	assert in_rows(page) == pytest.approx(
		{key: float(value) for key, value in in_sql(doctype, by, f"SUM(`{on}`)").items()}
	)


def test_a_report_of_ones_own_becomes_a_chart_a_card_and_a_dashboard(company, desk):  # noqa: F811
	page = opened(desk, "partner-deal/view/report")
	page.locator(".datatable").first.wait_for()
	group(page, "responsible", "sum", "weighted_amount")
	page.wait_for_function("() => cur_list.data[0]._aggregate_column !== undefined")
	keep_picture(page, "report-builder-group")
	page.keyboard.press("Escape")

	page.evaluate("() => cur_list.save_report('save_as')")
	page.locator(".modal:visible input").first.fill("Weight of Deals by Manager")
	keep_picture(page, "report-builder-save")
	page.locator(".modal:visible .btn-primary").click()
	page.wait_for_function("() => frappe.get_route()[3] === 'Weight of Deals by Manager'")

	chart = {
		"chart_name": "Weight of Deals by Manager",
		"chart_type": "Group By",
		"document_type": "Partner Deal",
		"group_by_type": "Sum",
		"group_by_based_on": "responsible",
		"aggregate_function_based_on": "weighted_amount",
		"type": "Bar",
		"is_public": 1,
	}
	make(page, desk, "dashboard-chart", chart, "report-builder-chart")
	card = {
		"label": "Weight of Open Deals",
		"type": "Document Type",
		"document_type": "Partner Deal",
		"function": "Sum",
		"aggregate_function_based_on": "weighted_amount",
		"is_public": 1,
	}
	make(page, desk, "number-card", card, "report-builder-card")
	dashboard = {"dashboard_name": "My Week"}
	rows = {"charts": [{"chart": chart["chart_name"]}], "cards": [{"card": card["label"]}]}
	make(page, desk, "dashboard", dashboard, None, rows)

	page = desk.open("dashboard-view/My Week")
	page.locator(".dashboard-widget-box svg").first.wait_for()
	number = page.locator(".number-widget-box .number").first
	number.wait_for()
	page.wait_for_timeout(500)
	keep_picture(page, "report-builder-dashboard")
	((weight,),) = frappe.db.sql("SELECT SUM(weighted_amount) FROM `tabPartner Deal`")
	shown = page.evaluate(
		"""async (card) => await frappe.xcall("frappe.desk.doctype.number_card.number_card.get_result",
			{doc: await frappe.db.get_doc("Number Card", card), filters: []})""",
		card["label"],
	)
	assert shown == pytest.approx(float(weight))


def make(page, desk, path: str, values: dict, picture: str | None, rows: dict | None = None) -> None:
	"""Fills a form field by field, as its choices depend on one another, and saves it."""
	desk.open(f"{path}/new")
	page.wait_for_function("() => cur_frm && cur_frm.doc && cur_frm.doc.__islocal")
	for field, value in values.items():
		page.evaluate("async ([field, value]) => { await cur_frm.set_value(field, value); }", [field, value])
		page.wait_for_load_state("networkidle")
	for table, listed in (rows or {}).items():
		page.evaluate(
			"([table, listed]) => { cur_frm.clear_table(table); listed.forEach((row) => cur_frm.add_child(table, row)); cur_frm.refresh_field(table); }",
			[table, listed],
		)
	page.evaluate("() => cur_frm.save()")
	page.wait_for_function("() => !cur_frm.doc.__islocal")
	if picture:
		keep_picture(page, picture)
