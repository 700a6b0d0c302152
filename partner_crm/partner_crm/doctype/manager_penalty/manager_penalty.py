from frappe.model.document import Document

from partner_crm.services import penalties


class ManagerPenalty(Document):
	"""A line of the ledger that the nightly review writes. It is contested and decided, never rewritten."""

	def validate(self):
		penalties.guard_ledger(self)
		penalties.guard_status(self)
		penalties.stamp(self)

	def on_update(self):
		penalties.tell_timeline(self)
		penalties.hand_to_payroll(self)

	def before_change(self):
		penalties.refuse_rewriting(self)

	def on_trash(self):
		penalties.refuse_rewriting(self)
