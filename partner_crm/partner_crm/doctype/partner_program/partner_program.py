from frappe.model.document import Document

from partner_crm.services import claims, numbers, payout_names, programs, reconciliation


class PartnerProgram(Document):
	def validate(self):
		numbers.check(self)
		programs.check_terms(self)
		programs.keep_used_terms(self)

	def after_rename(self, old, new, merge=False):
		claims.follow("program", new, merge)
		payout_names.follow_party("program", old, new, merge)
		if not merge:
			reconciliation.follow_rename(self.doctype, old, new)
