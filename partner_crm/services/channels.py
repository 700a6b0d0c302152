"""What an acquisition channel costs: one amount a month."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, get_first_day, getdate

from partner_crm.services.refusals import bullets


def check_costs(channel: Document) -> None:
	"""A cost stands at the first day of its month, and each month has one."""
	rows_of: dict = {}
	for row in channel.costs:
		row.month = get_first_day(getdate(row.month))
		rows_of.setdefault(row.month, []).append(str(row.idx))
	repeated = [
		_("Rows {0} are for the same month, {1}.").format(", ".join(rows), frappe.format(month, "Date"))
		for month, rows in rows_of.items()
		if len(rows) > 1
	]
	if repeated:
		frappe.throw(bullets(map(escape_html, repeated)), title=_("Month repeated"))
