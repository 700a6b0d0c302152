from frappe.model.document import Document

from partner_crm.services import settings


class PartnerCRMSettings(Document):
	def validate(self):
		settings.check(self)
