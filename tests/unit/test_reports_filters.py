from __future__ import annotations

from datetime import date, datetime

import pytest
from reports_reference import Site

from partner_crm.reports import activity, channels, funnel, income, reconciliation, segments, win_loss, work
from partner_crm.reports.filters import FilterError, Filters

MODULES = [funnel, income, channels, activity, win_loss, reconciliation, segments, work]


def test_read_leaves_out_what_is_blank_and_takes_iso_dates():
	assert Filters.read(
		{
			"company": "",
			"partner": None,
			"from_date": "2024-02-29",
			"to_date": datetime(2024, 3, 1, 12),
			"group_by": "channel",
		}
	) == Filters(from_date=date(2024, 2, 29), to_date=date(2024, 3, 1), group_by=("channel",))


def test_read_takes_several_groupings():
	assert Filters.read({"group_by": ["channel", "month"]}).group_by == ("channel", "month")


@pytest.mark.parametrize(
	("values", "message"),
	[
		(
			{"from_date": "2024-03-02", "to_date": "2024-03-01"},
			"The period ends on 2024-03-01, before it begins on 2024-03-02.",
		),
		({"from_date": "31.02.2024"}, "31.02.2024 is not a date. Write it as YYYY-MM-DD."),
		({"to_date": "2024-02-30"}, "2024-02-30 is not a date. Write it as YYYY-MM-DD."),
		({"group_by": ["month", "month"]}, "The report is grouped by month twice."),
		(
			{"group_by": "colour"},
			"A report can't be grouped by colour. It can be grouped by: month, day, company, responsible, channel, "
			"program, partner, region, source, medium, campaign, product_group, direction, stage, client, lost_reason, segment, "
			"card_doctype, kind, status.",
		),
		(
			{"color": "red"},
			"There is no filter color. The filters are: company, from_date, to_date, responsible, channel, program, "
			"partner, region, source, group_by, direction, card_doctype, kind, status, lowest_score, compare_with, "
			"precision.",
		),
	],
)
def test_what_cannot_be_meant_is_refused(values, message):
	with pytest.raises(FilterError) as refused:
		Filters.read(values)
	assert str(refused.value) == message


def test_the_period_includes_both_ends_and_may_be_one_day():
	site = Site()
	for day in (date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 2)):
		site.add("Partner Lead", stage="Cold Lead", registered_on=day)
	on = date(2024, 2, 1)
	assert site.run(funnel, Filters(from_date=on, to_date=on)).totals["now"] == 1
	assert site.run(funnel, Filters(from_date=on)).totals["now"] == 2


def test_a_report_refuses_a_grouping_it_does_not_have():
	with pytest.raises(FilterError) as refused:
		Site().run(reconciliation, Filters(group_by=("month",)))
	assert str(refused.value) == "This report can't be grouped by month. It can be grouped by: -."


def test_a_report_refuses_a_filter_it_cannot_honour():
	with pytest.raises(FilterError) as refused:
		Site().run(income, Filters(source="google"))
	assert str(refused.value) == (
		"This report can't be filtered by source. It can be filtered by: "
		"company, responsible, channel, program, partner, region, direction."
	)


@pytest.mark.parametrize("module", MODULES)
def test_every_advertised_grouping_and_filter_runs(module):
	site = Site()
	for name in module.GROUPS:
		site.run(module, Filters(group_by=(name,)))
	for name in module.FILTERS:
		assert site.run(module, Filters(**{name: "x"})).totals.keys()
