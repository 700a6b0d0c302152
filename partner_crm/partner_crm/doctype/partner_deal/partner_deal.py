from frappe.model.document import Document

from partner_crm.services import (
	claims,
	computed,
	conversion,
	deals,
	discipline,
	facts,
	funnel,
	numbers,
	payouts,
	rollups,
	winning,
)


class PartnerDeal(Document):
	def onload(self):
		funnel.offer_moves(self)

	def before_validate(self):
		facts.begin(self)
		computed.restore(self, but=deals.HISTORY_FIELDS if self.is_historical and self.is_new() else ())

	def validate(self):
		numbers.check(self)
		conversion.take_over(self)
		deals.guard_contact(self)
		deals.set_defaults(self)
		deals.set_amounts(self)
		deals.set_title(self)
		funnel.guard_stage(self)
		funnel.keep_what_stage_needs(self)
		winning.find_customer(self)
		winning.guard_handover(self)
		funnel.stamp_stage(self)
		deals.set_dates_of_stage(self)
		deals.set_base_amount(self)
		deals.judge(self)
		deals.set_activity(self)
		deals.set_open_key(self)
		claims.plan(self)
		discipline.mark(self)

	def before_save(self):
		winning.begin(self)
		claims.begin(self)
		payouts.begin(self)

	def db_insert(self, *args, **kwargs):
		with deals.open_only_once(self):
			super().db_insert(*args, **kwargs)

	def db_update(self):
		with deals.open_only_once(self):
			super().db_update()

	def on_update(self):
		claims.register(self)
		funnel.log_stage(self)
		funnel.correct_log(self)
		rollups.follow(self)
		discipline.note(self)
		conversion.finish(self)
		conversion.follow(self)
		winning.make_customer(self)
		winning.hand_over(self)
		payouts.follow(self)

	def on_trash(self):
		conversion.undo(self)
		funnel.forget_log(self)
		discipline.forget(self)
		rollups.forget(self)
