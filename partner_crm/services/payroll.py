"""Confirmed penalties in payroll, where HRMS is installed and the administrator has switched it on.

The app never deducts anything: it prepares a draft that somebody in payroll submits, changes or throws away.
"""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, flt, getdate

from partner_crm.services import settings

ADDITIONAL_SALARY = "Additional Salary"


def is_installed() -> bool:
	return "hrms" in frappe.get_installed_apps()


def hand_over(penalty: Document) -> None:
	"""Prepares the deduction, or says why not: the confirmation stands either way."""
	if not (flt(penalty.amount) and settings.get_settings().penalties_to_payroll and is_installed()):
		return
	point = f"pcrm_{frappe.generate_hash(length=10)}"
	frappe.db.savepoint(point)
	try:
		draft = _draft(penalty)
	except frappe.ValidationError as refusal:
		frappe.db.rollback(save_point=point)
		frappe.clear_last_message()
		_say_why_not(penalty, str(refusal))
		return
	frappe.db.set_value(penalty.doctype, penalty.name, "additional_salary", draft.name, update_modified=False)
	penalty.additional_salary = draft.name


def _draft(penalty: Document) -> Document:
	draft = frappe.new_doc(ADDITIONAL_SALARY)
	draft.update(
		{
			"employee": _employee(penalty.manager),
			"company": penalty.company,
			"salary_component": settings.get_settings().penalty_salary_component,
			"type": "Deduction",
			"amount": penalty.amount,
			"currency": penalty.currency,
			"payroll_date": getdate(),
			"overwrite_salary_structure_amount": 0,
		}
	)
	# The head of sales has no right in payroll, and needs none: whoever submits the draft has.
	return draft.insert(ignore_permissions=True)


def _employee(user: str) -> str:
	employee = frappe.db.get_value("Employee", {"user_id": user, "status": "Active"})
	if not employee:
		sentence = _("{0} is no active employee.")
		frappe.throw(sentence.format(escape_html(frappe.utils.get_fullname(user))))
	return employee


def _say_why_not(penalty: Document, refusal: str) -> None:
	sentence = _("No Additional Salary was prepared: {0}")
	penalty.add_comment("Info", sentence.format(refusal))
	frappe.msgprint(sentence.format(refusal), indicator="orange", alert=True)
