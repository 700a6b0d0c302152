"""The spreadsheet's clients in the app's own tables, in SQLite, so that the reports run on them as they run on a site."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pypika.dialects import SQLLiteQuery
from pypika.queries import QueryBuilder

from partner_crm.client_base import Record
from partner_crm.reports.base import Report, ReportModule, run
from partner_crm.reports.filters import Filters
from partner_crm.reports.tables import TABLES, create_statements, table_name
from partner_crm.rules import stages

# Rows handed to SQLite at once: enough to be quick, few enough to be forgotten soon.
BATCH = 5_000

CHANGE = "Stage Change"
COLUMNS = {
	"Partner Lead": "name stage responsible channel program partner region product_group registered_on base_potential_value deal".split(),
	"Partner Deal": "name stage responsible channel program partner region product_group registered_on base_amount won_on closed_on".split(),
	CHANGE: "name reference_doctype reference_name from_stage to_stage".split(),
	"Partner Claim": "name client responsible channel program partner region registered_on".split(),
	"Payout": "name client responsible channel program partner region won_on base_amount base_paid_amount status instalment".split(),
}


class Database:
	"""A temporary database, gone when it is closed. Money is in one currency, the file's main one."""

	def __init__(self) -> None:
		# An empty name: SQLite keeps it in memory and spills to a temporary file when it grows.
		self._connection = sqlite3.connect("")
		self._connection.execute("PRAGMA synchronous = OFF")
		self._connection.execute("PRAGMA journal_mode = OFF")
		self._indexes = []
		for statement in create_statements():
			if statement.startswith("CREATE INDEX"):
				self._indexes.append(statement)
			else:
				self._connection.execute(statement)
		self._inserts = {
			doctype: f'INSERT INTO "{table_name(doctype)}" ({", ".join(columns)}) VALUES ({", ".join("?" * len(columns))})'
			for doctype, columns in COLUMNS.items()
		}
		self._waiting: dict[str, list[Sequence[Any]]] = {doctype: [] for doctype in COLUMNS}
		self._changes = 0
		self._paths: dict[tuple[str, str], tuple[str, ...]] = {}

	def close(self) -> None:
		self._connection.close()

	def add_journey(self, record: Record, amount: Decimal | None) -> None:
		"""A client's way to the stage where he stands, with every stage that it implies. `record` has a stage."""
		facts = record.facts
		stage, track = facts["Deal.stage"], facts["Deal.track"]
		lead = f"L{record.row}"
		who = tuple(facts.get(f"Deal.{name}") for name in ("responsible", "channel", "program", "partner"))
		where = (*who, facts.get("Counterparty.region"), facts.get("Deal.product_group"), _text(facts.get("Deal.registered_on")))
		passed = self._passed(track, stage)
		is_deal = stage in stages.DEAL_STAGES and track == stages.OWN_SALE
		if not is_deal:
			self._add("Partner Lead", (lead, stage, *where, _text(amount), None))
			self._add_changes("Partner Lead", lead, passed)
			return
		deal = f"D{record.row}"
		begins = passed.index(stages.SQL)
		closed = _text(facts.get("Deal.closed_on") or facts.get("Deal.won_on"))
		won = _text(facts.get("Deal.won_on") or facts.get("Deal.closed_on")) if stage == stages.CLIENT else None
		self._add("Partner Lead", (lead, stages.CONVERTED, *where, None, deal))
		self._add_changes("Partner Lead", lead, (*passed[:begins], stages.CONVERTED))
		self._add("Partner Deal", (deal, stage, *where, _text(amount), won, closed))
		self._add_changes("Partner Deal", deal, passed[begins:])

	def add_claim(self, record: Record, client: str) -> None:
		facts = record.facts
		who = tuple(facts.get(f"Deal.{name}") for name in ("responsible", "channel", "program", "partner"))
		registered = _text(facts.get("Deal.registered_on"))
		self._add("Partner Claim", (f"C{record.row}", client, *who, facts.get("Counterparty.region"), registered))

	def add_payout(self, record: Record, client: str, expected: Decimal, paid: Decimal) -> None:
		"""What a client brings: `expected` in all, of which `paid` has come."""
		facts = record.facts
		who = tuple(facts.get(f"Deal.{name}") for name in ("responsible", "channel", "program", "partner"))
		won = facts.get("Deal.won_on") or facts.get("Deal.closed_on") or facts.get("Deal.registered_on")
		status = "Paid" if paid >= expected > 0 else "Partly Paid" if paid else "Expected"
		self._add(
			"Payout",
			(f"P{record.row}", client, *who, facts.get("Counterparty.region"), _text(won), _text(expected), _text(paid), status, 1),
		)

	def finish(self) -> None:
		"""To be called once everything is in, before the reports."""
		for doctype in COLUMNS:
			self._flush(doctype)
		for statement in self._indexes:
			self._connection.execute(statement)
		self._connection.execute("ANALYZE")

	def report(self, module: ReportModule, filters: Filters, today: date) -> Report:
		"""Runs one of the app's reports over the file's clients."""
		return run(module, self._fetch, SQLLiteQuery, filters, today)

	def _fetch(self, query: QueryBuilder) -> list[tuple[Any, ...]]:
		return self._connection.execute(query.get_sql()).fetchall()

	def _passed(self, track: str, stage: str) -> tuple[str, ...]:
		"""The stages that a client went through, the way out included."""
		key = track, stage
		if key not in self._paths:
			way = stages.path(track, stage)
			self._paths[key] = (*way, stage) if stage in stages.TRACKS[track].exits else way
		return self._paths[key]

	def _add_changes(self, doctype: str, name: str, passed: Sequence[str]) -> None:
		before = None
		for stage in passed:
			self._changes += 1
			self._add(CHANGE, (self._changes, doctype, name, before, stage))
			before = stage

	def _add(self, doctype: str, row: Sequence[Any]) -> None:
		waiting = self._waiting[doctype]
		waiting.append(row)
		if len(waiting) >= BATCH:
			self._flush(doctype)

	def _flush(self, doctype: str) -> None:
		self._connection.executemany(self._inserts[doctype], self._waiting[doctype])
		self._waiting[doctype].clear()



def _text(value: date | Decimal | None) -> str | None:
	"""SQLite knows neither days nor decimals; both are kept exactly as text, which its NUMERIC columns read as numbers."""
	return None if value is None else str(value)
