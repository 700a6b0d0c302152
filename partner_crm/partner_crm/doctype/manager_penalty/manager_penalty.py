from partner_crm.services import penalties
from partner_crm.services.kept import Kept


class ManagerPenalty(Kept):
	"""A line of the ledger that the nightly review writes. It is contested and decided, never rewritten."""

	def validate(self):
		penalties.guard_ledger(self)
		penalties.guard_status(self)
		penalties.stamp(self)

	def on_update(self):
		penalties.tell_timeline(self)
		penalties.hand_to_payroll(self)

	def refuse(self):
		penalties.refuse_rewriting()
