from frappe.model.document import Document

from partner_crm.services import numbers, savepoints, statement_invoices, statements


class PayoutStatement(Document):
	"""Confirmed payouts of one party that are settled together. It claims them when it is made."""

	def validate(self):
		numbers.check(self)
		statements.guard(self)
		statements.set_direction(self)
		statements.claim(self)

	def before_save(self):
		savepoints.begin(self)

	def on_update(self):
		statements.carry_out(self)

	def on_trash(self):
		statements.release_deleted(self)

	def bank_account(self):
		"""For the print format."""
		return statement_invoices.bank_account_of(self)
