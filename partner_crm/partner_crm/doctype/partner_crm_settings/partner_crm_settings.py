from frappe.model.document import Document

from partner_crm.services import schemes, settings


class PartnerCRMSettings(Document):
	def validate(self):
		settings.check(self)

	def on_update(self):
		schemes.follow(self)
