"""On any site, every report equals a count record by record."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pytest
import reports_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.reports import activity, channels, funnel, income, reconciliation, win_loss
from partner_crm.reports.filters import Filters

# A site of a dozen documents, forty times over, finds what a larger one would, and quicker.
MODEST = settings(max_examples=40, deadline=None)

# By seed: drawing each value from hypothesis takes longer than all reports together.
sites = st.integers(0, 2**32 - 1).map(lambda seed: reference.a_site(Random(seed)))


def filters(module):
	"""Any filters that the report can honour, over values that occur on the site."""
	values = {
		"company": reference.COMPANIES,
		"responsible": reference.PEOPLE,
		"channel": reference.CHANNELS,
		"program": reference.PROGRAMS,
		"partner": reference.PARTNERS,
		"region": reference.REGIONS,
		"source": ("google",),
		"direction": ("Payable", "Receivable"),
	}
	one_choice = st.sampled_from(
		[(name, value) for name in module.FILTERS for value in values[name] if value]
	)
	return st.builds(
		lambda choice, days, groups: Filters(
			**dict(choice), from_date=days[0], to_date=days[1], group_by=tuple(groups)
		),
		st.just(()) | one_choice.map(lambda choice: (choice,)),
		st.sampled_from([(None, None), (date(2024, 2, 5), date(2024, 4, 30)), (None, date(2024, 3, 1))]),
		st.lists(st.sampled_from(module.GROUPS), max_size=2, unique=True) if module.GROUPS else st.just(()),
	)


@MODEST
@given(site=sites, chosen=filters(funnel))
def test_funnel(site, chosen):
	report = site.run(funnel, chosen)
	counted = reference.funnel(site, chosen)
	if not counted and not chosen.group_by:
		assert all(row["now"] == row["entered"] == 0 for row in report.rows)
		return
	assert reference.by_key(report.rows, chosen, "stage") == counted
	assert report.totals["now"] == sum(row["now"] for row in counted.values())
	assert report.totals["amount"] == reference.add_up(counted.values(), "amount")
	assert report.totals["weighted"] == reference.add_up(counted.values(), "weighted")


@MODEST
@given(site=sites, chosen=filters(income))
def test_income(site, chosen):
	report = site.run(income, chosen)
	counted, overall = reference.income(site, chosen)
	running = [row["running_share"] for row in report.rows]
	rows = reference.by_key(
		({name: value for name, value in row.items() if name != "running_share"} for row in report.rows),
		chosen,
	)
	if counted or chosen.group_by:
		assert rows == counted
	totals = {name: report.totals[name] for name in overall}
	assert totals == overall
	amounts = [row["amount"] for row in report.rows]
	assert amounts == sorted(amounts, reverse=True)
	assert running == [
		reference.percent(sum(amounts[: place + 1], Decimal(0)), overall["amount"])
		for place in range(len(amounts))
	]


@MODEST
@given(site=sites, chosen=filters(channels))
def test_channels(site, chosen):
	report = site.run(channels, chosen)
	counted = reference.channels(site, chosen)
	assert reference.by_key(report.rows, chosen) == counted
	for name in ("leads", "mqls", "sqls", "won", "budgets", "revenue"):
		assert report.totals[name] == sum(row[name] for row in counted.values())


@MODEST
@given(site=sites, chosen=filters(win_loss))
def test_win_loss(site, chosen):
	report = site.run(win_loss, chosen)
	counted = reference.win_loss(site, chosen)
	if counted or chosen.group_by:
		assert reference.by_key(report.rows, chosen) == counted
	assert report.totals["won_amount"] == reference.add_up(counted.values(), "won_amount")
	assert report.totals["lost"] == sum(row["lost"] for row in counted.values())


@MODEST
@given(site=sites, chosen=filters(activity))
def test_activity(site, chosen):
	report = site.run(activity, chosen)
	counted = reference.activity(site, chosen)
	if chosen.group_by:
		assert reference.by_key(report.rows, chosen) == counted
		assert report.totals["deals"] == sum(row["deals"] for row in counted.values())
	else:
		assert sum(row["activity_status"] == "Active" for row in report.rows) == sum(
			row["active"] for row in counted.values()
		)
		assert report.totals["amount"] == reference.add_up(counted.values(), "amount")


@MODEST
@given(site=sites, chosen=filters(reconciliation))
def test_reconciliation(site, chosen):
	report = site.run(reconciliation, chosen)
	found = {(row["finding"], row["document"]) for row in report.rows}
	assert len(found) == len(report.rows)
	assert found == reference.reconciliation(site, chosen)


@pytest.mark.parametrize("module", [funnel, income, channels, activity, win_loss, reconciliation])
def test_empty_site(module):
	site = reference.Site()
	for groups in ((), module.GROUPS[:1]):
		report = site.run(module, Filters(group_by=groups))
		fieldnames = [column.fieldname for column in report.columns]
		assert len(set(fieldnames)) == len(fieldnames)
		assert all(set(row) == set(fieldnames) for row in (*report.rows, report.totals))
		assert all(not value for row in report.rows for name, value in row.items() if name != "stage")
