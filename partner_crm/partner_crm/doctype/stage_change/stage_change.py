from frappe.model.document import Document


class StageChange(Document):
	pass
