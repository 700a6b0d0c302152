from frappe.model.document import Document

from partner_crm.services import numbers, programs


class PartnerProgram(Document):
	def validate(self):
		numbers.check(self)
		programs.check_terms(self)
