"""A report beside that of an earlier period."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pypika.dialects import SQLLiteQuery
from reports_reference import TODAY, Site

from partner_crm.reports import activity, channels, comparison, funnel, penalties, win_loss, work
from partner_crm.reports.filters import FilterError, Filters

PERIOD = {"from_date": date(2024, 5, 1), "to_date": date(2024, 5, 31)}


def compared(site, module, **filters):
	def fetch(query):
		return site.connection.execute(query.get_sql()).fetchall()

	filters = {"compare_with": "Previous Period", **PERIOD, **filters}
	return comparison.run(module, fetch, SQLLiteQuery, Filters(**filters), TODAY)


@pytest.mark.parametrize(
	("begins", "ends", "compare_with", "expected"),
	[
		("2024-03-01", "2024-03-31", "Previous Period", ("2024-02-01", "2024-02-29", 1)),
		("2024-01-01", "2024-03-31", "Previous Period", ("2023-10-01", "2023-12-31", 3)),
		("2024-03-01", "2024-03-30", "Previous Period", ("2024-01-31", "2024-02-29", None)),
		("2024-03-15", "2024-03-15", "Previous Period", ("2024-03-14", "2024-03-14", None)),
		("2025-02-01", "2025-02-28", "Previous Year", ("2024-02-01", "2024-02-29", 12)),
		("2024-02-29", "2024-03-10", "Previous Year", ("2023-02-28", "2023-03-10", None)),
		("2024-01-01", "2024-12-31", "Previous Year", ("2023-01-01", "2023-12-31", 12)),
	],
)
def test_the_earlier_period(begins, ends, compare_with, expected):
	begins, ends = date.fromisoformat(begins), date.fromisoformat(ends)
	found = comparison.earlier(Filters(from_date=begins, to_date=ends, compare_with=compare_with))
	filters = found.filters
	assert (str(filters.from_date), str(filters.to_date), found.months) == expected
	assert filters.compare_with is None


@pytest.mark.parametrize(
	("module", "filters", "message"),
	[
		(activity, {}, "This report lists documents, which can't be compared with those of another period."),
		(penalties, {}, "This report lists documents"),
		(
			win_loss,
			{"from_date": date(2024, 5, 2), "group_by": ("month",)},
			"A report by month can be compared",
		),
		(work, {"group_by": ("responsible", "day")}, "A report by day can be compared"),
		(win_loss, {"from_date": date(1, 1, 1), "to_date": date(1, 1, 31)}, "There is no earlier period"),
		(win_loss, {"from_date": None}, "To compare, say both ends of the period."),
		(win_loss, {"compare_with": "Tomorrow"}, "A report can't be compared with Tomorrow."),
	],
)
def test_what_cannot_be_compared_is_refused(module, filters, message):
	with pytest.raises(FilterError, match=message):
		compared(Site(), module, **filters)


@pytest.fixture
def site():
	site = Site()
	deal = {"stage": "Client", "base_amount": 100, "days_to_client": 4}
	site.add("Partner Deal", **deal, responsible="ann", won_on=date(2024, 5, 31))
	site.add("Partner Deal", **deal, responsible="ann", won_on=date(2024, 5, 1))
	site.add("Partner Deal", **deal, responsible="ann", won_on=date(2024, 4, 30))
	site.add("Partner Deal", **deal, responsible="gone", won_on=date(2024, 4, 1))
	site.add("Partner Deal", **deal, responsible="new", won_on=date(2024, 5, 9))
	site.add("Partner Deal", **deal, responsible="ann", won_on=date(2024, 3, 31))
	return site


def test_each_number_is_followed_by_what_it_was_and_how_it_changed(site):
	report = compared(site, win_loss, group_by=("responsible",))
	found = {
		row["responsible"]: (row["won"], row["won_before"], row["won_change"], row["won_amount_before"])
		for row in report.rows
	}
	assert found == {"ann": (2, 1, 100, 100), "new": (1, 0, None, 0), "gone": (0, 1, -100, 100)}
	totals = report.totals
	assert (totals["won"], totals["won_before"], totals["won_change"]) == (3, 2, 50)
	names = [column.fieldname for column in report.columns]
	place = names.index("won_amount")
	assert names[place : place + 3] == ["won_amount", "won_amount_before", "won_amount_change"]
	assert set(names) == set(report.rows[0]) == set(report.totals)
	assert "win_rate_before" in names and "win_rate_change" not in names


def test_a_row_that_is_only_earlier_has_every_value(site):
	report = compared(site, win_loss, group_by=("responsible",))
	gone = report.rows[-1]
	assert (gone["responsible"], gone["won_amount"], gone["average_won"]) == ("gone", Decimal(0), None)
	assert (gone["days_to_client_before"], gone["top_reason"]) == (4, None)


def test_months_are_laid_beside_each_other(site):
	period = {"from_date": date(2024, 4, 1), "to_date": date(2024, 5, 31)}
	report = compared(site, win_loss, group_by=("month",), **period)
	assert {row["month"]: (row["won"], row["won_before"]) for row in report.rows} == {
		"2024-04": (2, 0),
		"2024-05": (3, 1),
	}


def test_stages_are_laid_beside_each_other():
	site = Site()
	site.add("Partner Lead", stage="Cold Lead", registered_on=date(2024, 5, 5))
	site.add("Partner Lead", stage="MQL", registered_on=date(2024, 4, 5))
	rows = {row["stage"]: row for row in compared(site, funnel).rows}
	assert (rows["Cold Lead"]["now"], rows["Cold Lead"]["now_before"]) == (1, 0)
	assert (rows["MQL"]["now"], rows["MQL"]["now_before"]) == (0, 1)


def test_kinds_of_events_of_either_period_have_their_columns():
	site = Site()
	for kind, month in (("Call", "05"), ("Email", "04")):
		site.add("Client Interaction", kind=kind, responsible="ann", occurred_at=f"2024-{month}-07 10:00:00")
	(row,) = compared(site, work, group_by=("responsible",)).rows
	found = [row[name] for name in ("kind: Call", "kind: Call_before", "kind: Email", "kind: Email_before")]
	assert found == [1, 0, 0, 1]


def test_what_is_not_known_of_either_period_did_not_change(site):
	report = compared(site, channels, responsible="ann")
	assert [report.totals[f"cost{end}"] for end in ("", "_before", "_change")] == [None] * 3
