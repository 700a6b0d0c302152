from frappe.model.document import Document


class PartnerProgramTerm(Document):
	pass
