from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from client_base_files import DATA, column_name
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.client_base.columns import (
	FACTS,
	NO_FACT,
	NOT_OURS,
	WHOLE_ENTITY,
	Repeated,
	column_letters,
	recognise,
)
from partner_crm.client_base.words import key, shipped

with (DATA / "client_base_headings.csv").open(encoding="utf-8", newline="") as lines:
	HEADINGS = [(row["heading"], row["fact"]) for row in csv.DictReader(lines)]

with files("partner_crm").joinpath("rules/stage_fields.csv").open(encoding="utf-8", newline="") as lines:
	STAGE_FIELDS = [row for row in csv.DictReader(lines) if "|" not in row["field"]]

ENTITIES_RU = {"Contact": "Контакт", "Counterparty": "Контрагент", "Deal": "Сделка"}


def facts(headings, *rows):
	columns = recognise(headings, rows)
	return [columns.facts.get(index) for index in range(len(headings))]


@pytest.mark.parametrize(("heading", "fact"), HEADINGS)
def test_headings_that_people_use(heading, fact):
	# Beside a last name, "Имя" is the first name.
	assert facts([heading, "Фамилия" if fact == "Contact.first_name" else "Индекс"])[0] == (fact or None)


@pytest.mark.parametrize("row", STAGE_FIELDS, ids=lambda row: f"{row['entity']}.{row['field']}")
def test_every_field_of_the_stage_table_is_recognised_by_its_labels(row):
	fact = f"{row['entity']}.{row['field']}"
	english = f"{row['entity']} / {row['label_en']}"
	russian = f"{ENTITIES_RU[row['entity']]} / {row['label_ru']}"

	# Beside a last name, "Имя" is the first name.
	beside = "Фамилия" if row["field"] == "first_name" else "Индекс"
	assert facts([english, beside])[0] == facts([russian, beside])[0] == fact


def test_the_table_of_headings_is_sound():
	for line in shipped("columns.csv"):
		entity, _, field = line["fact"].partition(".")
		assert line["fact"] in FACTS or line["fact"] in (NO_FACT, NOT_OURS) or field == WHOLE_ENTITY, line
		assert entity in (NO_FACT, NOT_OURS) or any(fact.startswith(f"{entity}.") for fact in FACTS), line
		assert line["language"] in ("ru", "en", "bg", "fa") and key(line["heading"]), line


def test_every_fact_has_a_heading_in_russian_and_english():
	for language in ("ru", "en"):
		named = {line["fact"] for line in shipped("columns.csv") if line["language"] == language}
		assert set(FACTS) - named == set()


def test_what_is_not_understood_is_said_but_row_numbers_are_no_matter():
	columns = recognise(["№ п/п", "Имя", "Лунная\nфаза", "", "Адрес"], [[1.0, "Анна", "полная", "", ""]])

	assert columns.facts == {1: "Contact.full_name"}
	assert columns.unknown == ("Лунная фаза", "Адрес")


def test_a_name_is_the_first_name_only_beside_a_last_name():
	assert facts(["Имя"]) == ["Contact.full_name"]
	assert facts(["Имя", "Фамилия"]) == ["Contact.first_name", "Contact.last_name"]


@pytest.mark.parametrize(
	("heading", "cells", "fact"),
	[
		("Контакт", ["ivan@mail.ru", "+7 911 123-45-67"], "Contact.contacts"),
		("Контакт", ["Иван Петров", "Анна"], "Contact.full_name"),
		("Клиент", ["ООО Ромашка", "ТОО «Жулдыз»"], "Counterparty.title"),
		("Клиент", ["Иван Петров", "Анна"], "Contact.full_name"),
		("Клиент", [], "Contact.full_name"),
		("Оплачено", ["1500 руб.", 200.0], "Payout.paid_amount"),
		("Оплачено", ["да", "нет"], "Payout.status"),
		("", ["ivan@mail.ru", "anna@mail.ru", "-"], "Contact.email"),
		("Столбец1", ["ivan@mail.ru", "anna@mail.ru"], "Contact.email"),
		("Ящик", ["ivan@mail.ru", "anna@mail.ru"], "Contact.email"),
		("", ["ivan@mail.ru +7 911 123-45-67", "anna@mail.ru 8 912 765-43-21"], "Contact.contacts"),
		("", ["+7 911 123-45-67", 79127654321.0], "Contact.phone"),
		("Код товара", [79127654321.0, 79127654322.0], None),
		("", ["15.05.2024 10:30", "16.05.2024 10:30"], None),
		("", [], None),
	],
)
def test_cells_decide_where_the_heading_does_not(heading, cells, fact):
	assert facts([heading], *([cell] for cell in cells)) == [fact]


def test_phones_and_emails_of_several_columns_are_united_and_of_others_the_first_counts():
	columns = recognise(["Телефон", "Мобильный", "Статус", "Стадия", "Город", "Страна"])

	assert columns.facts == {
		0: "Contact.phone",
		1: "Contact.phone",
		2: "Deal.stage",
		4: "Counterparty.region",
	}
	assert columns.repeated == (Repeated(3, 2), Repeated(5, 4))


def test_a_heading_names_the_currency_of_its_column():
	columns = recognise(["Сумма (руб.)", "Выплата, тенге", "Potential value, $", "Имя"])

	assert columns.currencies == {0: "RUB", 1: "KZT", 2: "USD"}


def test_languages_of_the_headings():
	columns = recognise(["Имя клиента", "Телефон", "Статус", "Email"])

	assert max(columns.languages, key=columns.languages.get) == "ru"


@given(st.lists(st.text(max_size=30), max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_headings_give_columns_or_are_said_to_be_unknown(headings):
	columns = recognise(headings)

	assert set(columns.facts.values()) <= set(FACTS)
	assert len(columns.facts) + len(columns.unknown) + len(columns.repeated) <= len(headings)


@given(st.integers(0, 16383))
def test_letters_of_columns(index):
	assert column_letters(index) == column_name(index)
