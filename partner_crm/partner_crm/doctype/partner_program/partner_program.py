from frappe.model.document import Document


class PartnerProgram(Document):
	pass
