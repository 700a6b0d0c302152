"""The floor: what Frappe alone takes to store the same data.

A custom DocType without controller and hooks, with the fields of the DocType that it stands for (custom ones too), in their order,
with their types, links, defaults, indexes and unique keys, its child tables, its tracking of changes, and random names. Frappe
checks the same links, permissions and mandatory fields, and writes the same columns. Nothing is computed.
"""

from __future__ import annotations

import frappe
from frappe.model import default_fields

from benchmarks.inside.inquiries import CONTACT_FLOOR, LEAD_FLOOR

SHAPES = {LEAD_FLOOR: "Partner Lead", CONTACT_FLOOR: "Contact"}

_COPIED = (
	*("fieldname", "fieldtype", "label", "options", "default", "reqd", "search_index", "unique", "no_copy"),
	*("precision", "length", "in_list_view", "ignore_user_permissions"),
)
_LOOKS = ("HTML", "Section Break", "Column Break", "Tab Break")


def make() -> None:
	for floor, shape in SHAPES.items():
		make_like(floor, frappe.get_meta(shape))


def make_like(floor: str, shape) -> None:
	fields = [
		{name: field.get(name) for name in _COPIED}
		for field in shape.fields
		if field.fieldtype not in _LOOKS and field.fieldname not in default_fields
	]
	frappe.get_doc(
		{
			"doctype": "DocType",
			"name": floor,
			"module": "Partner CRM",
			"custom": 1,
			"autoname": "hash",
			"naming_rule": "Random",
			"track_changes": shape.track_changes,
			"fields": fields,
			"permissions": [
				{"role": role, "read": 1, "write": 1, "create": 1}
				for role in ("System Manager", "Partner CRM User")
			],
		}
	).insert()
