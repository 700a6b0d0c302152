"""The spreadsheet's clients in the app's own tables, in SQLite, so that the reports run on them as they run on a site."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from pypika.dialects import SQLLiteQuery
from pypika.queries import QueryBuilder

from partner_crm.client_base import Record
from partner_crm.reports.base import Report, ReportModule, run
from partner_crm.reports.filters import Filters
from partner_crm.reports.tables import create_statements, table_name
from partner_crm.rules import stages

COLUMNS = {
	"Partner Lead": [
		"name",
		"stage",
		"stages_entered",
		"stages_lost_from",
		"responsible",
		"channel",
		"program",
		"partner",
		"region",
		"product_group",
		"registered_on",
		"base_potential_value",
	],
	"Partner Deal": [
		"name",
		"stage",
		"stages_entered",
		"stages_lost_from",
		"responsible",
		"channel",
		"program",
		"partner",
		"region",
		"product_group",
		"registered_on",
		"base_amount",
		"won_on",
		"closed_on",
	],
	"Partner Claim": [
		"name",
		"client",
		"responsible",
		"channel",
		"program",
		"partner",
		"region",
		"registered_on",
	],
	"Payout": [
		"name",
		"client",
		"responsible",
		"channel",
		"program",
		"partner",
		"region",
		"won_on",
		"base_amount",
		"base_paid_amount",
		"status",
		"instalment",
	],
}


class Rows:
	"""The clients as rows of the app's tables, to be handed over to a `Database`. Money is in one currency, the file's main one."""

	def __init__(self) -> None:
		self.by_doctype: dict[str, list[Sequence[Any]]] = {doctype: [] for doctype in COLUMNS}

	def add_journey(self, record: Record, amount: Decimal | None) -> None:
		"""A client where he stands: as a lead, or as the deal that his lead became. `record` has a stage."""
		facts = record.facts
		get = facts.get
		stage = facts["Deal.stage"]
		where = (
			*_sets(facts["Deal.track"], stage),
			get("Deal.responsible"),
			get("Deal.channel"),
			get("Deal.program"),
			get("Deal.partner"),
			get("Counterparty.region"),
			get("Deal.product_group"),
			_text(get("Deal.registered_on")),
			_text(amount),
		)
		if stage not in stages.DEAL_STAGES or facts["Deal.track"] != stages.OWN_SALE:
			self._add("Partner Lead", (f"L{record.row}", stage, *where))
			return
		closed = _text(get("Deal.closed_on") or get("Deal.won_on"))
		won = _text(get("Deal.won_on") or get("Deal.closed_on")) if stage == stages.CLIENT else None
		self._add("Partner Deal", (f"D{record.row}", stage, *where, won, closed))

	def add_claim(self, record: Record, client: str) -> None:
		facts = record.facts
		who = tuple(facts.get(f"Deal.{name}") for name in ("responsible", "channel", "program", "partner"))
		registered = _text(facts.get("Deal.registered_on"))
		self._add(
			"Partner Claim", (f"C{record.row}", client, *who, facts.get("Counterparty.region"), registered)
		)

	def add_payout(self, record: Record, client: str, expected: Decimal, paid: Decimal) -> None:
		"""What a client brings: `expected` in all, of which `paid` has come."""
		facts = record.facts
		who = tuple(facts.get(f"Deal.{name}") for name in ("responsible", "channel", "program", "partner"))
		won = facts.get("Deal.won_on") or facts.get("Deal.closed_on") or facts.get("Deal.registered_on")
		status = "Paid" if paid >= expected > 0 else "Partly Paid" if paid else "Expected"
		self._add(
			"Payout",
			(
				f"P{record.row}",
				client,
				*who,
				facts.get("Counterparty.region"),
				_text(won),
				_text(expected),
				_text(paid),
				status,
				1,
			),
		)

	def _add(self, doctype: str, row: Sequence[Any]) -> None:
		self.by_doctype[doctype].append(row)


class Database:
	"""A temporary database of `rows`, gone when it is closed."""

	def __init__(self, rows: Rows) -> None:
		# An empty name: SQLite keeps it in memory and spills to a temporary file when it grows.
		self._connection = sqlite3.connect("")
		self._connection.execute("PRAGMA synchronous = OFF")
		self._connection.execute("PRAGMA journal_mode = OFF")
		# The indexes come after the rows.
		indexes = []
		for statement in create_statements():
			if statement.startswith("CREATE INDEX"):
				indexes.append(statement)
			else:
				self._connection.execute(statement)
		for doctype, columns in COLUMNS.items():
			self._connection.executemany(
				f'INSERT INTO "{table_name(doctype)}" ({", ".join(columns)}) VALUES ({", ".join("?" * len(columns))})',
				rows.by_doctype[doctype],
			)
		for statement in indexes:
			self._connection.execute(statement)
		self._connection.execute("ANALYZE")

	def close(self) -> None:
		self._connection.close()

	def report(self, module: ReportModule, filters: Filters, today: date) -> Report:
		"""Runs one of the app's reports over the file's clients."""
		return run(module, self._fetch, SQLLiteQuery, filters, today)

	def _fetch(self, query: QueryBuilder) -> list[tuple[Any, ...]]:
		return self._connection.execute(query.get_sql()).fetchall()


@cache
def _sets(track: str, stage: str) -> tuple[int, int]:
	"""A client's way is told by where he stands: the stages that he entered, and those that he was lost from."""
	way = stages.path(track, stage)
	if stage not in stages.EXITS:
		return stages.set_of(way), 0
	return stages.set_of((*way, stage)), stages.set_of(way[-1:])


def _text(value: date | Decimal | None) -> str | None:
	"""SQLite knows neither days nor decimals; both are kept exactly as text, which its NUMERIC columns read as numbers."""
	return None if value is None else str(value)
