from frappe.model.document import Document


class PayoutMinimum(Document):
	pass
