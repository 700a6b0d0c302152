"""What somebody may not see he may not search, sort, group or count by either.

Frappe's permission levels keep a field's value out of an answer, but not out of the question: filters, sorting and
sums take every column. So whoever may not see amounts has no right to payouts at all. Each door is asked a question whose
answer depends on the amount.
"""

from __future__ import annotations

import json

import pytest

from tests.factories import make_partner, make_payout, make_program, make_user

pytestmark = pytest.mark.commits

LESS, MORE = 12345, 54321
"""What the two payouts are worth."""

REPORT_VIEW = "/api/method/frappe.desk.reportview."
CLIENT = "/api/method/frappe.client."
NUMBER_CARD = "/api/method/frappe.desk.doctype.number_card.number_card.get_result"
CHART = "/api/method/frappe.desk.doctype.dashboard_chart.dashboard_chart.get"


def above(limit: int) -> str:
	return json.dumps([["Payout", "amount", ">", limit]])


def by_sum(name: str) -> dict:
	return {
		"group_by": f"`tabPayout`.`{name}`",
		"aggregate_function": "sum",
		"aggregate_on_doctype": "Payout",
		"aggregate_on_field": "amount",
	}


def card(limit: int) -> dict:
	values = {
		"doctype": "Number Card",
		"document_type": "Payout",
		"function": "Sum",
		"aggregate_function_based_on": "amount",
	}
	return {"doc": json.dumps(values), "filters": above(limit), "to_date": None}


def chart(limit: int) -> dict:
	values = {
		"doctype": "Dashboard Chart",
		"chart_name": "Amounts",
		"chart_type": "Group By",
		"document_type": "Payout",
		"group_by_based_on": "status",
		"group_by_type": "Sum",
		"aggregate_function_based_on": "amount",
		"filters_json": above(limit),
	}
	return {"chart": json.dumps(values), "no_cache": 1}


def report_builder(limit: int) -> dict:
	return {
		"doctype": "Payout",
		"fields": json.dumps(["`tabPayout`.`name`"]),
		"filters": above(limit),
		"view": "Report",
	}


# The door, and its parameters for a limit: between the two amounts, or above both.
DOORS = {
	"REST list": ("/api/resource/Payout", lambda limit: {"filters": above(limit)}),
	"REST list, any of": ("/api/resource/Payout", lambda limit: {"or_filters": above(limit)}),
	"REST list, sorted": (
		"/api/resource/Payout",
		lambda limit: {"order_by": f"amount {'asc' if limit < MORE else 'desc'}", "limit": 1},
	),
	"REST list, grouped": (
		"/api/resource/Payout",
		lambda limit: {"fields": '["count(name) as n"]', "group_by": "amount", "filters": above(limit)},
	),
	"client.get_list": (CLIENT + "get_list", lambda limit: {"doctype": "Payout", "filters": above(limit)}),
	"client.get_count": (CLIENT + "get_count", lambda limit: {"doctype": "Payout", "filters": above(limit)}),
	"client.get_value": (
		CLIENT + "get_value",
		lambda limit: {"doctype": "Payout", "fieldname": "name", "filters": above(limit)},
	),
	"client.get": (CLIENT + "get", lambda limit: {"doctype": "Payout", "filters": above(limit)}),
	"list": (REPORT_VIEW + "get", report_builder),
	"list, sorted": (
		REPORT_VIEW + "get",
		lambda limit: (
			report_builder(0)
			| {"order_by": f"`tabPayout`.`amount` {'asc' if limit < MORE else 'desc'}", "page_length": 1}
		),
	),
	"list, summed": (REPORT_VIEW + "get", lambda limit: report_builder(limit) | by_sum("status")),
	"list, as data": (REPORT_VIEW + "get_list", report_builder),
	"list, counted": (REPORT_VIEW + "get_count", report_builder),
	"list's sidebar": (
		REPORT_VIEW + "get_sidebar_stats",
		lambda limit: {"doctype": "Payout", "stats": '["_user_tags"]', "filters": above(limit)},
	),
	"list's groups": (
		"/api/method/frappe.desk.listview.get_group_by_count",
		lambda limit: {"doctype": "Payout", "field": "status", "current_filters": above(limit)},
	),
	"export": (
		REPORT_VIEW + "export_query",
		lambda limit: report_builder(limit) | {"file_format_type": "CSV"},
	),
	"link search": (
		"/api/method/frappe.desk.search.search_link",
		lambda limit: {"doctype": "Payout", "txt": "", "filters": above(limit)},
	),
	"number card": (NUMBER_CARD, card),
	"dashboard chart": (CHART, chart),
	"report": (
		"/api/method/frappe.desk.query_report.run",
		lambda limit: {
			"report_name": "Partner Income",
			"filters": json.dumps({"program": PROGRAMS[limit < MORE], "group_by": "program"}),
		},
	),
	"data export": (
		"/api/method/frappe.core.doctype.data_export.exporter.export_data",
		lambda limit: {
			"doctype": "Payout",
			"parent_doctype": "Payout",
			"all_doctypes": "0",
			"with_data": "1",
			"file_type": "CSV",
			"select_columns": json.dumps({"Payout": ["name", "status"]}),
			"filters": above(limit),
		},
	),
}
PROGRAMS = ["Small", "Large"]

MARKETING, ACCOUNTANT = "mark@amounts.example", "alice@amounts.example"


@pytest.fixture
def payouts() -> None:
	for program, amount in zip(PROGRAMS, (LESS, MORE), strict=True):
		make_program(title=program)
		make_payout(
			program=program, amount=amount, partner=make_partner(), client_title=f"Client of {program}"
		)


def test_no_question_tells_marketing_an_amount(http, payouts):
	accountant = http.login(make_user(roles=("Partner CRM Accountant",)).name)
	marketing = http.login(make_user(roles=("Partner CRM Marketing",)).name)

	assert {door for door in DOORS if not tells(accountant, door)} == set()
	assert {door for door in DOORS if tells(marketing, door)} == set()


def tells(client, door: str) -> bool:
	"""Whether the answer depends on the limit that is asked for."""
	path, parameters = DOORS[door]
	answers = [client.get(path, params=parameters(limit)) for limit in (LESS, MORE)]
	return len({answer.text if answer.ok else answer.status_code for answer in answers}) > 1
