from frappe.model.document import Document

from partner_crm.services import claim_decisions, claims, numbers, rollups


class PartnerClaim(Document):
	def before_validate(self):
		claim_decisions.restore(self)

	def validate(self):
		numbers.check(self)
		claim_decisions.fill(self)
		claim_decisions.guard_decision(self)
		claim_decisions.check(self)
		claim_decisions.guard_self_referral(self)

	def db_insert(self, *args, **kwargs):
		with claims.held_once(self):
			super().db_insert(*args, **kwargs)

	def db_update(self):
		with claims.held_once(self):
			super().db_update()

	def on_update(self):
		claim_decisions.tell(self)
		claim_decisions.hand_on(self)
		rollups.follow(self)

	def on_trash(self):
		rollups.forget(self)
