from frappe.model.document import Document


class Payout(Document):
	pass
