from frappe.model.document import Document


class ICPProfile(Document):
	pass
