import frappe
from frappe.model.document import Document


class ReportRollupNote(Document):
	"""Written with every change that the sums of reports depend on; goes when they have been reckoned again."""


def on_doctype_update():
	frappe.db.add_index("Report Rollup Note", ["changes", "part"])
