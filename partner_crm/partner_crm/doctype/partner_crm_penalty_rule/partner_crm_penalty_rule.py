from frappe.model.document import Document


class PartnerCRMPenaltyRule(Document):
	pass
