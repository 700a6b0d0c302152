from frappe.model.document import Document


class AcquisitionChannel(Document):
	pass
