"""Text files of cells: which encoding, which delimiter, and their rows one by one."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE, getincrementaldecoder
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from charset_normalizer import from_bytes

from partner_crm.client_base.problems import UnreadableFile

DELIMITERS = ",;\t|"

LONGEST_LINE = 4 * 1024**2
"""Characters. Spreadsheets hold 32,767 in a cell, so a longer line is no row of a table."""

NOT_TEXT = "{file} is neither a spreadsheet nor a text."
CELL_TOO_LONG = "{file} can't be read: a cell in row {row} is longer than any spreadsheet's; a quotation mark is probably not closed."

_SAMPLE = 256 * 1024
_SCORED = 32 * 1024
_SNIFFED_ROWS = 50

# Longest first: the mark of UTF-16 LE begins that of UTF-32 LE.
_MARKS = (
	(BOM_UTF32_LE, "utf-32"),
	(BOM_UTF32_BE, "utf-32"),
	(BOM_UTF8, "utf-8-sig"),
	(BOM_UTF16_LE, "utf-16"),
	(BOM_UTF16_BE, "utf-16"),
)

# Single-byte encodings of the languages that the app speaks, the likelier first, and how much more plausible
# than the others a text must be in each. Mac Cyrillic differs from cp1251 in its capitals only.
_SINGLE_BYTE = {"cp1251": 0.0, "cp1252": 0.0, "cp1256": 0.0, "koi8-r": 0.0, "cp866": 0.0, "mac-cyrillic": 0.1}

# Letters from the most to the least frequent, in Russian and Bulgarian together and in Persian and Arabic.
_BY_FREQUENCY = ("оеаинтсрвлкдмпуяызьбгчйъхжшюцщэфёіїєґ", "ایرندموتهسبلشيكزفعگپخجقحغصطچضژذظثئآىةأؤء")
_WEIGHT = {
	letter: 1 - place / len(letters) for letters in _BY_FREQUENCY for place, letter in enumerate(letters)
}
_USUAL_SIGNS = frozenset("«»„“”‘’–—…№€£\u00a0،؛؟\u200c\u200d\u200e\u200f")

_WORD = re.compile(r"[^\W\d_]+")
_CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x19\x1b-\x1f\x7f]")

MOST_CONTROLS = 0.01
"""Share of control characters above which bytes are no text, if there are more than a few.

Random bytes have a tenth."""

A_FEW = 8

LEAST_PLAUSIBLE = 0.2
"""Below this none of our languages' encodings explains the text, and charset-normalizer is asked."""


class RowTooLong(Exception):
	"""The row with this number can't be read, nor anything after it."""

	def __init__(self, row: int):
		super().__init__(row)
		self.row = row


@dataclass(frozen=True, slots=True)
class TextFile:
	"""A text file of cells. `directive`: its first line is Excel's "sep=;", which is no row."""

	path: Path
	encoding: str
	delimiter: str
	directive: bool

	def rows(self) -> Iterator[list[str]]:
		"""Its rows, the first one first. Can be asked for again; nothing is kept.

		Raises `RowTooLong` where a quotation mark that is never closed swallows the rest of the file.
		"""
		with self.path.open(encoding=self.encoding, errors="replace", newline="") as source:
			lines = _lines(source.readline)
			if self.directive:
				next(lines, None)
			row = 0
			try:
				for row, cells in enumerate(csv.reader(lines, delimiter=self.delimiter), 1):  # noqa: B007
					yield cells
			except csv.Error:
				raise RowTooLong(row + 1) from None


def open_text(path: Path, begins: bytes, fit: Callable[[list[list[str]]], int]) -> TextFile:
	"""The text file at `path`, whose first bytes are `begins`.

	`fit` says how well rows read as a table of clients. Raises `UnreadableFile` when it is no text.
	"""
	encoding = _encoding(path, begins)
	with path.open(encoding=encoding, errors="replace", newline="") as source:
		first = source.readline(1000).lstrip("\ufeff").strip().strip('"')
	if first.lower().startswith("sep=") and len(first) == 5:
		return TextFile(path, encoding, first[4], True)
	if first.lower() == "sep=":  # a tab, which strip() took away
		return TextFile(path, encoding, "\t", True)
	candidates = [TextFile(path, encoding, delimiter, False) for delimiter in DELIMITERS]
	return max(candidates, key=lambda candidate: _evenness(candidate, fit))


def _lines(readline: Callable[[int], str]) -> Iterator[str]:
	"""Lines without NUL bytes and the byte order mark, never more than one in memory."""
	line = readline(LONGEST_LINE).removeprefix("\ufeff")
	while line:
		if len(line) == LONGEST_LINE:
			raise csv.Error("line too long")
		yield line.replace("\0", "") if "\0" in line else line
		line = readline(LONGEST_LINE)


