"""Every table and column that the reports read, listed once.

The command line makes its SQLite tables from this list, and a test holds it against the DocTypes. The columns
are those of the DocTypes; a few of them are facts that a document could look up elsewhere and keeps a copy of,
so that no report, number card or chart has to join for them:

- `client` (claim, payout): the counterparty, else the contact. Clients are counted by it.
- `registered_on` (deal): the day its lead began, and for a deal without a lead the day it began itself.
- `days_to_client` (deal, payout): whole days from `registered_on` to `won_on`; empty until won.
- `company`, `registered_on` (stage change): those of its lead, and once that has become a deal, of the deal.
- `stages_entered`, `stages_lost_from` (lead, deal): sets of stages (`rules.stages.BITS`), which the log tells too.
- `base_potential_value`, `base_amount`, `base_paid_amount`: in the company's currency; all sums are of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# NUMERIC keeps what was given as a number or as its text; a date is its ISO text, as Frappe writes it to SQLite.
_SQLITE_TYPES: Mapping[str, str] = {
	"text": "TEXT",
	"date": "TEXT",
	"datetime": "TEXT",
	"money": "NUMERIC",
	"number": "NUMERIC",
	"int": "INTEGER",
	"check": "INTEGER NOT NULL DEFAULT 0",
}


@dataclass(frozen=True, slots=True)
class Table:
	"""A DocType's table: its columns with their types, and the indexes that the reports rely on.

	Types: text, date, datetime, money, number, int, check. `name` is unique in each; nothing
	is looked up by it here, so SQLite needs no key for it.
	"""

	columns: Mapping[str, str]
	indexes: tuple[tuple[str, ...], ...] = ()


def _columns(**names_by_type: str) -> dict[str, str]:
	return {
		"name": "text",
		**{name: kind for kind, names in names_by_type.items() for name in names.split()},
	}


_WHO = "company responsible channel region program partner"
_CLIENT = "contact counterparty"

TABLES: Mapping[str, Table] = {
	"Partner Lead": Table(
		_columns(
			text=f"{_WHO} {_CLIENT} utm_source utm_medium utm_campaign product_group stage deal claim payout_terms lead_title",
			date="registered_on won_on",
			money="base_potential_value",
			int="stages_entered stages_lost_from",
		),
		indexes=(("company", "stage"), ("registered_on",)),
	),
	"Partner Deal": Table(
		_columns(
			text=f"{_WHO} {_CLIENT} utm_source utm_medium utm_campaign product_group stage customer"
			" lost_reason key_learnings correctness_errors claim payout_terms deal_title",
			date="registered_on won_on closed_on last_interaction_on active_until",
			money="base_amount",
			number="probability",
			int="days_to_client stages_entered stages_lost_from",
			check="is_correct",
		),
		indexes=(("company", "stage"), ("registered_on",), ("stage", "active_until")),
	),
	"Stage Change": Table(
		_columns(
			text="reference_doctype reference_name from_stage to_stage company",
			date="registered_on",
			int="seconds_in_stage",
		),
		indexes=(("reference_doctype", "reference_name", "from_stage", "seconds_in_stage"),),
	),
	"Client Interaction": Table(
		_columns(
			text="company responsible kind contact lead deal",
			datetime="occurred_at",
			number="duration",
			check="qualifies",
		),
		indexes=(("deal",), ("occurred_at",)),
	),
	"Manager Penalty": Table(
		_columns(
			text="company manager rule reference_doctype reference_name status currency objection reason",
			date="violated_on",
			money="amount",
		),
		indexes=(("manager",), ("violated_on",)),
	),
	"Contact": Table(_columns(text="pcrm_region")),
	"Counterparty": Table(_columns(text="region customer"), indexes=(("customer",),)),
	"Possible Duplicate": Table(
		_columns(
			text="card_doctype card other_card kind status reasons reason",
			datetime="creation",
			number="score",
		),
	),
	"Partner Program": Table(_columns(text="manager_email direction", check="disabled")),
	"Partner Program Term": Table(
		_columns(
			text="parent basis tier_by",
			date="valid_from valid_to",
			number="value",
			int="recurring_months",
		),
		indexes=(("parent",),),
	),
	"Partner Claim": Table(
		_columns(text=f"{_WHO} direction client", date="registered_on"),
		indexes=(("program", "client"), ("registered_on",)),
	),
	"Payout": Table(
		_columns(
			text=f"{_WHO} direction deal lead client client_title currency status terms reversal_of root statement",
			date="won_on due_on paid_on",
			money="basis_amount amount base_amount base_paid_amount",
			number="rate share",
			int="instalment days_to_client",
		),
		indexes=(
			("program", "client", "status", "reversal_of"),
			("deal",),
			("lead",),
			("status", "due_on"),
			("won_on",),
			("reversal_of",),
		),
	),
	"Payout Statement": Table(
		_columns(
			text="company direction party currency status invoice_type invoice",
			datetime="creation",
			money="total base_total",
		),
	),
	"Purchase Invoice": Table(
		_columns(text="currency", money="net_total grand_total", int="docstatus"),
		indexes=(("name",),),
	),
	"Program Statement": Table(
		_columns(text="company program status", date="to_date", int="open_lines"), indexes=(("status",),)
	),
	"Acquisition Channel Cost": Table(
		_columns(text="parent", date="month", money="amount"), indexes=(("parent", "month"),)
	),
	"Customer": Table(_columns(text="customer_name account_manager territory")),
	"Sales Order": Table(
		_columns(
			text="company customer pcrm_deal status",
			date="transaction_date",
			money="base_grand_total",
			int="docstatus",
		),
		indexes=(("customer",),),
	),
	"Sales Invoice": Table(
		_columns(
			text="company customer pcrm_deal currency party_account_currency",
			date="posting_date",
			money="base_grand_total outstanding_amount net_total grand_total",
			number="conversion_rate",
			int="docstatus",
			check="is_return",
		),
		indexes=(("customer",),),
	),
	"Sales Invoice Item": Table(_columns(text="parent sales_order"), indexes=(("sales_order",),)),
	"Report Rollup": Table(
		_columns(
			text="rollup part company kept_by fact_1 fact_2 fact_3 fact_4 long_fact"
			" documents sum_1 sum_2 sum_3 sum_4 sum_5",
		),
		indexes=(("rollup", "part"),),
	),
	"Delivery Note": Table(_columns(text="company customer", int="docstatus"), indexes=(("customer",),)),
}


def table_name(doctype: str) -> str:
	"""The database's name for a DocType, as Frappe forms it."""
	return f"tab{doctype}"


def create_statements() -> list[str]:
	"""SQL that makes every table in an empty SQLite database, and then every index.

	The indexes come last: a loader may hold them back until the rows are in.
	"""
	return [*map(_create_table, TABLES), *(sql for doctype in TABLES for sql in _create_indexes(doctype))]


def _create_table(doctype: str) -> str:
	columns = ", ".join(f'"{name}" {_SQLITE_TYPES[kind]}' for name, kind in TABLES[doctype].columns.items())
	return f'CREATE TABLE "{table_name(doctype)}" ({columns})'


def _create_indexes(doctype: str) -> list[str]:
	table = table_name(doctype)
	statements = []
	for columns in TABLES[doctype].indexes:
		quoted = ", ".join(f'"{name}"' for name in columns)
		statements.append(f'CREATE INDEX "{table}: {" ".join(columns)}" ON "{table}" ({quoted})')
	return statements
