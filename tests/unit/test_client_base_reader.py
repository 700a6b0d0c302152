from __future__ import annotations

import os
import struct
import zipfile

import pytest
from client_base_files import DATA, column_name, sheet_xml, text, workbook, xlsx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_crm.client_base import containers
from partner_crm.client_base.delimited import _narrow_encoding
from partner_crm.client_base.problems import UnreadableFile
from partner_crm.client_base.reader import Skipped, find_header, open_base

SEED_TABLE = (
	"Дата;Имя клиента;Контакты;Партнерка;Статус;Выплата\n"
	"15.05.2024;Иван Петров;ivan@mail.ru;CRM-система;Клиент;1500 руб.\n"
)
SEED_ROW = ["15.05.2024", "Иван Петров", "ivan@mail.ru", "CRM-система", "Клиент", "1500 руб."]
HEADINGS = ["Дата", "Имя клиента", "Телефон", "Статус"]


def refusal(path, sheet=None) -> str:
	with pytest.raises(UnreadableFile) as refused:
		open_base(path, sheet)
	assert str(refused.value) == refused.value.sentence.format(**refused.value.params)
	return str(refused.value)


# Text files


@pytest.mark.parametrize(
	"encoding",
	[
		"utf-8",
		"utf-8-sig",
		"utf-16",
		"utf-16-le",
		"utf-16-be",
		"utf-32",
		"cp1251",
		"koi8-r",
		"cp866",
		"mac-cyrillic",
	],
)
def test_reads_the_same_table_in_any_encoding(tmp_path, encoding):
	table = open_base(text(tmp_path / "base.csv", SEED_TABLE, encoding))

	assert list(table.rows()) == [(2, SEED_ROW)]
	assert table.headings == ("Дата", "Имя клиента", "Контакты", "Партнерка", "Статус", "Выплата")


@pytest.mark.parametrize(
	("contents", "encoding"),
	[
		("Имя;Email\nИван;a@b.ru\n", "cp1251"),
		("Име;Имейл\nПетър Щерев;p@firma.bg\n", "cp1251"),
		("ИМЯ;СТАТУС\nПЕТРОВ ИВАН;КЛИЕНТ\n", "cp1251"),
		("Клиент;Фирма\nПётр;ООО «Ромашка» № 5 – офис\n", "cp1251"),
		("Name;City\nJürgen Müller;Köln\n", "cp1252"),
		("Name;Amount\nAnna;5 €\n", "cp1252"),
		("نام;تلفن;وضعيت\nعلي احمدي;0912;جديد\n", "cp1256"),
		("Name;Stage\nAnna;New\n", "ascii"),
	],
)
def test_tells_short_files_of_one_byte_encodings_apart(tmp_path, contents, encoding):
	table = open_base(text(tmp_path / "base.csv", contents, encoding))

	assert [cells for _, cells in table.rows()] == [contents.splitlines()[1].split(";")]


def test_a_few_broken_bytes_do_not_make_a_file_another_encoding(tmp_path):
	contents = (SEED_TABLE + SEED_TABLE.splitlines()[1] * 20).encode() + b";\xff"
	(tmp_path / "base.csv").write_bytes(contents)

	assert open_base(tmp_path / "base.csv").headings[1] == "Имя клиента"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("extension", ["csv", "tsv", "txt", "xlsx"])
def test_finds_the_delimiter_and_ignores_the_extension(tmp_path, delimiter, extension):
	contents = f"Дата{delimiter}Имя клиента{delimiter}Сумма\n01.02.2024{delimiter}Анна{delimiter}15\n"

	table = open_base(text(tmp_path / f"base.{extension}", contents))

	assert list(table.rows()) == [(2, ["01.02.2024", "Анна", "15"])]


