"""The words of the report in one language: headings, totals, money, days, and a finding said in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache

import jdatetime
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from partner_crm.audit.findings import Audit, Incomplete
from partner_crm.texts import translate


class Wording:
	"""Sentences and numbers as a reader of `lang` (ISO 639) expects them; English where no such locale is known."""

	def __init__(self, lang: str):
		self.lang = lang
		try:
			self.locale = Locale.parse(lang)
		except (UnknownLocaleError, ValueError):
			self.locale = Locale.parse("en")
		self._locale_name = str(self.locale)
		self.comma = ARABIC_COMMA if lang in WITH_ARABIC_COMMA else ", "

	@property
	def is_right_to_left(self) -> bool:
		return self.locale.character_order == "right-to-left"

	def text(self, sentence: str, **values: object) -> str:
		translated = translate(sentence, self.lang)
		return translated.format(**values) if values else translated

	def count(self, number: int) -> str:
		return format_decimal(number, locale=self.locale)

	def money(self, amount: Decimal | None) -> str:
		"""An amount without its currency, which stands over the column; no decimals where there are none."""
		if amount is None:
			return ""
		return format_decimal(
			amount, format="#,##0" if amount == amount.to_integral_value() else "#,##0.00", locale=self.locale
		)

	def in_currency(self, heading: str, currency: str | None) -> str:
		"""A heading of amounts, with the currency they are in where it is known."""
		return self.listed((self.text(heading), currency))

	def percent(self, share: Decimal | None) -> str:
		return "" if share is None else format_percent(share, format="#,##0.#%", locale=self.locale)

	def day(self, day: date | None) -> str:
		"""A day as it is written where `lang` is spoken; in Persian by the calendar of Iran."""
		return "" if day is None else _day(day, self.lang, self._locale_name)

	def listed(self, parts: Iterable[str | None]) -> str:
		"""What there is of `parts`, one after another."""
		return self.comma.join(filter(None, parts))

	def totals(self, audit: Audit) -> list[tuple[str, int, str]]:
		"""What was counted: the heading, the number, and what it means in one line."""
		counts = {
			DUPLICATE: len(audit.duplicates),
			POSSIBLE: len(audit.possible_duplicates),
			UNPAID: len(audit.unpaid),
			QUIET: len(audit.inactive),
			PENALTY: len(audit.penalties),
			INCOMPLETE: len(audit.incomplete),
			MEND: len(audit.problems) - len(audit.notes),
		}
		return [(self.text(kind), counts[kind], self.text(MEANINGS[kind])) for kind in KINDS]

	def rows(self, rows: tuple[int, ...]) -> str:
		return self.listed(map(str, rows))

	def fields(self, names: tuple[str, ...]) -> str:
		return self.listed(self.text(FIELD_LABELS.get(name, name)) for name in names)

	def missing(self, finding: Incomplete) -> str:
		return self.listed(missing.label for missing in finding.missing)

	def findings(self, audit: Audit) -> Iterator[tuple[str, tuple[int, ...], str]]:
		"""Every finding as its kind, the rows it is about, and what there is to say of it."""
		for duplicate in audit.duplicates:
			yield (
				DUPLICATE,
				duplicate.rows,
				self.text("The same: {fields}", fields=self.fields(duplicate.fields)),
			)
		for possible in audit.possible_duplicates:
			yield POSSIBLE, possible.rows, " ".join(possible.reasons)
		for incomplete in audit.incomplete:
			yield INCOMPLETE, (incomplete.row,), f"{self.text(incomplete.stage)}: {self.missing(incomplete)}"
		for quiet in audit.inactive:
			until = self.text("Active until {day}", day=self.day(quiet.active_until))
			yield QUIET, (quiet.row,), self.listed((until, quiet.responsible))
		for penalty in audit.penalties:
			parts = (self.text(penalty.rule), self.day(penalty.violated_on), penalty.manager)
			yield PENALTY, (penalty.row,), self.listed(parts)
		for unpaid in audit.unpaid:
			yield UNPAID, (unpaid.row,), self.listed((unpaid.client, unpaid.program))
		for problem in audit.problems:
			if not problem.is_note:
				yield MEND, () if problem.row is None else (problem.row,), problem.message

	def findings_by_row(self, audit: Audit) -> dict[int, dict[str, str]]:
		"""For every row that has findings: the kind, and all there is to say of it."""
		found: dict[int, dict[str, list[str]]] = {}
		for kind, rows, sentence in self.findings(audit):
			for row in rows:
				others = tuple(other for other in rows if other != row)
				line = (
					f"{self.text('Row {rows}', rows=self.rows(others))}: {sentence}" if others else sentence
				)
				found.setdefault(row, {}).setdefault(kind, []).append(line)
		return {
			row: {kind: "; ".join(lines) for kind, lines in kinds.items()} for row, kinds in found.items()
		}


@lru_cache(maxsize=1 << 12)  # the same few days are said in row after row
def _day(day: date, lang: str, locale: str) -> str:
	if lang == "fa":
		return jdatetime.date.fromgregorian(date=day).strftime("%Y/%m/%d")
	return format_date(day, format="dd.MM.yyyy" if lang != "en" else "d MMM yyyy", locale=locale)


ARABIC_COMMA = "، "
WITH_ARABIC_COMMA = frozenset({"ar", "fa", "ur"})

DUPLICATE = "Clients entered twice"
POSSIBLE = "Possible duplicates"
INCOMPLETE = "Incomplete cards"
QUIET = "Quiet deals"
PENALTY = "Penalties due"
UNPAID = "Clients without a payout"
MEND = "Cells to mend"
KINDS = (DUPLICATE, POSSIBLE, UNPAID, QUIET, PENALTY, INCOMPLETE, MEND)

MEANINGS = {
	DUPLICATE: "Two or more identity fields match.",
	POSSIBLE: "Look alike; a person should look.",
	UNPAID: "Won, but no payout is on record.",
	QUIET: "No talk worth the name for two months.",
	PENALTY: "By the shipped rules; amounts are 0.",
	INCOMPLETE: "Cells are empty that their stage needs.",
	MEND: "Could not be understood as they stand.",
}

FIELD_LABELS = {
	"full_name": "name",
	"phone": "phone",
	"email": "e-mail",
	"birth_date": "birth date",
	"tax_id": "tax ID",
	"title": "company title",
	"domain": "internet domain",
}