def _evenness(candidate: TextFile, fit: Callable[[list[list[str]]], int]) -> tuple[int, float, int]:
	"""How well a delimiter divides the file: headings understood, then rows of one width, then the width."""
	rows: list[list[str]] = []
	with suppress(RowTooLong):
		rows.extend(cells for cells in islice(candidate.rows(), _SNIFFED_ROWS) if any(cells))
	if not rows:
		return (0, 0.0, 0)
	width, times = Counter(map(len, rows)).most_common(1)[0]
	return (fit(rows), times / len(rows) if width > 1 else 0.0, width)


def _encoding(path: Path, begins: bytes) -> str:
	for mark, encoding in _MARKS:
		if begins.startswith(mark):
			return encoding
	if wide := _wide_encoding(begins):
		return wide
	if len(_CONTROLS.findall(begins)) > max(A_FEW, MOST_CONTROLS * len(begins)):
		raise UnreadableFile(NOT_TEXT, file=path.name)
	return _narrow_encoding(_first_other_than_ascii(path))


def _wide_encoding(begins: bytes) -> str | None:
	"""UTF-16 without its mark: every second byte is NUL for ASCII, and the same one for Cyrillic or Arabic."""
	begins = begins[: _SAMPLE // 2 * 2]
	pairs = len(begins) // 2
	if begins.count(0) < pairs / 20:
		return None
	for encoding, nul_at in (("utf-16-le", 1), ("utf-16-be", 0)):
		high = begins[nul_at::2]
		if (
			begins[1 - nul_at :: 2].count(0) == 0
			and sum(high.count(byte) for byte in (0, 4, 6)) > 0.9 * pairs
		):
			return encoding
	return None


def _first_other_than_ascii(path: Path) -> bytes:
	"""The first piece of the file in which a byte is not ASCII: only that tells encodings apart."""
	with path.open("rb") as source:
		while piece := source.read(_SAMPLE):
			if not piece.isascii():
				return piece
	return b""


def _narrow_encoding(sample: bytes) -> str:
	"""UTF-8 if the sample is valid but for a few bytes, else the likeliest of the single-byte encodings."""
	try:
		getincrementaldecoder("utf-8")().decode(sample)
		return "utf-8"
	except UnicodeDecodeError:
		pass
	lenient = sample.decode("utf-8", "replace")
	foreign = sum(not letter.isascii() for letter in lenient)
	if lenient.count("\ufffd") * 20 < foreign:
		return "utf-8"
	part = sample[:_SCORED]
	plausible = {
		encoding: plausibility(part.decode(encoding, "replace")) - handicap
		for encoding, handicap in _SINGLE_BYTE.items()
	}
	best = max(plausible, key=plausible.__getitem__)
	if plausible[best] >= LEAST_PLAUSIBLE:
		return best
	guess = from_bytes(part).best()
	return guess.encoding if guess else best


def plausibility(text: str) -> float:
	"""How much a text looks like people's writing, at most 1, by its characters other than ASCII alone.

	Counts whole words of one alphabet in one case pattern (иван, Иван, ИВАН), weighed by how frequent
	their letters are: the wrong encoding gives rare letters, mixed alphabets and iВAн.
	"""
	score = total = 0.0
	for word, times in Counter(_WORD.findall(text)).items():
		foreign = sum(not letter.isascii() for letter in word)
		total += foreign * times
		score += foreign * times * _word_plausibility(word, foreign)
	for sign, times in Counter(text).items():
		if not sign.isascii() and not sign.isalpha():
			total += times
			score += times * (0.3 if sign in _USUAL_SIGNS else -2)
	return score / total if total else 0.0


def _word_plausibility(word: str, foreign: int) -> float:
	if not foreign:
		return 0.0
	if foreign < len(word) or not any(letter.lower() in _WEIGHT for letter in word):
		# Latin with some accents: they stand alone between plain letters.
		latin = all(letter.isascii() or letter in _ACCENTED for letter in word)
		return 0.6 if latin and foreign * 2 <= len(word) else -1.0
	if len(word) == 1:
		return 0.2  # "и" is a word, but so is the А that a euro sign becomes
	patterns = (word.lower(), word.upper(), word.capitalize())
	if word not in patterns:
		return -1.0
	return sum(_WEIGHT.get(letter.lower(), -1.0) for letter in word) / len(word)


_ACCENTED = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœšžßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŠŽ")
