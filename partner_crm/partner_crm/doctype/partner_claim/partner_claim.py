from frappe.model.document import Document

from partner_crm.services import claims


class PartnerClaim(Document):
	def validate(self):
		claims.fill(self)

	def db_insert(self, *args, **kwargs):
		with claims.held_once(self):
			super().db_insert(*args, **kwargs)

	def db_update(self):
		with claims.held_once(self):
			super().db_update()
