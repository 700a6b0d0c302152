from __future__ import annotations

import csv
import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from client_base_files import DATA, text, xlsx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_crm.client_base import UnreadableFile, read
from partner_crm.client_base.country import guess_country
from partner_crm.client_base.problems import SENTENCES, Problem
from partner_crm.client_base.reader import Reference
from partner_crm.client_base.references import check_references

TODAY = date(2024, 10, 1)


def base(tmp_path: Path, contents: str, **options):
	return read(text(tmp_path / "base.csv", contents), today=TODAY, **options)


def facts(tmp_path: Path, contents: str, **options) -> list[dict]:
	return [record.facts for record in base(tmp_path, contents, **options).records()]


def messages(client_base) -> list[str]:
	for _ in client_base.records():
		pass
	return [problem.message for problem in client_base.problems]


def test_the_table_of_the_guide(tmp_path):
	client_base = base(
		tmp_path,
		"Дата\tИмя клиента\tКонтакты\tПартнерка\tСтатус\tВыплата\n"
		"15.05.2024\tИван Петров\tivan@mail.ru +7 911 123-45-67\tCRM-система\tКлиент\t1500 руб.\n",
	)

	(record,) = client_base.records()
	assert record.row == 2
	assert record.facts == {
		"Deal.registered_on": date(2024, 5, 15),
		"Contact.full_name": "Иван Петров",
		"Contact.phone": ("+7 911 123-45-67",),
		"Contact.email": ("ivan@mail.ru",),
		"Deal.program": "CRM-система",
		"Deal.stage": "Client",
		"Deal.track": "Referral",
		"Payout.amount": Decimal(1500),
		"Payout.currency": "RUB",
	}
	assert (client_base.country, client_base.unknown_columns, client_base.problems) == ("RU", (), [])
	assert client_base.columns == {
		"Deal.registered_on",
		"Contact.full_name",
		"Contact.contacts",
		"Contact.phone",
		"Contact.email",
		"Deal.program",
		"Deal.stage",
		"Payout.amount",
	}


def test_a_pipeline_of_8800_deals_with_its_master_lists(tmp_path):
	"""The shape of a real export: months first, two ways to write one product, rows without an account."""
	random.seed(1)
	products = ["GTX Basic", "GTX Pro", "MG Special"]
	lines = ["opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"]
	for number in range(8800):
		product = "GTXPro" if number % 6 == 0 else random.choice(products)
		stage = ("Won", "Lost", "Engaging", "Prospecting")[number % 4]
		engaged = f"{random.randint(1, 12)}/{random.randint(1, 28)}/2016" if stage != "Prospecting" else ""
		closed, value = (
			("3/1/2017", "1054") if stage == "Won" else ("3/2/2017", "0") if stage == "Lost" else ("", "")
		)
		lines.append(f"{number:08X},Moses Frase,{product},,{stage},{engaged},{closed},{value}")
	text(
		tmp_path / "products.csv",
		"product,series,sales_price\n" + "\n".join(f"{name},X,5" for name in products),
	)

	client_base = base(tmp_path, "\n".join(lines))
	records = list(client_base.records())

	stages = [record.facts["Deal.stage"] for record in records]
	assert [stages.count(stage) for stage in ("Client", "Lost", "SQL", "Cold Lead")] == [2200] * 4
	assert sum(record.facts.get("Deal.amount", 0) for record in records) == 2200 * 1054
	assert {record.facts["Deal.track"] for record in records} == {"Own Sale"}
	assert records[0].facts["Deal.closed_on"] == date(2017, 3, 1)
	assert [problem.message for problem in client_base.problems] == [
		"base.csv, row 2, column “product”: “GTXPro” is not in products.csv; it is probably a misspelling of “GTX Pro”. "
		"Rows that have it: 1467."
	]


def test_the_same_clients_from_every_kind_of_workbook():
	for name in ("client_base.xls", "client_base.ods"):
		client_base = read(DATA / name, today=TODAY)
		records = {record.row: record.facts for record in client_base.records()}

		assert client_base.problems == []
		assert {row: found["Deal.registered_on"] for row, found in records.items()} == {
			5: date(2024, 5, 15),
			6: date(2024, 5, 16),
			7: date(2024, 6, 1),
		}
		assert records[5]["Contact.phone"] == ("79111234567",)
		assert [found["Deal.stage"] for found in records.values()] == ["Client", "Handed Over", "Unqualified"]
		assert records[7]["Payout.amount"] == Decimal("250.5")


