"""The Maven sales pipeline on a real site: every report's figures equal those of plain SQL over the CSV.

All 8,800 opportunities are laid into MariaDB as rows, since to save each of them as a document would take a quarter of
an hour; some two hundred of them are saved as documents, as the head of sales enters past sales. What both give is
held against the same SQL, over a table with the columns of the CSV and nothing of ours.
"""

from __future__ import annotations

import sqlite3

import frappe
import pytest
from frappe.desk.query_report import run as run_report

from tests.bench.sums import reckon_all
from tests.factories import make_contact
from tests.integration.test_reports import load
from tests.unit import maven
from tests.unit import reports_reference as reference

# One of so many opportunities is saved as a document.
SAVED = 40


class Csv:
	"""The CSV files as tables of SQLite, dates as ISO, and the SQL that counts them."""

	def __init__(self, rows: list[dict[str, str]]) -> None:
		self.connection = sqlite3.connect(":memory:")
		self.connection.execute("CREATE TABLE team (agent, office)")
		self.connection.executemany(
			"INSERT INTO team VALUES (:sales_agent, :regional_office)", maven.rows("sales_teams.csv")
		)
		self.connection.execute(
			"CREATE TABLE pipeline (id, agent, product, account, stage, engaged, closed, value INTEGER)"
		)
		for row in rows:
			days = [maven.day(row["engage_date"]), maven.day(row["close_date"])]
			self.connection.execute(
				"INSERT INTO pipeline VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
				[
					*(
						row[name]
						for name in ("opportunity_id", "sales_agent", "product", "account", "deal_stage")
					),
					*(str(day) if day else None for day in days),
					row["close_value"] or None,
				],
			)

	def __call__(self, sql: str) -> dict:
		"""The rows by their first column."""
		return {first: tuple(rest) for first, *rest in self.connection.execute(sql)}


@pytest.fixture
def all_rows() -> Csv:
	load(maven.fill(reference.Site(), maven.pipeline()))
	return Csv(maven.rows("sales_pipeline.csv"))


@pytest.fixture
def saved_rows() -> Csv:
	rows = maven.rows("sales_pipeline.csv")[::SAVED]
	names = {row["opportunity_id"] for row in rows}
	contact = make_masters()
	for deal in maven.pipeline():
		if deal["name"] in names:
			save(deal, contact)
	return Csv(rows)


def make_masters() -> str:
	"""What the opportunities link to; the contact of all."""
	named = {
		"User": {row["sales_agent"] for row in maven.rows("sales_teams.csv")},
		"Acquisition Channel": {row["regional_office"] for row in maven.rows("sales_teams.csv")},
		"Territory": {row["regional_office"] for row in maven.rows("sales_teams.csv")},
		"Item Group": {row["product"] for row in maven.rows("sales_pipeline.csv")},
		"Counterparty": {row["account"] for row in maven.rows("sales_pipeline.csv")} - {""},
	}
	for doctype, names in named.items():
		frappe.db.bulk_insert(doctype, ["name"], [(name,) for name in sorted(names)])
	frappe.db.set_value("User", {"name": ["in", sorted(named["User"])]}, "enabled", 1)
	return make_contact().name


def save(deal: dict, contact: str) -> None:
	"""As a document, past every rule that history has to pass."""
	common = {
		"is_historical": 1,
		"contact": contact,
		"responsible": deal["responsible"],
		"region": deal["region"],
		"channel": deal["region"],
		"product_group": deal["product_group"],
		"counterparty": deal["counterparty"],
		"registered_on": deal["began"],
	}
	if deal["stage"] == "Cold Lead":
		frappe.get_doc(
			doctype="Partner Lead", track="Own Sale", stage="Cold Lead", direction="Inbound", **common
		).insert()
		return
	is_won = deal["stage"] == "Client"
	frappe.get_doc(
		doctype="Partner Deal",
		stage=deal["stage"],
		amount=deal["value"],
		closed_on=deal["closed"],
		won_on=deal["closed"] if is_won else None,
		lost_reason="Price" if deal["stage"] == "Lost" else None,
		**common,
	).insert()


@pytest.fixture
def reckoned_rows(all_rows) -> Csv:
	"""The reports read sums that are kept beside the documents."""
	reckon_all()
	return all_rows


@pytest.fixture(params=["all_rows", "reckoned_rows", "saved_rows"])
def csv(request) -> Csv:
	return request.getfixturevalue(request.param)


def rows_of(report: str, *names: str, key: str, **filters) -> dict:
	shown = run_report(report, filters)
	return {
		row["key"][key]: tuple(row[name] for name in names)
		for row in shown["result"]
		if not row.get("is_total")
	}


STAGES = """CASE stage WHEN 'Prospecting' THEN 'Cold Lead' WHEN 'Engaging' THEN 'SQL'
	WHEN 'Won' THEN 'Client' ELSE 'Lost' END"""


