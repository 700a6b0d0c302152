"""Our fields on DocTypes of Frappe and ERPNext: one list for install, patches and uninstall.

None of the links minds User Permissions: a contact that was seen before the app came is seen afterwards.
"""

from collections.abc import Iterator

import frappe
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields

MODULE = "Partner CRM"

CONTACT_FIELDS = (
	{
		"fieldname": "pcrm_tab",
		"fieldtype": "Tab Break",
		"label": "Partner CRM",
	},
	{
		"fieldname": "pcrm_managed",
		"fieldtype": "Check",
		"label": "Partner CRM's rules apply",
		"description": "Set by itself for the contacts of leads, deals and counterparties",
		"default": "0",
		"no_copy": 1,
		"search_index": 1,
	},
	{
		"fieldname": "pcrm_counterparty",
		"fieldtype": "Link",
		"label": "Counterparty",
		"options": "Counterparty",
		"ignore_user_permissions": 1,
		"search_index": 1,
	},
	{
		"fieldname": "pcrm_is_decision_maker",
		"fieldtype": "Select",
		"label": "Decision maker or not",
		"options": "\nYes\nNo",
	},
	{
		"fieldname": "pcrm_group",
		"fieldtype": "Link",
		"label": "Group",
		"options": "Customer Group",
		"ignore_user_permissions": 1,
	},
	{
		"fieldname": "pcrm_region",
		"fieldtype": "Link",
		"label": "Region",
		"options": "Territory",
		"ignore_user_permissions": 1,
		"search_index": 1,
	},
	{
		"fieldname": "pcrm_person_column",
		"fieldtype": "Column Break",
	},
	{
		"fieldname": "pcrm_birth_date",
		"fieldtype": "Date",
		"label": "Birth date",
	},
	{
		"fieldname": "pcrm_messenger",
		"fieldtype": "Data",
		"label": "Messenger",
	},
	{
		"fieldname": "pcrm_interests",
		"fieldtype": "Small Text",
		"label": "Interests",
	},
	{
		"fieldname": "pcrm_about_section",
		"fieldtype": "Section Break",
	},
	{
		"fieldname": "pcrm_additional_information",
		"fieldtype": "Small Text",
		"label": "Information about the contact",
	},
	{
		"fieldname": "pcrm_about_column",
		"fieldtype": "Column Break",
	},
	{
		"fieldname": "pcrm_key_learnings",
		"fieldtype": "Small Text",
		"label": "Key learnings",
	},
	{
		"fieldname": "pcrm_staff_email_since",
		"fieldtype": "Date",
		"label": "An address of our staff found on",
		"depends_on": "pcrm_staff_email_since",
		"no_copy": 1,
		"read_only": 1,
	},
	{
		"fieldname": "pcrm_next_review_on",
		"fieldtype": "Date",
		"label": "Next review on",
		"hidden": 1,
		"no_copy": 1,
		"print_hide": 1,
		"read_only": 1,
		"search_index": 1,
	},
	{
		"fieldname": "pcrm_reviewed_on",
		"fieldtype": "Date",
		"label": "Reviewed on",
		"hidden": 1,
		"no_copy": 1,
		"print_hide": 1,
		"read_only": 1,
	},
)

DEAL_FIELD = {
	"fieldname": "pcrm_deal",
	"fieldtype": "Link",
	"label": "Deal",
	"options": "Partner Deal",
	"insert_after": "project",
	"ignore_user_permissions": 1,
	"search_index": 1,
}

STATEMENT_FIELD = {
	"fieldname": "pcrm_statement",
	"fieldtype": "Link",
	"label": "Payout statement",
	"options": "Payout Statement",
	"insert_after": "project",
	"ignore_user_permissions": 1,
	"no_copy": 1,
	"read_only": 1,
	"search_index": 1,
}

SUPPLIER_FIELD = {
	"fieldname": "pcrm_supplier",
	"fieldtype": "Link",
	"label": "Supplier",
	"description": "Whom the invoices of payout statements are from",
	"options": "Supplier",
	"insert_after": "partner_type",
	"ignore_user_permissions": 1,
}

CUSTOM_FIELDS = {
	"Contact": CONTACT_FIELDS,
	"Sales Order": (DEAL_FIELD,),
	"Sales Invoice": (DEAL_FIELD, STATEMENT_FIELD),
	"Purchase Invoice": (STATEMENT_FIELD,),
	"Sales Partner": (SUPPLIER_FIELD,),
}


def make_custom_fields() -> None:
	"""Those that are missing; what an administrator has made of the others stays."""
	fields = {doctype: list(_in_order(doctype)) for doctype in CUSTOM_FIELDS}
	create_custom_fields(fields, update=False)


def drop_custom_fields() -> None:
	"""The fields, and their columns: Frappe leaves those where they are."""
	for doctype, fields in CUSTOM_FIELDS.items():
		names = [field["fieldname"] for field in fields]
		for name in frappe.get_all(
			"Custom Field", filters={"dt": doctype, "fieldname": ("in", names)}, pluck="name", order_by=None
		):
			frappe.delete_doc("Custom Field", name, force=True)
		_drop_columns(doctype, names)
		frappe.clear_cache(doctype=doctype)


def _in_order(doctype: str) -> Iterator[dict]:
	"""The fields with what Frappe wants besides: whose they are, and which field each comes after."""
	before = _last_field_of_others(doctype)
	for field in CUSTOM_FIELDS[doctype]:
		yield {"insert_after": before, **field, "module": MODULE}
		before = field["fieldname"]


def _last_field_of_others(doctype: str) -> str:
	ours = {field["fieldname"] for field in CUSTOM_FIELDS[doctype]}
	return [field.fieldname for field in frappe.get_meta(doctype).fields if field.fieldname not in ours][-1]


def _drop_columns(doctype: str, names: list[str]) -> None:
	present = [name for name in names if name in frappe.db.get_table_columns(doctype)]
	if present:
		dropped = ", ".join(f"DROP COLUMN `{name}`" for name in present)
		frappe.db.sql_ddl(f"ALTER TABLE `tab{doctype}` {dropped}")
