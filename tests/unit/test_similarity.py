from __future__ import annotations

import csv
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.rules.identity import (
	COMPANY_PAIRS,
	PERSON_PAIRS,
	Company,
	IdentitySettings,
	Person,
	clients_of,
	company_values,
	matching_fields,
	person_values,
	shared_keys,
)
from partner_crm.rules.similarity import LINKED, REASONS, Reason, Similar, find_similar

with (Path(__file__).parent / "data" / "identity_similar.csv").open(encoding="utf-8", newline="") as source:
	EXAMPLES = list(csv.DictReader(source))

IRAN = IdentitySettings(country="IR")
RUSSIA = IdentitySettings(country="RU")


def person(name="", phone="", born="", email="", identity=RUSSIA):
	return person_values(
		Person(
			name,
			phones=(phone,) if phone else (),
			emails=(email,) if email else (),
			birth_date=date.fromisoformat(born) if born else None,
		),
		identity,
	)


def company(title, **fields):
	return company_values(Company((title,), **fields), RUSSIA)


def codes(similar):
	return [reason.code for reason in similar.reasons]


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["why"])
def test_examples(row):
	identity = IRAN if row["phone"].startswith("0912") else RUSSIA
	cards = [
		person(row["name"], row["phone"], row["born"], identity=identity),
		person(row["other_name"], row["other_phone"], row["other_born"], identity=identity),
	]

	assert bool(find_similar(cards)) == (row["similar"] == "yes")


def test_a_finding_says_why():
	cards = [
		person("Ковальский Сергей", "+7 911 123-45-67", "1985-03-12"),
		person("Иван Петров", "+7 921 000-11-22", "1970-04-05"),
		person("Ковальксий Сергей", "+7 911 123-45-68", "1985-12-03"),
	]

	(similar,) = find_similar(cards)

	assert (similar.a, similar.b) == (0, 2)
	assert codes(similar) == ["full_name_near", "phone_near", "birth_date_near"]
	assert 0.9 < similar.score < 1


def test_every_reason_has_a_sentence():
	fields = ("full_name", "phone", "birth_date", "email", "title", "domain", "tax_id")
	agreements = ("same", "near", "different")

	assert set(REASONS) == {f"{field}_{agreement}" for field in fields for agreement in agreements} | {
		"full_name_partly",
		LINKED,
	}


def test_more_agreement_scores_higher():
	card = person("Ковальский Сергей", "+7 911 123-45-67", "1985-03-12")
	weaker = person("Ковальксий Сергей", "", "1985-03-12")
	stronger = person("Ковальксий Сергей", "+7 911 123-45-68", "1985-03-12")

	assert find_similar([card, weaker])[0].score < find_similar([card, stronger])[0].score


def test_the_threshold_bounds_the_scores():
	cards = [
		person("Ковальский Сергей", "+7 911 123-45-67", "1985-03-12"),
		person("Ковальксий Сергей", "", "1985-03-12"),
	]
	(similar,) = find_similar(cards)

	assert find_similar(cards, threshold=similar.score) == [similar]
	assert find_similar(cards, threshold=similar.score + 0.001) == []


def test_duplicates_by_rule_are_left_to_the_rule():
	cards = [person("Иван Петров", "89111234567"), person("Петров Иван", "+7 911 123-45-67")]

	assert find_similar(cards) == []
	assert find_similar(cards, pairs=()) == [
		Similar(
			0, 1, find_similar(cards, pairs=())[0].score, (Reason("full_name_same"), Reason("phone_same"))
		)
	]


def test_what_resembles_a_card_resembles_its_duplicates():
	cards = [
		person("Мария Соколова", "+7 911 123-45-67", "1985-03-12"),
		person("Мария Соколова", "+7 905 765-43-21", "1985-03-12"),
		person("Мария Соколва", "+7 905 765-43-21"),
	]

	near, linked = sorted(find_similar(cards), key=lambda similar: -similar.score)

	assert (near.a, near.b, codes(near)) == (1, 2, ["full_name_near", "phone_same"])
	assert (linked.a, linked.b, linked.reasons) == (0, 2, (Reason(LINKED, 1),))
	assert linked.score == round(near.score * 0.9, 3)


