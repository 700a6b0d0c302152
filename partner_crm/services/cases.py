"""Cases: what the head of sales has to look into, as a ToDo on the document."""

from __future__ import annotations

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.utils import format_date

from partner_crm.rules.activity import Consequence
from partner_crm.services import bulk, settings
from partner_crm.setup.roles import SALES_HEAD

COLUMNS = (
	*("name", "status", "priority", "allocated_to", "date", "reference_type", "reference_name"),
	*("description", "assigned_by"),
)


def open_cases(found: Iterable[tuple[frappe._dict, Consequence]]) -> int:
	"""One task for each violation, however often it is asked for; returns how many are new."""
	found = list(found)
	owner = case_owner() if found else None
	if not owner:
		return 0
	lang = language_of(owner)
	return bulk.insert_new("ToDo", COLUMNS, [_task(consequence, owner, lang) for _row, consequence in found])


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


def language_of(user: str) -> str:
	return frappe.db.get_value("User", user, "language") or frappe.db.get_default("lang") or "en"


def _task(consequence: Consequence, owner: str, lang: str) -> tuple:
	"""The values of `COLUMNS`. The name is made of the violation, so the database takes each once."""
	violation, sentence = consequence.violation, _("Look into it: {0}, since {1}", lang)
	return (
		f"case-{violation.key}",
		"Open",
		"Medium",
		owner,
		consequence.taken_on,
		violation.reference_doctype,
		violation.reference_name,
		sentence.format(_(violation.rule, lang), format_date(violation.violated_on)),
		frappe.session.user,
	)
