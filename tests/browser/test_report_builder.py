"""The report builder in the desk: the shipped reports open with the right rows, and one is built step by step.

A chart, a card and a dashboard are made as docs/report-builder.md says. With SCREENSHOTS=1 the steps are kept in docs/images.
"""

from __future__ import annotations

import frappe
import pytest
from frappe.query_builder.functions import Count, Max, Sum
from frappe.utils import fmt_money

from tests.browser.test_lead_to_client import keep_picture
from tests.browser.test_reports import HEAD, company  # noqa: F401
from tests.countable import built_reports

OPEN_STAGES = ("SQL", "Negotiation")


def open_builder(desk, doctype: str, report: str = "", language: str = "en"):
	frappe.db.set_value("User", HEAD, "language", language)
	path = f"{frappe.scrub(doctype).replace('_', '-')}/view/report"
	page = desk.login(HEAD).open(f"{path}/{report}" if report else path)
	page.locator(".datatable .dt-row[data-row-index='0']").first.wait_for()
	return page


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("report", built_reports())
def test_a_shipped_report_opens_with_rows(company, desk, report, language):  # noqa: F811
	page = open_builder(desk, frappe.db.get_value("Report", report, "ref_doctype"), report, language)

	assert page.evaluate("cur_list.report_name") == report
	assert page.evaluate("cur_list.data.length") > 0
	if report == "Amount of Deals by Stage":
		keep_picture(page, f"report-builder-shipped-{language}")


def shown_rows(page) -> dict[str, str]:
	"""What stands beside each group, the totals last."""
	rows = page.evaluate(
		"""() => [...document.querySelectorAll(".datatable .dt-scrollable .dt-row")].map((row) =>
			[...row.querySelectorAll(".dt-cell__content")].slice(-2).map((cell) => cell.innerText.trim()))"""
	)
	shown = dict(rows)
	assert len(shown) == len(rows)
	return shown


def leads_by_channel() -> dict[str, str]:
	lead = frappe.qb.DocType("Partner Lead")
	counted = dict(frappe.qb.from_(lead).select(lead.channel, Count("*")).groupby(lead.channel).run())
	return {channel: str(count) for channel, count in counted.items()} | {
		"Totals": str(sum(counted.values()))
	}


def weighted_by_manager() -> dict[str, str]:
	deal = frappe.qb.DocType("Partner Deal")
	query = (
		frappe.qb.from_(deal)
		.select(deal.responsible, Sum(deal.weighted_amount))
		.where(deal.stage.isin(OPEN_STAGES))
		.groupby(deal.responsible)
	)
	sums = dict(query.run())
	assert len(sums) > 1
	told = {**sums, "Totals": sum(sums.values())}
	return {manager: fmt_money(amount, currency="USD") for manager, amount in told.items()}


def test_leads_are_counted_by_channel(company, desk):  # noqa: F811
	page = open_builder(desk, "Partner Lead", "Leads by Channel")

	assert shown_rows(page) == leads_by_channel()


def test_open_deals_are_summed_by_manager(company, desk):  # noqa: F811
	page = open_builder(desk, "Partner Deal", "Open Deals by Manager")

	assert shown_rows(page) == weighted_by_manager()


def test_a_report_is_built_by_the_steps_of_the_guide(company, desk):  # noqa: F811
	page = open_builder(desk, "Partner Deal")
	page.evaluate("stages => cur_list.filter_area.add('Partner Deal', 'stage', 'in', stages)", OPEN_STAGES)
	page.locator(".group-by-button").click()
	page.wait_for_function(
		"() => cur_list.group_by_control.aggregate_function"
	)  # it listens once it has faded in
	choice = page.locator(".group-by-popover")
	choice.locator("select.group-by").select_option("responsible")
	choice.locator("select.aggregate-function").select_option("sum")
	choice.locator("select.aggregate-on").select_option("weighted_amount")

	page.locator(".dt-header", has_text="Sum of Weighted Amount").wait_for()
	page.wait_for_load_state("networkidle")

	weighted = weighted_by_manager()
	weighted.pop("Totals")
	assert shown_rows(page) == weighted
	keep_picture(page, "report-builder-group-by")