def test_commas_inside_amounts_do_not_pass_for_delimiters(tmp_path):
	contents = "Имя;Сумма\nАнна;1,50\nПётр;2,50\n"

	assert open_base(text(tmp_path / "base.csv", contents)).headings == ("Имя", "Сумма")


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "\ufeffSEP=;"])
def test_excels_delimiter_line_is_no_row(tmp_path, first):
	table = open_base(text(tmp_path / "base.csv", f"{first}\r\nИмя;Статус\r\nАнна;Новый\r\n"))

	assert list(table.rows()) == [(2, ["Анна", "Новый"])]


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path):
	contents = 'Имя;Комментарий;Статус\nАнна;"две\nстроки; и ещё";Новый\n\nПётр;нет;Клиент\n'

	assert list(open_base(text(tmp_path / "base.csv", contents)).rows()) == [
		(2, ["Анна", "две\nстроки; и ещё", "Новый"]),
		(4, ["Пётр", "нет", "Клиент"]),
	]


def test_nul_bytes_are_left_out(tmp_path):
	table = open_base(text(tmp_path / "base.csv", "Имя;Стат\0ус\nАн\0на;Новый\n\0\0\0"))

	assert list(table.rows()) == [(2, ["Анна", "Новый"])]


def test_formulas_stay_texts(tmp_path):
	table = open_base(text(tmp_path / "base.csv", "Имя;Сумма\n=1+1;@SUM(A1)\n"))

	assert list(table.rows()) == [(2, ["=1+1", "@SUM(A1)"])]


def test_a_row_is_as_wide_as_the_headings(tmp_path):
	table = open_base(
		text(tmp_path / "base.csv", "Имя;Статус;Сумма\nАнна\nПётр;Новый;5;лишнее\nОля;Новый;6;;\n")
	)

	assert list(table.rows()) == [
		(2, ["Анна", "", ""]),
		(3, ["Пётр", "Новый", "5"]),
		(4, ["Оля", "Новый", "6"]),
	]
	assert table.skipped == (Skipped("cells_beyond_headings", 3, 1),)


def test_reading_stops_at_a_quotation_mark_that_is_never_closed(tmp_path):
	contents = 'Имя;Статус\nАнна;Новый\n"Пётр;Новый\n' + "Оля;Новый\n" * 20_000

	table = open_base(text(tmp_path / "base.csv", contents))

	assert list(table.rows()) == [(2, ["Анна", "Новый"])]
	assert table.skipped == (Skipped("reading_stopped", 3, 1),)


@pytest.mark.parametrize("line", ["x" * 1_000_000, "a,b;" * 250_000, '"' + "x" * 5_000_000])
def test_one_endless_line_is_refused_or_read_but_never_fails(tmp_path, line):
	path = text(tmp_path / "line.csv", line)

	try:
		assert list(open_base(path).rows()) is not None
	except UnreadableFile as refused:
		assert str(refused).startswith("line.csv can't be read: a cell in row 1 is longer")


NAMES = [
	"Иван",
	"Пётр",
	"Анна",
	"Щербаков",
	"Юлия",
	"Объедков",
	"Кузнецова",
	"Ёлкина",
	"Фёдоров",
	"Жуков",
	"Цветаева",
]


@given(
	st.lists(st.sampled_from(NAMES), min_size=1, max_size=8),
	st.sampled_from([str, str.upper, str.lower]),
	st.sampled_from(["cp1251", "koi8-r", "cp866", "utf-8"]),
)
@settings(max_examples=150, deadline=None)
def test_tells_encodings_by_a_few_names(names, case, encoding):
	text = case("\n".join(["Имя;Статус", *(f"{name};Новый" for name in names)]))

	assert text.encode(encoding).decode(_narrow_encoding(text.encode(encoding))) == text


# Workbooks


@pytest.mark.parametrize("name", ["client_base.xls", "client_base.ods"])
def test_reads_workbooks_of_other_programs(name):
	table = open_base(DATA / name)

	assert table.sheet == "Клиенты"
	assert table.headings == (
		"Дата",
		"Клиент / Имя",
		"Клиент / Телефон",
		"Клиент / Email",
		"Партнерка",
		"Статус",
		"Выплата",
	)
	rows = dict(table.rows())
	assert list(rows) == [5, 6, 7]
	assert rows[5][0].isoformat() == "2024-05-15"
	assert rows[5][1:] == ["Иван Петров", 79111234567, "ivan@mail.ru", "CRM-система", "Клиент", "1500 руб."]


