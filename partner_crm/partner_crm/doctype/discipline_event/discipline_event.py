import frappe
from frappe import _

from partner_crm.services.kept import Kept


class DisciplineEvent(Kept):
	"""What a past night has to be judged by."""

	def refuse(self):
		frappe.throw(_("What the nightly review judges by is recorded by itself and stays as it is."))