def enter(page, values: dict[str, str | bool]) -> None:
	"""Types and chooses, field by field, as a user does; each has to have been offered."""
	for name, value in values.items():
		field = page.locator(f".frappe-control[data-fieldname={name}]:visible").first
		if value is True:
			field.locator("input.input-with-feedback").check()
		elif field.locator("select").count():
			field.locator("select").select_option(value)
		else:
			box = field.locator("input")
			box.fill(value)
			if field.get_attribute("data-fieldtype") == "Link":
				offered = (
					field.locator(".awesomplete [role=option] strong").get_by_text(value, exact=True).first
				)
				offered.wait_for()
				offered.click()
			else:
				box.press("Tab")
		page.wait_for_function("([name, value]) => cur_frm.doc[name] == value", arg=[name, value])
		page.wait_for_load_state("networkidle")


def enter_row(page, table: str, field: str, value: str) -> None:
	grid = page.locator(f".frappe-control[data-fieldname={table}]")
	grid.locator(".grid-add-row").click()
	row = grid.locator(".grid-row").last
	row.locator(f"[data-fieldname={field}]").first.click()
	box = row.locator(f"input[data-fieldname={field}]")
	box.fill(value)
	offered = page.locator(".awesomplete [role=option]:visible strong").get_by_text(value, exact=True).first
	offered.wait_for()
	offered.click()
	page.wait_for_function(
		"([table, field, value]) => cur_frm.doc[table].some((row) => row[field] === value)",
		arg=[table, field, value],
	)


def saved(page, values: dict[str, str | bool]) -> None:
	"""Saves what was entered, by the keyboard."""
	page.keyboard.press("Control+S")
	page.wait_for_function("!cur_frm.is_dirty() && !cur_frm.is_new() && !frappe.dom.freeze_count")
	page.wait_for_load_state("networkidle")
	assert page.evaluate("names => names.map((name) => cur_frm.doc[name])", [*values]) == [
		int(value) if value is True else value for value in values.values()
	]


CHART = {
	"chart_name": "Expected by stage",
	"chart_type": "Group By",
	"document_type": "Partner Deal",
	"group_by_based_on": "stage",
	"group_by_type": "Sum",
	"aggregate_function_based_on": "weighted_amount",
	"type": "Bar",
	"is_public": True,
}
CARD = {
	"label": "Largest budget",
	"document_type": "Partner Deal",
	"function": "Maximum",
	"aggregate_function_based_on": "base_amount",
	"is_public": True,
}
DASHBOARD = {"dashboard_name": "Our week"}


def test_a_chart_a_card_and_a_dashboard_are_made_by_the_steps_of_the_guide(company, desk):  # noqa: F811
	frappe.db.set_value("User", HEAD, "language", "en")
	frappe.get_doc("User", HEAD).add_roles("Dashboard Manager")
	desk.login(HEAD)

	page = desk.open("dashboard-chart/new")
	enter(page, CHART)
	saved(page, CHART)
	keep_picture(page, "report-builder-chart")
	page = desk.open("number-card/new")
	enter(page, CARD)
	saved(page, CARD)
	keep_picture(page, "report-builder-card")
	page = desk.open("dashboard/new")
	enter(page, DASHBOARD)
	enter_row(page, "charts", "chart", CHART["chart_name"])
	enter_row(page, "cards", "card", CARD["label"])
	saved(page, DASHBOARD)
	with page.expect_response("**/*dashboard_chart.get*") as counted:
		page = desk.open(f"dashboard-view/{DASHBOARD['dashboard_name']}")
	page.locator(".number-widget-box .number").first.wait_for()
	page.locator(".dashboard-widget-box svg .bar").first.wait_for()

	deal = frappe.qb.DocType("Partner Deal")
	largest = frappe.qb.from_(deal).select(Max(deal.base_amount)).run()[0][0]
	weighted = frappe.qb.from_(deal).select(deal.stage, Sum(deal.weighted_amount)).groupby(deal.stage).run()
	assert page.locator(".number-widget-box .number").inner_text() == f"$ {largest / 1000:.2f} K"
	drawn = counted.value.json()["message"]
	assert dict(zip(drawn["labels"], drawn["datasets"][0]["values"], strict=True)) == dict(weighted)
	assert page.locator(".dashboard-widget-box svg .bar").count() == len(weighted)
	keep_picture(page, "report-builder-dashboard")
