from frappe.model.document import Document


class Counterparty(Document):
	pass
