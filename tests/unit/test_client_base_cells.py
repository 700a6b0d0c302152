from __future__ import annotations

import csv
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from time import process_time

import pytest
from client_base_files import DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.client_base.cells import (
	BadCell,
	Contacts,
	is_email,
	parse_contacts,
	parse_date,
	parse_emails,
	parse_money,
	parse_phones,
	parse_yes_no,
	settle_orders,
)
from partner_crm.client_base.problems import SENTENCES
from partner_crm.client_base.statuses import parse_stage


def table(name: str) -> list[dict[str, str]]:
	with (DATA / name).open(encoding="utf-8", newline="") as lines:
		return list(csv.DictReader(lines))


def said(read, *cell, **options):
	"""What a reader makes of a cell: the value, or the code of what is wrong with it."""
	try:
		return read(*cell, **options)
	except BadCell as bad:
		assert bad.code in SENTENCES
		return bad.code


# Dates


@pytest.mark.parametrize(
	("text", "day"), [(row["text"], row["day"]) for row in table("client_base_dates.csv")]
)
def test_dates(text, day):
	expected = date.fromisoformat(day) if re.fullmatch(r"\d{4}-\d\d-\d\d", day) else day or None

	assert said(parse_date, text) == expected


@pytest.mark.parametrize(
	("cell", "day"),
	[
		(date(2024, 5, 15), date(2024, 5, 15)),
		(datetime(2024, 5, 15, 23, 59), date(2024, 5, 15)),
		(45427.0, date(2024, 5, 15)),
		(45427.999, date(2024, 5, 15)),
		(date(1899, 12, 31), None),
		(date(9999, 1, 1), "date_impossible"),
		(1.0, "not_a_date"),
		(True, "not_a_date"),
		(time(10, 0), "not_a_date"),
		(timedelta(1), "not_a_date"),
	],
)
def test_dates_of_typed_cells(cell, day):
	assert said(parse_date, cell) == day


def test_the_order_of_a_column_decides_what_can_be_read_in_two_ways():
	assert parse_date("03/04/2024", {"/": "mdy"}) == date(2024, 3, 4)
	assert parse_date("03/04/2024", {"/": "dmy"}) == date(2024, 4, 3)
	assert said(parse_date, "03/04/2024", {"/": "unsettled"}) == "date_ambiguous"
	assert parse_date("04/04/2024", {"/": "unsettled"}) == date(2024, 4, 4)
	assert parse_date("25/04/2024", {"/": "unsettled"}) == date(2024, 4, 25)
	assert parse_date("03.04.2024", {"/": "mdy"}) == date(2024, 4, 3)
	assert parse_date("03/02/26", {"/": "ymd"}) == date(2024, 5, 15)


def test_a_birth_year_of_two_digits_is_in_the_past():
	assert parse_date("15.05.30", latest=date(2024, 1, 1)) == date(1930, 5, 15)
	assert parse_date("15.05.04", latest=date(2024, 1, 1)) == date(2004, 5, 15)


def test_a_year_alone_is_its_first_day_only_where_that_is_asked():
	assert parse_date("1996", year_alone=True) == parse_date(1996.0, year_alone=True) == date(1996, 1, 1)
	assert said(parse_date, 1996.0) == "not_a_date"


@given(
	st.dates(date(1930, 1, 1), date(2068, 12, 31)),
	st.sampled_from(
		["%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%Y/%m/%d", "%d %B %Y", "%Y%m%d", "%d.%m.%Y %H:%M"]
	),
)
@settings(max_examples=100)
def test_every_day_is_read_back_from_the_usual_ways_to_write_it(day, form):
	assert parse_date(day.strftime(form)) == day


@given(st.text(max_size=40))
@settings(max_examples=150)
def test_no_text_breaks_a_reader(text):
	for read in (parse_date, parse_money, parse_phones, parse_emails, parse_yes_no, parse_contacts):
		said(read, text)


@pytest.mark.parametrize(
	"text", ["1" * 10_000, "1 " * 5_000 + "a", "a" * 10_000 + "@", "a-" * 5_000, "@" * 10_000, "." * 10_000]
)
def test_long_texts_are_read_in_no_time(text):
	started = process_time()
	for read in (parse_date, parse_money, parse_phones, parse_emails, parse_contacts):
		said(read, text)

	assert process_time() - started < 2


# The order of dates in a file


def test_one_certain_date_decides_for_its_column():
	orders, assumed = settle_orders({0: ["03/04/2024", "10/20/2016"], 1: ["03/04/2024", "25/04/2024"]})

	assert (orders, assumed) == ({0: {"/": "mdy"}, 1: {"/": "dmy"}}, {})


def test_a_column_with_no_certain_date_goes_by_the_others():
	orders, assumed = settle_orders({0: ["10/20/2016"], 1: ["03/04/2024"], 2: ["03-04-2024"]})

	assert orders == {0: {"/": "mdy"}, 1: {"/": "mdy"}, 2: {"-": "dmy"}}
	assert assumed == {2: "03-04-2024"}


def test_others_that_disagree_decide_nothing():
	orders, assumed = settle_orders({0: ["10/20/2016"], 1: ["20/10/2016"], 2: ["03/04/2024"]}, "mdy")

	assert (orders[2], assumed) == ({"/": "mdy"}, {2: "03/04/2024"})


def test_points_are_never_american():
	assert settle_orders({0: ["03.04.2024"]}, "mdy") == ({0: {".": "dmy"}}, {})


def test_a_column_of_both_orders_is_unsettled_but_a_slip_is_a_slip():
	both = ["20/10/2016", "10/20/2016", "03/04/2024"]
	slip = [f"{day}/01/2024" for day in range(13, 32)] + ["10/20/2016"]

	assert settle_orders({0: both})[0] == {0: {"/": "unsettled"}}
	assert settle_orders({0: slip})[0] == {0: {"/": "dmy"}}


