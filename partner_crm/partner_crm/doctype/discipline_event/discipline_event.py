import frappe
from frappe import _
from frappe.model.document import Document


class DisciplineEvent(Document):
	"""What a past night has to be judged by. Nobody changes it, whatever his rights."""

	def validate(self):
		if not self.is_new():
			self.refuse()

	def before_change(self):
		self.refuse()

	def on_trash(self):
		self.refuse()

	def refuse(self):
		frappe.throw(_("What the nightly review judges by is recorded by itself and stays as it is."))
