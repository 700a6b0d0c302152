"""Indexes on tables of ERPNext that our look-ups need.

Each ends with `name`: Frappe drops an index on one single column that the DocType itself does not ask for.
"""

import frappe

INDEXES = {
	"Employee": {
		"pcrm_company_email": ["company_email", "name"],
		"pcrm_personal_email": ["personal_email", "name"],
	}
}


def add_indexes() -> None:
	for doctype, indexes in INDEXES.items():
		for index, columns in indexes.items():
			frappe.db.add_index(doctype, columns, index)


def drop_indexes() -> None:
	for doctype, indexes in INDEXES.items():
		for index in indexes:
			if frappe.db.has_index(f"tab{doctype}", index):
				frappe.db.sql_ddl(_drop_statement(doctype, index))


def _drop_statement(doctype: str, index: str) -> str:
	if frappe.db.db_type == "mariadb":
		return f"ALTER TABLE `tab{doctype}` DROP INDEX `{index}`"
	return f'DROP INDEX IF EXISTS "{index}"'
