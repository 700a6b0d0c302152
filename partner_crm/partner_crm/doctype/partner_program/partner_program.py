from frappe.model.document import Document

from partner_crm.services import claims, numbers, programs


class PartnerProgram(Document):
	def validate(self):
		numbers.check(self)
		programs.check_terms(self)
		programs.keep_used_terms(self)

	def after_rename(self, old, new, merge=False):
		claims.follow("program", new, merge)