def test_chooses_the_sheet_whose_headings_it_understands_best(tmp_path):
	path = xlsx(
		tmp_path / "base.xlsx",
		Readme=[["Как вести базу"], ["Имя"]],
		Clients=[HEADINGS, ["01.02.2024", "Анна", 79111234567, "Новый"]],
	)

	assert open_base(path).sheet == "Clients"
	assert open_base(path, "Readme").sheet == "Readme"


def test_says_which_sheets_with_the_same_headings_it_left(tmp_path):
	rows = [HEADINGS, ["01.02.2024", "Анна", 79111234567, "Новый"]]

	table = open_base(xlsx(tmp_path / "base.xlsx", January=rows, February=rows, Notes=[["Заметки"]]))

	assert (table.sheet, table.unread_sheets) == ("January", ("February",))


def test_rows_can_be_gone_through_again(tmp_path):
	table = open_base(xlsx(tmp_path / "base.xlsx", A=[HEADINGS, ["01.02.2024", "Анна", 1, "Новый"]]))

	assert list(table.rows()) == list(table.rows()) == [(2, ["01.02.2024", "Анна", 1.0, "Новый"])]


def test_three_hundred_columns(tmp_path):
	headings = [*HEADINGS, *(f"Показатель {number}" for number in range(296))]

	table = open_base(
		xlsx(tmp_path / "wide.xlsx", A=[headings, ["01.02.2024", "Анна", 1, "Новый", *range(296)]])
	)

	(_, cells), *_ = table.rows()
	assert (len(table.headings), len(cells)) == (300, 300)


# Headings


def test_headings_under_a_title(tmp_path):
	rows = [
		["База клиентов 2024"],
		[None],
		["обновлено", 45427],
		HEADINGS,
		["01.02.2024", "Анна", 1, "Новый"],
	]

	table = open_base(xlsx(tmp_path / "base.xlsx", A=rows))

	assert table.headings == tuple(HEADINGS)
	assert [number for number, _ in table.rows()] == [5]


def test_headings_in_two_rows_with_merged_cells(tmp_path):
	rows = [
		["Дата", "Контакт", None, "Компания", None, "Статус"],
		[None, "Имя", "Телефон", "Название", "Телефон", None],
		["01.02.2024", "Анна", 1, "ООО Ромашка", 2, "Новый"],
	]
	sheet = sheet_xml(rows, merged=["A1:A2", "B1:C1", "D1:E1", "F1:F2"])

	table = open_base(workbook(tmp_path / "base.xlsx", {"A": sheet}))

	assert table.headings == (
		"Дата",
		"Контакт / Имя",
		"Контакт / Телефон",
		"Компания / Название",
		"Компания / Телефон",
		"Статус",
	)
	assert [number for number, _ in table.rows()] == [3]


def test_a_row_of_data_is_not_a_second_row_of_headings():
	rows = [["Канал", "Статус", "", "Имя"], ["Сайт", "Клиент", "Телефон", "Анна"]]

	assert find_header(rows).headings == ("Канал", "Статус", "", "Имя")


def test_a_table_without_headings(tmp_path):
	table = open_base(text(tmp_path / "base.csv", "Анна;anna@mail.ru\nПётр;petr@mail.ru\n"))

	assert table.headings == ("", "")
	assert [number for number, _ in table.rows()] == [1, 2]


def test_what_is_no_client_is_left_out(tmp_path):
	contents = (
		"Имя;Статус;Сумма\nАнна;Новый;5\n;;\nИмя;Статус;Сумма\nПётр;Новый;6\nИмя;Статус;Сумма\nИтого:;;11 руб.\n;Всего;11\n"
		"Total;;Total Energies SE\n"
	)

	table = open_base(text(tmp_path / "base.csv", contents))

	assert [number for number, _ in table.rows()] == [2, 5, 9]
	assert table.skipped == (Skipped("repeated_headings", 4, 2),)


# Master lists


