"""The workbook that hands every row back with its findings, to be filtered and mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from rustpy_xlsxwriter import FastExcel

from partner_crm.audit.findings import Audit
from partner_crm.audit.wording import KINDS, Wording

# What a cell of a worksheet can hold; more makes Excel call the file damaged.
LONGEST_CELL = 32_767


def write_workbook(
	audit: Audit,
	rows: Iterable[tuple[int, Sequence[object]]],
	date_columns: frozenset[int],
	path: Path,
	lang: str,
) -> None:
	"""Writes `rows` (spreadsheet row number, cells) as they came, with the row's number before them and a column of findings a kind behind.

	Text stays text, formulas too. Dates stay dates in `date_columns`; elsewhere they are written as text, since a
	worksheet column mixed of dates and numbers would show the numbers as dates.
	"""
	wording = Wording(lang)
	found = wording.findings_by_row(audit)
	row_heading = wording.text("Row")
	headings = _unique(
		[row_heading, *(str(heading) for heading in audit.headings), *map(wording.text, KINDS)]
	)
	kind_headings = headings[len(headings) - len(KINDS) :]

	def lines() -> Iterator[dict[str, object]]:
		nothing: list[str | None] = [None] * len(KINDS)
		for number, cells in rows:
			own = [
				cell
				if type(cell) is float or (type(cell) is str and 0 < len(cell) < LONGEST_CELL)
				else _cell(cell, index in date_columns)
				for index, cell in enumerate(cells)
			]
			kinds = found.get(number)
			said = [_cell(kinds.get(kind, "")) for kind in KINDS] if kinds else nothing
			yield dict(zip(headings, (number, *own, *said), strict=True))

	path.parent.mkdir(parents=True, exist_ok=True)
	(
		FastExcel(str(path))
		.format(bold_headers=True, datetime_format="yyyy-mm-dd")
		.freeze(row=1, col=0)
		.sheet(
			wording.text("Clients"),
			lines(),
			column_widths=dict.fromkeys(kind_headings, 28),
			autofilter=True,
		)
		.save()
	)


def _cell(value: object, keeps_dates: bool = False) -> object:
	if isinstance(value, str):
		return value[:LONGEST_CELL] or None
	if isinstance(value, datetime):
		return value if keeps_dates else value.isoformat(" ")
	if isinstance(value, date):
		return value if keeps_dates else value.isoformat()
	if isinstance(value, (time, timedelta)):
		return str(value)
	return value


def _unique(headings: Sequence[str]) -> list[str]:
	"""The headings, each once: a second "Phone" becomes "Phone (2)", a nameless one gets its place's number."""
	taken: set[str] = set()
	unique = []
	for place, heading in enumerate(headings):
		name = heading.strip() or f"#{place}"
		candidate, nth = name, 1
		while candidate in taken:
			nth += 1
			candidate = f"{name} ({nth})"
		taken.add(candidate)
		unique.append(candidate)
	return unique
