"""What people build for themselves, through the doors that the report builder, charts and number cards knock at.

Every DocType of the contract has random rows; each column that can be counted by or added up is, by the head of
sales, and every figure is held against plain SQL.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from itertools import cycle
from random import Random

import frappe
import pytest
import requests
from frappe.utils import flt

from partner_crm.setup import roles
from tests.countable import built_reports, countable, promised
from tests.factories import make_user_row

pytestmark = pytest.mark.commits

DOCTYPES = promised()
COUNTABLE = {name: countable(doctype) for name, doctype in DOCTYPES.items()}
FUNCTIONS = {"Sum": "SUM", "Average": "AVG"}
HEAD = "head@builder.example"

ROWS = 24
FIRST, DAYS = date(2026, 1, 1), 181
MONTHS = ["Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026", "May 2026", "Jun 2026"]


@pytest.fixture
def head(http) -> requests.Session:
	if not frappe.db.exists("User", HEAD):
		make_user_row(HEAD, (roles.SALES_HEAD, "Desk User"))
		for doctype in DOCTYPES:
			_fill(doctype)
		frappe.db.commit()
	return http.login(HEAD)


def _fill(doctype: str) -> None:
	"""Rows as they lie in the database: what rules make of documents is no matter here."""
	random = Random(doctype)
	found = COUNTABLE[doctype]
	names = {*found.groups, *found.averages, *found.dates}
	fields = [field for field in DOCTYPES[doctype]["fields"] if field["fieldname"] in names]
	stored = ["name", "creation", "owner", *(field["fieldname"] for field in fields)]
	rows = [
		(f"{doctype} {number}", datetime(2026, 3, 1), HEAD, *(_any_value(random, field) for field in fields))
		for number in range(ROWS)
	]
	frappe.db.bulk_insert(doctype, stored, rows)


def _any_value(random: Random, field: dict) -> object:
	"""Something to count and add up; also nothing, as forms and as scripts leave it."""
	kind = field["fieldtype"]
	if field.get("unique"):
		return f"{field['label']} {random.random()}"
	if kind == "Check":
		return random.randrange(2)
	if kind == "Select":
		return random.choice(field["options"].split("\n"))
	if kind in ("Int", "Percent", "Duration"):
		return random.randrange(100)
	if kind in ("Currency", "Float"):
		return random.randrange(-500, 100_000) / 100
	if kind == "Date":
		return random.choice([None, FIRST + timedelta(days=random.randrange(DAYS))])
	if kind == "Datetime":
		return datetime(2026, 1, 1) + timedelta(hours=random.randrange(24 * DAYS))
	return random.choice([None, "", *(f"{field['label']} {number}" for number in range(3))])


def called(session: requests.Session, method: str, **arguments: object) -> object:
	"""What the method answers to a browser."""
	texts = {
		name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()
	}
	response = session.post(f"/api/method/{method}", data=texts)
	assert response.ok, response.text
	return response.json().get("message")


def grouped(session: requests.Session, doctype: str, group: str, function: str, column: str) -> dict:
	"""The rows of the report builder: what each group's aggregate is."""
	answer = called(
		session,
		"frappe.desk.reportview.get",
		doctype=doctype,
		fields=[f"`tab{doctype}`.`{group}`"],
		filters=[],
		view="Report",
		group_by=f"`tab{doctype}`.`{group}`",
		aggregate_function=function,
		aggregate_on_field=column,
		aggregate_on_doctype=doctype,
		order_by="_aggregate_column desc",
		start=0,
		page_length=500,
	)
	assert answer["keys"] == [group, "_aggregate_column"]
	return {key: flt(value, 6) for key, value in answer["values"]}


def in_sql(doctype: str, group: str, aggregate: str) -> dict:
	rows = frappe.db.sql(f"SELECT `{group}`, {aggregate} FROM `tab{doctype}` GROUP BY `{group}`")
	return {key: flt(value, 6) for key, value in rows}


def made_chart(session: requests.Session, doctype: str, **settings: object) -> dict:
	"""The data of a dashboard chart, as it is drawn, after somebody has made it."""
	chart = called(
		session,
		"frappe.desk.doctype.dashboard_chart.dashboard_chart.create_dashboard_chart",
		args={
			"chart_name": "Built",
			"document_type": doctype,
			"filters_json": "[]",
			"type": "Bar",
			**settings,
		},
	)
	data = called(
		session,
		"frappe.desk.doctype.dashboard_chart.dashboard_chart.get",
		chart_name=chart["name"],
		filters=[],
		refresh=1,
	)
	[dataset] = data["datasets"]
	return {label: flt(value, 6) for label, value in zip(data["labels"], dataset["values"], strict=True)}


def made_card(session: requests.Session, doctype: str, function: str, column: str | None = None) -> float:
	settings = {"function": function, "aggregate_function_based_on": column, "filters_json": "[]"}
	card = called(
		session,
		"frappe.desk.doctype.number_card.number_card.create_number_card",
		args={"label": "Built", "type": "Document Type", "document_type": doctype, **settings},
	)
	result = called(session, "frappe.desk.doctype.number_card.number_card.get_result", doc=card, filters=[])
	return flt(result, 6)


@pytest.mark.parametrize("doctype", DOCTYPES)
def test_every_column_to_count_by_is_counted_by(head, doctype):
	for group in COUNTABLE[doctype].groups:
		found = grouped(head, doctype, group, "count", "name")

		assert found == in_sql(doctype, group, "COUNT(*)"), group
		assert sum(found.values()) == frappe.db.count(doctype) >= ROWS


