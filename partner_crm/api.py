"""What the desk, scripts and REST clients may call: rights are checked here, the work is done by services."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.desk.query_report import get_report_doc

from partner_crm.rules import stages
from partner_crm.services import (
	conversion,
	duplicates,
	existing_cards,
	funnel,
	merging,
	pairs,
	penalties,
	pool,
	program_statements,
	programme_letters,
	refusals,
	reporting,
	runs,
	statement_invoices,
	statements,
	winning,
)


@frappe.whitelist(methods=["POST"])
def convert_lead(lead: str, **deal_fields) -> str:
	"""Converts an MQL into a deal at SQL and returns the deal's name."""
	return conversion.convert(lead, deal_fields)


@frappe.whitelist()
def missing_for_stage(doctype: str, name: str, stage: str) -> list[dict[str, str]]:
	"""Everything that still stands between a lead or deal and a stage, or a won deal and its handing over."""
	if doctype not in (funnel.LEAD, funnel.DEAL):
		frappe.throw(_("{0} has no stages.").format(doctype))
	doc = frappe.get_doc(doctype, name)
	doc.check_permission("read")
	if stage not in stages.TRACKS[funnel.track_of(doc)].goals:
		frappe.throw(_("{0} is not a stage.").format(stage))
	missing = funnel.missing_for(doc, stage)
	if doctype == funnel.DEAL and stage == stages.CLIENT != doc.stage:
		missing += winning.missing_for_customer(doc)
	return [refusals.describe(gap) for gap in missing]


@frappe.whitelist()
def find_duplicates(doctype: str, values: dict | str) -> list[dict]:
	"""Existing cards that match `values`: duplicates, and those that share one identity field."""
	return duplicates.find(doctype, frappe.parse_json(values))


@frappe.whitelist(methods=["POST"])
def take_deal(deal: str) -> None:
	"""Makes the caller responsible for a deal that is in the pool."""
	pool.take(deal)


@frappe.whitelist(methods=["POST"])
def contest_penalty(penalty: str, objection: str) -> None:
	"""The manager's objection to a penalty of his."""
	penalties.contest(penalty, objection)


@frappe.whitelist(methods=["POST"])
def decide_penalty(penalty: str, status: str, reason: str) -> None:
	"""Confirms or waives a penalty, for the head of sales."""
	penalties.decide(penalty, status, reason)


@frappe.whitelist()
def merge_preview(doctype: str, kept: str, lost: str) -> dict:
	"""Two cards side by side: what differs, what would be united, what would move, and what stands in the way."""
	return merging.preview(doctype, kept, lost)


@frappe.whitelist(methods=["POST"])
def merge_cards(doctype: str, kept: str, lost: str, take: list | str | None = None) -> str:
	"""Merges the card `lost` into `kept`; `take`: the fields whose value `lost` gives."""
	merging.merge(doctype, kept, lost, None if take is None else frappe.parse_json(take))
	return kept


@frappe.whitelist(methods=["POST"])
def tell_apart(doctype: str, card: str, other: str, reason: str) -> None:
	"""Declares two cards "not a duplicate": for the head of sales, with a reason."""
	frappe.has_permission(pairs.DOCTYPE, "write", throw=True)
	pairs.tell_apart(doctype, card, other, reason)


@frappe.whitelist(methods=["POST"])
def take_back(doctype: str, card: str, other: str) -> None:
	"""Takes "not a duplicate" back."""
	frappe.has_permission(pairs.DOCTYPE, "write", throw=True)
	pairs.take_back(doctype, card, other)


@frappe.whitelist(methods=["POST"])
def take_over_contacts(names: list | str | None = None) -> str:
	"""Puts contacts of the site under our rules, in the background: the named ones, or all. Returns the `Identity Run`."""
	frappe.has_permission(pairs.DOCTYPE, "write", throw=True)
	chosen = frappe.parse_json(names) if names else None
	return existing_cards.start_taking_over(chosen)


@frappe.whitelist(methods=["POST"])
def scan_for_duplicates() -> str:
	"""Looks for possible duplicates among all cards, in the background. Returns the `Identity Run`."""
	frappe.has_permission(pairs.DOCTYPE, "write", throw=True)
	return runs.start(runs.POSSIBLE_DUPLICATES)


@frappe.whitelist()
def preview_statement(values: dict | str) -> dict:
	"""Which payouts a new Payout Statement with these values would claim, what it leaves out and why."""
	frappe.has_permission(statements.STATEMENT, "create", throw=True)
	return statements.preview(frappe.parse_json(values))


@frappe.whitelist(methods=["POST"])
def make_invoice(statement: str) -> dict[str, str]:
	"""Makes the draft of a statement's invoice, or finds the one that is there: its `doctype` and `name`."""
	return statement_invoices.make(statement)


@frappe.whitelist(methods=["POST"])
def read_program_statement(statement: str) -> str:
	"""Reads the file of a Program Statement, a long one in the background, and compares it. Returns its status."""
	return program_statements.start(statement)


@frappe.whitelist()
def letter_to_programme(program: str) -> dict[str, str]:
	"""The letter that asks a programme's manager for what is open: `recipients`, `subject` and `message`. Nothing is sent."""
	return programme_letters.write(program)


@frappe.whitelist()
def documents_behind(
	report: str, column: str, key: dict | str, filters: dict | str | None = None
) -> list[dict]:
	"""The lists of documents behind a number of one of our reports: DocType and list filters."""
	if report not in reporting.REPORTS:
		frappe.throw(_("There is no report {0} with documents behind its numbers.").format(report))
	get_report_doc(report)
	return reporting.documents_behind(report, frappe.parse_json(filters), column, frappe.parse_json(key))
