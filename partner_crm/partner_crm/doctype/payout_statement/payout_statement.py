from frappe.model.document import Document


class PayoutStatement(Document):
	pass
