from frappe.model.document import Document

from partner_crm.services import (
	capture,
	claims,
	computed,
	conversion,
	discipline,
	facts,
	funnel,
	leads,
	numbers,
	payouts,
	rollups,
	scoring,
)


class PartnerLead(Document):
	def onload(self):
		funnel.offer_moves(self)

	def before_validate(self):
		facts.begin(self)
		computed.restore(self, but=leads.HISTORY_FIELDS if self.is_historical and self.is_new() else ())
		conversion.record_deal(self)
		leads.set_defaults(self)

	def validate(self):
		numbers.check(self)
		leads.check(self)
		capture.find_cards(self)
		leads.set_title(self)
		leads.set_beginning(self)
		scoring.set_score(self)
		funnel.guard_stage(self)
		funnel.keep_what_stage_needs(self)
		leads.set_partner_status(self)
		leads.set_base_value(self)
		funnel.stamp_stage(self)
		leads.set_won_on(self)
		capture.plan_cards(self)
		claims.plan(self)
		discipline.mark(self)

	def before_save(self):
		capture.begin(self)
		claims.begin(self)
		payouts.begin(self)

	def on_update(self):
		capture.make_cards(self)
		claims.register(self)
		funnel.log_stage(self)
		funnel.correct_log(self)
		rollups.follow(self)
		discipline.note(self)
		payouts.follow(self)

	def on_trash(self):
		funnel.forget_log(self)
		claims.forget_lead(self)
		discipline.forget(self)
		rollups.forget(self)