def test_cards_that_a_third_makes_one_are_linked_through_it():
	cards = [
		person("Мария Соколова", "+7 911 123-45-67"),
		person("Мария Соколова", "+7 911 123-45-67", "1985-03-12"),
		person("Мария Соколова", "", "1985-03-12"),
	]

	assert find_similar(cards) == [Similar(0, 2, 0.9, (Reason(LINKED, 1),))]


def test_a_shared_number_proves_less_the_more_share_it():
	def staff(size):
		return [person(f"{name} Петренко", "+7 495 123-45-67") for name in NAMES[:size]]

	assert len(find_similar(staff(2))) == 1
	assert find_similar(staff(12)) == []


def test_two_established_names_are_no_slip():
	# Three sisters Мария and three Марина elsewhere in the file: both are names.
	strangers = [
		person(f"{given_name} {family_name}", f"+7 921 {index}23-45-67")
		for index, (given_name, family_name) in enumerate(
			[("Мария", "Белова"), ("Мария", "Чернова"), ("Марина", "Зайцева"), ("Марина", "Волкова")]
		)
	]
	sisters = [
		person("Мария Соколова", "+7 911 123-45-67", "1985-03-12"),
		person("Марина Соколова", "+7 911 123-45-67", "1991-08-30"),
	]

	assert find_similar(sisters + strangers) == []


def test_one_field_however_often_repeated_is_no_flood():
	deals = [company(title) for title in ("Cancity", "Isdom", "Cancityy", "Codehow") for _ in range(2200)]

	assert find_similar(deals, COMPANY_PAIRS) == []


def test_a_number_on_every_card_is_no_flood():
	cards = [person(f"{name} {other}", "+7 495 123-45-67") for name, other in combinations(NAMES, 2)]

	assert len(find_similar(cards)) < len(cards)


def test_equal_cards_without_a_pair_are_reported_once_each():
	cards = [person("Мария", "+7 911 123-45-67")] * 3

	assert [(similar.a, similar.b) for similar in find_similar(cards)] == [(0, 1), (0, 2), (1, 2)]


def test_many_equal_cards_are_each_named_without_a_flood():
	cards = [person("Мария", "+7 911 123-45-67")] * 1000

	found = find_similar(cards)

	assert len(found) == 999
	assert {position for similar in found for position in (similar.a, similar.b)} == set(range(1000))


def test_companies():
	cards = [
		company("ООО «Ромашка»", phones=("8 495 123-45-67",)),
		company("Рамашка", phones=("+7 495 123-45-67",)),
		company("Лютик", phones=("+7 495 123-45-67",)),
		company("Фиалка", tax_id="7701234567"),
		company("ЗАО Фиалка", tax_id="7701234576"),
		company("Василёк", websites=("vasilek.ru",)),
		company("Василек+", websites=("www.vasilek.ru/shop",)),
	]

	assert [(similar.a, similar.b, codes(similar)) for similar in find_similar(cards, COMPANY_PAIRS)] == [
		(0, 1, ["phone_same", "title_near"]),
		(3, 4, ["title_same", "tax_id_near"]),
		(5, 6, ["title_near", "domain_same"]),
	]


def test_a_number_that_lost_its_prefix():
	cards = [
		person("Иван Петров", "+7 911 123-45-67"),
		person("Иван Петров", "9111234567", identity=IdentitySettings()),
	]

	assert [codes(similar) for similar in find_similar(cards)] == [["full_name_same", "phone_near"]]


def test_e_mail_addresses():
	cards = [
		person("Иван Петров", email="ivan.petrov@mail.ru"),
		person("Иван Петров", email="ivan.petrv@mail.ru"),
		person("Иван Петров", email="ivan.petrov1@mail.ru"),
		person("Иван Сидоров", email="sidorov1@mail.ru"),
		person("Иван Сидоров", email="sidorov2@mail.ru"),
	]

	assert [(similar.a, similar.b) for similar in find_similar(cards)] == [(0, 1)]


