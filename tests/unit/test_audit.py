"""`partner-crm audit` as its user meets it: a file in, a report, a page, a workbook and an exit status out."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest
import python_calamine

from partner_crm.cli import CLEAN, FINDINGS, UNREADABLE, main

ROOT = Path(__file__).parents[2]
MAVEN = ROOT / "tests" / "data" / "maven"
EXAMPLES = ROOT / "examples"

HEADINGS = [
	"Дата",
	"Имя клиента",
	"Контакты",
	"Партнерка",
	"Статус",
	"Выплата",
	"Источник",
	"Ответственный",
	"Последний контакт",
	"Комментарий",
]
GOOD = "обсудили тариф на отдел, договорились созвониться в среду с расчётом"


@pytest.fixture(autouse=True)
def english(monkeypatch):
	for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
		monkeypatch.delenv(variable, raising=False)
	monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.fixture
def audit(tmp_path, capsys):
	"""Audits a table given as lists, and returns the exit status and the JSON."""

	def run(rows, *options, headings=HEADINGS):
		path = tmp_path / "clients.csv"
		with path.open("w", encoding="utf-8", newline="") as lines:
			csv.writer(lines).writerows([headings, *rows])
		status = main(["audit", str(path), "--json", "--today", "2024-09-30", *options])
		return status, json.loads(capsys.readouterr().out)

	return run


def client(**cells):
	row = {
		"Дата": "15.05.2024",
		"Имя клиента": "Иван Петров",
		"Контакты": "ivan@mail.ru +7 911 123-45-67",
		"Партнерка": "CRM-система",
		"Статус": "Клиент",
		"Выплата": "1500 руб.",
		"Источник": "сайт",
		"Ответственный": "Мария Орлова",
		"Последний контакт": "20.05.2024",
		"Комментарий": GOOD,
	} | cells
	return [row[heading] for heading in HEADINGS]


def test_clean_base(audit):
	status, found = audit([client()])
	assert status == CLEAN
	lists = (
		"duplicates",
		"possible_duplicates",
		"incomplete",
		"inactive",
		"penalties",
		"unpaid",
		"unknown_columns",
	)
	assert {key: found[key] for key in lists} == {key: [] for key in lists}
	assert found["rows"] == 1
	assert found["income"] == [
		{
			"program": "CRM-система",
			"clients": 1,
			"expected": 1500,
			"paid": 1500,
			"share": 1,
			"running_share": 1,
			"currency": "RUB",
		}
	]


def test_duplicate_in_another_spelling(audit):
	twice = client(**{"Имя клиента": "ПЕТРОВ  Иван", "Контакты": "8 (911) 123 45 67"})
	status, found = audit([client(), twice])
	assert status == FINDINGS
	assert found["duplicates"] == [{"rows": [2, 3], "fields": ["full_name", "phone"]}]
	assert found["possible_duplicates"] == []


def test_one_matching_field_is_no_duplicate(audit):
	status, found = audit(
		[client(), client(**{"Имя клиента": "Анна Волкова", "Контакты": "anna@mail.ru 8 (911) 123 45 67"})]
	)
	assert (status, found["duplicates"], found["possible_duplicates"]) == (CLEAN, [], [])


def test_possible_duplicate_says_why(audit):
	slip = client(**{"Имя клиента": "Иван Петоров", "Контакты": "+7 911 123-45-67"})
	status, found = audit([client(), slip])
	assert status == FINDINGS
	assert [row["rows"] for row in found["possible_duplicates"]] == [[2, 3]]
	assert found["possible_duplicates"][0]["reasons"] == [
		"The names are nearly the same.",
		"The phone numbers are the same.",
	]


def test_incomplete_names_every_missing_fact_at_once(audit):
	_status, found = audit([client(**{"Контакты": "", "Источник": "", "Дата": ""})])
	assert found["incomplete"] == [
		{
			"row": 2,
			"stage": "Client",
			"missing": [
				{"entity": "Contact", "field": "email|phone", "label": "Email and/or phone"},
				{"entity": "Deal", "field": "channel", "label": "Acquisition channel"},
				{"entity": "Deal", "field": "registered_on", "label": "Handed over on"},
			],
		}
	]


@pytest.mark.parametrize(
	("last", "comment", "quiet"),
	[
		("30.07.2024", GOOD, []),
		("29.07.2024", GOOD, ["2024-09-29"]),
		# A stub does not prolong: the clock runs from the day of registration.
		("20.09.2024", "перезвонить", ["2024-07-15"]),
		("", "", ["2024-07-15"]),
	],
)
def test_quiet_deals(audit, last, comment, quiet):
	_status, found = audit(
		[client(**{"Статус": "В работе", "Выплата": "", "Последний контакт": last, "Комментарий": comment})]
	)
	assert [row["active_until"] for row in found["inactive"]] == quiet


def test_penalties_name_rule_manager_and_day(audit):
	_status, found = audit([client(**{"Статус": "В работе", "Выплата": "", "Комментарий": "НД"})])
	assert found["penalties"] == [
		{
			"row": 2,
			"rule": "Deal Lapsed",
			"manager": "Мария Орлова",
			"violated_on": "2024-07-16",
			"amount": 0,
			"currency": None,
		},
		{
			"row": 2,
			"rule": "Stub Comment",
			"manager": "Мария Орлова",
			"violated_on": "2024-05-21",
			"amount": 0,
			"currency": None,
		},
	]


def test_client_without_payout(audit):
	status, found = audit(
		[client(), client(**{"Имя клиента": "Анна Волкова", "Контакты": "anna@mail.ru", "Выплата": ""})]
	)
	assert status == FINDINGS
	assert found["unpaid"] == [{"row": 3, "program": "CRM-система", "client": "Анна Волкова"}]


def test_income_is_shared_out_largest_first(audit):
	rows = [
		client(
			**{
				"Имя клиента": f"Клиент {letter}",
				"Контакты": f"{letter}@mail.ru",
				"Партнерка": program,
				"Выплата": payout,
			}
		)
		for letter, program, payout in (
			("a", "Банк", "600"),
			("b", "Хостинг", "100"),
			("c", "Банк", "200"),
			("d", "Курсы", "100"),
		)
	]
	_status, found = audit(rows)
	shares = [
		(row["program"], row["clients"], row["paid"], row["share"], row["running_share"])
		for row in found["income"]
	]
	assert shares == [("Банк", 2, 800, 0.8, 0.8), ("Курсы", 1, 100, 0.1, 0.9), ("Хостинг", 1, 100, 0.1, 1)]


def test_sums_are_in_one_currency(audit):
	other = client(**{"Имя клиента": "Анна Волкова", "Контакты": "anna@mail.ru", "Выплата": "100 USD"})
	_status, found = audit([client(), other])
	assert found["income"][0]["paid"] == 1500
	assert "Payouts in USD are left out of the sums, which are in RUB. Rows: 1." in [
		row["message"] for row in found["problems"]
	]


def test_what_has_no_column_is_said_once_and_not_judged(audit):
	rows = [["Иван Петров", "ivan@mail.ru", "В работе"], ["Анна Волкова", "anna@mail.ru", "В работе"]]
	status, found = audit(rows, headings=["Имя", "Email", "Статус"])
	assert (status, found["incomplete"], found["inactive"], found["unpaid"], found["income"]) == (
		CLEAN,
		[],
		[],
		[],
		[],
	)
	messages = [row["message"] for row in found["problems"]]
	assert "There is no column for the last contact, so activity and penalties are not judged." in messages
	assert "There is no column for payouts, so unpaid clients and income are not judged." in messages
	assert len([message for message in messages if "Acquisition channel" in message]) == 1


def test_unknown_columns_are_told(audit):
	_status, found = audit([[*client(), "xyz"]], headings=[*HEADINGS, "Любимый цвет кота"])
	assert found["unknown_columns"] == ["Любимый цвет кота"]


def test_a_deal_number_makes_a_row_a_deal(audit):
	headings = ["ID сделки", "Имя", "Телефон", "Статус"]
	rows = [["1", "Иван Петров", "89111234567", "Новый"], ["2", "Иван Петров", "89111234567", "Новый"]]
	assert audit(rows, headings=headings)[1]["duplicates"] == []
	rows[1][1] = "Петров Иван"
	assert audit(rows, headings=headings)[1]["duplicates"] == [
		{"rows": [2, 3], "fields": ["full_name", "phone"]}
	]


def test_funnel_counts_every_stage_passed(audit):
	rows = [
		client(**{"Имя клиента": f"Клиент {n}", "Контакты": f"k{n}@mail.ru", "Статус": status})
		for n, status in enumerate(["Новый", "В работе", "Клиент", "Отказ"])
	]
	_status, found = audit(rows)
	counted = [(row["stage"], row["entered"], row["now"], row["conversion"]) for row in found["funnel"]]
	assert counted == [
		("Cold Lead", 4, 1, 1),
		("Handed Over", 2, 1, 0.5),
		("Client", 1, 1, 0.25),
		("Unqualified", 1, 1, 0.25),
	]


# The Maven data set: a real pipeline with its master lists beside it


@pytest.fixture(scope="module")
def maven():
	import contextlib
	import io

	with contextlib.redirect_stdout(io.StringIO()) as out:
		status = main(["audit", str(MAVEN / "sales_pipeline.csv"), "--json", "--today", "2018-01-15"])
	return status, json.loads(out.getvalue())


def test_maven_funnel(maven):
	status, found = maven
	assert (status, found["rows"]) == (FINDINGS, 8800)
	now = {row["stage"]: row["now"] for row in found["funnel"] if row["now"]}
	assert now == {"Cold Lead": 500, "SQL": 1589, "Client": 4238, "Lost": 2473}
	won = next(row for row in found["funnel"] if row["stage"] == "Client")
	assert Decimal(str(won["amount"])) == 10_005_534


def test_maven_rows_without_an_account(maven):
	without = [
		row
		for row in maven[1]["incomplete"]
		if {"Counterparty"} & {missing["entity"] for missing in row["missing"]}
	]
	assert len(without) == 1425


def test_maven_misspelt_product_is_told_once(maven):
	assert [row["message"] for row in maven[1]["problems"] if row["row"]] == [
		"sales_pipeline.csv, row 3, column “product”: “GTXPro” is not in products.csv; it is probably a misspelling of “GTX Pro”. "
		"Rows that have it: 1480."
	]


def test_maven_says_what_it_cannot_judge(maven):
	_status, found = maven
	assert (found["duplicates"], found["possible_duplicates"], found["inactive"], found["unpaid"]) == (
		[],
		[],
		[],
		[],
	)
	notes = [row["message"] for row in found["problems"] if row["is_note"]]
	assert notes[:2] == [
		"There is no column for the last contact, so activity and penalties are not judged.",
		"There is no column for payouts, so unpaid clients and income are not judged.",
	]


# What is written


@pytest.mark.parametrize("name", ["partner_ru.csv", "agency_en.xlsx", "clients_fa.xlsx", "clients_bg.csv"])
def test_examples_are_understood(name, tmp_path, capsys):
	status = main(["audit", str(EXAMPLES / name), "--today", "2024-09-30", "--out", str(tmp_path)])
	out = capsys.readouterr().out
	assert status == FINDINGS
	assert "Columns not understood" not in out
	assert sorted(path.suffix for path in tmp_path.iterdir()) == [".html", ".xlsx"]


def test_page_stands_alone_and_escapes_the_file(tmp_path, capsys):
	path = tmp_path / "clients.csv"
	evil = "<script>alert(1)</script>"
	path.write_text(
		f"Имя,Email,Партнерка,Статус,Выплата\n{evil} Петров,a@mail.ru,{evil},Клиент,100\n", encoding="utf-8"
	)
	main(["audit", str(path), "--today", "2024-09-30", "--out", str(tmp_path)])
	page = (tmp_path / "clients-audit.html").read_text(encoding="utf-8")
	assert evil not in page
	assert "&lt;script&gt;" in page
	assert not any(mark in page for mark in ("http://", "https://", "src=", "@import", "url("))


def test_workbook_hands_every_row_back(tmp_path, capsys):
	path = tmp_path / "clients.csv"
	path.write_text(
		"Имя,Телефон,Имя,Сумма\nИван Петров,89111234567,=1+1,10\nПетров Иван,+7 911 123-45-67,,NaN\nАнна,,x,5\n",
		encoding="utf-8",
	)
	main(["audit", str(path), "--today", "2024-09-30", "--out", str(tmp_path)])
	sheet = python_calamine.CalamineWorkbook.from_path(
		str(tmp_path / "clients-audit.xlsx")
	).get_sheet_by_index(0)
	heading, *rows = sheet.to_python()
	assert heading[:5] == ["Row", "Имя", "Телефон", "Имя (2)", "Сумма"]
	assert [row[:5] for row in rows] == [
		[2.0, "Иван Петров", "89111234567", "=1+1", "10"],
		[3.0, "Петров Иван", "+7 911 123-45-67", "", "NaN"],
		[4.0, "Анна", "", "x", "5"],
	]
	assert [row[heading.index("Clients entered twice")] for row in rows] == [
		"Row 3: The same: name, phone",
		"Row 2: The same: name, phone",
		"",
	]


def test_json_alone_writes_nothing(tmp_path, capsys, monkeypatch):
	monkeypatch.chdir(tmp_path)
	main(["audit", str(EXAMPLES / "clients_bg.csv"), "--json", "--today", "2024-09-30"])
	assert list(tmp_path.iterdir()) == []


def test_without_out_a_folder_is_made_beside_you(tmp_path, capsys, monkeypatch):
	monkeypatch.chdir(tmp_path)
	main(["audit", str(EXAMPLES / "clients_bg.csv"), "--today", "2024-09-30"])
	assert sorted(path.name for path in (tmp_path / "clients_bg-audit").iterdir()) == [
		"clients_bg-audit.html",
		"clients_bg-audit.xlsx",
	]


# What cannot be read


@pytest.mark.parametrize(
	("name", "content"),
	[
		("missing.xlsx", None),
		("empty.csv", b""),
		("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(200)),
		("noise.xls", bytes(range(256)) * 8),
		("broken.xlsx", b"PK\x03\x04" + bytes(100)),
		("nothing.csv", b"\x00\x00\x00\x00"),
	],
)
def test_unreadable_files_say_so_in_one_sentence(tmp_path, capsys, name, content):
	path = tmp_path / name
	if content is not None:
		path.write_bytes(content)
	assert main(["audit", str(path), "--today", "2024-09-30", "--out", str(tmp_path / "out")]) == UNREADABLE
	captured = capsys.readouterr()
	assert captured.out == ""
	assert name in captured.err
	assert len(captured.err.strip().splitlines()) == 1
	assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [["--today", "31.12.2024"], ["--country", "Narnia"], []])
def test_wrong_options_are_told(capsys, options):
	with pytest.raises(SystemExit) as stopped:
		main(["audit", *options])
	assert stopped.value.code == UNREADABLE
	assert "Traceback" not in capsys.readouterr().err