def test_facts_have_the_types_of_the_app(tmp_path):
	(found,) = facts(
		tmp_path,
		"Имя;Фамилия;Телефон;Моб. телефон;Email;ЛПР;Тендер;Категория;Интерес;Тип контакта;Статус выплаты;Сумма, тг;Валюта;"
		"Дата рождения;Год основания;ИНН;Комментарий;Комментарий 2;Телеграм;Скайп;Лунная фаза\n"
		"Анна;Орлова;8 911 123-45-67;+7 912 1;a@b.ru, c@d.ru;да;нет;В;тёплый;Созвон;выплачено;1 000;USD;"
		'01.02.85;1996;7707083893;"Первая\nстрока";вторая;@anna;anna.o;полная\n',
	)

	assert found == {
		"Contact.first_name": "Анна",
		"Contact.last_name": "Орлова",
		"Contact.phone": ("8 911 123-45-67", "+7 912 1"),
		"Contact.email": ("a@b.ru", "c@d.ru"),
		"Contact.pcrm_is_decision_maker": "Yes",
		"Deal.is_tender": "No",
		"Counterparty.category": "B",
		"Deal.interest": "Warm",
		"Interaction.kind": "Call",
		"Payout.status": "Paid",
		"Deal.amount": Decimal(1000),
		"Deal.currency": "USD",
		"Contact.pcrm_birth_date": date(1985, 2, 1),
		"Counterparty.founded_on": date(1996, 1, 1),
		"Counterparty.tax_id": "7707083893",
		"Deal.comment": "Первая\nстрока\nвторая",
		"Contact.pcrm_messenger": "@anna, anna.o",
		"Deal.track": "Own Sale",
	}


def test_empty_facts_are_not_there(tmp_path):
	assert facts(tmp_path, "Имя;Email;Сумма;Статус;Канал\nАнна;-;—;?;n/a\n") == [
		{"Contact.full_name": "Анна", "Deal.track": "Own Sale"}
	]


# Stages and tracks


@pytest.mark.parametrize(
	("headings", "row", "stage", "track"),
	[
		("Имя;Партнерка;Статус", "Анна;Банк;В работе", "Handed Over", "Referral"),
		("Имя;Партнерка;Статус", "Анна;;В работе", "Handed Over", "Referral"),
		("Имя;Партнерка;Партнер;Статус", "Анна;Банк;Орлов;В работе", "SQL", "Own Sale"),
		("Имя;Услуга;Статус", "Анна;Аудит;В работе", "SQL", "Own Sale"),
		("Имя;Услуга;Статус", "Анна;Аудит;Отказ", "Unqualified", "Own Sale"),
		("Имя;Сумма;Статус", "Анна;0;Отказ", "Unqualified", "Own Sale"),
		("Имя;Сумма;Статус", "Анна;500;Отказ", "Lost", "Own Sale"),
		("Имя;Статус;Дата закрытия", "Анна;Отказ;01.02.2024", "Lost", "Own Sale"),
		("Имя;Партнерка;Сумма;Статус", "Анна;Банк;500;Отказ", "Unqualified", "Referral"),
	],
)
def test_the_stage_goes_by_the_track_of_the_row(tmp_path, headings, row, stage, track):
	other = "Пётр" + ";Банк" * headings.count("Партнерка")

	(found, *_) = facts(tmp_path, f"{headings}\n{row}\n{other}\n")

	assert (found["Deal.stage"], found["Deal.track"]) == (stage, track)


def test_a_column_of_programmes_that_is_empty_makes_no_referral(tmp_path):
	(found,) = facts(tmp_path, "Имя;Партнерка;Статус\nАнна;;В работе\n")

	assert found["Deal.track"] == "Own Sale"


def test_the_reason_of_a_refusal_goes_with_how_the_row_ended(tmp_path):
	found = facts(tmp_path, "Имя;Сумма;Статус;Причина отказа\nАнна;;Отказ;дорого\nПётр;5;Отказ;долго\n")

	assert [row.get("Deal.disqualification_reason") for row in found] == ["дорого", None]
	assert [row.get("Deal.lost_reason") for row in found] == [None, "долго"]


