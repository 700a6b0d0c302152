from frappe.model.document import Document


class PartnerCRMIdentityPair(Document):
	pass
