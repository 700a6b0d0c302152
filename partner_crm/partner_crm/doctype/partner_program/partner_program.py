from frappe.model.document import Document

from partner_crm.services import numbers, payout_names, programs


class PartnerProgram(Document):
	def validate(self):
		numbers.check(self)
		programs.check_terms(self)

	def after_rename(self, old, new, merge=False):
		payout_names.follow_party("program", old, new, merge)
