from frappe.model.document import Document

from partner_crm.services import scoring


class ICPProfile(Document):
	def validate(self):
		scoring.check_profile(self)
