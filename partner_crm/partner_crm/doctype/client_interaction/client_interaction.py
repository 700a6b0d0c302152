from frappe.model.document import Document


class ClientInteraction(Document):
	pass
