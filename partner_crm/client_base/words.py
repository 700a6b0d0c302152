"""Words as people type them into cells and headings, and the tables of words that this package ships."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from importlib.resources import files

from partner_crm.rules.identity.spelling import fold

# Control characters and direction marks mean nothing in a cell. The zero-width joiners stay: Persian
# spelling and emoji are made with them.
_DIRT = re.compile(
	"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f"
	"\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SPACES = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\x85")

_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")

SHOWN_LENGTH = 60
"""How much of a cell a message quotes."""

NOTHING = frozenset(
	{"-", "--", "---", "–", "—", "?", "n/a", "#n/a", "#н/д", "null", "none", "nan", "nil", "."}
)
"""What people and exports write into a cell that has no value."""


def clean(text: str) -> str:
	"""`text` without invisible characters and outer spaces, and with one kind of space and of line end."""
	if not text.isprintable():
		text = _DIRT.sub("", _SPACES.sub(" ", _LINE_ENDS.sub("\n", text)))
	return text.strip()


def one_line(text: str) -> str:
	"""`clean`, with runs of spaces and line ends as one space."""
	text = clean(text)
	return " ".join(text.split()) if "  " in text or "\n" in text else text


def ascii_digits(text: str) -> str:
	"""`text` with Persian and Arabic digits written as 0 to 9."""
	return text if text.isascii() else text.translate(_DIGITS)


def key(text: str) -> str:
	"""What two spellings of one heading, status or word have in common: its letters and digits, folded.

	Case, ё/е, look-alike letters, spaces, hyphens and punctuation don't count. A text of signs only ("₽",
	"+") is its own key.
	"""
	folded = ascii_digits(fold(text))
	return "".join(filter(str.isalnum, folded)) or clean(folded)


def shown(cell: object) -> str:
	"""A cell as a message quotes it: one line, and not too much of it."""
	text = one_line(cell if isinstance(cell, str) else number_text(cell))
	return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…"


def number_text(cell: object) -> str:
	"""A cell that is no text as the sheet shows it: whole numbers without ".0"."""
	if isinstance(cell, float):
		return str(int(cell)) if cell.is_integer() else repr(cell)
	return str(cell)


def shipped(name: str) -> Iterator[dict[str, str]]:
	"""The lines of one of this package's tables (`columns.csv` and its like)."""
	with files(__package__).joinpath(name).open(encoding="utf-8", newline="") as lines:
		yield from csv.DictReader(lines)
