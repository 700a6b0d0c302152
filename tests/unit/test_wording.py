"""Days, lists and charts are written as readers of each language expect them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from partner_crm.audit.findings import ProgramIncome
from partner_crm.audit.page import income_bars
from partner_crm.audit.wording import Wording

NEW_YEAR_OF_IRAN = date(2024, 3, 20)


@pytest.mark.parametrize(
	("lang", "day"),
	[
		("en", "20 Mar 2024"),
		("ru", "20.03.2024"),
		("bg", "20.03.2024"),
		("fa", "1403/01/01"),
		("xx", "20.03.2024"),
	],
)
def test_a_day_is_written_as_people_write_it(lang, day):
	assert Wording(lang).day(NEW_YEAR_OF_IRAN) == day


def test_no_day_is_nothing():
	assert {Wording(lang).day(None) for lang in ("en", "ru", "fa")} == {""}


@pytest.mark.parametrize(
	("lang", "listed"), [("en", "4, 24"), ("ru", "4, 24"), ("fa", "4، 24"), ("he", "4, 24")]
)
def test_a_list_has_the_comma_of_its_script(lang, listed):
	assert Wording(lang).rows((4, 24)) == listed


def test_a_list_leaves_out_what_is_not_known():
	assert Wording("en").listed(("Anna", None, "", "CRM")) == "Anna, CRM"


@pytest.mark.parametrize(
	("lang", "expected"),
	[("en", False), ("ru", False), ("fa", True), ("ar", True), ("he", True), ("xx", False)],
)
def test_the_direction_of_writing_is_that_of_the_language(lang, expected):
	assert Wording(lang).is_right_to_left is expected


def test_the_first_bar_stands_where_reading_begins():
	income = [_income("A", "0.6", "0.6"), _income("B", "0.4", "1")]
	from_the_left = [bar.x for bar in income_bars(income)]
	from_the_right = [bar.x for bar in income_bars(income, from_the_right=True)]
	assert from_the_left == sorted(from_the_left)
	assert from_the_right == from_the_left[::-1]


def _income(program: str, share: str, running_share: str) -> ProgramIncome:
	return ProgramIncome(program, 1, Decimal(1), Decimal(1), Decimal(share), Decimal(running_share))