def test_separators_of_one_column_are_settled_one_by_one():
	orders, _ = settle_orders({0: ["20.10.2016", "10/20/2016", "2024-05-15"]})

	assert orders == {0: {".": "dmy", "/": "mdy"}}


# Amounts


@pytest.mark.parametrize("row", table("client_base_money.csv"), ids=lambda row: row["text"])
def test_amounts(row):
	if row["amount"] in SENTENCES:
		assert said(parse_money, row["text"]) == row["amount"]
	elif not row["amount"]:
		assert parse_money(row["text"]) is None
	else:
		assert parse_money(row["text"]) == (Decimal(row["amount"]), row["currency"] or None)


@pytest.mark.parametrize(
	("cell", "amount"),
	[
		(1500.0, Decimal(1500)),
		(1500, Decimal(1500)),
		(0.1 + 0.2, Decimal("0.3")),
		(-5.5, Decimal("-5.5")),
		(float("nan"), "amount_not_finite"),
		(float("-inf"), "amount_not_finite"),
		("NaN", "amount_not_finite"),
		(1e30, "not_an_amount"),
		(True, "not_an_amount"),
		(date(2024, 5, 15), "not_an_amount"),
	],
)
def test_amounts_of_typed_cells(cell, amount):
	found = said(parse_money, cell)

	assert found == (amount if isinstance(amount, str) else (amount, None))


@given(
	st.decimals(0, 10**12, places=2),
	st.sampled_from([(" ", ","), ("\u00a0", "."), (",", "."), (".", ","), ("'", "."), ("", "."), ("", ",")]),
)
@settings(max_examples=100)
def test_an_amount_is_read_back_from_every_way_to_group_its_digits(amount, signs):
	thousands, point = signs
	text = f"{amount:,.2f}".replace(",", "t").replace(".", point).replace("t", thousands)

	assert parse_money(f"{text} руб.") == (amount, "RUB")


# Ways to reach somebody


@pytest.mark.parametrize("row", table("client_base_contacts.csv"), ids=lambda row: row["cell"])
def test_mixed_cells(row):
	parts = {
		name: tuple(filter(None, row[name].split("|")))
		for name in ("names", "phones", "emails", "messengers", "websites")
	}

	assert parse_contacts(row["cell"]) == Contacts(**parts, rest=row["rest"])


@pytest.mark.parametrize(
	("cell", "phones"),
	[
		("8 (911) 123-45-67", ("8 (911) 123-45-67",)),
		(79111234567.0, ("79111234567",)),
		("+7 911 1234567, +7 912 1234567", ("+7 911 1234567", "+7 912 1234567")),
		("+7 911 123-45-67 +7 911 123-45-68", ("+7 911 123-45-67", "+7 911 123-45-68")),
		("0888 123 456 / 0888 123 457", ("0888 123 456", "0888 123 457")),
		("тел: 8 911 123 45 67 Иван", ("8 911 123 45 67",)),
		("12-34", ("12-34",)),
		("нет", ()),
		("-", ()),
		("", ()),
		("abc", "phone_without_digits"),
		("📞", "phone_without_digits"),
		("7,91112E+10", "phone_damaged"),
		("7.91112e10", "phone_damaged"),
	],
)
def test_phones(cell, phones):
	assert said(parse_phones, cell) == phones


@pytest.mark.parametrize(
	("cell", "emails"),
	[
		("a@b.ru", ("a@b.ru",)),
		(" A.B+c@почта.рф\u200b", ("A.B+c@почта.рф",)),
		("a@b.ru, c@d.ru;e@f.ru\ng@h.ru", ("a@b.ru", "c@d.ru", "e@f.ru", "g@h.ru")),
		("Иван Петров <a@b.ru>", ("a@b.ru",)),
		("mailto:a@b.ru", ("a@b.ru",)),
		("нет", ()),
		("—", ()),
		("a@b", "email_without_domain"),
		("a@b.ru, c@d", "email_without_domain"),
		("a@.ru", "email_without_domain"),
		("a@b..ru", "email_without_domain"),
		("@b.ru", "email_without_domain"),
		("a@b@c.ru", "email_without_domain"),
		("mail.ru", "email_without_domain"),
	],
)
def test_emails(cell, emails):
	assert said(parse_emails, cell) == emails


@given(st.emails())
@settings(max_examples=60)
def test_what_reads_as_addresses_are_addresses(address):
	found = said(parse_emails, address)

	assert found == "email_without_domain" or (found and all(map(is_email, found)))


# Answers and statuses


@pytest.mark.parametrize(
	("cell", "answer"),
	[
		("Да", "Yes"), ("есть", "Yes"), ("YES", "Yes"), ("y", "Yes"), ("+", "Yes"), (1.0, "Yes"), (True, "Yes"), ("بله", "Yes"), ("Има", "Yes"),
		("Нет", "No"), ("нет.", "No"), ("no", "No"), ("0", "No"), (0.0, "No"), (False, "No"), ("خیر", "No"), ("не", "No"), ("-", "No"),
		("", None), ("n/a", None), ("?", None), ("возможно", "unknown_answer"),
	],
)  # fmt: skip
def test_answers(cell, answer):
	assert said(parse_yes_no, cell) == answer


@pytest.mark.parametrize(
	"row",
	table("client_base_statuses.csv"),
	ids=lambda row: f"{row['status']} {row['track']} {row['is_deal']}",
)
def test_statuses(row):
	expected = (row["stage"], row["found_track"]) if row["stage"] else None

	assert parse_stage(row["status"], row["track"], is_deal=row["is_deal"] == "yes") == expected
