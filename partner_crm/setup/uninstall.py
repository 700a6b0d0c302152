"""Takes out what Frappe leaves behind when it uninstalls an app.

It runs after Frappe has removed the DocTypes and not before: `uninstall-app --dry-run` calls these hooks too, and
only afterwards can one tell that nothing was removed.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import frappe

from partner_crm.setup.core_permissions import revoke_core_permissions
from partner_crm.setup.custom_fields import drop_custom_fields
from partner_crm.setup.indexes import drop_indexes
from partner_crm.setup.letters import drop_letters
from partner_crm.setup.roles import ROLES

APP = "partner_crm"

# They say something about one document and nothing without it, although Frappe does not make them name one.
_NOTHING_BY_THEMSELVES = {
	"Activity Log",
	"Comment",
	"List Filter",
	"Notification Log",
	"Tag Link",
	"ToDo",
	"User Permission",  # one that applies to our DocType only would come to apply to all
	"View Log",
	"Workflow Action",
}


def after_uninstall() -> None:
	if APP in frappe.get_installed_apps():  # a dry run
		return
	frappe.db.delete("Onboarding Step", {"name": ("in", names_of("onboarding_step"))})
	forget_doctypes(names_of("doctype"))
	revoke_core_permissions()
	delete_roles()
	forget_app()
	drop_custom_fields()
	drop_indexes()
	drop_letters()
	frappe.db.commit()


def names_of(folder: str) -> list[str]:
	"""Read from the files: our DocTypes are gone, and steps of an onboarding have no module to tell them by."""
	files = Path(frappe.get_app_path(APP, APP, folder)).glob("*/*.json")
	return sorted(json.loads(file.read_text(encoding="utf-8"))["name"] for file in files)


def forget_doctypes(doctypes: list[str]) -> None:
	"""What still points to one of `doctypes` would break when somebody opens or saves it.

	Links that the site has added become plain text; letters, files and the like stay without their reference; what
	can't be without it goes too.
	"""
	for table in ("Custom Field", "DocField"):
		links = {"fieldtype": "Link", "options": ("in", doctypes)}
		frappe.db.set_value(table, links, {"fieldtype": "Data", "options": None}, update_modified=False)
	for meta, field in _fields_that_name_a_doctype():
		if field.reqd or meta.name in _NOTHING_BY_THEMSELVES:
			_delete(meta, {field.fieldname: ("in", doctypes)})
		else:
			_unlink(meta, field.fieldname, doctypes)
	for table, column in (("Deleted Document", "deleted_doctype"), ("__UserSettings", "doctype")):
		frappe.db.delete(table, {column: ("in", doctypes)})


def delete_roles() -> None:
	frappe.db.delete("Has Role", {"role": ("in", ROLES)})
	for role in ROLES:
		frappe.delete_doc("Role", role, force=True, delete_permanently=True)


def forget_app() -> None:
	"""The jobs and patches, which have no module but name our functions."""
	ours = ("like", f"%{APP}.%")
	jobs = frappe.get_all("Scheduled Job Type", {"method": ours}, pluck="name", order_by=None)
	frappe.db.delete("Scheduled Job Log", {"scheduled_job_type": ("in", jobs or [""])})
	frappe.db.delete("Scheduled Job Type", {"method": ours})
	frappe.db.delete("Patch Log", {"patch": ours})


def _fields_that_name_a_doctype() -> Iterator[tuple]:
	filters = {"fieldtype": "Link", "options": "DocType"}
	for table, parent in (("DocField", "parent"), ("Custom Field", "dt")):
		fields = [f"{parent} as doctype", "fieldname", "reqd"]
		for field in frappe.get_all(table, filters, fields, order_by=None):
			meta = frappe.get_meta(field.doctype)
			if frappe.db.table_exists(meta.name):  # a Single or virtual DocType has no table
				yield meta, field


def _delete(meta, filters: dict) -> None:
	if not meta.get_table_fields():
		frappe.db.delete(meta.name, filters)
		return
	for name in frappe.get_all(meta.name, filters, pluck="name", order_by=None):
		frappe.delete_doc(meta.name, name, force=True, ignore_on_trash=True, delete_permanently=True)


def _unlink(meta, fieldname: str, doctypes: list[str]) -> None:
	names = meta.get("fields", {"fieldtype": "Dynamic Link", "options": fieldname})
	cleared = dict.fromkeys([fieldname, *(field.fieldname for field in names)])
	frappe.db.set_value(meta.name, {fieldname: ("in", doctypes)}, cleared, update_modified=False)
