"""Cases: what the head of sales has to look into, as a ToDo on the document."""

from __future__ import annotations

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.utils import format_date

from partner_crm.rules.activity import Consequence
from partner_crm.services import settings, todos
from partner_crm.setup.roles import SALES_HEAD


def open_cases(found: Iterable[tuple[frappe._dict, Consequence]]) -> int:
	"""One task for each violation, however often it is asked for; returns how many are new."""
	found = list(found)
	owner = case_owner() if found else None
	if not owner:
		return 0
	lang = todos.language_of(owner)
	return todos.open_new(_task(consequence, owner, lang) for _row, consequence in found)


def case_owner() -> str | None:
	"""Who is chosen in the settings, else the first of the heads of sales."""
	return todos.answerable(settings.get_settings().case_owner, SALES_HEAD)


def heads_of_sales() -> list[str]:
	return todos.users_with(SALES_HEAD)


def _task(consequence: Consequence, owner: str, lang: str) -> todos.Task:
	"""Its name is made of the violation, so the database takes each once."""
	violation, sentence = consequence.violation, _("Look into it: {0}, since {1}", lang)
	return todos.Task(
		name=f"case-{violation.key}",
		owner=owner,
		day=consequence.taken_on,
		reference_doctype=violation.reference_doctype,
		reference_name=violation.reference_name,
		description=sentence.format(_(violation.rule, lang), format_date(violation.violated_on)),
	)
