from frappe.model.document import Document


class PartnerDealItem(Document):
	pass
