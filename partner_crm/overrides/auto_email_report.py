"""A scheduled report is made by the scheduler: with whose rights is said to it as a filter."""

import json

import frappe
from frappe.model.document import Document

from partner_crm.services import reporting


def validate(doc: Document, method: str | None = None) -> None:
	if _report_behind(doc.report) in reporting.REPORTS:
		filters = frappe.parse_json(doc.filters or "{}")
		doc.filters = json.dumps({**filters, reporting.READER: doc.user})


def _report_behind(report: str) -> str:
	"""The report itself, or the one that a saved view of it is of."""
	return frappe.db.get_value("Report", report, "reference_report") or report