def test_other_sheets_and_sibling_files_can_be_master_lists(tmp_path):
	base = xlsx(
		tmp_path / "base.xlsx",
		Clients=[["Имя", "Продукт", "Менеджер"], ["Анна", "CRM", "Орлов"]],
		Products=[["Продукт", "Цена"], ["CRM", 5], ["Хостинг", 6]],
		Twice=[["Менеджер"], ["Орлов"], ["Орлов"]],
		Copy=[["Имя", "Продукт"], ["Анна", "CRM"]],
	)
	text(tmp_path / "base.csv", "Имя;Продукт;Менеджер\nАнна;CRM;Орлов\n")
	text(tmp_path / "products.csv", "Продукт;Цена\nCRM;5\nХостинг;6\n")
	(tmp_path / "broken.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0")

	listed = frozenset({"CRM", "Хостинг"})
	assert [(list.name, list.column, list.values) for list in open_base(base).references] == [
		("Products", 1, listed)
	]
	assert [
		(list.name, list.column, list.values) for list in open_base(tmp_path / "base.csv").references
	] == [("products.csv", 1, listed)]


# What can't be read


@pytest.mark.parametrize(
	("name", "contents", "message"),
	[
		("empty.xlsx", b"", "empty.xlsx is empty."),
		("nul.csv", b"\0" * 100, "nul.csv is empty."),
		("photo.xlsx", b"\x89PNG\r\n\x1a\n\0\0", "photo.xlsx is a picture (PNG), not a spreadsheet."),
		("photo.csv", b"\xff\xd8\xff\xe0\0\x10JFIF", "photo.csv is a picture (JPEG), not a spreadsheet."),
		("paper.xls", b"%PDF-1.7 text", "paper.xls is a text document (PDF), not a spreadsheet."),
		("noise.txt", bytes(range(256)) * 8, "noise.txt is neither a spreadsheet nor a text."),
		(
			"export.xls",
			b"<html><table><tr><td>1</td></tr></table>",
			"export.xls is a web page that was named like a spreadsheet. Open it in a spreadsheet program and save it as .xlsx.",
		),
		("cut.xlsx", b"PK\x03\x04 and nothing more", "cut.xlsx is damaged and can't be read."),
		(
			"old.xls",
			b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
			"old.xls is a document of another program, not a spreadsheet.",
		),
	],
)
def test_says_why_a_file_can_not_be_read(tmp_path, name, contents, message):
	(tmp_path / name).write_bytes(contents)

	assert refusal(tmp_path / name) == message


def test_missing_and_forbidden_files_and_folders(tmp_path):
	assert refusal(tmp_path / "no.xlsx") == f"There is no file {tmp_path / 'no.xlsx'}."
	assert refusal(tmp_path) == f"{tmp_path} is a folder, not a file."
	path = text(tmp_path / "secret.csv", SEED_TABLE)
	path.chmod(0)
	if not os.access(path, os.R_OK):  # the superuser may read everything
		assert refusal(path) == f"You have no right to read {path}."


def test_a_text_that_begins_like_a_picture_is_a_text(tmp_path):
	assert open_base(text(tmp_path / "base.csv", "BMW;Имя;Статус\n1;Анна;Новый\n")).headings[0] == "BMW"


def test_protected_workbooks():
	assert (
		refusal(DATA / "client_base_protected.xlsx")
		== "client_base_protected.xlsx is protected by a password. Save it without one and try again."
	)


def test_a_sheet_that_is_not_there(tmp_path):
	path = xlsx(tmp_path / "base.xlsx", Clients=[HEADINGS], Empty=[])

	assert (
		refusal(path, "Clients 2") == "base.xlsx has no sheet “Clients 2”; its sheets are “Clients”, “Empty”."
	)
	assert refusal(path, "Empty") == "Sheet “Empty” of base.xlsx has no rows."
	assert (
		refusal(text(tmp_path / "base.csv", SEED_TABLE), "Clients")
		== "base.csv is a text file, and there are no sheets in it such as “Clients”."
	)


def test_archives_of_other_things(tmp_path):
	with zipfile.ZipFile(tmp_path / "photos.xlsx", "w") as archive:
		archive.writestr("photo.txt", "no")
	with zipfile.ZipFile(tmp_path / "letter.ods", "w") as archive:
		archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")

	assert refusal(tmp_path / "photos.xlsx") == "photos.xlsx is an archive without a spreadsheet in it."
	assert (
		refusal(tmp_path / "letter.ods") == "letter.ods is a document of another program, not a spreadsheet."
	)


def bomb(path, megabytes: int):
	with (
		zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
		archive.open("xl/worksheets/sheet1.xml", "w") as part,
	):
		for _ in range(megabytes):
			part.write(b" " * 1024**2)
	return path


