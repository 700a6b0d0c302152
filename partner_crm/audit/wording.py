"""The words of the report in one language: headings, totals, money, days, and a finding said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

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

	def text(self, sentence: str, **values: object) -> str:
		translated = translate(sentence, self.lang)
		return translated.format(**values) if values else translated

	def count(self, number: int) -> str:
		return format_decimal(number, locale=self.locale)

	def money(self, amount: Decimal | None, currency: str | None = None) -> str:
		if amount is None:
			return ""
		if currency:
			return format_currency(amount, currency, locale=self.locale)
		return format_decimal(amount, format="#,##0.##", locale=self.locale)

	def percent(self, share: Decimal | None) -> str:
		return "" if share is None else format_percent(share, format="#,##0.#%", locale=self.locale)

	def day(self, day: date | None) -> str:
		return "" if day is None else format_date(day, format="dd.MM.yyyy" if self.lang != "en" else "d MMM yyyy", locale=self.locale)

	def totals(self, audit: Audit) -> list[tuple[str, int, str]]:
		"""What was counted: the heading, the number, and what it means in one line."""
		problems = len(audit.problems) - len(audit.notes)
		return [
			(self.text("Clients entered twice"), len(audit.duplicates), self.text("Two or more identity fields match.")),
			(self.text("Possible duplicates"), len(audit.possible_duplicates), self.text("Look alike; a person should look.")),
			(self.text("Incomplete cards"), len(audit.incomplete), self.text("Cells are empty that their stage needs.")),
			(self.text("Quiet deals"), len(audit.inactive), self.text("No talk worth the name for two months.")),
			(self.text("Penalties due"), len(audit.penalties), self.text("By the shipped rules; amounts are 0 until you set them.")),
			(self.text("Clients without a payout"), len(audit.unpaid), self.text("Won, but no payout is on record.")),
			(self.text("Cells to mend"), problems, self.text("Could not be understood as they stand.")),
		]

	def rows(self, rows: tuple[int, ...]) -> str:
		return ", ".join(str(row) for row in rows)

	def fields(self, names: tuple[str, ...]) -> str:
		return ", ".join(self.text(FIELD_LABELS.get(name, name)) for name in names)

	def missing(self, finding: Incomplete) -> str:
		return ", ".join(missing.label for missing in finding.missing)

	def findings_by_row(self, audit: Audit) -> dict[int, dict[str, str]]:
		"""For every row that has findings: the heading of the kind and the sentence to stand under it."""
		found: dict[int, dict[str, list[str]]] = {}
		for row, kind, sentence in self._lines(audit):
			found.setdefault(row, {}).setdefault(kind, []).append(sentence)
		return {row: {kind: "; ".join(lines) for kind, lines in kinds.items()} for row, kinds in found.items()}

	def kinds(self) -> tuple[str, ...]:
		"""The headings of `findings_by_row`, in the order of the report."""
		return tuple(self.text(kind) for kind in KINDS)

	def _lines(self, audit: Audit) -> Iterator[tuple[int, str, str]]:
		duplicate, possible, incomplete, quiet, penalty, unpaid, mend = self.kinds()
		for finding in audit.duplicates:
			for row in finding.rows:
				others = tuple(other for other in finding.rows if other != row)
				yield row, duplicate, self.text("Same client as row {rows}: {fields}", rows=self.rows(others), fields=self.fields(finding.fields))
		for finding in audit.possible_duplicates:
			for row in finding.rows:
				others = tuple(other for other in finding.rows if other != row)
				yield row, possible, self.text("Looks like row {rows} ({score})", rows=self.rows(others), score=self.percent(Decimal(str(finding.score))))
		for finding in audit.incomplete:
			yield finding.row, incomplete, self.missing(finding)
		for finding in audit.inactive:
			if finding.active_until:
				yield finding.row, quiet, self.text("Active until {day}", day=self.day(finding.active_until))
			else:
				yield finding.row, quiet, self.text("Nothing on record keeps it active")
		for finding in audit.penalties:
			yield finding.row, penalty, f"{self.text(finding.rule)}, {self.day(finding.violated_on)}"
		for finding in audit.unpaid:
			yield finding.row, unpaid, finding.program or self.text("No programme")
		for finding in audit.problems:
			if finding.row is not None:
				yield finding.row, mend, finding.message


KINDS = (
	"Clients entered twice",
	"Possible duplicates",
	"Incomplete cards",
	"Quiet deals",
	"Penalties due",
	"Clients without a payout",
	"Cells to mend",
)

FIELD_LABELS = {
	"full_name": "name",
	"phone": "phone",
	"email": "e-mail",
	"birth_date": "birth date",
	"tax_id": "tax ID",
	"title": "company title",
	"domain": "internet domain",
}
