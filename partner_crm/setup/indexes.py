"""Indexes on tables of ERPNext that our look-ups need, those that our reports need, and one of Frappe's that nobody does.

Each of ours on ERPNext's tables ends with `name`: Frappe drops an index on one single column that the DocType itself does not ask for.
"""

from collections.abc import Iterable, Mapping

import frappe

INDEXES = {
	"Employee": {
		"pcrm_company_email": ["company_email", "name"],
		"pcrm_personal_email": ["personal_email", "name"],
	}
}

OF_REPORTS = {
	"Stage Change": {
		"pcrm_stays": ["reference_doctype", "reference_name", "from_stage", "seconds_in_stage"],
		"pcrm_begun": ["registered_on", "from_stage", "seconds_in_stage", "company"],
		"pcrm_logged": ["company", "from_stage", "seconds_in_stage", "registered_on"],
	},
	"Partner Lead": {
		"pcrm_lead_journeys": [
			*("company", "stage", "stages_entered", "stages_lost_from"),
			*("registered_on", "base_potential_value", "channel", "deal"),
		],
	},
	"Partner Deal": {
		"pcrm_deal_journeys": [
			*("company", "stage", "stages_entered", "stages_lost_from", "probability"),
			*("registered_on", "base_amount"),
		],
		"pcrm_deals_begun": [
			*("registered_on", "company", "stage", "stages_entered", "stages_lost_from", "probability"),
			*("base_amount", "channel"),
		],
		"pcrm_of_channels": ["company", "channel", "stage", "registered_on", "base_amount"],
		"pcrm_decided": [
			*("company", "responsible", "stage", "won_on", "closed_on", "base_amount", "days_to_client"),
		],
	},
	"Partner Claim": {"pcrm_claims": ["company", "program", "registered_on"]},
	"Payout": {
		"pcrm_income": [
			*("company", "program", "status", "reversal_of", "won_on", "due_on"),
			*("base_amount", "base_paid_amount", "instalment", "days_to_client"),
		],
		"pcrm_won": [
			*("won_on", "company", "program", "status", "reversal_of", "instalment"),
			*("base_amount", "base_paid_amount", "days_to_client"),
		],
		"pcrm_due": ["due_on", "company", "program", "status", "base_amount", "base_paid_amount"],
		"pcrm_paid_clients": ["company", "program", "client", "status", "reversal_of", "won_on"],
	},
	"Client Interaction": {
		"pcrm_met_clients": ["company", "responsible", "contact", "occurred_at"],
		"pcrm_events": ["company", "responsible", "kind", "qualifies", "duration", "occurred_at"],
	},
}
"""All that a report reads of a table, so that it reads the index alone: in the order of its groups for all documents,
and of the days for the months whose sums are to be reckoned again. They go with their tables.
Postgres wants each name once in a database."""

OUTDATED = {"Stage Change": ("pcrm_journeys",), "Partner Deal": ("pcrm_funnel",)}
"""Of earlier versions of this app."""

UNUSED = dict.fromkeys(("Identity Key", "Report Rollup", "Report Rollup Note"), ("modified", "creation"))
"""Which of the two Frappe makes depends on its version. A card has half a dozen keys, and nobody sorts them by age; to
keep them in that order too would take nearly half of the time of writing them. So it is for the sums of reports."""


def add_indexes() -> None:
	for of_doctypes in (INDEXES, OF_REPORTS):
		for doctype, indexes in of_doctypes.items():
			for index, columns in indexes.items():
				frappe.db.add_index(doctype, columns, index)


def renew_indexes() -> None:
	"""Those of an earlier version give way."""
	_drop(OUTDATED)
	add_indexes()


def drop_unused_indexes() -> None:
	_drop(UNUSED)


def drop_indexes() -> None:
	_drop(INDEXES)


def _drop(of_doctypes: Mapping[str, Iterable[str]]) -> None:
	for doctype, indexes in of_doctypes.items():
		for index in indexes:
			if frappe.db.has_index(f"tab{doctype}", index):
				frappe.db.sql_ddl(_drop_statement(doctype, index))


def _drop_statement(doctype: str, index: str) -> str:
	if frappe.db.db_type == "mariadb":
		return f"ALTER TABLE `tab{doctype}` DROP INDEX `{index}`"
	return f'DROP INDEX IF EXISTS "{index}"'
