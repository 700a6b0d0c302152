from frappe.model.document import Document


class PartnerLead(Document):
	pass
