"""What link fields find in our DocTypes: only what the user may see.

Frappe's own search (v15) forgets the criterion when the browser sends `ignore_user_permissions`, so that a manager
could list the clients of the others.
"""

import frappe
from frappe.desk.search import get_std_fields_list

_SEARCHED = ("Data", "Link", "Select", "Small Text")


@frappe.whitelist()
@frappe.validate_and_sanitize_search_inputs
def link_query(
	doctype: str,
	txt: str,
	searchfield: str,
	start: int,
	page_len: int,
	filters: dict | list | None = None,
	as_dict: bool = False,
	reference_doctype: str | None = None,
) -> list:
	"""Rows as Frappe's search gives them: the name, the title as `label`, then the other search fields."""
	meta = frappe.get_meta(doctype)
	fields = get_std_fields_list(meta, searchfield or "name")
	return frappe.get_list(
		doctype,
		filters=filters,
		or_filters=[[field, "like", f"%{txt}%"] for field in fields if _is_searched(meta, field)],
		fields=[f"{field} as label" if field == meta.title_field else field for field in fields],
		order_by="idx desc, modified desc",
		limit_start=start,
		limit_page_length=page_len,
		reference_doctype=reference_doctype,
		as_list=not as_dict,
	)


def _is_searched(meta, field: str) -> bool:
	return field == "name" or meta.get_field(field).fieldtype in _SEARCHED