def test_an_unknown_status_is_told_once_with_its_rows(tmp_path):
	client_base = base(tmp_path, "Имя;Статус\nАнна;На Луне\nПётр;Клиент\nОля;на  Луне\nЮля;На Луне\n")

	assert messages(client_base) == [
		"base.csv, row 2, column “Статус”: The status “На Луне” is not known. Rows that have it: 2.",
		"base.csv, row 4, column “Статус”: The status “на Луне” is not known. Rows that have it: 1.",
	]


# Dates


def test_dates_in_three_orders_in_one_file(tmp_path):
	client_base = base(
		tmp_path,
		"Name,Created,Close date,Last contact\n"
		"Anna,05/15/2024,15.06.2024,2024-07-15\n"
		"Peter,03/04/2024,03.04.2024,2024-03-04\n",
	)

	assert [
		[record.facts[fact] for fact in ("Deal.registered_on", "Deal.closed_on", "Interaction.occurred_at")]
		for record in client_base.records()
	] == [
		[date(2024, 5, 15), date(2024, 6, 15), date(2024, 7, 15)],
		[date(2024, 3, 4), date(2024, 4, 3), date(2024, 3, 4)],
	]
	assert client_base.problems == []


def test_both_orders_in_one_column_name_the_rows_that_can_not_be_settled(tmp_path):
	client_base = base(
		tmp_path, "Имя;Дата\nАнна;15/05/2024\nПётр;05/15/2024\nОля;03/04/2024\nЮля;04/04/2024\n"
	)

	assert messages(client_base) == [
		"base.csv, row 4, column “Дата”: “03/04/2024” can be read as day/month or as month/day, "
		"and the column has dates of both kinds."
	]
	assert [record.facts.get("Deal.registered_on") for record in client_base.records()] == [
		date(2024, 5, 15),
		date(2024, 5, 15),
		None,
		date(2024, 4, 4),
	]


def test_dates_that_nothing_decides_go_by_the_country_or_are_told_once(tmp_path):
	contents = "Name,Created\nAnna,03/04/2024\nPeter,05/06/2024\n"

	nowhere = base(tmp_path, contents)
	assert [record.facts["Deal.registered_on"] for record in nowhere.records()] == [
		date(2024, 4, 3),
		date(2024, 6, 5),
	]
	assert [problem.code for problem in nowhere.problems] == ["date_order_assumed"]

	america = base(tmp_path, contents, country="US")
	assert [record.facts["Deal.registered_on"] for record in america.records()] == [
		date(2024, 3, 4),
		date(2024, 5, 6),
	]
	assert america.problems == []


def test_persian_short_dates_begin_with_the_year(tmp_path):
	(found,) = facts(tmp_path, "نام مشتری,تاریخ\nعلی,۰۳/۰۲/۲۶\n")

	assert found["Deal.registered_on"] == date(2024, 5, 15)


# What bad input gets


@pytest.mark.parametrize(
	("heading", "cell", "sentence"),
	[
		("Дата рождения", "31.02.1990", "There is no such day as “31.02.1990”."),
		("Дата рождения", "02.10.2024", "The birth date “02.10.2024” is in the future."),
		("Дата рождения", "01.01.1899", "“01.01.1899” can't be the birth date of a client."),
		("Дата", "завтра", "“завтра” is not a date."),
		("Телефон", "позвонить", "“позвонить” has no digits of a phone number."),
		(
			"Телефон",
			"7,91112E+10",
			"The phone number “7,91112E+10” was saved as a rounded number, so its last digits are lost.",
		),
		(
			"Email",
			"ivan@mail",
			"“ivan@mail” is not an e-mail address: it needs a name, an @ and a domain such as mail.com.",
		),
		(
			"Контакты",
			"8 911 123-45-67 ivan@",
			"“8 911 123-45-67 ivan@” is not an e-mail address: it needs a name, an @ and a domain such as mail.com.",
		),
		("Сумма", "-500 руб.", "The amount “-500 руб.” is negative."),
		("Выплата", "(500)", "The amount “(500)” is negative."),
		("Выплата", "NaN", "“NaN” is not a number that money can be counted in."),
		("Сумма", "inf", "“inf” is not a number that money can be counted in."),
		("Сумма", "=1+1", "“=1+1” is not an amount of money."),
		("ЛПР", "возможно", "“возможно” is neither Yes nor No."),
		("Категория", "Ж", "“Ж” is none of A, B, C. Rows that have it: 1."),
		("Валюта", "ракушки", "The currency “ракушки” is not known. Rows that have it: 1."),
	],
)
def test_bad_cells_name_file_row_and_column(tmp_path, heading, cell, sentence):
	client_base = base(tmp_path, f"Имя;{heading}\nАнна;{cell}\n")

	assert messages(client_base) == [f"base.csv, row 2, column “{heading}”: {sentence}"]
	assert [record.facts["Contact.full_name"] for record in client_base.records()] == ["Анна"]


