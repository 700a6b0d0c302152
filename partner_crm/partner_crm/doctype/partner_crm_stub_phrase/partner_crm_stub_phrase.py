from frappe.model.document import Document


class PartnerCRMStubPhrase(Document):
	pass
