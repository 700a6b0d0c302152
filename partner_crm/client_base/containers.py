"""What a file really is, and whether it is safe to unpack. The extension is not asked.

An xlsx, xlsb or ods file is a zip archive of a few kilobytes that may claim gigabytes, and a single cell in
the far corner of a sheet makes a reader lay out seventeen thousand million cells. Both end the process, not
only the reading, so both are refused before a byte is handed to the reader.
"""

from __future__ import annotations

import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired, run
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from partner_crm.client_base.problems import UnreadableFile

LARGEST_UNPACKED = 2 * 1024**3
"""Bytes. A sheet of a million rows and fourteen columns takes about one gigabyte of XML."""

LARGEST_RATIO = 200
"""Unpacked to packed. Sheets reach 10 to 40; the rule binds above `RATIO_FROM` bytes only."""

RATIO_FROM = 100 * 1024**2

LARGEST_GRID = 64_000_000
"""Cells between the first and the last one used, empty ones included: the reader keeps 32 bytes for each."""

LARGEST_TRIAL = 4 * 1024**3
"""Bytes of memory for reading a binary workbook on trial: its grid at 32 bytes a cell, and as much again."""

LONGEST_TRIAL = 300
"""Seconds."""

MISSING = "There is no file {file}."
DIRECTORY = "{file} is a folder, not a file."
FORBIDDEN = "You have no right to read {file}."
UNREAD = "{file} can't be read: {reason}."
EMPTY = "{file} is empty."
PICTURE = "{file} is a picture ({format}), not a spreadsheet."
DOCUMENT = "{file} is a text document ({format}), not a spreadsheet."
ARCHIVE = "{file} is an archive ({format}), not a spreadsheet."
DATABASE = "{file} is a database ({format}), not a spreadsheet."
PROGRAM = "{file} is a program, not a spreadsheet."
OTHER_PROGRAMS = "{file} is a document of another program, not a spreadsheet."
NO_SPREADSHEET = "{file} is an archive without a spreadsheet in it."
PROTECTED = "{file} is protected by a password. Save it without one and try again."
WEB_PAGE = "{file} is a web page that was named like a spreadsheet. Open it in a spreadsheet program and save it as .xlsx."
DAMAGED = "{file} is damaged and can't be read."
TOO_LARGE = "{file} would unpack to more than {limit} megabytes, so it was not opened."
BOMB = "{file} unpacks to {ratio} times its size, as no spreadsheet does, so it was not opened."
LYING = "{file} unpacks to more than it claims, as damaged and malicious files do, so it was not opened."
TOO_WIDE = "{file} has a cell so far from the others that its sheet would have more than {limit} cells; delete that cell and try again."

_SPREADSHEETS = {
	"application/vnd.oasis.opendocument.spreadsheet",
	"application/vnd.oasis.opendocument.spreadsheet-template",
}

# How a file begins, what that says, and the name of the format.
_KINDS = (
	(b"\x89PNG", PICTURE, "PNG"),
	(b"\xff\xd8\xff", PICTURE, "JPEG"),
	(b"GIF8", PICTURE, "GIF"),
	(b"BM", PICTURE, "BMP"),
	(b"II*\x00", PICTURE, "TIFF"),
	(b"MM\x00*", PICTURE, "TIFF"),
	(b"%PDF", DOCUMENT, "PDF"),
	(b"{\\rtf", DOCUMENT, "RTF"),
	(b"\x1f\x8b", ARCHIVE, "gzip"),
	(b"7z\xbc\xaf", ARCHIVE, "7z"),
	(b"Rar!", ARCHIVE, "RAR"),
	(b"SQLite format 3", DATABASE, "SQLite"),
	(b"\x7fELF", PROGRAM, ""),
	(b"MZ", PROGRAM, ""),
)
_WEB_PAGE = re.compile(rb"\s*(<!doctype html|<html|<table|<\?xml|<meta|<head)", re.IGNORECASE)

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Kind:
	"""`workbook` is a file for the spreadsheet reader, otherwise it is text. `begins` are its first bytes."""

	workbook: bool
	begins: bytes


