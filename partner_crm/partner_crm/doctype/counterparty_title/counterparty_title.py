from frappe.model.document import Document


class CounterpartyTitle(Document):
	pass
