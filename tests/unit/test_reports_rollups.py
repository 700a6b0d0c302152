"""Sums that are kept beside the documents tell what the documents tell."""

from __future__ import annotations

import re
from datetime import date
from random import Random

import pytest
import reports_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from pypika.dialects import MySQLQuery, PostgreSQLQuery, SQLLiteQuery

from partner_crm.reports import channels, funnel, income, rollups, win_loss
from partner_crm.reports.filters import Filters
from partner_crm.reports.sql import Reader, Restrict

KEEPING = (funnel, channels, win_loss, income)
ALL = [rollup for module in KEEPING for rollup in module.ROLLUPS]
MODEST = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32 - 1)
MARKER = "a 'quoted' %s value"


def fresh(module):
	return {rollup.name: frozenset() for rollup in module.ROLLUPS}


@pytest.mark.parametrize("module", KEEPING)
@MODEST
@given(seed=seeds)
def test_whatever_has_changed_the_report_equals_a_count_record_by_record(module, seed):
	random = Random(seed)
	site = reference.a_site(random)
	site.keep(module)
	before = site.parts_of(module)
	reference.change_documents(site, random)
	reference.add_documents(site, random)
	after = site.parts_of(module)
	noted = {
		name: frozenset(
			{row[0] for row in (rows - after[name]) + (after[name] - rows)}
			| {*random.sample(("2024-02", "Acme", ""), 1)}
		)
		for name, rows in before.items()
	}
	noted = {
		rollup.name: frozenset(part for part in noted[rollup.name] if _is_part(rollup, part))
		for rollup in module.ROLLUPS
	}
	for _ in range(3):
		filters = reference.kept_filters(random, module)
		reference.CHECKS[module](site.run(module, filters, kept=noted), site, filters)

	site.keep(module, noted)
	for _ in range(3):
		filters = reference.kept_filters(random, module)
		reference.CHECKS[module](site.run(module, filters, kept=fresh(module)), site, filters)


def _is_part(rollup, part):
	return rollup.parts == rollups.CLIENTS or not part or part[0] == "2"


def test_a_report_as_it_opens_reads_no_document():
	opened = {
		funnel: Filters(company="Alpha"),
		channels: Filters(company="Alpha", group_by=("channel",)),
		win_loss: Filters(company="Alpha", group_by=("responsible",)),
		income: Filters(company="Alpha", group_by=("program",)),
	}
	for module, filters in opened.items():
		reader = Reader(SQLLiteQuery, filters, kept=fresh(module))
		names = {rollup.name.split(".")[1] for rollup in module.ROLLUPS}
		for name, query in module.queries(reader, date(2024, 6, 1)).items():
			read = set(re.findall(r'FROM "tab([^"]+)"', query.get_sql()))
			if name == "overdue":  # yesterday was the last of a month
				assert read == {"Report Rollup"}
			elif name in names:
				assert read == {"Report Rollup"}, name


def test_a_reader_who_may_not_see_all_is_told_nothing_of_what_is_kept():
	some_rows = Restrict(rows=lambda doctype, table: table["responsible"] == "ann")
	for rollup in ALL:
		for doctype in rollup.reads:
			hidden = Restrict(hidden=frozenset({(doctype, "company")}))
			for restrict in (some_rows, hidden):
				reader = Reader(
					SQLLiteQuery, Filters(company="Alpha"), restrict, kept={rollup.name: frozenset()}
				)
				assert "Report Rollup" not in rollup.rows(reader).get_sql()


@pytest.mark.parametrize(
	"filters",
	[
		Filters(company="Alpha", region="North"),
		Filters(company="Alpha", group_by=("region",)),
		Filters(company="Alpha", group_by=("program", "partner")),
	],
)
def test_what_is_not_kept_is_read_from_the_documents(filters):
	reader = Reader(SQLLiteQuery, filters, kept=fresh(income))
	for name, query in income.queries(reader, reference.TODAY).items():
		is_kept = name == "all_clients" and not filters.region  # whatever they are grouped by
		assert ("Report Rollup" in query.get_sql()) is is_kept


def test_more_noted_parts_than_are_quick_to_read_are_not_read_one_by_one():
	months = [f"20{year}-{month:02d}" for year in (22, 23, 24) for month in range(1, 13)]
	for count, is_kept in ((24, True), (25, False)):
		kept = {income.CLAIMS.name: frozenset(months[:count])}
		reader = Reader(SQLLiteQuery, Filters(company="Alpha"), kept=kept)
		assert income.CLAIMS.is_kept_for(reader) is is_kept


def test_a_client_may_be_called_all():
	site = reference.Site()
	for client in ("all", "All", "Acme"):
		site.add(
			"Payout", company="Alpha", status="Paid", program="Bank", client=client, won_on=reference.TODAY
		)
	site.keep(income)
	for noted in ((), ("all",), ("Acme",)):
		kept = fresh(income) | dict.fromkeys((income.CLIENTS.name, income.ALL_CLIENTS.name), frozenset(noted))
		report = site.run(income, Filters(company="Alpha", group_by=("program",)), kept=kept)
		assert (report.rows[0]["clients"], report.totals["clients"]) == (3, 3)


def test_months_that_follow_each_other_are_one_span():
	assert [*rollups._spans(["2024-03", "2024-01", "2024-02", "", "2023-11"])] == [
		None,
		(date(2023, 11, 1), date(2023, 12, 1)),
		(date(2024, 1, 1), date(2024, 4, 1)),
	]
	assert [*rollups._spans(["9999-12"])] == [(date(9999, 12, 1), None)]


@pytest.mark.parametrize("Q", [SQLLiteQuery, MySQLQuery, PostgreSQLQuery])
def test_what_a_person_gives_is_only_ever_compared_with(Q):
	written = MARKER.replace("'", "''")
	for module in KEEPING:
		for rollup in module.ROLLUPS:
			chosen = {"company": MARKER} | ({rollup.by: MARKER} if rollup.by else {})
			parts = {MARKER} if rollup.parts == rollups.CLIENTS else {"2024-02"}
			reader = Reader(Q, Filters(**chosen), kept={rollup.name: frozenset(parts)})
			statement = rollup.rows(reader).get_sql()
			compared = len(re.findall(rf"""["`](?:=| IN \((?:'<all>',)?)'{re.escape(written)}'""", statement))
			assert statement.count(written) == compared > 0


def test_another_way_of_reckoning_is_another_definition():
	assert len({rollup.definition(MySQLQuery) for rollup in ALL}) == len(ALL)
	assert funnel.DEALS.definition(MySQLQuery) == funnel.DEALS.definition(MySQLQuery)


def test_every_column_that_a_sum_depends_on_leaves_a_note():
	"""They are listed; here they are read from the statements."""
	for rollup in ALL:
		statement = rollup.of_parts(MySQLQuery).get_sql()
		innermost = re.findall(
			r"\(SELECT ((?:(?!\(SELECT).)*?) FROM `tab([^`]+)`((?:(?!\(SELECT).)*?)\) `", statement
		)
		assert innermost, statement
		for told, doctype, where in innermost:
			if doctype == "Stage Change":
				continue  # written with the stages, companies and days of leads and deals, never changed by itself
			told = re.sub(r"(?<!\.) `[a-z_0-9]+`", "", told)  # names that are given
			read = set(re.findall(r"`([a-z_]+)`", f"{told} {where}")) - {"name"}
			assert read <= set(rollups.FACTS[doctype][rollup.changes]), rollup.name
