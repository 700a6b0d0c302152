from frappe.model.document import Document


class PartnerCRMStageField(Document):
	pass
