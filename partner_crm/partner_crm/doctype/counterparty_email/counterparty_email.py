from frappe.model.document import Document


class CounterpartyEmail(Document):
	pass
