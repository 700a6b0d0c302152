"""The audit as one walk over the rows: facts are judged, keyed and loaded; then the reports run over what was loaded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

from partner_crm.audit.database import Database
from partner_crm.audit.findings import (
	Audit,
	ChannelConversion,
	Duplicate,
	FunnelStage,
	Inactive,
	Incomplete,
	PossibleDuplicate,
	Problem,
	ProgramIncome,
	Unpaid,
)
from partner_crm.audit.judge import LAST_CONTACT, NAMES, TITLE, Judge
from partner_crm.audit.page import write_page
from partner_crm.audit.wording import Wording
from partner_crm.audit.workbook import write_workbook
from partner_crm.client_base import ClientBase, Record
from partner_crm.reports import channels, funnel, income
from partner_crm.reports.filters import Filters
from partner_crm.rules import stages
from partner_crm.rules.identity import (
	COMPANY_PAIRS,
	PERSON_PAIRS,
	Company,
	IdentitySettings,
	Person,
	Values,
	company_values,
	keys_of,
	person_values,
)
from partner_crm.rules.similarity import REASONS, find_similar

Progress = Callable[..., None]

# What the reader says of the file that is nobody's mistake.
NO_FAULT = frozenset({"totals_row", "repeated_headings", "sheet_not_read", "column_repeated", "date_order_assumed"})
PAYOUT_FACTS = frozenset({"Payout.amount", "Payout.expected_amount", "Payout.paid_amount"})
DATE_FACTS = frozenset(
	{"Contact.pcrm_birth_date", "Counterparty.founded_on", LAST_CONTACT}
	| {f"Deal.{name}_on" for name in ("registered", "tender", "campaign_starts", "next_contact", "brief_received")}
	| {f"Deal.{name}_on" for name in ("proposal_sent", "contract_signed", "contract_ends", "won", "closed")}
	| {"Payout.due_on", "Payout.paid_on"}
)


def run_audit(base: ClientBase, today: date, lang: str, progress: Progress = lambda *_: None) -> Audit:
	"""Everything that can be found in one client base, judged as of `today`; sentences are in `lang` (ISO 639)."""
	wording = Wording(lang)
	audit = Audit(base.file, base.sheet, today, base.country, base.headings)
	walk = _Walk(audit, base, Judge(base.columns, today, wording))
	try:
		walk.walk(progress)
		progress("Looking for possible duplicates")
		walk.compare(wording, lambda done, total: progress("Looking for possible duplicates", done, total))
		progress("Adding up the reports")
		walk.add_up()
	finally:
		walk.database.close()
	audit.unknown_columns = tuple(base.unknown_columns)
	audit.problems = [
		*(
			Problem(problem.row, problem.column, problem.text(wording.text), is_note=problem.code in NO_FAULT)
			for problem in base.problems
		),
		*(Problem(None, None, sentence, is_note=True) for sentence in walk.notes(wording)),
	]
	return audit


def write_files(audit: Audit, base: ClientBase, folder: Path, lang: str, progress: Progress = lambda *_: None) -> list[Path]:
	"""Writes the page and the workbook into `folder`, which is made where it is missing, and tells their paths."""
	progress("Writing the page and the workbook")
	folder.mkdir(parents=True, exist_ok=True)
	stem = Path(base.file).stem
	page, workbook = folder / f"{stem}-audit.html", folder / f"{stem}-audit.xlsx"
	write_page(audit, page, lang)
	dates = frozenset(index for index, fact in base.facts_by_column.items() if fact in DATE_FACTS)
	write_workbook(audit, base.rows(), dates, workbook, lang)
	return [page, workbook]


class _Walk:
	"""What is remembered from row to row."""

	def __init__(self, audit: Audit, base: ClientBase, judge: Judge) -> None:
		self.audit = audit
		self.base = base
		self.judge = judge
		self.database = Database()
		self.settings = IdentitySettings(country=base.country)
		self.told = frozenset(base.columns)
		self.has_payouts = bool(self.told & PAYOUT_FACTS)
		self.names_people = bool(self.told & NAMES)
		self.currency = _MainCurrency()
		self.rows: list[int] = []
		self.values: list[Values] = []
		self.seen: dict[Person | Company, int] = {}
		self.cards_by_key: dict[str, list[int]] = defaultdict(list)
		self.key_fields: dict[str, tuple[str, ...]] = {}
		self.pairs = PERSON_PAIRS if self.names_people else COMPANY_PAIRS

	def walk(self, progress: Progress) -> None:
		progress("Judging the clients")
		for record in self.base.records():
			self.audit.rows += 1
			self._judge(record)
			self._identify(record)
			self._load(record)
		self.audit.duplicates = self._duplicates()
		self.database.finish()

	def _judge(self, record: Record) -> None:
		for finding in self.judge.judge(record):
			if isinstance(finding, Incomplete):
				self.audit.incomplete.append(finding)
			elif isinstance(finding, Inactive):
				self.audit.inactive.append(finding)
			else:
				self.audit.penalties.append(finding)

	# Identity

	def _identify(self, record: Record) -> None:
		person, company = _person(record), _company(record)
		if "Deal.id" in self.told and self._is_known(person if self.names_people else company, record.row):
			return
		values = person_values(person, self.settings) if self.names_people else company_values(company, self.settings)
		card = len(self.rows)
		self.rows.append(record.row)
		self.values.append(values)
		for key in keys_of(values, self.pairs):
			self.cards_by_key[key.digest].append(card)
			self.key_fields[key.digest] = key.fields

	def _is_known(self, card: Person | Company, row: int) -> bool:
		"""In a file where every row is a deal with a number of its own, a card repeated to the letter is one card."""
		return self.seen.setdefault(card, row) != row

	def _duplicates(self) -> list[Duplicate]:
		"""Groups of cards that hang together by shared keys, and the fields by which they do."""
		groups = _Groups(len(self.rows))
		shared = [(key, cards) for key, cards in self.cards_by_key.items() if len(cards) > 1]
		for _key, (first, *others) in shared:
			for other in others:
				groups.join(first, other)
		fields: dict[int, set[str]] = defaultdict(set)
		members: dict[int, set[int]] = defaultdict(set)
		for key, cards in shared:
			group = groups.of(cards[0])
			fields[group].update(self.key_fields[key])
			members[group].update(cards)
		found = [
			Duplicate(tuple(sorted(self.rows[card] for card in cards)), tuple(sorted(fields[group])))
			for group, cards in members.items()
		]
		self.cards_by_key.clear()
		self.key_fields.clear()
		return sorted(found, key=lambda duplicate: duplicate.rows)

	def compare(self, wording: Wording, progress: Progress) -> None:
		for similar in find_similar(self.values, self.pairs, progress=progress):
			reasons = tuple(
				wording.text(REASONS[code], card=None if card is None else self.rows[card]) for code, card in similar.reasons
			)
			rows = self.rows[similar.a], self.rows[similar.b]
			self.audit.possible_duplicates.append(PossibleDuplicate(rows, round(similar.score, 3), reasons))
		self.audit.possible_duplicates.sort(key=lambda found: (-found.score, found.rows))

	# Money

	def _load(self, record: Record) -> None:
		facts = record.facts
		if facts.get("Deal.stage") is None:
			return
		amount = facts.get("Deal.amount")
		self.database.add_journey(record, amount if amount and self.currency.counts("Deal", facts.get("Deal.currency")) else None)
		client = facts.get("Contact.full_name") or _joined_name(facts) or facts.get(TITLE) or str(record.row)
		if facts.get("Deal.program"):
			self.database.add_claim(record, client)
		if not self.has_payouts:
			return
		expected, paid = _payout(facts)
		is_won = facts["Deal.stage"] == stages.CLIENT
		is_due = is_won and ("Deal.program" not in self.told or bool(facts.get("Deal.program")))
		if is_due and not paid:
			self.audit.unpaid.append(Unpaid(record.row, facts.get("Deal.program"), client))
		if (expected or paid) and not self.currency.counts("Payout", facts.get("Payout.currency")):
			expected = paid = Decimal(0)
		if is_due or expected or paid:
			self.database.add_payout(record, f"{client}#{record.row}", expected, paid)

	def add_up(self) -> None:
		if "Deal.stage" in self.told:
			self.audit.funnel = _funnel(self.database.report(funnel, Filters(), self.audit.today))
		if self.has_payouts:
			filters = Filters(group_by=("program",))
			report = self.database.report(income, filters, self.audit.today)
			self.audit.income = _income(report, self.currency.main("Payout"))
		if "Deal.channel" in self.told:
			report = self.database.report(channels, Filters(group_by=("channel",)), self.audit.today)
			self.audit.channels = _channels(report)

	# What the file does not tell

	def notes(self, wording: Wording) -> Iterable[str]:
		if "Deal.stage" not in self.told:
			yield wording.text("There is no column for the stage or status, so the funnel and what each stage needs are not judged.")
		if not self.judge.judges_activity:
			yield wording.text("There is no column for the last contact, so activity and penalties are not judged.")
		elif self.judge.undated:
			yield wording.text("Open rows without any date are not judged for activity. Rows: {count}.", count=self.judge.undated)
		if not self.has_payouts:
			yield wording.text("There is no column for payouts, so unpaid clients and income are not judged.")
		untold = self.judge.untold()
		for entity in dict.fromkeys(row.entity for row in untold):
			labels = ", ".join(
				wording.text("{label} (from {stage})", label=self.judge.label(row), stage=wording.text(row.stage))
				for row in untold
				if row.entity == entity
			)
			yield wording.text("No column tells these facts of the {entity}: {labels}.", entity=wording.text(entity), labels=labels)
		yield from self.currency.notes(wording)


class _Groups:
	"""Sets that are joined pair by pair (union-find)."""

	def __init__(self, size: int) -> None:
		self._parents = list(range(size))

	def of(self, member: int) -> int:
		parents = self._parents
		while parents[member] != member:
			parents[member] = parents[parents[member]]
			member = parents[member]
		return member

	def join(self, one: int, other: int) -> None:
		first, second = sorted((self.of(one), self.of(other)))
		self._parents[second] = first


class _MainCurrency:
	"""Adds up one currency only, the one that the file's first amount is in: no rate is known here."""

	def __init__(self) -> None:
		self._main: dict[str, str] = {}
		self._left_out: Counter[tuple[str, str]] = Counter()

	def main(self, kind: str) -> str | None:
		return self._main.get(kind)

	def counts(self, kind: str, currency: str | None) -> bool:
		"""Whether an amount in `currency` goes into the sums; one without any is taken to be in the main one."""
		if currency is None or self._main.setdefault(kind, currency) == currency:
			return True
		self._left_out[kind, currency] += 1
		return False

	def notes(self, wording: Wording) -> Iterable[str]:
		sentences = {
			"Deal": "Amounts in {currency} are left out of the sums, which are in {main}. Rows: {count}.",
			"Payout": "Payouts in {currency} are left out of the sums, which are in {main}. Rows: {count}.",
		}
		for (kind, currency), count in self._left_out.items():
			yield wording.text(sentences[kind], count=count, currency=currency, main=self._main[kind])


