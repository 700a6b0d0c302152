import frappe
from frappe.model.document import Document

from partner_crm.services import numbers, payout_decisions


class Payout(Document):
	"""A line of the ledger of partners' money. It is confirmed, rejected and paid, never rewritten."""

	def onload(self):
		payout_decisions.explain(self)

	def validate(self):
		numbers.check(self)
		payout_decisions.guard_ledger(self)
		payout_decisions.guard_steps(self)

	def on_update(self):
		payout_decisions.tell_timeline(self)
		payout_decisions.follow(self)

	def before_change(self):
		payout_decisions.refuse_rewriting(self)

	def on_trash(self):
		payout_decisions.refuse_rewriting(self)


def on_doctype_update():
	"""What tiers count by, and when programmes pay; and a single column besides, so that Frappe keeps it."""
	frappe.db.add_index("Payout", ["program", "partner", "won_on"])
	frappe.db.add_index("Payout", ["direction", "program", "paid_on", "reversal_of"])
	frappe.db.add_index("Payout", ["status", "hold_until", "name"])