def test_progress_ends_with_all_steps_done():
	steps = []
	find_similar([person("Иван Петров")] * 3, progress=lambda done, total: steps.append((done, total)))

	assert [done for done, _ in steps] == list(range(1, len(steps) + 1))
	assert {total for _, total in steps} == {len(steps)}


cards_of_few_values = st.lists(
	st.builds(
		person,
		st.sampled_from(["Мария Соколова", "Мария Соколва", "Мария", "Иван Петров", "Иван Г. Петров", ""]),
		st.sampled_from(["+79111234567", "+79111234568", "+79057654321", ""]),
		st.sampled_from(["1985-03-12", "1985-12-03", "1991-08-30", ""]),
	),
	max_size=9,
)


@settings(max_examples=150)
@given(cards_of_few_values)
def test_findings_are_ordered_distinct_and_never_duplicates_by_rule(cards):
	found = find_similar(cards)
	pairs = [(similar.a, similar.b) for similar in found]

	assert pairs == sorted(set(pairs))
	for similar in found:
		assert similar.a < similar.b
		assert 0.5 <= similar.score <= 1
		matching = set(matching_fields(cards[similar.a], cards[similar.b]))
		assert not any(matching.issuperset(pair) for pair in PERSON_PAIRS)


@given(cards_of_few_values)
def test_nothing_changes_for_who_asked_already_who_is_one_client(cards):
	client_of = clients_of(len(cards), shared_keys(cards, PERSON_PAIRS))

	assert find_similar(cards, client_of=client_of) == find_similar(cards)


@settings(max_examples=100)
@given(cards_of_few_values, st.randoms(use_true_random=False))
def test_the_order_of_the_cards_changes_no_finding(cards, random):
	order = list(range(len(cards)))
	random.shuffle(order)

	def pairs(found, position):
		return {(frozenset((position[similar.a], position[similar.b])), similar.score) for similar in found}

	assert pairs(find_similar([cards[index] for index in order]), order) == pairs(
		find_similar(cards), range(len(cards))
	)


def test_few_strangers_in_a_large_file_are_taken_for_one():
	"""Twenty thousand people with names as frequent as in life, and two hundred of them written twice."""
	random = Random(1)
	cards, truth = strangers_and_slips(random, 20_000, 200)

	found = {(similar.a, similar.b) for similar in find_similar(cards)}

	assert len(found & truth) >= 0.95 * len(truth)
	assert len(found - truth) <= 20


NAMES = (
	"Анна",
	"Борис",
	"Вера",
	"Глеб",
	"Дарья",
	"Егор",
	"Жанна",
	"Инна",
	"Кирилл",
	"Лидия",
	"Максим",
	"Нина",
)


def strangers_and_slips(random, size, twice):
	syllables = [consonant + vowel for consonant in "bdgklmnprstvz" for vowel in "aeiou"]

	def invented(count, lengths):
		return ["".join(random.choices(syllables, k=random.choice(lengths))) for _ in range(count)]

	def by_frequency(names):
		return random.choices(names, [1 / (rank + 3) for rank in range(len(names))], k=size)

	given_names, family_names = by_frequency(invented(300, (2, 3))), by_frequency(invented(20_000, (2, 3, 4)))
	cards = [
		{
			"full_name": (" ".join(sorted(name)),),
			"phone": (f"+79{random.randrange(10**9):09}",),
			"birth_date": ((date(1950, 1, 1) + timedelta(random.randrange(20_000))).isoformat(),),
		}
		for name in zip(given_names, family_names, strict=True)
	]
	truth = set()
	for position in random.sample(range(size), twice):
		card = dict(cards[position])
		one, other = card["full_name"][0].split()
		card["full_name"] = (f"{one} {other[:-2]}{other[-1]}",)
		digits = card["phone"][0]
		card["phone"] = (f"{digits[:5]}{9 - int(digits[5])}{digits[6:]}",)
		truth.add((position, len(cards)))
		cards.append(card)
	return cards, truth
