from __future__ import annotations

import frappe


def test_the_app_is_installed_beside_erpnext():
	assert frappe.get_installed_apps() == ["frappe", "erpnext", "partner_crm"]


def test_a_test_may_leave_anything():
	frappe.get_doc(
		doctype="Territory", territory_name="Left Behind", parent_territory="All Territories"
	).insert()
	frappe.db.set_default("left_behind", "1")
	frappe.msgprint("Left behind.")
	frappe.flags.left_behind = True
	frappe.set_user("Guest")


def test_and_the_next_finds_nothing_of_it():
	assert not frappe.db.exists("Territory", "Left Behind")
	assert not frappe.db.get_default("left_behind")
	assert not frappe.message_log
	assert not frappe.flags.left_behind
	assert frappe.session.user == "Administrator"


def test_a_label_may_be_changed():
	setter = {"doc_type": "ToDo", "field_name": "date", "property": "label", "value": "Changed"}
	frappe.get_doc(
		doctype="Property Setter", doctype_or_field="DocField", property_type="Data", **setter
	).insert()

	assert frappe.get_meta("ToDo").get_label("date") == "Changed"


def test_and_is_changed_back():
	assert frappe.get_meta("ToDo").get_label("date") == "Due Date"


def test_the_bench_is_as_it_was(harness):
	"""Though sites were made, the app installed and served: the end of the run asks this once more."""
	assert harness.changes_of_bench() == []
