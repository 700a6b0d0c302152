from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_crm.rules.identity import normalise_tax_id, normalise_title, website_domain

DATA = Path(__file__).parent / "data"


def rows(name):
	with (DATA / name).open(encoding="utf-8", newline="") as source:
		return list(csv.DictReader(source))


TITLES = [(row["client"], row["title"]) for row in rows("identity_titles.csv")]
SITES = [(row["text"], row["expected"] or None) for row in rows("identity_sites.csv")]
TAX_IDS = [(row["text"], row["expected"] or None) for row in rows("identity_tax_ids.csv")]


def test_titles_of_one_company_meet_and_no_others():
	for (client, title), (other_client, other_title) in combinations(TITLES, 2):
		meet = bool(set(normalise_title(title)) & set(normalise_title(other_title)))

		assert meet == (client == other_client), (title, other_title)


@pytest.mark.parametrize("title", ["", "  ", "«»", "!!!", "🙂", "&"])
def test_a_title_without_letters_is_none(title):
	assert normalise_title(title) == ()


@given(
	st.text("абвгдеяъ xyz&", min_size=1, max_size=20), st.sampled_from(["ООО", "ТОО", "LLC", "GmbH", "شرکت"])
)
def test_a_legal_form_makes_no_difference(title, form):
	if normalise_title(title):
		assert normalise_title(f"{form} «{title}»") == normalise_title(title)
		assert normalise_title(f"{title}, {form}") == normalise_title(title)


@given(st.text(max_size=40))
def test_any_title_with_a_letter_or_digit_has_a_value(title):
	values = normalise_title(title)

	assert all(values)
	assert len(values) <= 2


@pytest.mark.parametrize(("text", "expected"), SITES)
def test_sites(text, expected):
	assert website_domain(text) == expected


@pytest.mark.parametrize(("text", "expected"), TAX_IDS)
def test_tax_ids(text, expected):
	assert normalise_tax_id(text) == expected


@given(st.text("0123456789ABCXYZ", min_size=5, max_size=14))
def test_a_normalised_tax_id_stays_as_it_is(signs):
	tax_id = normalise_tax_id(signs)

	assert tax_id is None or normalise_tax_id(tax_id) == tax_id
