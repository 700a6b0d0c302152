"""What an audit found, as plain rows: the terminal, the page, the workbook and the JSON are four ways of showing these."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Duplicate:
	"""Rows that are one client: two or more identity fields match (Rules of discipline, rule 5)."""

	rows: tuple[int, ...]
	fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PossibleDuplicate:
	"""Two rows that look like one client; `score` from 0 to 1, `reasons` as sentences."""

	rows: tuple[int, ...]
	score: float
	reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MissingFact:
	entity: str
	field: str
	label: str


@dataclass(frozen=True, slots=True)
class Incomplete:
	"""A row whose cells lack what its stage needs."""

	row: int
	stage: str
	missing: tuple[MissingFact, ...]


@dataclass(frozen=True, slots=True)
class Inactive:
	"""An open deal whose last active day is over. `active_until` is None where no day starts the clock."""

	row: int
	responsible: str | None
	last_interaction_on: date | None
	active_until: date | None


@dataclass(frozen=True, slots=True)
class PenaltyDue:
	row: int
	rule: str
	manager: str | None
	violated_on: date
	amount: Decimal
	currency: str | None


@dataclass(frozen=True, slots=True)
class Unpaid:
	"""A client who was won and for whom no payout is recorded as paid."""

	row: int
	program: str | None
	client: str


@dataclass(frozen=True, slots=True)
class FunnelStage:
	"""`entered` counts everybody who was ever at the stage, `now` those who stand there, `amount` what they are worth.

	`conversion` is the share of all who entered the first stage; `to_next` the share that went on to the next. Both from 0 to 1.
	"""

	stage: str
	entered: int
	now: int
	amount: Decimal
	conversion: Decimal | None
	to_next: Decimal | None


@dataclass(frozen=True, slots=True)
class ProgramIncome:
	"""`share` of all income and `running_share` of this programme and those above it, from 0 to 1."""

	program: str
	clients: int
	expected: Decimal
	paid: Decimal
	share: Decimal | None
	running_share: Decimal | None
	currency: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelConversion:
	channel: str
	leads: int
	won: int
	conversion: Decimal | None
	revenue: Decimal


@dataclass(frozen=True, slots=True)
class Problem:
	"""Something in the file that could not be understood or judged, as a sentence. `row` is None where it concerns the whole column.

	A note tells what cannot be judged from this file; it is no finding.
	"""

	row: int | None
	column: str | None
	message: str
	is_note: bool = False


@dataclass(slots=True)
class Audit:
	"""The result of auditing one sheet; the lists are sorted by spreadsheet row."""

	file: str
	sheet: str | None
	today: date
	country: str | None
	headings: Sequence[str] = ()
	rows: int = 0
	unknown_columns: tuple[str, ...] = ()
	duplicates: list[Duplicate] = field(default_factory=list)
	possible_duplicates: list[PossibleDuplicate] = field(default_factory=list)
	incomplete: list[Incomplete] = field(default_factory=list)
	inactive: list[Inactive] = field(default_factory=list)
	penalties: list[PenaltyDue] = field(default_factory=list)
	unpaid: list[Unpaid] = field(default_factory=list)
	funnel: list[FunnelStage] = field(default_factory=list)
	income: list[ProgramIncome] = field(default_factory=list)
	channels: list[ChannelConversion] = field(default_factory=list)
	problems: list[Problem] = field(default_factory=list)

	@property
	def notes(self) -> list[Problem]:
		return [problem for problem in self.problems if problem.is_note]

	@property
	def is_clean(self) -> bool:
		"""True where nothing was found; notes on what the file does not tell are no findings."""
		found = (
			self.duplicates,
			self.possible_duplicates,
			self.incomplete,
			self.inactive,
			self.penalties,
			self.unpaid,
		)
		return not any(found) and len(self.notes) == len(self.problems)

	def to_json(self) -> str:
		"""One object with the keys of the command line's contract. Money is a number, a day is YYYY-MM-DD."""
		return json.dumps(self, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
	"""What JSON has for a finding, an amount, a day."""
	if isinstance(value, Decimal):
		return int(value) if value == value.to_integral_value() else float(value)
	if isinstance(value, date):
		return value.isoformat()
	return {name: getattr(value, name) for name in value.__slots__}