@pytest.mark.parametrize("doctype", DOCTYPES)
def test_every_number_is_added_up_and_averaged_by_some_group(head, doctype):
	found = COUNTABLE[doctype]
	groups = cycle(found.groups)
	for column in found.averages:
		group = next(groups)
		if column in found.sums:
			assert grouped(head, doctype, group, "sum", column) == in_sql(doctype, group, f"SUM(`{column}`)")
		assert grouped(head, doctype, group, "avg", column) == in_sql(doctype, group, f"AVG(`{column}`)")


@pytest.mark.parametrize("doctype", DOCTYPES)
def test_charts_are_made_by_every_group(head, doctype):
	found = COUNTABLE[doctype]
	sums = cycle(found.sums)
	for group in found.groups:
		by_group = {"chart_type": "Group By", "group_by_based_on": group}

		counted = made_chart(head, doctype, **by_group, group_by_type="Count")

		assert counted == in_sql(doctype, group, "COUNT(*)"), group
		if found.sums:
			column = next(sums)
			by_group |= {"group_by_type": "Sum", "aggregate_function_based_on": column}
			assert made_chart(head, doctype, **by_group) == in_sql(doctype, group, f"SUM(`{column}`)")


@pytest.mark.parametrize("doctype", DOCTYPES)
def test_charts_are_made_over_every_date(head, doctype):
	found = COUNTABLE[doctype]
	over_months = {
		"timeseries": 1,
		"timespan": "Select Date Range",
		"from_date": "2026-01-01",
		"to_date": "2026-06-30",
		"time_interval": "Monthly",
	}
	aggregates = [("Count", "", "COUNT(*)"), *(("Sum", name, f"SUM(`{name}`)") for name in found.sums)]
	for day, (chart_type, column, aggregate) in zip(found.dates, cycle(aggregates), strict=False):
		drawn = made_chart(
			head, doctype, chart_type=chart_type, based_on=day, value_based_on=column, **over_months
		)

		rows = frappe.db.sql(
			f"SELECT DATE_FORMAT(`{day}`, '%b %Y'), {aggregate} FROM `tab{doctype}` WHERE `{day}` <= '2026-06-30' GROUP BY 1"
		)
		by_month = {month: flt(value, 6) for month, value in rows}
		assert drawn == {month: by_month.get(month, 0) for month in MONTHS}, (day, column)


@pytest.mark.parametrize("doctype", DOCTYPES)
def test_number_cards_are_made_of_every_number(head, doctype):
	assert made_card(head, doctype, "Count") == frappe.db.count(doctype) >= ROWS
	found = COUNTABLE[doctype]
	for function, aggregate in FUNCTIONS.items():
		for column in found.sums if function == "Sum" else found.averages:
			((expected,),) = frappe.db.sql(f"SELECT {aggregate}(`{column}`) FROM `tab{doctype}`")
			assert made_card(head, doctype, function, column) == flt(expected, 6), column


# What is shipped


@pytest.mark.parametrize("name", built_reports())
def test_a_shipped_report_opens_with_what_there_is(head, name):
	report = frappe.get_doc("Report", name)
	settings = json.loads(report.json)
	grouping = settings.get("group_by")
	frappe.set_user(HEAD)

	columns, rows = report.get_data(limit=500)

	assert report.is_permitted()
	assert [column.label for column in columns if not column.label] == []
	doctype, is_wanted = report.ref_doctype, _in_python(settings["filters"])
	documents = [row for row in frappe.get_all(doctype, fields=["*"], order_by="name") if is_wanted(row)]
	*lines, totals = rows
	assert documents
	if not grouping:
		assert len(lines) == len(documents)
		return
	field = grouping["group_by"].split("`")[3]
	expected: dict = {}
	for document in documents:
		value = document[grouping["aggregate_on"]] if "aggregate_on" in grouping else 1
		expected[document[field]] = expected.get(document[field], 0) + value
	assert {key: flt(value, 6) for key, value in lines} == {
		key: flt(value, 6) for key, value in expected.items()
	}
	assert flt(totals[1], 6) == flt(sum(expected.values()), 6)


def _in_python(filters: list):
	compare = {
		"=": lambda value, wanted: value == wanted,
		"!=": lambda value, wanted: value != wanted,
		"in": lambda value, wanted: value in wanted,
	}
	return lambda row: all(
		compare[operator](row[field], wanted) for _doctype, field, operator, wanted, *_hidden in filters
	)


def test_marketing_adds_up_no_money_of_partners(head, http):
	"""Neither by a chart, a card nor the report builder."""
	mark = make_user_row("mark@builder.example", (roles.MARKETING, "Desk User")).name
	session = http.login(mark)
	card = {"document_type": "Payout", "function": "Sum", "aggregate_function_based_on": "base_amount"}

	answer = session.post(
		"/api/method/frappe.desk.doctype.number_card.number_card.get_result",
		data={"doc": json.dumps(card), "filters": "[]"},
	)

	assert not answer.ok or not answer.json()["message"]
	answer = session.post(
		"/api/method/frappe.desk.reportview.get",
		data={
			"doctype": "Payout",
			"fields": '["`tabPayout`.`status`"]',
			"group_by": "`tabPayout`.`status`",
			"aggregate_function": "sum",
			"aggregate_on_field": "base_amount",
			"aggregate_on_doctype": "Payout",
			"order_by": "status",
		},
	)
	assert not answer.ok or answer.json()["message"]["keys"] == ["status"]
