"""Shows a report of `partner_crm.reports` in the desk: with what the reader may see, in his language."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate

from partner_crm.permissions import access
from partner_crm.reports import base
from partner_crm.reports.filters import FilterError, Filters


def show(module: base.ReportModule, values: dict[str, Any] | None, *doctypes: str) -> tuple:
	"""What a script report returns. `doctypes`: those of which the reader is shown only what he may see."""
	try:
		filters = Filters.read(values or {})
		report = base.run(
			module, lambda query: query.run(), frappe.qb, filters, getdate(), _restrict(doctypes)
		)
	except FilterError as refusal:
		frappe.throw(_(refusal.message.sentence).format(**refusal.message.values))
	columns = [
		{
			"fieldname": column.fieldname,
			"label": _(column.label),
			"fieldtype": column.fieldtype,
			"options": column.options,
			"width": 140,
		}
		for column in report.columns
	]
	summary = [
		{"label": _(figure.label), "value": figure.value, "datatype": figure.fieldtype}
		for figure in report.summary
	]
	return columns, [dict(row) for row in report.rows], None, _chart(report), summary, True


def _restrict(doctypes: tuple[str, ...]) -> dict:
	return {
		doctype: lambda table, doctype=doctype: access.visible(doctype, table)
		for doctype in doctypes
		if access.visible(doctype) is not None
	}


def _chart(report: base.Report) -> dict | None:
	if not report.chart:
		return None
	datasets = [{"name": _(name), "values": list(values)} for name, values in report.chart.datasets]
	return {"type": report.chart.kind, "data": {"labels": list(report.chart.labels), "datasets": datasets}}
