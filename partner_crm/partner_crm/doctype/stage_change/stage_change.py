import frappe
from frappe import _
from frappe.model.document import Document


class StageChange(Document):
	"""A line of the log that the funnel writes. Nobody changes it, whatever his rights."""

	def validate(self):
		if not self.is_new():
			self.refuse()

	def before_change(self):
		self.refuse()

	def on_trash(self):
		self.refuse()

	def refuse(self):
		frappe.throw(_("Stage changes are recorded by themselves and stay as they are."))
