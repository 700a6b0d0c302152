from frappe.model.document import Document

from partner_crm.services import cards, identity, needs


class Counterparty(Document):
	def validate(self):
		cards.check_counterparty(self)
		needs.guard_counterparty(self)

	def before_save(self):
		identity.begin(self)

	def on_update(self):
		identity.claim(self)

	def on_trash(self):
		identity.release(self)
