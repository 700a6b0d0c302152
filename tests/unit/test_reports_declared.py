"""What the desk is told of the reports, charts, cards and dashboards holds together with what there is."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from partner_crm import reports
from partner_crm.reports import (
	activity,
	channels,
	duplicates,
	funnel,
	income,
	penalties,
	reconciliation,
	segments,
	win_loss,
	work,
)
from partner_crm.reports.filters import COMPARISONS, DIMENSIONS
from tests.countable import countable, promised

APP = Path(reports.__file__).parents[1]
MODULE = APP / "partner_crm"
SHARED = (APP / "public" / "js" / "reports.js").read_text(encoding="utf-8")

MODULES = {
	"Channel Performance": channels,
	"Client Segments": segments,
	"Deal Activity": activity,
	"Manager Penalties": penalties,
	"Manager Work": work,
	"Partner Funnel": funnel,
	"Partner Income": income,
	"Payout Reconciliation": reconciliation,
	"Possible Duplicates": duplicates,
	"Win Loss Analysis": win_loss,
}
PERIOD = {"from_date", "to_date", "compare_with"}


def records(folder: str) -> dict[str, dict]:
	files = (MODULE / folder).glob("*/*.json")
	return {
		record["name"]: record for file in files if (record := json.loads(file.read_text(encoding="utf-8")))
	}


CHARTS = records("dashboard_chart")
CARDS = records("number_card")
DASHBOARDS = records("partner_crm_dashboard")
REPORTS = records("report")
BUILT = {name: json.loads(record["json"]) for name, record in REPORTS.items() if "json" in record}
WORKSPACE = records("workspace")["Partner CRM"]


def listed(report: str, name: str) -> list[str]:
	"""An array of the script of a report."""
	slug = report.lower().replace(" ", "_")
	script = (MODULE / "report" / slug / f"{slug}.js").read_text(encoding="utf-8")
	found = re.search(rf"\b{name}: (\[[^\]]*\])", script)
	return ast.literal_eval(found[1])


def of_shared(name: str) -> set[str]:
	"""What an object of the shared script has keys for."""
	body = re.search(rf"const {name} = \{{\n(.*?)\n\t\}};", SHARED, re.DOTALL)[1]
	return set(re.findall(r"^\t\t(\w+):", body, re.MULTILINE))


@pytest.mark.parametrize("report", MODULES)
def test_the_form_offers_what_the_report_can_honour(report):
	module = MODULES[report]
	compared = () if module.GROUPS else ("compare_with",)  # documents can't be
	assert set(listed(report, "filters")) == {*module.FILTERS, *PERIOD} - {*compared}
	assert sorted(listed(report, "groups")) == sorted(module.GROUPS)


def test_every_filter_and_grouping_has_its_label():
	assert of_shared("labels") == set(DIMENSIONS)
	assert of_shared("filters") == {name for module in MODULES.values() for name in module.FILTERS} | PERIOD
	assert all(f'value: "{name}"' in SHARED for name in COMPARISONS)


@pytest.mark.parametrize("report", MODULES)
def test_what_every_number_leads_to_is_known_to_its_column(report):
	module = MODULES[report]
	columns = [
		column
		for name in ("COLUMNS", "COUNT_COLUMNS", "FIRST_COLUMNS", "SUMS")
		for column in getattr(module, name, ())
	]
	assert columns
	for column in columns:
		if column.behind:
			assert module.behind(column.fieldname) == column.behind


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_is_standard_and_for_our_roles(report):
	record = REPORTS[report]
	kind = "Report Builder" if report in BUILT else "Script Report"
	assert (record["is_standard"], record["module"], record["report_type"]) == ("Yes", "Partner CRM", kind)
	assert {row["role"] for row in record["roles"]} <= {
		"Partner CRM Manager",
		"Partner CRM User",
		"Partner CRM Marketing",
		"Partner CRM Accountant",
	}


@pytest.mark.parametrize("report", BUILT)
def test_a_built_report_counts_what_can_be_counted(report):
	doctype, settings = REPORTS[report]["ref_doctype"], BUILT[report]
	found = countable(promised()[doctype])
	if grouping := settings.get("group_by"):
		table, name = grouping["group_by"].replace("`", "").split(".")
		assert (table, name in found.groups) == (f"tab{doctype}", True)
		assert grouping["aggregate_function"] == "count" or grouping["aggregate_on"] in found.sums
		assert settings["fields"] == [[name, doctype], ["_aggregate_column", doctype]]
	for filtered, *_narrowing in settings["filters"]:
		assert filtered == doctype


@pytest.mark.parametrize("record", [*CHARTS.values(), *CARDS.values()], ids=lambda record: record["name"])
def test_charts_and_cards_are_standard_public_and_of_one_company(record):
	assert (record["is_standard"], record["is_public"], record["module"]) == (1, 1, "Partner CRM")
	assert 'frappe.defaults.get_user_default(\\"Company\\")' in record["dynamic_filters_json"]


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_dashboards_show_charts_and_cards_that_there_are(dashboard):
	record = DASHBOARDS[dashboard]
	assert {row["chart"] for row in record["charts"]} <= CHARTS.keys()
	assert {row["card"] for row in record["cards"]} <= CARDS.keys()
	assert record["is_standard"] == 1


def test_every_chart_and_card_is_shown_somewhere():
	shown_charts = {row["chart"] for record in DASHBOARDS.values() for row in record["charts"]}
	shown_cards = {row["card"] for record in DASHBOARDS.values() for row in record["cards"]}
	assert (CHARTS.keys() - shown_charts, CARDS.keys() - shown_cards) == (set(), set())


def test_the_workspace_shows_what_it_lists():
	blocks = json.loads(WORKSPACE["content"])
	named = {
		kind: {block["data"][f"{kind}_name"] for block in blocks if block["type"] == kind}
		for kind in ("shortcut", "number_card", "card", "chart")
	}
	assert named["shortcut"] == {row["label"] for row in WORKSPACE["shortcuts"]}
	assert named["number_card"] == {row["label"] for row in WORKSPACE["number_cards"]} <= CARDS.keys()
	assert named["chart"] == {row["chart_name"] for row in WORKSPACE["charts"]} <= CHARTS.keys()
	assert named["card"] == {row["label"] for row in WORKSPACE["links"] if row["type"] == "Card Break"}
	linked = {row["link_to"] for row in WORKSPACE["links"] if row.get("link_type") == "Report"}
	assert linked == REPORTS.keys()
	steps = records("onboarding_step")
	for onboarding in records("module_onboarding").values():
		assert [row["step"] for row in onboarding["steps"] if row["step"] not in steps] == []


def test_a_chart_that_is_drawn_of_rows_leaves_out_their_totals():
	"""Frappe would draw them as one more row."""
	of_rows = {
		name: json.loads(chart["filters_json"])
		for name, chart in CHARTS.items()
		if chart["chart_type"] == "Report" and not chart["use_report_chart"]
	}
	assert of_rows
	assert all(filters.get("without_totals") == 1 for filters in of_rows.values()), of_rows
