"""Lists of payouts as owners of programmes send them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from client_base_files import text, xlsx

from partner_crm.client_base.statements import LEFT_OUT, NO_AMOUNT, NO_CLIENT, NO_CURRENCY, read_list

TODAY = date(2026, 2, 1)


def lines_of(path, **options):
	return read_list(path, today=TODAY, **options).lines


def test_a_list_of_an_english_program(tmp_path):
	headings = [
		"Order ID",
		"Referral",
		"Referral email",
		"Conversion date",
		"Order amount",
		"Commission rate",
	]
	rows = [
		[*headings, "Commission", "Currency", "Commission status"],
		["A-1", "Anna Smirnova", "anna@altyn.example", "01/28/2026", 1000, "10 %", 100, "USD", "Paid"],
		["Total", None, None, None, 1000, None, 100],
	]
	(line,) = lines_of(xlsx(tmp_path / "list.xlsx", Commissions=rows))

	assert (line.row, line.client, line.emails, line.reference) == (
		*(2, "Anna Smirnova", ("anna@altyn.example",)),
		"A-1",
	)
	assert (line.on, line.amount, line.currency, line.status) == (
		date(2026, 1, 28),
		Decimal(100),
		"USD",
		"Paid",
	)
	assert (line.refusal, line.problems) == (None, ())


def test_a_list_of_a_russian_program(tmp_path):
	contents = (
		"Отчёт партнёра за январь\n\n"
		"№;Контрагент;ИНН;Дата заказа;Номер заказа;Сумма заказа;Вознаграждение, руб.\n"
		"1;ООО «Ромашка»;7701234567;28.01.2026;17;10 000,00;1 000,50\n"
		"Итого;;;;;10 000,00;1 000,50\n"
	)
	(line,) = lines_of(text(tmp_path / "list.csv", contents, "cp1251"))

	assert (line.company, line.tax_id, line.reference, line.on) == (
		*("ООО «Ромашка»", "7701234567", "17"),
		date(2026, 1, 28),
	)
	assert (line.amount, line.currency) == (Decimal("1000.50"), "RUB")


def test_a_bare_amount_is_the_payout(tmp_path):
	(line,) = lines_of(text(tmp_path / "list.csv", "Name,Phone,Amount\nAnna,+7 701 222 33 44,15\n"))

	assert (line.amount, line.phones, line.currency) == (Decimal(15), ("+7 701 222 33 44",), None)


@pytest.mark.parametrize(
	("row", "refusal", "codes"),
	[
		("Anna,x,USD", NO_AMOUNT, ["not_an_amount"]),
		("Anna,-5,USD", NO_AMOUNT, ["amount_negative"]),
		("Anna,NaN,USD", NO_AMOUNT, ["amount_not_finite"]),
		("Anna,,USD", NO_AMOUNT, []),
		(",5,USD", NO_CLIENT, []),
		("Anna,5,", NO_CURRENCY, []),
		("Anna,5,XXQ", NO_CURRENCY, []),
		("Anna,=1+4,USD", NO_AMOUNT, ["not_an_amount"]),
	],
)
def test_rows_that_say_too_little_are_kept(tmp_path, row, refusal, codes):
	first, second = lines_of(text(tmp_path / "list.csv", f"Client,Commission,Currency\n{row}\nBoris,7,USD\n"))

	assert (first.row, first.refusal) == (2, refusal)
	assert [problem.code for problem in first.problems] == codes
	assert second.refusal is None


def test_a_row_that_no_column_understands_is_kept(tmp_path):
	first, second = lines_of(text(tmp_path / "list.csv", "Client,Commission,Zork\n,,some words\nBoris,7,\n"))

	assert (first.row, first.refusal, second.row) == (2, LEFT_OUT, 3)


def test_what_is_told_of_the_file(tmp_path):
	found = read_list(
		text(tmp_path / "list.csv", "Client,Commission,Currency,Zork\nAnna,5,XXQ,1\nBoris,7,XXQ,2\n"),
		today=TODAY,
	)

	assert [(note.code, note.params["count"]) for note in found.notes] == [("unknown_currency", 2)]
	assert (found.unknown_columns, found.has_amounts) == (("Zork",), True)


def test_a_list_without_amounts(tmp_path):
	assert not read_list(
		text(tmp_path / "list.csv", "Client,E-mail\nAnna,a@x.example\n"), today=TODAY
	).has_amounts
