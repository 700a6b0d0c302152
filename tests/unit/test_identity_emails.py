from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.rules.identity import (
	BIRTH_DATE_IN_FUTURE,
	BIRTH_DATE_TOO_LONG_AGO,
	birth_date_error,
	normalise_email,
)

with (Path(__file__).parent / "data" / "identity_emails.csv").open(encoding="utf-8", newline="") as source:
	EXAMPLES = [(row["text"], row["expected"] or None) for row in csv.DictReader(source)]

TODAY = date(2026, 2, 28)


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_examples(text, expected):
	assert normalise_email(text) == expected


@settings(max_examples=40)
@given(st.emails())
def test_case_and_company_make_no_difference(email):
	found = normalise_email(email)

	assert normalise_email(f"Ivan Petrov <{email.upper()}>") == normalise_email(email.lower())
	if found:
		assert normalise_email(found) == found


@given(st.text(max_size=30))
def test_nothing_without_a_domain_is_an_address(text):
	found = normalise_email(text)

	assert found is None or "." in found.partition("@")[2]


@pytest.mark.parametrize(
	("birth_date", "expected"),
	[
		(date(2026, 2, 28), None),
		(date(2026, 3, 1), BIRTH_DATE_IN_FUTURE),
		(date(1985, 3, 12), None),
		(date(1901, 1, 1), None),
		(date(1899, 12, 31), BIRTH_DATE_TOO_LONG_AGO),
		(date(1900, 1, 1), None),
		(date(1015, 3, 12), BIRTH_DATE_TOO_LONG_AGO),
	],
)
def test_birth_dates(birth_date, expected):
	assert birth_date_error(birth_date, TODAY) == expected


def test_a_placeholder_is_no_error():
	assert birth_date_error(date(1800, 1, 1), TODAY, {date(1800, 1, 1)}) is None
