"""Open a file of clients and find the table in it: which sheet, which headings, which rows are clients.

Rows come one by one and are never kept: beside what the spreadsheet library holds there is no second copy of
the cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from partner_crm.client_base import containers
from partner_crm.client_base.columns import NO_FACT, NOT_OURS, PART, candidate_facts, group_of
from partner_crm.client_base.containers import DAMAGED, PROTECTED
from partner_crm.client_base.delimited import CELL_TOO_LONG, RowTooLong, TextFile, open_text
from partner_crm.client_base.problems import UnreadableFile
from partner_crm.client_base.words import key, number_text, one_line

HEADING_ROWS = 20
"""Headings begin within so many rows; above them stand titles, dates, logos."""

NO_SHEET = "{file} has no sheet “{sheet}”; its sheets are {sheets}."
NO_SHEETS_IN_TEXT = "{file} is a text file, and there are no sheets in it such as “{sheet}”."
NO_ROWS = "{file} has no rows."
NO_ROWS_IN_SHEET = "Sheet “{sheet}” of {file} has no rows."

LARGEST_SIBLING = 1024**2
MOST_SIBLINGS = 20
LONGEST_LIST = 10_000
"""A sheet of the same workbook with more rows than this is no master list."""

_TOTALS = frozenset(
	{
		"total", "totals", "grand total", "subtotal", "sum", "общо", "всичко", "итог", "общий итог",
		"جمع", "جمع کل", "مجموع",
	}
)  # fmt: skip
_TOTALS_BEGIN = ("итого", "всего")
"""No client's name begins with these, but one may begin with "Total"."""

Merged = Sequence[tuple[int, int, int, int]]


class Source(Protocol):
	"""Rows of cells, the first row of the sheet first. Can be gone through again."""

	def rows(self) -> Iterator[list[Any]]: ...


@dataclass(frozen=True, slots=True)
class Sheet:
	"""A sheet that the spreadsheet library has read."""

	file: str
	cells: CalamineSheet

	def rows(self) -> Iterator[list[Any]]:
		with _reader_errors(self.file):
			yield from self.cells.iter_rows()

	@property
	def first_column(self) -> int:
		return self.cells.start[1] if self.cells.start else 0


@dataclass(frozen=True, slots=True)
class Header:
	"""The headings, and the number of the row in which they end; 0 where the table has none."""

	headings: tuple[str, ...]
	ends: int
	first_rows: tuple[tuple[Any, ...], ...]
	fit: int


@dataclass(frozen=True, slots=True)
class Skipped:
	"""Rows not taken as they are: `code` is one of `problems.SENTENCES`, `row` the first of `count` rows."""

	code: str
	row: int
	count: int


@dataclass(frozen=True, slots=True)
class Reference:
	"""A master list beside the table: the values that a column may have. `column` counts from 0."""

	name: str
	column: int
	values: frozenset[str]


class Table:
	"""The table of clients of one file.

	`headings` are as written, "Contact / Phone" where they stand in two rows. `references` are the
	master lists found beside it, `unread_sheets` those with the same headings. `skipped` is complete after
	`rows()` was gone through.
	"""

	def __init__(
		self,
		path: Path,
		sheet: str | None,
		source: Source,
		header: Header,
		references: tuple[Reference, ...] = (),
		unread_sheets: tuple[str, ...] = (),
	):
		self.file = path.name
		self.sheet = sheet
		self.headings = header.headings
		self.references = references
		self.unread_sheets = unread_sheets
		self.first_column = source.first_column if isinstance(source, Sheet) else 0
		self.skipped: tuple[Skipped, ...] = ()
		self._source = source
		self._header = header

	def rows(self) -> Iterator[tuple[int, list[Any]]]:
		"""The spreadsheet's row number, from 1, and the cells, for every row that holds a client.

		Empty rows, headings that are repeated and totals are left out. Cells are texts, numbers
		(float), bools, dates and times; an empty one is "". A row is as wide as the headings.
		"""
		skipped: dict[str, Skipped] = {}
		width = len(self.headings)
		headings = self._header.first_rows
		begin = {_first_text(row) for row in headings}
		try:
			for number, cells in enumerate(self._source.rows(), 1):
				if number <= self._header.ends:
					continue
				empty = cells.count("")
				if empty == len(cells):
					continue
				if len(cells) != width and not _fit_width(cells, width):
					_skip(skipped, "cells_beyond_headings", number)
				first = _first_text(cells)
				if first in begin and _is_repeated(cells, headings):
					_skip(skipped, "repeated_headings", number)
				elif not (empty and isinstance(first, str) and _is_total(first, cells)):
					yield number, cells
		except RowTooLong as error:
			_skip(skipped, "reading_stopped", error.row)
		finally:
			self.skipped = tuple(skipped.values())

	def sample(self, count: int) -> list[list[Any]]:
		"""The cells of the first `count` rows."""
		return [cells for _, cells in islice(self.rows(), count)]


