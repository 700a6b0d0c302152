"""What the builders write, whatever database they write it for."""

from __future__ import annotations

import re
import sqlite3
from datetime import date
from pathlib import Path

import pytest
from pypika.dialects import MySQLQuery, PostgreSQLQuery, SQLLiteQuery
from reports_reference import TODAY, Site

from partner_crm.reports import (
	activity,
	channels,
	duplicates,
	funnel,
	income,
	journeys,
	penalties,
	reconciliation,
	segments,
	tables,
	win_loss,
	work,
)
from partner_crm.reports.filters import Filters
from partner_crm.reports.sql import Reader, Restrict

MODULES = [
	*(funnel, income, channels, activity, win_loss, reconciliation, penalties, segments, work),
	duplicates,
]
QUERY_CLASSES = [SQLLiteQuery, MySQLQuery, PostgreSQLQuery]

MARKER = "a 'quoted' %s value"


def _filled(module, value: str) -> dict[str, object]:
	"""Every filter that the report can honour."""
	return {name: 50 if name == "lowest_score" else value for name in module.FILTERS}


def _statements(module, Q, filters):
	return [query.get_sql() for query in module.queries(Reader(Q, filters), TODAY).values()]


@pytest.mark.parametrize("Q", QUERY_CLASSES)
@pytest.mark.parametrize("module", MODULES)
def test_what_a_person_gives_is_only_ever_compared_with(module, Q):
	"""Frappe's builder writes strings inside aggregates and window functions unescaped into the query."""
	filters = Filters(**_filled(module, MARKER), group_by=module.GROUPS)
	written = MARKER.replace("'", "''")
	for statement in _statements(module, Q, filters):
		compared = len(re.findall(rf"""(?:["`]| END)='{re.escape(written)}'""", statement))
		assert statement.count(written) == compared
		for inside in re.findall(r"(?:SUM|COUNT|MAX|MIN|ROW_NUMBER|OVER)\(([^()]*)\)", statement):
			assert written not in inside


@pytest.mark.parametrize("module", MODULES)
def test_no_statement_holds_what_a_database_lacks(module):
	filters = Filters(company="x", from_date=date(2024, 1, 1), group_by=module.GROUPS)
	for statement in _statements(module, MySQLQuery, filters):
		assert "%" not in statement
		assert " HAVING " not in statement
		assert not re.search(r"IN \(SELECT[^)]*LIMIT", statement)
		assert "/" not in statement.replace("%", "")


def test_a_quote_in_a_name_is_part_of_the_name():
	site = Site()
	site.add("Partner Lead", stage="Cold Lead", responsible="o'neil@x.org", registered_on=TODAY)
	site.add("Partner Lead", stage="Cold Lead", responsible="ann@x.org", registered_on=TODAY)
	assert site.run(funnel, Filters(responsible="o'neil@x.org")).totals["now"] == 1
	assert site.run(funnel, Filters(responsible="' OR '1'='1")).totals["now"] == 0


@pytest.fixture
def two_managers():
	site = Site()
	for manager in ("ann", "bob"):
		deal = site.add(
			"Partner Deal",
			name=f"{manager}'s deal",
			responsible=manager,
			stage="Client",
			program="Bank",
			registered_on=TODAY,
			won_on=TODAY,
			base_amount=100,
			key_learnings=f"{manager}'s secret",
		)
		site.add(
			"Partner Lead", name=f"{manager}'s lead", stage="Converted", deal=deal["name"], responsible="ann"
		)
		site.passed("Partner Lead", f"{manager}'s lead", "Cold Lead", "MQL", "Converted", seconds=[60, 60])
		site.passed("Partner Deal", deal["name"], "SQL", "Client", seconds=[60])
		site.add(
			"Payout",
			responsible=manager,
			status="Confirmed",
			program="Bank",
			client=manager,
			won_on=TODAY,
			base_amount=10,
		)
	return site


