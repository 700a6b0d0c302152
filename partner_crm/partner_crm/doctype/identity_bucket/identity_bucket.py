from frappe.model.document import Document


class IdentityBucket(Document):
	pass
