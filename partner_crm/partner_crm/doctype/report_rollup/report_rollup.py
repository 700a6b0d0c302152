import frappe
from frappe.model.document import Document


class ReportRollup(Document):
	"""One row of sums, as `reports.rollups` describes them; `services.rollups` writes it."""


def on_doctype_update():
	frappe.db.add_index("Report Rollup", ["rollup", "part"])