def _person(record: Record) -> Person:
	facts = record.facts
	return Person(
		facts.get("Contact.full_name", ""),
		facts.get("Contact.first_name", ""),
		facts.get("Contact.middle_name", ""),
		facts.get("Contact.last_name", ""),
		facts.get("Contact.phone", ()),
		facts.get("Contact.email", ()),
		facts.get("Contact.pcrm_birth_date"),
	)


def _company(record: Record) -> Company:
	facts = record.facts
	title, site = facts.get(TITLE), facts.get("Counterparty.website")
	return Company(
		tuple(filter(None, (title, *facts.get("Counterparty.additional_titles", ())))),
		facts.get("Counterparty.tax_id", ""),
		(site,) if site else (),
		(*facts.get("Counterparty.email", ()), *facts.get("Contact.email", ())),
		(*facts.get("Counterparty.phone", ()), *facts.get("Contact.phone", ())),
	)


def _joined_name(facts: dict[str, object]) -> str:
	return " ".join(filter(None, (facts.get("Contact.first_name"), facts.get("Contact.last_name"))))


def _payout(facts: dict[str, object]) -> tuple[Decimal, Decimal]:
	"""What is expected in all and what was paid. A column that only says "payout" tells what was paid, unless a status denies it."""
	said = facts.get("Payout.amount")
	paid = facts.get("Payout.paid_amount")
	if paid is None:
		paid = said if facts.get("Payout.status", "Paid") == "Paid" else None
	expected = facts.get("Payout.expected_amount") or said or paid
	return expected or Decimal(0), paid or Decimal(0)


def _funnel(report: object) -> list[FunnelStage]:
	return [
		FunnelStage(
			row["stage"], row["entered"], row["now"], row["amount"], _share(row["conversion"]), _share(row["to_next"])
		)
		for row in report.rows
		if row["entered"] or row["now"]
	]


def _income(report: object, currency: str | None) -> list[ProgramIncome]:
	return [
		ProgramIncome(
			row["program"], row["clients"], row["amount"], row["paid"], _share(row["share"]), _share(row["running_share"]), currency
		)
		for row in report.rows
	]


def _channels(report: object) -> list[ChannelConversion]:
	found = [
		ChannelConversion(row["channel"], row["leads"], row["won"], _share(row["conversion"]), row["revenue"])
		for row in report.rows
	]
	return sorted(found, key=lambda channel: -channel.leads)


def _share(percent: Decimal | None) -> Decimal | None:
	"""A percentage as a share from 0 to 1."""
	return None if percent is None else percent / 100

