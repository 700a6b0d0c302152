from frappe.model.document import Document

from partner_crm.services import computed, discipline, interactions


class ClientInteraction(Document):
	def before_validate(self):
		interactions.begin(self)
		computed.restore(self)
		interactions.keep_evidence(self)

	def validate(self):
		interactions.fill(self)
		interactions.check_parts(self)
		interactions.check_figures(self)
		interactions.check_right(self)
		interactions.set_two_way(self)
		interactions.judge_comment(self)
		interactions.set_verdict(self)
		interactions.set_stub(self)
		discipline.mark_stub(self)

	def on_update(self):
		interactions.keep_up(self)
		discipline.note(self)

	def after_delete(self):
		interactions.take_back(self)
		discipline.forget(self)
