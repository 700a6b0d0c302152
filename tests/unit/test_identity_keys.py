from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.rules.identity import (
	COMPANY_PAIRS,
	IDENTITY_FIELDS,
	PERSON_PAIRS,
	Company,
	IdentitySettings,
	PairKey,
	Person,
	clients_of,
	company_values,
	keys_of,
	matching_fields,
	person_values,
	shared_keys,
)

DATA = Path(__file__).parent / "data"
RUSSIA = IdentitySettings(country="RU")
BORN = date(1985, 3, 12)

# Few values, so that cards meet often; a value that begins with another, so that keys could run together.
values = st.fixed_dictionaries(
	{},
	optional={
		field: st.lists(st.sampled_from(["a", "b", "aa", "a1:b"]), min_size=1, max_size=3, unique=True).map(
			tuple
		)
		for field in IDENTITY_FIELDS
	},
)
pair_lists = st.lists(
	st.lists(st.sampled_from(IDENTITY_FIELDS), min_size=1, max_size=3, unique=True).map(tuple), max_size=4
)


def rows(name):
	with (DATA / name).open(encoding="utf-8", newline="") as source:
		return list(csv.DictReader(source))


def person_keys(person, identity=RUSSIA):
	return set(keys_of(person_values(person, identity), identity.person_pairs))


def company_keys(company, identity=RUSSIA):
	return set(keys_of(company_values(company, identity), identity.company_pairs))


@settings(max_examples=200)
@given(values, values, pair_lists)
def test_cards_match_along_a_pair_exactly_when_their_keys_intersect(one, other, pairs):
	matching = set(matching_fields(one, other))

	match = any(matching.issuperset(pair) for pair in pairs)
	assert match == bool(set(keys_of(one, pairs)) & set(keys_of(other, pairs)))


@given(values, values)
def test_every_two_fields_as_pairs_mean_two_or_more_match(one, other):
	pairs = tuple(combinations(IDENTITY_FIELDS, 2))

	assert (len(matching_fields(one, other)) >= 2) == bool(
		set(keys_of(one, pairs)) & set(keys_of(other, pairs))
	)


@given(st.lists(values, max_size=6), pair_lists)
def test_shared_keys_are_those_that_two_cards_or_more_have(cards, pairs):
	bearers = {}
	for position, card in enumerate(cards):
		for key in keys_of(card, pairs):
			bearers.setdefault(key, []).append(position)

	assert shared_keys(cards, pairs) == {
		key: positions for key, positions in bearers.items() if len(positions) > 1
	}


@given(st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=4, unique=True), max_size=6))
def test_a_client_is_all_the_cards_that_hang_together_and_is_called_by_the_first(groups):
	shared = {PairKey(("phone",), (str(place),)): sorted(group) for place, group in enumerate(groups)}
	expected = list(range(10))
	for _ in expected:
		for group in groups:
			first = min(expected[card] for card in group)
			for card in group:
				expected[card] = first

	assert clients_of(10, shared) == expected


@given(values, pair_lists)
def test_the_order_of_fields_and_pairs_changes_no_key(card, pairs):
	turned = [pair[::-1] for pair in reversed(pairs)]

	assert set(keys_of(card, pairs)) == set(keys_of(card, turned))
	assert len(set(keys_of(card, pairs))) == len(keys_of(card, pairs))


def test_keys_are_the_same_on_every_machine_and_in_every_version():
	card = {"full_name": ("ivan petrov",), "phone": ("+79111234567",)}

	(key,) = keys_of(card, PERSON_PAIRS)
	assert key == PairKey(("full_name", "phone"), ("ivan petrov", "+79111234567"))
	assert key.digest() == "5ef35fcbca9b669b25640eb4e757a274"


def test_digests_fit_a_data_column():
	card = {"tax_id": ("7" * 500,)}

	assert [len(key.digest()) for key in keys_of(card, COMPANY_PAIRS)] == [32]


@pytest.mark.parametrize("pair", [(), ("middle_name",), ("full_name", "partial_name")])
def test_a_pair_of_no_identity_field_is_refused(pair):
	with pytest.raises(ValueError, match="A pair must name one or more of full_name, phone, birth_date"):
		keys_of({}, [pair])


def test_one_person_meets_in_every_spelling_with_every_notation_of_his_number():
	notations = {
		row["text"]
		for row in rows("identity_phones.csv")
		if row["country"] == "RU" and row["expected"] == "+79111234567"
	}
	assert len(notations) >= 12
	for row in rows("identity_same_person.csv"):
		spelling = Person(
			full_name=row["full_name"], first_name=row["first_name"], last_name=row["last_name"]
		)
		for notation in notations:
			assert person_keys(replace(spelling, phones=(notation,))) & person_keys(
				Person("Ковальский Сергей", phones=("+79111234567",))
			)


def test_different_people_with_one_number_are_no_duplicates():
	people = [
		Person(row["name"], phones=("+7 911 123-45-67",)) for row in rows("identity_different_people.csv")
	]
	assert len(people) >= 40
	for one, other in combinations(people, 2):
		assert not person_keys(one) & person_keys(other), (one, other)


