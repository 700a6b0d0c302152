from frappe.model.document import Document


class PartnerDeal(Document):
	pass
