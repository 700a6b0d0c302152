"""All of a save or nothing, even where the caller swallows the refusal and commits (`frappe.client.bulk_update`).

What can be judged beforehand is refused in `validate`. What only the database can refuse is written in `on_update`,
after a savepoint that `before_save` has set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import frappe
from frappe.model.document import Document


def begin(doc: Document) -> None:
	"""Notes where to return to if the rest of this save is refused."""
	doc.flags.savepoint = f"pcrm_{frappe.generate_hash(length=10)}"
	frappe.db.savepoint(doc.flags.savepoint)


@contextmanager
def statement() -> Iterator[None]:
	"""Around one statement that the database may refuse, where the transaction is to go on afterwards."""
	if frappe.db.db_type == "mariadb":
		yield  # takes the refused statement back by itself
		return
	point = f"pcrm_{frappe.generate_hash(length=10)}"
	frappe.db.savepoint(point)
	try:
		yield
	except Exception:
		frappe.db.rollback(save_point=point)
		raise


@contextmanager
def all_or_nothing(doc: Document) -> Iterator[None]:
	try:
		yield
	except frappe.QueryDeadlockError:
		raise  # the database has rolled back everything, the savepoint too
	except Exception:
		if doc.flags.savepoint:
			frappe.db.rollback(save_point=doc.flags.savepoint)
		raise
