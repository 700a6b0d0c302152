from frappe.model.document import Document


class PayoutStatementLine(Document):
	pass
