from frappe.model.document import Document


class ICPCriterion(Document):
	pass
