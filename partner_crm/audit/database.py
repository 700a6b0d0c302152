"""The spreadsheet's clients in the app's own tables, in SQLite, so that the reports run on them as they run on a site."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
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
		"responsible",
		"channel",
		"program",
		"partner",
		"region",
		"product_group",
		"registered_on",
		"base_potential_value",
		"deal",
	],
	"Partner Deal": [
		"name",
		"stage",
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

# A client's way is told by where he stands, so the changes of stage are written by the database itself, for all clients at once.
MAKE_PATHS = (
	"CREATE TEMP TABLE path (doctype TEXT, stage TEXT, place INTEGER, from_stage TEXT, to_stage TEXT)"
)
INSERT_PATH = "INSERT INTO path VALUES (?, ?, ?, ?, ?)"
INSERT_CHANGES = """
INSERT INTO "tabStage Change" (name, reference_doctype, reference_name, from_stage, to_stage)
SELECT journey.name || '-' || path.place, path.doctype, journey.name, path.from_stage, path.to_stage
FROM "tab{doctype}" AS journey JOIN path ON path.doctype = '{doctype}' AND path.stage = journey.stage
"""
INSERT_CONVERTED_LEADS = """
INSERT INTO "tabPartner Lead" (name, stage, responsible, channel, program, partner, region, product_group, registered_on, deal)
SELECT 'L' || SUBSTR(name, 2), 'Converted', responsible, channel, program, partner, region, product_group, registered_on, name
FROM "tabPartner Deal"
"""


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
			self._add("Partner Lead", (f"L{record.row}", stage, *where, None))
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
		self._connection.execute(MAKE_PATHS)
		self._connection.executemany(INSERT_PATH, dict.fromkeys(_paths()))
		self._connection.execute(INSERT_CONVERTED_LEADS)
		for doctype in ("Partner Lead", "Partner Deal"):
			self._connection.execute(INSERT_CHANGES.format(doctype=doctype))
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


def _paths() -> Iterator[tuple[str, str, int, str | None, str]]:
	"""For each document and the stage where it stands: the changes that it went through, the way out included.

	A stage that both tracks share is reached in the same way on both, so the stage alone tells the way.
	"""
	for track, line in stages.TRACKS.items():
		for stage in stages.LEAD_STAGES[track]:
			yield from _changes("Partner Lead", stage, _passed(track, stage, line))
	for stage in stages.DEAL_STAGES:
		passed = _passed(stages.OWN_SALE, stage, stages.TRACKS[stages.OWN_SALE])
		yield from _changes("Partner Deal", stage, passed[passed.index(stages.SQL) :])


def _passed(track: str, stage: str, line: stages.Track) -> tuple[str, ...]:
	if stage == stages.CONVERTED:
		return (*stages.path(track, stages.MQL), stage)
	way = stages.path(track, stage)
	return (*way, stage) if stage in line.exits else way


def _changes(
	doctype: str, stage: str, passed: Sequence[str]
) -> Iterator[tuple[str, str, int, str | None, str]]:
	for place, to_stage in enumerate(passed):
		yield doctype, stage, place, passed[place - 1] if place else None, to_stage


def _text(value: date | Decimal | None) -> str | None:
	"""SQLite knows neither days nor decimals; both are kept exactly as text, which its NUMERIC columns read as numbers."""
	return None if value is None else str(value)
