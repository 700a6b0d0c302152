import frappe
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime

from partner_crm.services import runs


class IdentityRun(Document):
	def before_insert(self):
		self.going_on = runs.work_of(self)

	@staticmethod
	def clear_old_logs(days: int = 90) -> None:
		"""Frappe asks this of a DocType whose old rows it is to clear away."""
		frappe.db.delete("Identity Run", {"creation": ("<", add_days(now_datetime(), -days))})
