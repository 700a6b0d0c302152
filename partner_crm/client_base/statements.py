"""A list of payouts as the owner of a programme sends it: which client, how much, when.

Read as a client base is; only what a line of money is about is taken, and every row is kept, also those that say too
little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from partner_crm.client_base.problems import Problem
from partner_crm.client_base.records import OF_WORDS, ClientBase, read

AMOUNTS = ("Payout.amount", "Payout.expected_amount", "Payout.paid_amount", "Deal.amount")
"""The first that has a column. A bare "Amount" is the deal's in a client base; in a list of payouts it is the payout's
where nothing else is."""

DATES = (
	"Payout.paid_on",
	"Deal.won_on",
	"Deal.closed_on",
	"Deal.registered_on",
	"Interaction.occurred_at",
	"Payout.due_on",
)

ABOUT_FILE = OF_WORDS | {
	"unknown_stage",
	"repeated_headings",
	"cells_beyond_headings",
	"reading_stopped",
	"not_in_list",
	"probably_misspelt",
	"column_repeated",
	"sheet_not_read",
	"date_order_assumed",
}
"""Problems that are told once, with the first row that has them."""

NO_AMOUNT = "no_amount"
NO_CLIENT = "no_client"
NO_CURRENCY = "no_currency"
LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class StatementLine:
	"""`refusal`: why the line can't be compared, one of the codes above; `problems`: what is wrong with its cells."""

	row: int
	client: str = ""
	company: str = ""
	tax_id: str = ""
	emails: tuple[str, ...] = ()
	phones: tuple[str, ...] = ()
	reference: str = ""
	on: date | None = None
	amount: Decimal | None = None
	currency: str | None = None
	status: str = ""
	refusal: str | None = None
	problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnersList:
	"""`has_amounts`: whether any column was understood as amounts. `notes`: what is told of the file as a whole."""

	lines: tuple[StatementLine, ...]
	notes: tuple[Problem, ...]
	unknown_columns: tuple[str, ...]
	has_amounts: bool


def read_list(path: str | Path, country: str | None = None, *, today: date) -> OwnersList:
	"""Raises `UnreadableFile` as `read` does."""
	base = read(path, country=country, today=today)
	columns = _Columns.of(base)
	records = list(base.records())
	of_rows: dict[int, list[Problem]] = defaultdict(list)
	notes = []
	for problem in base.problems:
		if problem.row is None or problem.code in ABOUT_FILE:
			notes.append(problem)
		else:
			of_rows[problem.row].append(problem)
	lines = [_line(record.row, record.facts, columns, of_rows.pop(record.row, ())) for record in records]
	lines += [
		StatementLine(row, refusal=LEFT_OUT, problems=tuple(problems)) for row, problems in of_rows.items()
	]
	lines.sort(key=lambda line: line.row)
	return OwnersList(tuple(lines), tuple(notes), tuple(base.unknown_columns), bool(columns.amount))


@dataclass(frozen=True, slots=True)
class _Columns:
	"""Which facts the amount and the date are read from, and whether rows have a currency of their own."""

	amount: str | None
	on: tuple[str, ...]
	has_currencies: bool

	@classmethod
	def of(cls, base: ClientBase) -> _Columns:
		return cls(
			next((fact for fact in AMOUNTS if fact in base.columns), None),
			tuple(fact for fact in DATES if fact in base.columns),
			not {"Payout.currency", "Deal.currency"}.isdisjoint(base.columns),
		)


def _line(
	row: int, facts: Mapping[str, Any], columns: _Columns, problems: list[Problem] | tuple[()]
) -> StatementLine:
	get = facts.get
	amount = get(columns.amount) if columns.amount else None
	line = {
		"client": get("Contact.full_name") or _full_name(facts),
		"company": get("Counterparty.title", ""),
		"tax_id": get("Counterparty.tax_id", ""),
		"emails": (*get("Contact.email", ()), *get("Counterparty.email", ())),
		"phones": (*get("Contact.phone", ()), *get("Counterparty.phone", ())),
		"reference": get("Deal.id", ""),
	}
	currency = _currency(facts, columns)
	if not any(line.values()):
		refusal = NO_CLIENT
	elif amount is None:
		refusal = NO_AMOUNT
	else:
		refusal = NO_CURRENCY if columns.has_currencies and not currency else None
	return StatementLine(
		row,
		**line,
		on=next((facts[fact] for fact in columns.on if fact in facts), None),
		amount=amount,
		currency=currency,
		status=get("Payout.status") or get("Deal.stage", ""),
		refusal=refusal,
		problems=tuple(problems),
	)


def _full_name(facts: Mapping[str, Any]) -> str:
	parts = ("first_name", "middle_name", "last_name")
	return " ".join(facts[fact] for part in parts if (fact := f"Contact.{part}") in facts)


def _currency(facts: Mapping[str, Any], columns: _Columns) -> str | None:
	"""That of the amount; a column of currencies is the deal's unless it says otherwise."""
	entity = (columns.amount or "").partition(".")[0]
	return facts.get(f"{entity}.currency") or facts.get("Payout.currency") or facts.get("Deal.currency")
