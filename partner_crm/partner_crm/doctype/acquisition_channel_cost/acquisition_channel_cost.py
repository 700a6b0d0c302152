from frappe.model.document import Document


class AcquisitionChannelCost(Document):
	pass