def test_funnel(csv):
	found = rows_of("Partner Funnel", "now", "amount", key="stage")

	expected = csv(f"SELECT {STAGES}, count(*), coalesce(sum(value), 0) FROM pipeline GROUP BY 1")
	assert {stage: figures for stage, figures in found.items() if figures[0]} == expected


def test_funnel_of_a_cohort(csv):
	found = rows_of(
		"Partner Funnel", "now", "amount", key="stage", from_date="2017-01-01", to_date="2017-06-30"
	)

	expected = csv(
		f"""SELECT {STAGES}, count(*), coalesce(sum(value), 0) FROM pipeline
		WHERE engaged BETWEEN '2017-01-01' AND '2017-06-30' GROUP BY 1"""
	)
	assert {stage: figures for stage, figures in found.items() if figures[0]} == expected


@pytest.mark.parametrize("are_reckoned", [False, True])
def test_the_median_time_in_a_stage(all_rows, are_reckoned):
	if are_reckoned:
		reckon_all()
	found = rows_of("Partner Funnel", "entered", "went_on", "lost", "median_days", key="stage")

	[(entered, won, lost)] = all_rows.connection.execute(
		"""SELECT count(*), sum(stage = 'Won'), sum(stage = 'Lost') FROM pipeline WHERE stage != 'Prospecting'"""
	)
	[(median,)] = all_rows.connection.execute(
		"""SELECT avg(days) FROM (SELECT julianday(closed) - julianday(engaged) AS days,
			row_number() OVER (ORDER BY julianday(closed) - julianday(engaged)) AS place, count(*) OVER () AS of
			FROM pipeline WHERE closed IS NOT NULL) WHERE place * 2 BETWEEN of AND of + 2"""
	)
	assert found["SQL"] == (entered, won, lost, median)


@pytest.mark.parametrize("group", ["responsible", "product_group", "month"])
def test_won_and_lost(csv, group):
	names = ("won", "lost", "won_amount", "days_to_client", "win_rate")
	found = rows_of("Win Loss Analysis", *names, key=group, group_by=group)

	column = {"responsible": "agent", "product_group": "product", "month": "substr(closed, 1, 7)"}[group]
	expected = csv(
		f"""SELECT {column}, sum(stage = 'Won'), sum(stage = 'Lost'),
			coalesce(sum(CASE stage WHEN 'Won' THEN value END), 0),
			avg(CASE stage WHEN 'Won' THEN julianday(closed) - julianday(engaged) END),
			100.0 * sum(stage = 'Won') / count(*)
		FROM pipeline WHERE stage IN ('Won', 'Lost') GROUP BY 1"""
	)
	assert {key: values[:3] for key, values in found.items()} == {
		key: values[:3] for key, values in expected.items()
	}
	for key, values in expected.items():
		assert found[key][3:] == pytest.approx(values[3:], abs=0.0051)


def test_channels(csv):
	found = rows_of(
		"Channel Performance", "leads", "sqls", "won", "revenue", key="channel", group_by="channel"
	)

	assert found == csv(
		"""SELECT office, count(*), sum(stage != 'Prospecting'), sum(stage = 'Won'),
			coalesce(sum(CASE stage WHEN 'Won' THEN value END), 0)
		FROM pipeline JOIN team ON team.agent = pipeline.agent GROUP BY office"""
	)


def test_activity(csv):
	found = rows_of("Deal Activity", "deals", "active", "incorrect", key="region", group_by="region")

	assert {region: deals for region, (deals, _active, _incorrect) in found.items()} == {
		office: deals
		for office, (deals,) in csv(
			"""SELECT office, count(*) FROM pipeline JOIN team ON team.agent = pipeline.agent
			WHERE stage = 'Engaging' GROUP BY office"""
		).items()
	}


@pytest.mark.parametrize("are_reckoned", [False, True])
def test_income(all_rows, are_reckoned):
	if are_reckoned:
		reckon_all()
	"""Ten percent of each won deal, expected from the owner of the product."""
	found = rows_of(
		"Partner Income", "payouts", "clients", "amount", "expected", key="program", group_by="program"
	)

	expected = all_rows(
		"""SELECT product, count(*), count(DISTINCT coalesce(nullif(account, ''), id)), sum(value) / 10.0,
			sum(value) / 10.0
		FROM pipeline WHERE stage = 'Won' GROUP BY product"""
	)
	assert found.keys() == expected.keys()
	for product, values in expected.items():
		assert found[product] == pytest.approx(values, abs=0.001)
	shown = run_report("Partner Income", {"group_by": "program"})
	amounts = sorted((values[2] for values in expected.values()), reverse=True)
	needed = next(n for n in range(len(amounts)) if sum(amounts[: n + 1]) >= 0.8 * sum(amounts)) + 1
	figures = {figure["label"]: figure["value"] for figure in shown["report_summary"]}
	assert figures["Rows that Bring 80 %"] == needed
