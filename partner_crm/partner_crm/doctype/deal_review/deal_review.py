from frappe.model.document import Document


class DealReview(Document):
	"""What one night's review did. Written by the job itself."""
