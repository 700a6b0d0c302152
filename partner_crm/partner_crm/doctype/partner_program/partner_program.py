from frappe.model.document import Document

from partner_crm.services import numbers, payouts, programs


class PartnerProgram(Document):
	def validate(self):
		numbers.check(self)
		programs.check_terms(self)

	def after_rename(self, old, new, merge=False):
		payouts.follow_party("program", old, new, merge)
