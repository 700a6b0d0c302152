from frappe.model.document import Document


class InteractionOutcome(Document):
	pass
