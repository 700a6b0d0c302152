"""The report builder in the desk: the shipped reports open with the right rows, and one is built step by step.

With SCREENSHOTS=1 a shipped one and the one that is built are kept in docs/images.
"""

from __future__ import annotations

import frappe
import pytest
from frappe.query_builder.functions import Count, Sum
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