@pytest.mark.parametrize(
	("one", "other", "matching"),
	[
		(
			Person("Иванов Иван", phones=("8 911 123-45-67",)),
			Person(first_name="Ivan", middle_name="Petrovich", last_name="Ivanov", phones=("+79111234567",)),
			("full_name", "phone"),
		),
		(
			Person("Иванов Иван", birth_date=BORN),
			Person("Иван Иванов", birth_date=BORN),
			("full_name", "birth_date"),
		),
		(
			Person("Петрова Анна", phones=("89111234567", "89119999998"), birth_date=BORN),
			Person("Сидорова Анна", phones=("+7 911 999 99 98",), birth_date=BORN),
			("phone", "birth_date"),
		),
		(
			Person("Иванов Иван", emails=("IVAN@mail.ru",)),
			Person("Иван Иванов", emails=("x@mail.ru", "ivan@mail.ru")),
			("full_name", "email"),
		),
	],
)
def test_pairs_that_make_a_duplicate(one, other, matching):
	assert matching_fields(person_values(one, RUSSIA), person_values(other, RUSSIA)) == matching
	assert person_keys(one) & person_keys(other)


@pytest.mark.parametrize(
	("one", "other", "matching"),
	[
		(Person("Иванов Иван"), Person("Иван Иванов"), ("full_name",)),
		(Person("Иван", phones=("89111234567",)), Person("Иван", phones=("89111234567",)), ("phone",)),
		(
			Person(emails=("a@b.ru",), birth_date=BORN),
			Person(emails=("a@b.ru",), birth_date=BORN),
			("birth_date", "email"),
		),
		(
			Person("Иванов Иван", birth_date=date(1900, 1, 1)),
			Person("Иванов Иван", birth_date=date(1900, 1, 1)),
			("full_name",),
		),
		(
			Person("Иванов Иван", emails=("info@romashka.ru",)),
			Person("Иванов Иван", emails=("info@romashka.ru",)),
			("full_name",),
		),
		(
			Person("Иванов Иван", phones=("000000",), emails=("ivan",)),
			Person("Иванов Иван", phones=("000000",), emails=("ivan",)),
			("full_name",),
		),
	],
)
def test_what_makes_no_duplicate(one, other, matching):
	assert matching_fields(person_values(one, RUSSIA), person_values(other, RUSSIA)) == matching
	assert not person_keys(one) & person_keys(other)


def test_shared_values_of_the_settings_do_not_count_as_typed():
	identity = IdentitySettings(
		country="ru",
		placeholder_dates=frozenset({date(1980, 1, 1)}),
		shared_phones=frozenset({"8 (495) 123-45-67"}),
		shared_emails=frozenset({"Reception@Romashka.ru"}),
	)
	card = Person(
		"Иванов Иван",
		phones=("+7 495 123 45 67", "8 911 123-45-67"),
		emails=("reception@romashka.ru", "ivan@romashka.ru"),
		birth_date=date(1980, 1, 1),
	)

	assert person_values(card, identity) == {
		"full_name": ("ivan ivanov",),
		"phone": ("+79111234567",),
		"email": ("ivan@romashka.ru",),
	}


def test_an_empty_card_has_no_values_and_no_keys():
	assert person_values(Person(), RUSSIA) == {}
	assert company_values(Company(), RUSSIA) == {}
	assert keys_of({}, PERSON_PAIRS + COMPANY_PAIRS) == ()


def test_values_of_a_company():
	card = Company(
		titles=("ООО «Ромашка»", "Romashka LLC", "Romashka Trade"),
		tax_id="ИНН 7701234567",
		websites=("https://www.romashka.ru/about", "vk.com/romashka"),
		emails=("info@romashka.ru", "romashka@mail.ru", "sales@romashka.com"),
		phones=("8 (495) 123-45-67",),
	)

	assert company_values(card, RUSSIA) == {
		"title": ("romashka", "romashkatrade"),
		"tax_id": ("7701234567",),
		"domain": ("romashka.ru", "romashka.com"),
		"phone": ("+74951234567",),
	}


@pytest.mark.parametrize(
	("one", "other", "is_duplicate"),
	[
		(Company(("Ромашка",), tax_id="7701234567"), Company(("Лютик",), tax_id="ИНН 7701234567"), True),
		(
			Company(("Ромашка",), websites=("romashka.ru",)),
			Company(("Romashka LLC",), emails=("a@romashka.ru",)),
			True,
		),
		(
			Company(("Ромашка",), phones=("84951234567",)),
			Company(("РОМАШКА",), phones=("+7 495 123-45-67",)),
			True,
		),
		(
			Company(("A",), websites=("a.ru",), phones=("84951234567",)),
			Company(("B",), websites=("www.a.ru",), phones=("84951234567",)),
			True,
		),
		(Company(("Ромашка",)), Company(("Ромашка",)), False),
		(Company(("Ромашка",), emails=("a@mail.ru",)), Company(("Ромашка",), emails=("b@mail.ru",)), False),
		(Company(("Ромашка",), websites=("vk.com/a",)), Company(("Ромашка",), websites=("vk.com/b",)), False),
		(Company(("Ромашка",), tax_id="0000000000"), Company(("Лютик",), tax_id="0000000000"), False),
	],
)
def test_companies(one, other, is_duplicate):
	assert bool(company_keys(one) & company_keys(other)) == is_duplicate