def open_base(path: str | Path, sheet: str | None = None) -> Table:
	"""Open the client base at `path`, on the sheet named, else on the one whose headings are understood best.

	xlsx, xlsb, xls and ods, and text with commas, semicolons, tabs or bars in any common encoding; which of
	them it is, is decided by the contents. Raises `UnreadableFile` when nothing can be read.
	"""
	path = Path(path)
	kind = containers.identify(path)
	if kind.workbook:
		return _open_workbook(path, sheet)
	if sheet is not None:
		raise UnreadableFile(NO_SHEETS_IN_TEXT, file=path.name, sheet=sheet)
	return _open_text(path, kind.begins)


@contextmanager
def _reader_errors(file: str) -> Iterator[None]:
	"""Turn whatever the spreadsheet library raises into `UnreadableFile`.

	Its panics derive from BaseException, so those are caught too; what Python itself raises to stop the
	program is let through.
	"""
	try:
		yield
	except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, UnreadableFile):
		raise
	except PasswordError:
		raise UnreadableFile(PROTECTED, file=file) from None
	except BaseException:
		raise UnreadableFile(DAMAGED, file=file) from None


def _open_workbook(path: Path, wanted: str | None) -> Table:
	with _reader_errors(path.name):
		workbook = CalamineWorkbook.from_path(str(path))
		names = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
	if wanted is not None and wanted not in names:
		raise UnreadableFile(
			NO_SHEET, file=path.name, sheet=wanted, sheets=", ".join(f"“{name}”" for name in names)
		)
	best: tuple[str, Sheet, Header] | None = None
	others: list[tuple[str, Header, Sheet | None]] = []
	for name in names:
		with _reader_errors(path.name):
			sheet = Sheet(path.name, workbook.get_sheet_by_name(name))
		header = find_header(list(islice(sheet.rows(), HEADING_ROWS + 1)), _merged(sheet))
		if header is None:
			continue
		better = name == wanted if wanted is not None else best is None or header.fit > best[2].fit
		if better and best is not None:
			others.append((best[0], best[2], _if_short(best[1])))
		if better:
			best = name, sheet, header
		else:
			others.append((name, header, _if_short(sheet)))
	if best is None or (wanted is not None and best[0] != wanted):
		if wanted is not None:
			raise UnreadableFile(NO_ROWS_IN_SHEET, file=path.name, sheet=wanted)
		raise UnreadableFile(NO_ROWS, file=path.name)
	name, sheet, header = best
	return Table(
		path,
		name,
		sheet,
		header,
		references=_references(header, ((other, head, source) for other, head, source in others if source)),
		unread_sheets=tuple(
			other for other, head, _ in others if wanted is None and _same_headings(head, header)
		),
	)


def _if_short(sheet: Sheet) -> Sheet | None:
	"""The sheet if it can be a master list; large ones are let go at once."""
	return sheet if sheet.cells.total_height <= LONGEST_LIST else None


