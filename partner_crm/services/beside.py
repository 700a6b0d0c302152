"""What happens beside somebody else's save: letters that arrive, calls that end. Our part may fail, theirs may not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import frappe
from frappe.model.document import Document


@contextmanager
def logged(doc: Document, failure: str = "no interaction from") -> Iterator[None]:
	"""An error undoes what was written inside, and goes to the Error Log; nobody is shown a message."""
	point, was_muted = f"pcrm_{frappe.generate_hash(length=10)}", frappe.flags.mute_messages
	frappe.db.savepoint(point)
	frappe.flags.mute_messages = True
	try:
		yield
	except frappe.QueryDeadlockError:
		raise  # the database has rolled back everything, so `doc` would be lost without a word
	except Exception:
		frappe.db.rollback(save_point=point)
		doc.log_error(title=f"Partner CRM: {failure} {doc.doctype}")
	finally:
		frappe.flags.mute_messages = was_muted
