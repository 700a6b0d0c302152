from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_crm.rules.calendar import add_months

with (Path(__file__).parent / "data" / "add_months.csv").open(encoding="utf-8", newline="") as source:
	EXAMPLES = [
		(date.fromisoformat(row["day"]), int(row["months"]), date.fromisoformat(row["expected"]))
		for row in csv.DictReader(source)
	]

days = st.dates(date(1900, 1, 1), date(2200, 12, 31))
months = st.integers(-600, 600)


@pytest.mark.parametrize(("day", "count", "expected"), EXAMPLES)
def test_examples(day, count, expected):
	assert add_months(day, count) == expected


@given(days, months)
def test_lands_in_the_counted_month_on_the_same_day_or_the_last(day, count):
	result = add_months(day, count)

	assert (result.year * 12 + result.month) - (day.year * 12 + day.month) == count
	assert result.day == day.day or (result.day < day.day and (result + timedelta(1)).day == 1)


@given(days, days, months)
def test_keeps_the_order_of_days(one, other, count):
	earlier, later = sorted((one, other))

	assert add_months(earlier, count) <= add_months(later, count)


@pytest.mark.parametrize(("day", "count"), [(date.max, 1), (date.min, -1), (date(2024, 1, 1), 10**6)])
def test_refuses_to_leave_the_calendar(day, count):
	with pytest.raises(OverflowError, match="is outside the years 1 to 9999"):
		add_months(day, count)
