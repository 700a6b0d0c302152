from frappe.model.document import Document

from partner_crm.services import channels, numbers


class AcquisitionChannel(Document):
	def validate(self):
		numbers.check(self)
		channels.check_costs(self)
