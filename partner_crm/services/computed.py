"""What the app computes is nobody's to type: a client that sends such a field, by whichever door, changes nothing."""

from __future__ import annotations

from collections.abc import Collection

from frappe.model import no_value_fields, table_fields
from frappe.model.document import Document
from frappe.utils import cstr


def restore(doc: Document, but: Collection[str] = ()) -> None:
	"""Gives the read-only fields of a Partner Lead or Partner Deal the values that the database holds.

	Services that keep such a field write it with `frappe.db.set_value`, or set `flags.by_service` and save.
	"""
	if doc.flags.by_service:
		return
	stored = doc.get_doc_before_save()
	for field in doc.meta.fields:
		if field.read_only and field.fieldname not in but and field.fieldtype not in _NO_VALUE:
			doc.set(field.fieldname, stored.get(field.fieldname) if stored else None)


def keep_all(doc: Document, but: Collection[str]) -> None:
	"""Gives a line of a ledger back what it says, but for the fields by which people take the next step."""
	stored = doc.get_doc_before_save()
	for field in doc.meta.fields:
		name = field.fieldname
		if name not in but and cstr(doc.get(name)) != cstr(stored.get(name)):
			doc.set(name, stored.get(name))


_NO_VALUE = (*no_value_fields, *table_fields)
