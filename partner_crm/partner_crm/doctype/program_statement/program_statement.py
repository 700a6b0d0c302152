import frappe
from frappe.model.document import Document

from partner_crm.services import numbers, program_statements


class ProgramStatement(Document):
	"""What the owner of a programme says he owes us, line by line, and what we expect of him."""

	def validate(self):
		numbers.check(self)
		program_statements.guard(self)
		program_statements.restore_computed(self)
		program_statements.follow_file(self)
		program_statements.keep_lines(self)
		program_statements.compare(self)


def on_doctype_update():
	"""One file is one statement of a programme."""
	frappe.db.add_unique("Program Statement", ["program", "company", "content_hash"])
