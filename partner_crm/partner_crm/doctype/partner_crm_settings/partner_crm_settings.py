from frappe.model.document import Document


class PartnerCRMSettings(Document):
	pass
