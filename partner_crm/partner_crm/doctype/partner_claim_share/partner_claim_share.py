from frappe.model.document import Document


class PartnerClaimShare(Document):
	pass
