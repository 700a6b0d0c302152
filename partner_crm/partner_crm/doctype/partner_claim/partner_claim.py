from frappe.model.document import Document


class PartnerClaim(Document):
	pass
