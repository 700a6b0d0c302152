"""The audit: every row is judged and loaded, the reports run over what was loaded, and beside it every row is asked who it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

from partner_crm.audit.beside import beside
from partner_crm.audit.database import Database, Rows
from partner_crm.audit.findings import (
	Audit,
	ChannelConversion,
	FunnelStage,
	Inactive,
	Incomplete,
	Problem,
	ProgramIncome,
	Unpaid,
)
from partner_crm.audit.identity import who_is_who
from partner_crm.audit.judge import LAST_CONTACT, TITLE, Judge
from partner_crm.audit.page import write_page
from partner_crm.audit.wording import Wording
from partner_crm.audit.workbook import write_workbook
from partner_crm.client_base import ClientBase, Record
from partner_crm.reports import channels, funnel, income
from partner_crm.reports.filters import Filters
from partner_crm.rules import stages

Progress = Callable[..., None]

# Rows after which the walk says where it is.
SAID_EVERY = 2_000
# What the reader says of the file that is nobody's mistake.
NO_FAULT = frozenset(
	{"totals_row", "repeated_headings", "sheet_not_read", "column_repeated", "date_order_assumed"}
)
PAYOUT_FACTS = frozenset({"Payout.amount", "Payout.expected_amount", "Payout.paid_amount"})
DATE_FACTS = frozenset(
	{"Contact.pcrm_birth_date", "Counterparty.founded_on", LAST_CONTACT}
	| {
		f"Deal.{name}_on"
		for name in ("registered", "tender", "campaign_starts", "next_contact", "brief_received")
	}
	| {f"Deal.{name}_on" for name in ("proposal_sent", "contract_signed", "contract_ends", "won", "closed")}
	| {"Payout.due_on", "Payout.paid_on"}
)


def run_audit(
	base: ClientBase,
	today: date,
	lang: str,
	folder: Path | None = None,
	progress: Progress = lambda *_: None,
) -> tuple[Audit, list[Path]]:
	"""Everything that can be found in one client base, judged as of `today`; sentences are in `lang` (ISO 639).

	With a `folder`, which is made where it is missing, a page and a workbook are written there; their paths are told.

	Two questions are asked of every row, and neither needs the other's answer: what do the rules say of this client, and who is he?
	Each has its own walk over the rows. The workbook in turn needs no report. So either goes on beside the other where the machine
	lets it.
	"""
	wording = Wording(lang)
	with beside(lambda: who_is_who(base, wording)) as identity:
		walk = _judge(base, today, wording, progress)
		audit = walk.audit
		progress("Looking for clients entered twice")
		audit.duplicates, audit.possible_duplicates = identity()
	with beside(walk.add_up) as reports:
		written = _write_workbook(audit, base, folder, lang, progress) if folder else []
		progress("Adding up the reports")
		audit.funnel, audit.income, audit.channels = reports()
	if folder:
		page = folder / f"{Path(base.file).stem}-audit.html"
		write_page(audit, page, lang)
		written.insert(0, page)
	return audit, written


def _write_workbook(
	audit: Audit, base: ClientBase, folder: Path, lang: str, progress: Progress
) -> list[Path]:
	progress("Writing the page and the workbook")
	folder.mkdir(parents=True, exist_ok=True)
	workbook = folder / f"{Path(base.file).stem}-audit.xlsx"
	dates = frozenset(index for index, fact in base.facts_by_column.items() if fact in DATE_FACTS)
	write_workbook(audit, base.rows(), dates, workbook, lang)
	return [workbook]


def _judge(base: ClientBase, today: date, wording: Wording, progress: Progress) -> _Walk:
	audit = Audit(base.file, base.sheet, today, base.country, base.headings)
	walk = _Walk(audit, base, Judge(base.columns, today, wording))
	walk.walk(progress)
	audit.unknown_columns = tuple(base.unknown_columns)
	audit.problems = [
		*(
			Problem(problem.row, problem.column, problem.text(wording.text), is_note=problem.code in NO_FAULT)
			for problem in base.problems
		),
		*(Problem(None, None, sentence, is_note=True) for sentence in walk.notes(wording)),
	]
	return walk


class _Walk:
	"""The walk that judges: the rules row by row, and the rows into the tables that the reports read."""

	def __init__(self, audit: Audit, base: ClientBase, judge: Judge) -> None:
		self.audit = audit
		self.base = base
		self.judge = judge
		self.rows = Rows()
		self.told = frozenset(base.columns)
		self.has_payouts = bool(self.told & PAYOUT_FACTS)
		self.currency = _MainCurrency()

	def walk(self, progress: Progress) -> None:
		for record in self.base.records():
			if self.audit.rows % SAID_EVERY == 0:
				progress("Judging the clients", self.audit.rows)
			self.audit.rows += 1
			self._judge(record)
			self._load(record)

	def _judge(self, record: Record) -> None:
		for finding in self.judge.judge(record):
			if isinstance(finding, Incomplete):
				self.audit.incomplete.append(finding)
			elif isinstance(finding, Inactive):
				self.audit.inactive.append(finding)
			else:
				self.audit.penalties.append(finding)

	def _load(self, record: Record) -> None:
		facts = record.facts
		if facts.get("Deal.stage") is None:
			return
		amount = facts.get("Deal.amount")
		self.rows.add_journey(
			record, amount if amount and self.currency.counts("Deal", facts.get("Deal.currency")) else None
		)
		client = facts.get("Contact.full_name") or _joined_name(facts) or facts.get(TITLE) or str(record.row)
		if facts.get("Deal.program"):
			self.rows.add_claim(record, client)
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
			self.rows.add_payout(record, f"{client}#{record.row}", expected, paid)

	def add_up(self) -> tuple[list[FunnelStage], list[ProgramIncome], list[ChannelConversion]]:
		"""The reports over all the rows: the funnel, the income by programme, the conversion by channel."""
		stages_passed, earned, converted = [], [], []
		with closing(Database(self.rows)) as database:
			if "Deal.stage" in self.told:
				stages_passed = _funnel(database.report(funnel, Filters(), self.audit.today))
			if self.has_payouts:
				report = database.report(income, Filters(group_by=("program",)), self.audit.today)
				earned = _income(report, self.currency.main("Payout"))
			if "Deal.channel" in self.told:
				report = database.report(channels, Filters(group_by=("channel",)), self.audit.today)
				converted = _channels(report)
		return stages_passed, earned, converted

	# What the file does not tell

	def notes(self, wording: Wording) -> Iterable[str]:
		if "Deal.stage" not in self.told:
			yield wording.text(
				"There is no column for the stage or status, so the funnel and what each stage needs are not judged."
			)
		if not self.judge.judges_activity:
			yield wording.text(
				"There is no column for the last contact, so activity and penalties are not judged."
			)
		elif self.judge.undated:
			yield wording.text(
				"Open rows without any date are not judged for activity. Rows: {count}.",
				count=self.judge.undated,
			)
		if not self.has_payouts:
			yield wording.text("There is no column for payouts, so unpaid clients and income are not judged.")
		untold = self.judge.untold()
		for entity in dict.fromkeys(row.entity for row in untold):
			labels = wording.listed(
				wording.text(
					"{label} (from {stage})", label=self.judge.label(row), stage=wording.text(row.stage)
				)
				for row in untold
				if row.entity == entity
			)
			yield wording.text(
				"No column tells these facts of the {entity}: {labels}.",
				entity=wording.text(entity),
				labels=labels,
			)
		yield from self.currency.notes(wording)


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
			row["stage"],
			row["entered"],
			row["now"],
			row["amount"],
			_share(row["conversion"]),
			_share(row["to_next"]),
		)
		for row in report.rows
		if row["entered"] or row["now"]
	]


def _income(report: object, currency: str | None) -> list[ProgramIncome]:
	return [
		ProgramIncome(
			row["program"],
			row["clients"],
			row["amount"],
			row["paid"],
			_share(row["share"]),
			_share(row["running_share"]),
			currency,
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