def identify(path: Path) -> Kind:
	"""Tell a workbook from a text by its contents, and refuse everything else, bombs included.

	Raises `UnreadableFile` for a missing, forbidden or empty file, a folder, a picture or another kind of
	file, a protected one, and an archive that would unpack to more than a spreadsheet can.
	"""
	file = path.name
	try:
		with path.open("rb") as source:
			begins = source.read(_CHUNK)
	except FileNotFoundError:
		raise UnreadableFile(MISSING, file=str(path)) from None
	except IsADirectoryError:
		raise UnreadableFile(DIRECTORY, file=str(path)) from None
	except PermissionError:
		sentence = DIRECTORY if path.is_dir() else FORBIDDEN
		raise UnreadableFile(sentence, file=str(path)) from None
	except (OSError, ValueError) as error:
		raise UnreadableFile(
			UNREAD, file=str(path), reason=getattr(error, "strerror", None) or error
		) from None
	if not begins.strip(b"\x00\t\n\r \x1a\xef\xbb\xbf\xff\xfe"):
		raise UnreadableFile(EMPTY, file=file)
	if begins.startswith(_ZIP):
		_check_archive(path)
		return Kind(True, begins)
	if begins.startswith(_OLE):
		_check_ole(path)
		_check_by_trial(path)
		return Kind(True, begins)
	for signature, sentence, name in _KINDS:
		if begins.startswith(signature) and _is_binary(begins):
			raise UnreadableFile(sentence, file=file, format=name)
	if _WEB_PAGE.match(begins.removeprefix(b"\xef\xbb\xbf")):
		raise UnreadableFile(WEB_PAGE, file=file)
	return Kind(False, begins)


def _is_binary(begins: bytes) -> bool:
	"""Whether the first bytes are no text: a client base may well begin with the letters BM or MZ."""
	return begins.startswith((b"%PDF", b"{\\rtf")) or bool(
		re.search(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]", begins)
	)


def _check_ole(path: Path) -> None:
	"""An xls file is an OLE container; so are protected xlsx files and old Word documents."""
	with path.open("rb") as source, mmap(source.fileno(), 0, access=ACCESS_READ) as contents:
		if contents.find("EncryptedPackage".encode("utf-16-le")) >= 0:
			raise UnreadableFile(PROTECTED, file=path.name)
		if all(contents.find(name.encode("utf-16-le")) < 0 for name in ("Book", "book", "BOOK")):
			raise UnreadableFile(OTHER_PROGRAMS, file=path.name)


def _check_by_trial(path: Path) -> None:
	"""Have another process read a binary workbook first: the reader aborts on some of the damaged ones.

	xls and xlsb hold lengths and places as plain numbers, and the reader believes them: a wrong one makes it
	ask for terabytes. No handler can catch that, so it has to happen elsewhere. An ordinary error is left for
	the reading itself to tell.
	"""
	command = [sys.executable, "-I", "-c", _TRIAL, str(path.resolve()), str(LARGEST_TRIAL)]
	quiet = {"stdin": DEVNULL, "stdout": DEVNULL, "stderr": DEVNULL}
	try:
		survived = run(command, timeout=LONGEST_TRIAL, check=False, **quiet).returncode == 0
	except TimeoutExpired:
		survived = False
	except OSError:
		return  # a system that starts no processes
	if not survived:
		raise UnreadableFile(DAMAGED, file=path.name)


_TRIAL = """
import sys
try:
	from resource import RLIMIT_AS, setrlimit
	setrlimit(RLIMIT_AS, (int(sys.argv[2]), int(sys.argv[2])))
except Exception:
	pass
try:
	from python_calamine import CalamineWorkbook
	workbook = CalamineWorkbook.from_path(sys.argv[1])
	for name in workbook.sheet_names:
		workbook.get_sheet_by_name(name)
except Exception:
	pass
"""


def _check_archive(path: Path) -> None:
	try:
		with ZipFile(path) as archive:
			members = archive.infolist()
			_check_declared(path, members)
			names = {member.filename for member in members}
			_check_spreadsheet(path, archive, names)
			for member in members:
				if member.filename.endswith((".xml", ".rels", ".bin")):
					_check_member(path, archive, member)
		if "xl/workbook.bin" in names:
			_check_by_trial(path)
	except UnreadableFile:
		raise
	except (
		BadZipFile,
		zlib.error,
		OSError,
		struct.error,
		ValueError,
		NotImplementedError,
		RuntimeError,
		EOFError,
	):
		raise UnreadableFile(DAMAGED, file=path.name) from None


