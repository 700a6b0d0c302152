from frappe.model.document import Document

from partner_crm.services import pairs


class PossibleDuplicate(Document):
	def onload(self):
		self.set_onload("reasons", pairs.reasons_in_words(self.reasons))

	def validate(self):
		pairs.record_decision(self)
