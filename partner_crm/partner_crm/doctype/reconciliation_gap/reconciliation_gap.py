import frappe
from frappe import _

from partner_crm.services.kept import Kept


class ReconciliationGap(Kept):
	"""Something about partners' money that is not right, as long as it isn't; and the task that tells of it."""

	def refuse(self):
		frappe.throw(_("What reconciliation finds is recorded by itself, and goes once it is mended."))
