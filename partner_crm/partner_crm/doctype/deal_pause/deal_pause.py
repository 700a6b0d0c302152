from frappe.model.document import Document

from partner_crm.services import pauses


class DealPause(Document):
	def validate(self):
		pauses.guard_deal(self)
		pauses.guard_days(self)
		pauses.guard_decision(self)
		pauses.fill(self)

	def on_update(self):
		pauses.stop_clock(self)
		pauses.tell(self)

	def on_trash(self):
		pauses.guard_deleting(self)