def test_a_reader_is_counted_nothing_that_he_may_not_see(two_managers):
	restrict = Restrict(
		rows=lambda doctype, table: (
			table["responsible"] == "ann" if doctype in ("Partner Deal", "Payout") else None
		)
	)
	rows = {row["stage"]: row for row in two_managers.run(funnel, restrict=restrict).rows}
	assert [rows[stage]["entered"] for stage in ("Cold Lead", "SQL", "Client")] == [1, 1, 1]
	assert rows["Client"]["amount"] == 100
	assert two_managers.run(income, restrict=restrict).totals["amount"] == 10
	assert two_managers.run(channels, restrict=restrict).totals["won"] == 1
	assert two_managers.run(win_loss, restrict=restrict).rows[0]["top_learning"] == "ann's secret"
	assert {row["client"] for row in two_managers.run(reconciliation, restrict=restrict).rows} == {
		"ann",
		None,
	}


def test_what_is_hidden_is_in_no_sum_and_no_order(two_managers):
	two_managers.add("Payout", status="Confirmed", program="Broker", client="x", won_on=TODAY, base_amount=99)
	restrict = Restrict(hidden=frozenset({("Payout", "base_amount"), ("Payout", "base_paid_amount")}))
	report = two_managers.run(income, Filters(group_by=("program",)), restrict=restrict)
	assert [row["program"] for row in report.rows] == ["Bank", "Broker"]
	assert {row["amount"] for row in report.rows} == {0}
	assert report.totals["payouts"] == 3


def test_a_restriction_reaches_every_query_that_reads_the_table():
	restrict = Restrict(rows=lambda doctype, table: table["name"] == "only this")
	for module in MODULES:
		for query in module.queries(Reader(SQLLiteQuery, Filters(), restrict), TODAY).values():
			statement = query.get_sql()
			assert statement.count("\"name\"='only this'") == statement.count('FROM "tab')


def test_tables_are_made_from_the_list():
	connection = sqlite3.connect(":memory:")
	for statement in tables.create_statements():
		connection.execute(statement)
	for doctype, table in tables.TABLES.items():
		found = [row[1] for row in connection.execute(f'PRAGMA table_info("tab{doctype}")')]
		assert found == list(table.columns)
		indexed = {
			tuple(row[2] for row in connection.execute(f'PRAGMA index_info("{name}")'))
			for _, name, *_rest in connection.execute(f'PRAGMA index_list("tab{doctype}")')
		}
		assert set(table.indexes) == indexed


def test_every_column_that_is_read_is_listed():
	"""In backticks, as for MariaDB: what is in double quotes SQLite takes for a text where it knows no such column."""
	connection = Site().connection
	for module in MODULES:
		for groups in ((), module.GROUPS):
			filters = Filters(**_filled(module, "x"), from_date=TODAY, group_by=groups)
			for statement in _statements(module, MySQLQuery, filters):
				connection.execute(statement)


def test_every_column_that_is_listed_is_read():
	read: dict[str, set[str]] = {doctype: {"name"} for doctype in tables.TABLES}
	for module in MODULES:
		filtered = Filters(**_filled(module, "x"))
		for filters in (filtered, Filters(), *(Filters(group_by=(name,)) for name in module.GROUPS)):
			for statement in _statements(module, MySQLQuery, filters):
				for doctype in re.findall(r"FROM `tab([^`]+)`", statement):
					read[doctype].update(re.findall(r"`([a-z_]+)`", statement))
	for module in MODULES:
		for rollup in getattr(module, "ROLLUPS", ()):
			read["Report Rollup"].update(re.findall(r"`([a-z_0-9]+)`", rollup.together(MySQLQuery).get_sql()))
	for statement in journeys.statements(MySQLQuery):
		read["Stage Change"].update(re.findall(r"`tabStage Change`\.`([a-z_]+)`", statement.get_sql()))
	for doctype, table in tables.TABLES.items():
		assert table.columns.keys() <= read[doctype], doctype


def test_no_two_indexes_have_one_name():
	text = (Path(tables.__file__).parents[1] / "setup" / "indexes.py").read_text(encoding="utf-8")
	names = re.findall(r'"(pcrm_[a-z_]+)"', text)
	assert len(set(names)) == len(names)