def _check_declared(path: Path, members: list[ZipInfo]) -> None:
	"""Refuse by what the archive itself says: nothing has been unpacked yet."""
	unpacked = sum(member.file_size for member in members)
	if unpacked > LARGEST_UNPACKED:
		raise UnreadableFile(TOO_LARGE, file=path.name, limit=LARGEST_UNPACKED // 1024**2)
	ratio = unpacked // max(path.stat().st_size, 1)
	if unpacked > RATIO_FROM and ratio > LARGEST_RATIO:
		raise UnreadableFile(BOMB, file=path.name, ratio=ratio)
	if any(member.flag_bits & 1 for member in members):
		raise UnreadableFile(PROTECTED, file=path.name)


def _check_spreadsheet(path: Path, archive: ZipFile, names: set[str]) -> None:
	if "mimetype" in names:
		kind = archive.read("mimetype")[:200].decode("ascii", "replace").strip()
		if kind not in _SPREADSHEETS:
			raise UnreadableFile(OTHER_PROGRAMS, file=path.name)
		if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
			raise UnreadableFile(PROTECTED, file=path.name)
	elif not any(name.lower().startswith("xl/") for name in names):
		raise UnreadableFile(NO_SPREADSHEET, file=path.name)


def _check_member(path: Path, archive: ZipFile, member: ZipInfo) -> None:
	"""Unpack one part piece by piece, keeping nothing: is it as large as declared, and its grid not too wide?"""

	def unpacked() -> Iterator[bytes]:
		size = 0
		for chunk in _unpack(archive, member):
			size += len(chunk)
			if size > member.file_size:
				raise UnreadableFile(LYING, file=path.name)
			yield chunk

	if _cells_in(member.filename)(unpacked) > LARGEST_GRID:
		raise UnreadableFile(TOO_WIDE, file=path.name, limit=f"{LARGEST_GRID:,}")


def _unpack(archive: ZipFile, member: ZipInfo) -> Iterator[bytes]:
	"""The contents of a member. `ZipFile.open` stops at the declared size and so can't catch a lie."""
	if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
		raise NotImplementedError(member.compress_type)
	source = archive.fp
	source.seek(member.header_offset)
	header = source.read(30)
	name_length, extra_length = struct.unpack("<HH", header[26:30])
	source.seek(name_length + extra_length, 1)
	left = member.compress_size
	inflate = zlib.decompressobj(-15) if member.compress_type == ZIP_DEFLATED else None
	while left > 0:
		packed = source.read(min(_CHUNK // 8, left))
		if not packed:
			raise EOFError
		left -= len(packed)
		if inflate is None:
			yield packed
			continue
		while packed:
			yield inflate.decompress(packed, _CHUNK)
			packed = inflate.unconsumed_tail


Unpacked = Callable[[], Iterator[bytes]]

_MOST_ROWS = 1_048_576
_XLSX_COLUMN = re.compile(rb"""r=["']([A-Za-z]{2,3})[0-9]""")
_XLSX_ROW = re.compile(rb"""r=["'][A-Za-z]{1,3}([0-9]+)""")
_ODS_TAG = re.compile(rb"<(/?)table:(table|table-row|(?:covered-)?table-cell)(?=[\s/>])([^>]*)>")
_ODS_REPEATED = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["']([0-9]+)""")


def _cells_in(name: str) -> Callable[[Unpacked], int]:
	"""The function that measures the grid of the part called `name`."""
	if name == "content.xml":
		return _ods_cells
	if "/worksheets/" in name and name.endswith(".xml"):
		return _xlsx_cells
	return lambda unpacked: sum(0 for _ in unpacked())


def _xlsx_cells(unpacked: Unpacked) -> int:
	"""Cells of the grid. Rows are counted only where the columns alone don't settle it."""
	names: set[bytes] = {b"Z"}
	for piece in _with_seams(unpacked()):
		names.update(_XLSX_COLUMN.findall(piece))
	columns = max(map(_column_number, names))
	if columns * _MOST_ROWS <= LARGEST_GRID:
		return columns * _MOST_ROWS
	rows = max((int(row) for piece in _with_seams(unpacked()) for row in _XLSX_ROW.findall(piece)), default=0)
	return columns * rows


def _with_seams(chunks: Iterator[bytes]) -> Iterator[bytes]:
	"""Every chunk, and before it the bytes around its beginning, where a cell's name may be cut in two."""
	end = b""
	for chunk in chunks:
		yield end + chunk[:32]
		yield chunk
		end = chunk[-32:]


def _column_number(name: bytes) -> int:
	"""A is 1, Z 26, AA 27."""
	number = 0
	for letter in name.upper():
		number = number * 26 + letter - 64
	return number


def _ods_cells(unpacked: Unpacked) -> int:
	"""Cells of the grid, as the reader lays them out: up to the last one with a value, repeated ones each."""
	columns = rows = row = column = used_in_row = repeats = 0
	for piece in _whole_tags(unpacked()):
		for closing, tag, attributes in _ODS_TAG.findall(piece):
			repeated = _ODS_REPEATED.search(attributes)
			times = int(repeated[1]) if repeated else 1
			if tag == b"table":
				row = 0
			elif tag == b"table-row":
				if not closing:
					column = used_in_row = 0
					repeats = times
				if closing or attributes.endswith(b"/"):
					row += repeats
					if used_in_row:
						rows, columns = max(rows, row), max(columns, used_in_row)
			elif not closing:
				column += times
				if b"value-type" in attributes or not attributes.endswith(b"/"):
					used_in_row = column
	return rows * columns


def _whole_tags(chunks: Iterator[bytes]) -> Iterator[bytes]:
	"""The same XML in pieces that never end inside a tag."""
	rest = b""
	for chunk in chunks:
		rest += chunk
		cut = rest.rfind(b"<")
		if cut > 0:
			yield rest[:cut]
			rest = rest[cut:]
		elif len(rest) > 16 * _CHUNK:
			raise BadZipFile("a text of more than 16 megabytes in one cell")
	yield rest
