from frappe.contacts.address_and_contact import load_address_and_contact
from frappe.model.document import Document

from partner_crm.services import cards, deals, identity, merging, needs, pairs, payout_names


class Counterparty(Document):
	def onload(self):
		load_address_and_contact(self)

	def validate(self):
		before = self.get_doc_before_save()
		cards.check_counterparty(self, before)
		needs.guard_counterparty(self, before)

	def before_save(self):
		identity.begin(self)

	def on_update(self):
		identity.claim(self)
		identity.refresh_people(self)

	def on_trash(self):
		pairs.forget(self.doctype, self.name)
		identity.release(self)

	def before_rename(self, old, new, merge=False):
		if merge:
			merging.fold(self, new)

	def after_rename(self, old, new, merge=False):
		pairs.follow_rename(self.doctype, new)
		identity.follow_rename(self)
		deals.rekey("counterparty", new)
		payout_names.follow_card("counterparty", new)
