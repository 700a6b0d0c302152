from frappe.model.document import Document


class IdentityKey(Document):
	pass
