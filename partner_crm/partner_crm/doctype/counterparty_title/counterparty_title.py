from frappe.model.document import Document

from partner_crm.services import rows


class CounterpartyTitle(Document):
	def before_save(self):
		rows.begin(self)

	def on_update(self):
		rows.settle_card(self)

	def on_trash(self):
		rows.begin(self)

	def after_delete(self):
		rows.settle_card(self)