def _merged(sheet: Sheet) -> Merged:
	"""The merged cells, counted as `rows` gives them: first and last row, first and last column."""
	left = sheet.first_column
	ranges = sheet.cells.merged_cell_ranges or ()
	return [(first[0], last[0], first[1] - left, last[1] - left) for first, last in ranges]


def _open_text(path: Path, begins: bytes) -> Table:
	source = open_text(path, begins, _fit)
	header = _text_header(source)
	if header is None:
		raise UnreadableFile(NO_ROWS, file=path.name)
	return Table(path, None, source, header, references=_references(header, _siblings(path)))


def _text_header(source: TextFile) -> Header | None:
	rows: list[list[Any]] = []
	try:
		rows.extend(islice(source.rows(), HEADING_ROWS + 1))
	except RowTooLong as error:
		if not rows:
			raise UnreadableFile(CELL_TOO_LONG, file=source.path.name, row=error.row) from None
	return find_header(rows)


def _fit(rows: list[list[Any]]) -> int:
	header = find_header(rows[: HEADING_ROWS + 1])
	return header.fit if header else 0


# Headings


def find_header(rows: list[list[Any]], merged: Merged = ()) -> Header | None:
	"""The headings among the first rows of a sheet, or None if there is nothing in them.

	The row, or two rows one above the other, that names the most facts. Where nothing is understood, the
	first row of several texts; none at all where that row already holds somebody's e-mail.
	"""
	width = max(map(len, rows), default=0)
	if not any(any(row) for row in rows):
		return None
	texts = [[_heading_text(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
	best = Header((), 0, (), 0)
	for place, row in enumerate(texts[:HEADING_ROWS]):
		fit = _facts_named(row)
		if fit > best.fit and 2 * fit >= min(sum(map(bool, row)), 4):
			best = Header(tuple(row[: len(rows[place])]), place + 1, (tuple(row),), fit)
		if place + 1 < len(texts):
			best = max(best, _two_rows(texts, place, merged), key=lambda header: header.fit)
	return best if best.fit else _unknown_header(rows, texts)


def _heading_text(cell: object) -> str:
	return one_line(cell) if isinstance(cell, str) else number_text(cell)


def _facts_named(headings: Iterable[str]) -> int:
	"""How many different facts the headings name."""
	facts = {found[0] for heading in headings if heading and (found := candidate_facts(heading))}
	return len(facts - {NO_FACT, NOT_OURS})


def _two_rows(texts: list[list[str]], place: int, merged: Merged) -> Header:
	"""Headings in two rows, an upper one over several lower ones: "Contact / Name", "Contact / Phone".

	Both must be headings: two facts or more below, and above at least two texts of which one stands over
	several columns, because cells are merged there or because it names an entity. Where it names as many
	facts as a single row it is preferred, so `fit` is one higher.
	"""
	upper, lower = texts[place], texts[place + 1]
	none = Header((), 0, (), 0)
	if len(set(filter(None, upper))) < 2 or _facts_named(lower) < 2:
		return none
	spread = _spread(
		upper, lower, {left: right for top, bottom, left, right in merged if top <= place <= bottom}
	)
	combined = [
		f"{above}{PART}{below}" if above and below and above != below else below or upper[column]
		for column, (above, below) in enumerate(zip(spread, lower, strict=True))
	]
	spanning = {above for column, above in enumerate(spread) if above and not upper[column]}
	if not spanning or not (merged or any(map(group_of, spanning))):
		return none
	fit = _facts_named(combined)
	return Header(tuple(combined), place + 2, (tuple(upper), tuple(lower)), fit + 1 if fit > 1 else 0)


def _spread(upper: list[str], lower: list[str], merged: dict[int, int]) -> list[str]:
	"""The upper headings over all the columns that each covers: those merged, else up to the next text."""
	spread: list[str] = []
	text, until = "", -1
	for column, (above, below) in enumerate(zip(upper, lower, strict=True)):
		if above:
			text, until = above, merged.get(column, column if merged else len(upper))
		spread.append(text if below and column <= until else above)
	return spread


def _unknown_header(rows: list[list[Any]], texts: list[list[str]]) -> Header:
	"""Headings in no language of ours, or no headings: the first row with texts in it decides."""
	place = max(range(len(texts)), key=lambda place: min(sum(map(bool, texts[place])), 2))
	row = texts[place]
	if any("@" in text or text.replace(".", "").isdecimal() for text in row):
		return Header(("",) * len(row), place, (), 0)
	return Header(tuple(row[: len(rows[place])]), place + 1, (tuple(row),), 0)


def _same_headings(one: Header, other: Header) -> bool:
	return one.fit > 1 and [*map(key, filter(None, one.headings))] == [
		*map(key, filter(None, other.headings))
	]


# Rows


def _fit_width(cells: list[Any], width: int) -> bool:
	"""Make a row as wide as the headings; False if something stood beyond them."""
	beyond = cells[width:]
	del cells[width:]
	cells.extend([""] * (width - len(cells)))
	return not any(beyond)


def _skip(skipped: dict[str, Skipped], code: str, row: int) -> None:
	known = skipped.get(code)
	skipped[code] = Skipped(code, known.row, known.count + 1) if known else Skipped(code, row, 1)


def _first_text(cells: Sequence[Any]) -> object:
	for cell in cells:
		if cell != "":
			return cell
	return ""


def _is_total(first: str, cells: Sequence[Any]) -> bool:
	"""A word for "total" first, and beside it nothing but numbers."""
	word = first.strip(" :.,=*").casefold()
	if word not in _TOTALS and not word.startswith(_TOTALS_BEGIN):
		return False
	beside = [cell for cell in cells if isinstance(cell, str) and cell and cell != first]
	return all(any(map(str.isdecimal, text)) for text in beside)


def _is_repeated(cells: Sequence[Any], heading_rows: list[tuple[Any, ...]]) -> bool:
	"""Whether every cell repeats the heading of its column."""
	texts = [_heading_text(cell) for cell in cells]
	return any(
		all(not text or text == heading for text, heading in zip(texts, headings, strict=False))
		and sum(map(bool, texts)) > 1
		for headings in heading_rows
	)


# Master lists


def _siblings(path: Path) -> Iterator[tuple[str, Header, TextFile]]:
	"""The other CSV files of the same folder, by name; those that can't be read are passed over."""
	try:
		files = sorted(
			file
			for file in path.parent.iterdir()
			if file.suffix.lower() == ".csv" and file.name != path.name and file.is_file()
		)
	except OSError:
		return
	for file in files[:MOST_SIBLINGS]:
		try:
			if file.stat().st_size > LARGEST_SIBLING:
				continue
			kind = containers.identify(file)
			source = None if kind.workbook else open_text(file, kind.begins, _fit)
			header = _text_header(source) if source else None
		except (UnreadableFile, OSError):
			continue
		if source and header:
			yield file.name, header, source


def _references(main: Header, others: Iterable[tuple[str, Header, Source]]) -> tuple[Reference, ...]:
	"""Lists of products, of managers: tables that share one heading with the main one and have no value twice.

	Tables that share more are client bases themselves.
	"""
	ours = {key(heading): column for column, heading in enumerate(main.headings) if heading}
	found = []
	for name, header, source in others:
		shared = [
			(column, ours[key(text)])
			for column, text in enumerate(header.headings)
			if text and key(text) in ours
		]
		if len(shared) != 1:
			continue
		(theirs, column), values = shared[0], []
		try:
			for cells in islice(source.rows(), header.ends, LONGEST_LIST):
				if theirs < len(cells) and cells[theirs] != "":
					values.append(_heading_text(cells[theirs]))
		except (RowTooLong, UnreadableFile):
			continue
		if values and len(set(values)) == len(values):
			found.append(Reference(name, column, frozenset(values)))
	return tuple(found)
