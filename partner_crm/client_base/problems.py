"""What is wrong with a client base, as data: codes, whole sentences with {placeholders}, and where it is.

Callers translate first and format afterwards: `problem.text(translate)`,
`translate(error.sentence).format(**error.params)`. "What bad input gets": a message names the file, the
sheet, the row and the column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Where a problem is. The parts that are known are put one after another, the sentence follows.
IN_SHEET = "sheet “{sheet}”"
IN_ROW = "row {row}"
IN_COLUMN = "column “{column}”"

SENTENCES: Mapping[str, str] = {
	# cells
	"not_a_date": "“{value}” is not a date.",
	"date_impossible": "There is no such day as “{value}”.",
	"date_ambiguous": "“{value}” can be read as day/month or as month/day, and the column has dates of both kinds.",
	"date_order_assumed": "Dates such as “{value}” can be read in two ways; they are read as day/month/year.",
	"birth_date_future": "The birth date “{value}” is in the future.",
	"birth_date_impossible": "“{value}” can't be the birth date of a client.",
	"not_an_amount": "“{value}” is not an amount of money.",
	"amount_not_finite": "“{value}” is not a number that money can be counted in.",
	"amount_negative": "The amount “{value}” is negative.",
	"phone_without_digits": "“{value}” has no digits of a phone number.",
	"phone_damaged": "The phone number “{value}” was saved as a rounded number, so its last digits are lost.",
	"email_without_domain": "“{value}” is not an e-mail address: it needs a name, an @ and a domain such as mail.com.",
	"unknown_answer": "“{value}” is neither Yes nor No.",
	"unknown_currency": "The currency “{value}” is not known. Rows that have it: {count}.",
	"unknown_stage": "The status “{value}” is not known. Rows that have it: {count}.",
	"unknown_choice": "“{value}” is none of {choices}. Rows that have it: {count}.",
	# rows
	"row_without_facts": "Nothing in this row stands in a column that was understood, so the row was left out.",
	"repeated_headings": "The headings are repeated here, which is no client; such rows skipped: {count}.",
	"cells_beyond_headings": "This row has more cells than there are headings, so its values may stand in wrong columns. "
	"Rows like this: {count}.",
	"reading_stopped": "The rows from here on could not be read: a quotation mark is probably not closed.",
	# columns and sheets
	"column_repeated": "This column says the same as the column “{other}”, which stands before it; only that one was read.",
	"sheet_not_read": "This sheet has the same headings and was not read; name it to have it read.",
	# master lists
	"not_in_list": "“{value}” is not in {list}. Rows that have it: {count}.",
	"probably_misspelt": "“{value}” is not in {list}; it is probably a misspelling of “{suggestion}”. Rows that have it: {count}.",
}


@dataclass(frozen=True, slots=True)
class Problem:
	"""One thing that a person should look at: `row` is the spreadsheet's number, from 1, `column` the heading."""

	code: str
	file: str
	sheet: str | None = None
	row: int | None = None
	column: str | None = None
	params: Mapping[str, Any] = field(default_factory=dict)

	@property
	def sentence(self) -> str:
		"""What is wrong, in English, with {placeholders} for `params`."""
		return SENTENCES[self.code]

	def text(self, translate: Callable[[str], str] = str) -> str:
		"""The place and the sentence, in the language that `translate` turns English sentences into."""
		places = [self.file]
		for value, sentence in ((self.sheet, IN_SHEET), (self.row, IN_ROW), (self.column, IN_COLUMN)):
			if value is not None:
				places.append(translate(sentence).format(sheet=self.sheet, row=self.row, column=self.column))
		return f"{', '.join(places)}: {translate(self.sentence).format(**self.params)}"

	@property
	def message(self) -> str:
		"""`text` in English."""
		return self.text()


class UnreadableFile(Exception):
	"""Nothing can be read from the file, and `sentence` says why.

	`sentence` has {placeholders} for `params`, of which `file` is always one. `str()` is English.
	"""

	def __init__(self, sentence: str, **params: Any):
		super().__init__(sentence.format(**params))
		self.sentence = sentence
		self.params = params