def test_bombs_are_refused_before_they_are_unpacked(tmp_path, monkeypatch):
	path = bomb(tmp_path / "bomb.xlsx", 120)

	assert refusal(path).startswith("bomb.xlsx unpacks to 10")
	assert refusal(path).endswith(" times its size, as no spreadsheet does, so it was not opened.")

	monkeypatch.setattr(containers, "LARGEST_UNPACKED", 100 * 1024**2)
	assert refusal(path) == "bomb.xlsx would unpack to more than 100 megabytes, so it was not opened."


def test_a_bomb_with_a_lying_header_is_refused(tmp_path):
	path = bomb(tmp_path / "liar.xlsx", 3)
	contents = path.read_bytes()
	path.write_bytes(contents.replace(struct.pack("<I", 3 * 1024**2), struct.pack("<I", 1000)))

	assert (
		refusal(path)
		== "liar.xlsx unpacks to more than it claims, as damaged and malicious files do, so it was not opened."
	)


@pytest.mark.parametrize("cell", ["XFD1048576", "ZZ1000000"])
def test_one_cell_in_the_far_corner_is_refused(tmp_path, cell):
	row = "".join(character for character in cell if character.isdigit())
	xml = sheet_xml([HEADINGS]).replace(
		"</sheetData>", f'<row r="{row}"><c r="{cell}"><v>1</v></c></row></sheetData>'
	)

	assert (
		refusal(workbook(tmp_path / "base.xlsx", {"A": xml}))
		== "base.xlsx has a cell so far from the others that its sheet would have more than 64,000,000 cells; "
		"delete that cell and try again."
	)


def test_a_far_row_alone_is_no_danger(tmp_path):
	xml = sheet_xml([HEADINGS]).replace(
		"</sheetData>", '<row r="900000"><c r="B900000"><v>1</v></c></row></sheetData>'
	)

	assert [number for number, _ in open_base(workbook(tmp_path / "base.xlsx", {"A": xml})).rows()] == [
		900000
	]


def test_the_far_corner_of_an_ods_is_refused(tmp_path):
	value = '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'
	far = (
		'<table:table-row table:number-rows-repeated="1000000"><table:table-cell/></table:table-row>'
		f'<table:table-row><table:table-cell table:number-columns-repeated="16000"/>{value}</table:table-row>'
	)
	path = tmp_path / "base.ods"
	with zipfile.ZipFile(DATA / "client_base.ods") as source, zipfile.ZipFile(path, "w") as archive:
		for name in source.namelist():
			contents = source.read(name)
			if name == "content.xml":
				contents = contents.replace(b"</table:table>", far.encode() + b"</table:table>")
			archive.writestr(name, contents)

	assert refusal(path).startswith("base.ods has a cell so far from the others")


def test_column_names_count_as_spreadsheets_count():
	assert [containers._column_number(column_name(column).encode()) for column in (0, 25, 26, 16383)] == [
		1,
		26,
		27,
		16384,
	]


# No file whatever may end in anything but rows or a sentence


def outcome(path) -> str:
	try:
		return f"{sum(1 for _ in open_base(path).rows())} rows"
	except UnreadableFile as refused:
		return str(refused)


@given(st.binary(max_size=400), st.sampled_from(["xlsx", "xls", "ods", "csv", "txt", "xlsb"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_under_any_extension(tmp_path, contents, extension):
	path = tmp_path / f"base.{extension}"
	path.write_bytes(contents)

	assert outcome(path).endswith((" rows", "."))


@pytest.mark.parametrize("name", ["client_base.xls", "client_base.ods", "client_base_protected.xlsx"])
@given(share=st.floats(0, 1, exclude_max=True), wrong=st.lists(st.integers(0, 10_000), max_size=5))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cut_and_damaged_workbooks(tmp_path, name, share, wrong):
	contents = bytearray((DATA / name).read_bytes())
	del contents[max(int(len(contents) * share), 9) :]
	for place in wrong:
		contents[place % len(contents)] ^= 0x55
	path = tmp_path / name
	path.write_bytes(contents)

	assert outcome(path).endswith((" rows", "."))
