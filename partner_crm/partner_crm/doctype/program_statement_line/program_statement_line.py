from frappe.model.document import Document


class ProgramStatementLine(Document):
	"""A row of the owner's list, or a payout that he does not list."""
