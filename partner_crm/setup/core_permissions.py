"""What our roles may do with Contact and with the masters that our documents link to.

Frappe adds a role to a DocType of another app by `Custom DocPerm`: the first one copies the DocType's own rows,
so that everybody else keeps what he had. Uninstalling takes our rows out, and the copy with them unless an
administrator has changed it meanwhile.
"""

import frappe
from frappe.permissions import setup_custom_perms

from partner_crm.setup.roles import ACCOUNTANT, MARKETING, ROLES, SALES_HEAD, SALES_MANAGER

_READ = ("read", "report", "print")
_WORK = (*_READ, "email", "share", "create", "write")

# How far the sales manager's row on Contact goes is said in permissions/criteria.py.
_CONTACT = {
	SALES_HEAD: (*_WORK, "import", "export"),
	SALES_MANAGER: _WORK,
	MARKETING: (*_READ, "email", "export"),
	ACCOUNTANT: _READ,
}
_CHOOSE = dict.fromkeys((SALES_HEAD, SALES_MANAGER, MARKETING, ACCOUNTANT), ("select",))
_MASTERS = ("Company", "Currency", "Customer Group", "Industry Type", "Sales Partner", "Territory")

CORE_PERMISSIONS = {"Contact": _CONTACT} | dict.fromkeys(_MASTERS, _CHOOSE)


def grant_core_permissions() -> None:
	for doctype, granted in CORE_PERMISSIONS.items():
		setup_custom_perms(doctype)
		for role, allowed in granted.items():
			_grant(doctype, role, allowed)
		frappe.clear_cache(doctype=doctype)


def revoke_core_permissions() -> None:
	frappe.db.delete("Custom DocPerm", {"role": ("in", ROLES)})
	for doctype in CORE_PERMISSIONS:
		if _rows("Custom DocPerm", doctype) == _rows("DocPerm", doctype):
			frappe.db.delete("Custom DocPerm", {"parent": doctype})
		frappe.clear_cache(doctype=doctype)


def _grant(doctype: str, role: str, allowed: tuple[str, ...]) -> None:
	row = {"parent": doctype, "role": role, "permlevel": 0, "if_owner": 0}
	if not frappe.db.exists("Custom DocPerm", row):
		chosen = {right: int(right in allowed) for right in _rights()}
		frappe.get_doc({"doctype": "Custom DocPerm", **row, **chosen}).insert()


def _rows(table: str, doctype: str) -> set[tuple]:
	columns = ["role", "permlevel", "if_owner", *_rights()]
	rows = frappe.get_all(table, {"parent": doctype}, columns, as_list=True, order_by=None)
	return {(role, *(int(value or 0) for value in values)) for role, *values in rows}


def _rights() -> list[str]:
	checks = frappe.get_meta("Custom DocPerm").get("fields", {"fieldtype": "Check"})
	return [check.fieldname for check in checks if check.fieldname != "if_owner"]
