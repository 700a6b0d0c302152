from frappe.model.document import Document

from partner_crm.services import numbers, scoring


class ICPProfile(Document):
	def validate(self):
		numbers.check(self)
		scoring.check_profile(self)

	def on_update(self):
		scoring.forget_profiles()

	def after_delete(self):
		scoring.forget_profiles()

	def after_rename(self, old, new, merge=False):
		scoring.forget_profiles()