def test_problems_in_a_workbook_name_the_sheet_too(tmp_path):
	path = xlsx(
		tmp_path / "base.xlsx", Клиенты=[["Имя", "Сумма"], ["Анна", -5]], Архив=[["Имя", "Сумма"], ["Оля", 5]]
	)
	client_base = read(path, today=TODAY)

	assert messages(client_base) == [
		"base.xlsx, sheet “Архив”: This sheet has the same headings and was not read; name it to have it read.",
		"base.xlsx, sheet “Клиенты”, row 2, column “Сумма”: The amount “-5” is negative.",
	]
	assert messages(read(path, "Архив", today=TODAY)) == []


def test_columns_and_rows_that_were_not_taken_are_told(tmp_path):
	client_base = base(
		tmp_path,
		"Имя;Статус;Стадия;Фаза Луны\nАнна;Клиент;Новый;полная;;ещё\nИмя;Статус;Стадия;Фаза Луны\n;;;новая\nИтого;;;\n",
	)

	assert client_base.unknown_columns == ("Фаза Луны",)
	assert messages(client_base) == [
		"base.csv, column “Стадия”: This column says the same as the column “Статус”, which stands before it; only that one was read.",
		"base.csv, row 4: Nothing in this row stands in a column that was understood, so the row was left out.",
		"base.csv, row 2: This row has more cells than there are headings, so its values may stand in wrong columns. Rows like this: 1.",
		"base.csv, row 3: The headings are repeated here, which is no client; such rows skipped: 1.",
	]
	assert [record.facts for record in client_base.records()] == [
		{"Contact.full_name": "Анна", "Deal.stage": "Client", "Deal.track": "Own Sale"}
	]
	assert list(client_base.rows()) == [
		(2, ["Анна", "Клиент", "Новый", "полная"]),
		(4, ["", "", "", "новая"]),
	]


def test_problems_are_found_anew_each_time(tmp_path):
	client_base = base(tmp_path, "Имя;Сумма;Статус\nАнна;-5;На Луне\n")

	assert messages(client_base) == messages(client_base) and len(client_base.problems) == 2


def test_a_problem_is_told_in_the_readers_language():
	problem = Problem("amount_negative", "base.xlsx", "A", 5, "Сумма", {"value": "-5"})
	russian = {
		"sheet “{sheet}”": "лист «{sheet}»",
		"row {row}": "строка {row}",
		"column “{column}”": "столбец «{column}»",
		"The amount “{value}” is negative.": "Сумма «{value}» отрицательна.",
	}

	assert (
		problem.text(russian.__getitem__)
		== "base.xlsx, лист «A», строка 5, столбец «Сумма»: Сумма «-5» отрицательна."
	)


def test_every_sentence_is_a_sentence():
	assert all(sentence.endswith(".") and sentence[0] in "“TDRSN" for sentence in SENTENCES.values())


@pytest.mark.parametrize(
	("contents", "message"),
	[
		(
			"Фаза Луны;Прилив\nполная;5\n",
			"Nothing in base.csv could be understood as data of clients; its headings are “Фаза Луны”, “Прилив”.",
		),
		("1;2\n3;4\n", "Nothing in base.csv could be understood as data of clients, and it has no headings."),
	],
)
def test_a_table_about_something_else_can_not_be_read(tmp_path, contents, message):
	with pytest.raises(UnreadableFile) as refused:
		base(tmp_path, contents)

	assert str(refused.value) == message


def test_headings_without_clients_are_an_empty_base(tmp_path):
	assert facts(tmp_path, "Имя;Статус\n") == []


