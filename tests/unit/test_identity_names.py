from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partner_crm.rules.identity import Names, normalise_name
from partner_crm.rules.identity.spelling import fold, skeleton, words

DATA = Path(__file__).parent / "data"


def rows(name):
	with (DATA / name).open(encoding="utf-8", newline="") as source:
		return list(csv.DictReader(source))


SAME_PERSON = rows("identity_same_person.csv")
MEETS = [(row["one"], row["other"]) for row in rows("identity_name_meets.csv")]
DIFFERENT = [row["name"] for row in rows("identity_different_people.csv")]
PARTIAL = [(row["full_name"], row["expected"]) for row in rows("identity_partial_names.csv")]

# Of four letters at least: shorter ones may be particles, which belong to the word that follows.
cyrillic_words = st.text("абвгдежзиклмнопрстуфхцчшыьэюя", min_size=4, max_size=12)
persian_words = st.text("ابپتجچحخدرزسشعفقکگلمنوهی", min_size=4, max_size=10)


def test_the_tables_are_large_enough_to_mean_something():
	assert len(SAME_PERSON) >= 40
	assert len(DIFFERENT) >= 40


@pytest.mark.parametrize("row", SAME_PERSON, ids=lambda row: row["why"])
def test_one_person_in_every_spelling(row):
	names = normalise_name(row["full_name"], row["first_name"], row["last_name"])

	assert "kovalski sergei" in names.full


@pytest.mark.parametrize(("one", "other"), MEETS)
def test_spellings_meet(one, other):
	assert set(normalise_name(one).full) & set(normalise_name(other).full)


def test_different_people_stay_apart():
	for one, other in combinations(DIFFERENT, 2):
		assert not set(normalise_name(one).full) & set(normalise_name(other).full), (one, other)


@pytest.mark.parametrize(("full_name", "expected"), PARTIAL)
def test_a_single_word_is_no_full_name(full_name, expected):
	assert normalise_name(full_name) == Names(partial=(expected,) if expected else ())


def test_a_line_of_three_words_is_read_in_each_way():
	assert normalise_name("Maria Garcia Lopez").full == (
		"lopez maria",
		"garcia maria",
		"garcialopez maria",
		"lopez mariagarcia",
	)


def test_fields_say_where_the_family_name_begins():
	assert normalise_name(first_name="Maria", last_name="Garcia Lopez").full == (
		"lopez maria",
		"garcia maria",
		"garcialopez maria",
	)


def test_the_first_word_is_never_a_patronymic():
	assert normalise_name("Абрамович Роман Аркадьевич").full == ("abramovich roman",)
	assert normalise_name("Иван Петрович").full == ("ivan petrovich",)


@given(st.lists(st.one_of(cyrillic_words, persian_words), min_size=2, max_size=2))
def test_order_and_case_make_no_difference(name):
	one, other = name

	assert normalise_name(f"{one} {other}") == normalise_name(f"{other.upper()},{one.title()}")


@given(cyrillic_words, cyrillic_words)
def test_yo_counts_as_ye(given_name, family_name):
	name = f"{given_name} {family_name}"

	assert normalise_name(name) == normalise_name(name.replace("е", "ё"))


@given(persian_words)
def test_persian_is_compared_letter_by_letter(word):
	assert skeleton(fold(word)) == word


@settings(max_examples=300)
@example("ıЀ")
@given(st.text(max_size=40))
def test_any_text_is_taken(text):
	names = normalise_name(text)

	assert all(len(name.split(" ")) == 2 for name in names.full)
	assert not (names.full and names.partial)
	assert words(fold(fold(text))) == words(fold(text))
