"""Which of some documents the user may be told of, and by what title: mostly one statement.

Frappe's own answer costs more than the rest of a save: for a Contact it reads every right that the user's roles give him on
any DocType. It is asked only where something beside our criterion could hide what that has found.
"""

from __future__ import annotations

from collections.abc import Collection

import frappe
from frappe.core.doctype.server_script.server_script_utils import get_server_script_map
from frappe.permissions import get_role_permissions, get_user_permissions

from partner_crm.permissions import access

OURS = "partner_crm.permissions.access.query_conditions"
OF_FRAPPE = "frappe.contacts.address_and_contact.get_permission_query_conditions_for_contact"
JUDGED_BY_FRAPPE = {"Customer", "Supplier", "Company", "Sales Partner"}
"""Frappe's condition for Contacts is about their own Link fields to these; a Contact has none unless a site adds one."""


def titles(doctype: str, names: Collection[str]) -> dict[str, str]:
	"""By name, of those that are in the user's list of the DocType."""
	if not names or not frappe.has_permission(doctype, "read"):
		return {}
	found = _titles(doctype, names)
	if found and _others_may_hide(doctype):
		filters = {"name": ("in", sorted(found))}
		listed = frappe.get_list(doctype, filters, pluck="name", order_by="name asc", limit=len(found))
		found = {name: found[name] for name in listed}
	return found


def _titles(doctype: str, names: Collection[str]) -> dict[str, str]:
	table = frappe.qb.DocType(doctype)
	title = table[frappe.get_meta(doctype).get_title_field()]
	query = frappe.qb.from_(table).select(table.name, title).where(table.name.isin(sorted(names)))
	if (own := access.visible(doctype, table)) is not None:
		query = query.where(own)
	return {name: title or name for name, title in query.orderby(table.name).run()}


def _others_may_hide(doctype: str) -> bool:
	"""Rights to one's own documents only, User Permissions, scripts, other apps' conditions."""
	if frappe.session.user == "Administrator":
		return False
	rights = get_role_permissions(doctype)
	return bool(
		not rights.get("read")
		or "read" in rights.get("if_owner", ())
		or _minded_by_user_permissions(doctype) & get_user_permissions(frappe.session.user).keys()
		or get_server_script_map().get("permission_query", {}).get(doctype)
		or _conditions(doctype) - {OURS, OF_FRAPPE}
		or (doctype == "Contact" and JUDGED_BY_FRAPPE & {field.options for field in _links(doctype)})
	)


def _minded_by_user_permissions(doctype: str) -> set[str]:
	return {doctype, *(field.options for field in _links(doctype) if not field.ignore_user_permissions)}


def _links(doctype: str) -> list:
	return frappe.get_meta(doctype).get_link_fields()


def _conditions(doctype: str) -> set[str]:
	hooks = frappe.get_hooks("permission_query_conditions")
	return {*hooks.get(doctype, ()), *hooks.get("*", ())}
