from frappe.model.document import Document


class InteractionKind(Document):
	pass
