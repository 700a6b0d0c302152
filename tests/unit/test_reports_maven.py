"""The Maven sales pipeline, loaded as history: every figure equals one counted from the CSV alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from statistics import median

import maven
import pytest
from reports_reference import Site, half_up, part, percent

from partner_crm.reports import activity, channels, funnel, income, reconciliation, win_loss
from partner_crm.reports.filters import Filters


@pytest.fixture(scope="module")
def pipeline():
	return maven.pipeline()


@pytest.fixture(scope="module")
def site(pipeline):
	return maven.fill(Site(), pipeline)


def _grouped(deals, *fields):
	groups = defaultdict(list)
	for deal in deals:
		groups[tuple(deal[field] for field in fields)].append(deal)
	return groups


def _of(deals, stage):
	return [deal for deal in deals if deal["stage"] == stage]


def _value(deals):
	return sum((deal["value"] or Decimal(0) for deal in deals), Decimal(0))


def test_the_file_is_the_one_that_is_known(pipeline):
	counts = Counter(deal["stage"] for deal in pipeline)
	assert counts == {"Client": 4238, "Lost": 2473, "SQL": 1589, "Cold Lead": 500}
	assert _value(_of(pipeline, "Client")) == 10_005_534


def test_funnel(site, pipeline):
	report = site.run(funnel)
	rows = {row["stage"]: row for row in report.rows}
	assert {stage: row["now"] for stage, row in rows.items() if row["now"]} == {
		"Cold Lead": 500,
		"SQL": 1589,
		"Client": 4238,
		"Lost": 2473,
	}
	assert {stage: row["entered"] for stage, row in rows.items() if row["entered"]} == {
		"Cold Lead": 500,
		"SQL": 8300,
		"Client": 4238,
		"Lost": 2473,
	}
	assert rows["Client"]["amount"] == rows["Client"]["weighted"] == 10_005_534
	assert rows["SQL"]["entered_amount"] == 10_005_534
	assert rows["SQL"]["went_on"] == 4238
	assert rows["SQL"]["to_next"] == percent(4238, 8300)
	assert rows["SQL"]["lost"] == 2473
	assert rows["Client"]["conversion"] == percent(4238, 8800)
	days = [deal["days"] for deal in pipeline if deal["days"] is not None]
	assert rows["SQL"]["median_days"] == half_up(median(days), 2)
	assert report.totals["now"] == 8800


def test_funnel_of_a_cohort_by_agent(site, pipeline):
	first, last = date(2017, 1, 1), date(2017, 6, 30)
	report = site.run(funnel, Filters(from_date=first, to_date=last, group_by=("responsible",)))
	cohort = [deal for deal in pipeline if deal["began"] and first <= deal["began"] <= last]
	found = {
		row["responsible"]: (row["entered"], row["went_on"], row["lost"], row["median_days"])
		for row in report.rows
		if row["stage"] == "SQL"
	}
	assert found == {
		agent: (
			len(deals),
			len(_of(deals, "Client")),
			len(_of(deals, "Lost")),
			half_up(median(deal["days"] for deal in deals if deal["days"] is not None), 2),
		)
		for (agent,), deals in _grouped(cohort, "responsible").items()
	}


def test_income_by_programme_and_agent(site, pipeline):
	report = site.run(income, Filters(group_by=("program", "responsible")))
	won = _of(pipeline, "Client")
	found = {
		(row["program"], row["responsible"]): (
			row["clients"],
			row["payouts"],
			row["expected"],
			row["days_to_client"],
		)
		for row in report.rows
	}
	assert found == {
		key: (
			len({deal["counterparty"] or deal["name"] for deal in deals}),
			len(deals),
			_value(deals) * maven.REWARD,
			part(sum(deal["days"] for deal in deals), len(deals)),
		)
		for key, deals in _grouped(won, "product_group", "responsible").items()
	}
	assert report.totals["amount"] == Decimal("1000553.40")
	assert report.totals["clients"] == len({deal["counterparty"] or deal["name"] for deal in won})


def test_which_products_bring_80_percent(site, pipeline):
	report = site.run(income, Filters(group_by=("program",)))
	values = sorted(
		(_value(deals) for deals in _grouped(_of(pipeline, "Client"), "product_group").values()), reverse=True
	)
	assert [row["running_share"] for row in report.rows] == [
		percent(sum(values[: place + 1]), 10_005_534) for place in range(len(values))
	]
	needed = next(place for place in range(1, 8) if sum(values[:place]) * 100 >= 10_005_534 * 80)
	assert {figure.label: figure.value for figure in report.summary}["Rows that Bring 80 %"] == needed


def test_channels(site, pipeline):
	report = site.run(channels, Filters(group_by=("channel",)))
	found = {
		row["channel"]: (row["leads"], row["sqls"], row["won"], row["conversion"], row["revenue"])
		for row in report.rows
	}
	assert found == {
		office: (
			len(deals),
			sum(deal["stage"] != "Cold Lead" for deal in deals),
			len(_of(deals, "Client")),
			percent(len(_of(deals, "Client")), len(deals)),
			_value(_of(deals, "Client")),
		)
		for (office,), deals in _grouped(pipeline, "region").items()
	}


@pytest.mark.parametrize(
	("group", "field"), [("responsible", "responsible"), ("product_group", "product_group"), ("month", None)]
)
def test_win_loss(site, pipeline, group, field):
	report = site.run(win_loss, Filters(group_by=(group,)))
	groups = defaultdict(list)
	for deal in pipeline:
		if deal["closed"]:
			groups[deal[field] if field else deal["closed"].isoformat()[:7]].append(deal)
	found = {
		row[group]: (row["won"], row["lost"], row["win_rate"], row["won_amount"], row["days_to_client"])
		for row in report.rows
	}
	assert found == {
		key: (
			len(won := _of(deals, "Client")),
			len(_of(deals, "Lost")),
			percent(len(won), len(deals)),
			_value(won),
			part(sum(deal["days"] for deal in won), len(won)),
		)
		for key, deals in groups.items()
	}
	assert (report.totals["won"], report.totals["lost"]) == (4238, 2473)


def test_activity_by_office(site, pipeline):
	report = site.run(activity, Filters(group_by=("region",)))
	assert {row["region"]: (row["deals"], row["incorrect"]) for row in report.rows} == {
		office: (len(deals), len(deals))
		for (office,), deals in _grouped(_of(pipeline, "SQL"), "region").items()
	}
	assert report.totals["deals"] == 1589


def test_every_won_deal_has_its_payout(site):
	assert {row["finding"] for row in site.run(reconciliation).rows} == {"Won without Claim"}
