from frappe.model.document import Document

from partner_crm.services import rows


class PartnerClaimShare(Document):
	def validate(self):
		rows.refuse_alone(self)

	def on_trash(self):
		rows.refuse_alone(self)