def test_invisible_characters_emoji_and_right_to_left_marks_break_nothing(tmp_path):
	(found,) = facts(
		tmp_path,
		"\ufeffИмя\u200b;\u202bСтатус\u202c;Email;Дата;Комментарий\n"
		"\u200fАнна\u00a0 Орлова\ufeff;✅ Клиент;\u200eanna@mail.ru\u200b;\u206815.05.2024\u2069;👍🏽 ok \x07\r\n",
	)

	assert found == {
		"Contact.full_name": "Анна Орлова",
		"Deal.stage": "Client",
		"Deal.track": "Own Sale",
		"Contact.email": ("anna@mail.ru",),
		"Deal.registered_on": date(2024, 5, 15),
		"Deal.comment": "👍🏽 ok",
	}


def test_long_comments_are_kept_whole(tmp_path):
	(found,) = facts(tmp_path, f"Имя;Комментарий\nАнна;{'ю' * 10_000}\n")

	assert found["Deal.comment"] == "ю" * 10_000


cells = st.one_of(
	st.sampled_from(
		[
			"",
			"15.05.2024",
			"-5",
			"NaN",
			"a@b",
			"+7 911 123-45-67",
			"Клиент",
			"да",
			"=1+1",
			"1 500 ₽",
			"Итого",
			"\0",
		]
	),
	st.text(st.characters(min_codepoint=0xA0, exclude_categories=("Cs",)), max_size=12),
)


@given(st.lists(st.lists(cells, min_size=8, max_size=8), max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_give_records_and_sentences(tmp_path, rows):
	path = tmp_path / "any.csv"
	with path.open("w", encoding="utf-8", newline="") as target:
		writer = csv.writer(target)
		writer.writerow(["Имя", "Дата", "Телефон", "Email", "Контакты", "Статус", "Сумма", "ЛПР"])
		writer.writerows(rows)
	client_base = read(path, today=TODAY)

	records = list(client_base.records())
	assert all(value not in (None, "", ()) for record in records for value in record.facts.values())
	assert len(records) <= len(list(client_base.rows()))
	assert all(message.startswith("any.csv, ") for message in messages(client_base))


# The country


@pytest.mark.parametrize(
	("languages", "currencies", "phones", "country"),
	[
		({"ru": 5, "bg": 2}, [], [], "RU"),
		({"bg": 5}, ["EUR"], [], "BG"),
		({"fa": 5}, ["IRT"], ["0912 300 00 00"], "IR"),
		({"ru": 5}, ["KZT"], ["8 701 111 22 33"], "KZ"),
		({"ru": 5}, ["RUB", "KZT"], [], "RU"),
		({"ru": 5}, ["USD"], ["+998 90 123 45 67", "+998 90 123 45 68", "8 911"], "UZ"),
		({"ru": 5}, [], ["+998 90 123 45 67", "8 911 1", "8 911 2"], "RU"),
		({"en": 5}, ["USD"], ["(202) 555-1037"], None),
		({"en": 5}, [], ["+1 202 555 1037"], "US"),
		({}, [], ["+", "+0"], None),
	],
)
def test_the_country_goes_by_phones_then_money_then_language(languages, currencies, phones, country):
	assert guess_country(languages, currencies, phones) == country


def test_a_given_country_is_not_guessed(tmp_path):
	assert base(tmp_path, "Имя;Статус\nАнна;Клиент\n", country="KZ").country == "KZ"


# Master lists


def test_values_that_a_list_does_not_have_are_told_in_the_order_of_their_rows():
	products = Reference("products.csv", 0, frozenset({"GTX Pro", "GTX Basic", "MG Special", "GTK 500"}))
	counts = {
		"GTX Pro": (5, 2),
		"GTX Basic": (1, 3),
		"Unheard of": (1, 9),
		"GTXPro": (1480, 4),
		"MG Special": (1, 8),
	}

	assert check_references(counts, products) == [
		("GTXPro", 1480, 4, "GTX Pro"),
		("Unheard of", 1, 9, None),
	]


def test_a_list_that_knows_less_than_half_of_the_values_is_another_table():
	assert (
		check_references({"a": (1, 2), "b": (1, 3), "c": (1, 4)}, Reference("x.csv", 0, frozenset({"a"})))
		== []
	)
