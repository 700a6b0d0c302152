"""Documents that say what has happened: the app writes them once, and whoever asks, they stay as they are."""

from __future__ import annotations

from frappe.model.document import Document


class Kept(Document):
	"""Base of their controllers: `refuse` says why. Merging and uninstalling write raw, so they pass."""

	def validate(self):
		if not self.is_new():
			self.refuse()

	def before_change(self):
		self.refuse()

	def on_trash(self):
		self.refuse()

	def refuse(self):
		raise NotImplementedError
