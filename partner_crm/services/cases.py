"""Cases: what the head of sales has to look into, as a ToDo on the document."""

from __future__ import annotations

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.model.document import Document, bulk_insert
from frappe.utils import now_datetime

from partner_crm.rules.activity import Consequence
from partner_crm.services import settings
from partner_crm.setup.roles import SALES_HEAD


def open_cases(found: Iterable[tuple[frappe._dict, Consequence]]) -> int:
	"""One task for each violation, however often it is asked for; returns how many are new."""
	wanted = {f"case-{consequence.violation.key}": consequence for _row, consequence in found}
	owner = case_owner() if wanted else None
	if not owner:
		return 0
	task = frappe.qb.DocType("ToDo")
	known = frappe.qb.from_(task).select(task.name).where(task.name.isin(list(wanted))).run(pluck=True)
	tasks = [_task(name, owner, wanted[name]) for name in wanted.keys() - set(known)]
	bulk_insert("ToDo", tasks)
	return len(tasks)


def case_owner() -> str | None:
	"""Who is chosen in the settings, else the first of the heads of sales."""
	return settings.get_settings().case_owner or next(iter(heads_of_sales()), None)


def heads_of_sales() -> list[str]:
	return users_with(SALES_HEAD)


def users_with(role: str) -> list[str]:
	"""The users who are switched on and have a role, in the order in which they came."""
	held, user = frappe.qb.DocType("Has Role"), frappe.qb.DocType("User")
	return (
		frappe.qb.from_(held)
		.join(user)
		.on(user.name == held.parent)
		.select(user.name)
		.where((held.parenttype == "User") & (held.role == role))
		.where((user.enabled == 1) & (user.name != "Administrator"))
		.orderby(user.creation, user.name)
		.run(pluck=True)
	)


def _task(name: str, owner: str, consequence: Consequence) -> Document:
	violation, task, now = consequence.violation, frappe.new_doc("ToDo"), now_datetime()
	sentence = _("Look into it: {0}, since {1}")
	task.update(
		{
			"name": name,
			"status": "Open",
			"priority": "Medium",
			"allocated_to": owner,
			"date": consequence.taken_on,
			"reference_type": violation.reference_doctype,
			"reference_name": violation.reference_name,
			"description": sentence.format(_(violation.rule), frappe.format(violation.violated_on, "Date")),
			"assigned_by": frappe.session.user,
			"creation": now,
			"modified": now,
			"owner": frappe.session.user,
			"modified_by": frappe.session.user,
		}
	)
	return task
