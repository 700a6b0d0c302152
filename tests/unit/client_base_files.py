"""Client bases made for tests: workbooks written by hand, part by part, so that they can be wrong in any way."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

DATA = Path(__file__).parent / "data"

_TYPES = (
	'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
	'<Default Extension="xml" ContentType="application/xml"/>'
	'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
	'<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
	"</Types>"
)
_RELATIONS = (
	'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
_RELATION = '<Relationship Id="rId{}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def sheet_xml(rows: Sequence[Sequence[object]], merged: Sequence[str] = ()) -> str:
	"""A worksheet; None leaves a cell out, numbers are numbers, the rest are texts."""
	lines = []
	for number, row in enumerate(rows, 1):
		cells = []
		for column, value in enumerate(row):
			name = f"{column_name(column)}{number}"
			if isinstance(value, (int, float)):
				cells.append(f'<c r="{name}"><v>{value}</v></c>')
			elif value is not None:
				cells.append(
					f'<c r="{name}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
				)
		lines.append(f'<row r="{number}">{"".join(cells)}</row>')
	merges = "".join(f'<mergeCell ref="{area}"/>' for area in merged)
	merges = f"<mergeCells>{merges}</mergeCells>" if merges else ""
	return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData>{merges}</worksheet>'


def column_name(column: int) -> str:
	name = ""
	column += 1
	while column:
		column, letter = divmod(column - 1, 26)
		name = chr(65 + letter) + name
	return name


def workbook(path: Path, sheets: Mapping[str, str]) -> Path:
	"""An xlsx file of worksheets given as XML."""
	names = "".join(
		f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
		for number, name in enumerate(sheets, 1)
	)
	relations = "".join(
		_RELATION.format(number, "worksheet", f"worksheets/sheet{number}.xml")
		for number in range(1, len(sheets) + 1)
	)
	with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
		archive.writestr("[Content_Types].xml", _TYPES)
		archive.writestr(
			"_rels/.rels", _RELATIONS.format(_RELATION.format(1, "officeDocument", "xl/workbook.xml"))
		)
		archive.writestr(
			"xl/workbook.xml",
			f'<workbook xmlns="{_MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
			f"<sheets>{names}</sheets></workbook>",
		)
		archive.writestr("xl/_rels/workbook.xml.rels", _RELATIONS.format(relations))
		for number, xml in enumerate(sheets.values(), 1):
			archive.writestr(f"xl/worksheets/sheet{number}.xml", xml)
	return path


def xlsx(path: Path, **sheets: Sequence[Sequence[object]]) -> Path:
	"""An xlsx file of sheets given as rows."""
	return workbook(path, {name: sheet_xml(rows) for name, rows in sheets.items()})


def text(path: Path, contents: str, encoding: str = "utf-8") -> Path:
	path.write_bytes(contents.encode(encoding))
	return path
