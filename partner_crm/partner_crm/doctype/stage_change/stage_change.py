import frappe
from frappe import _

from partner_crm.services.kept import Kept


class StageChange(Kept):
	"""A line of the log that the funnel writes."""

	def refuse(self):
		frappe.throw(_("Stage changes are recorded by themselves and stay as they are."))
