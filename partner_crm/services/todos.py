"""What the app asks of somebody, as Frappe's ToDos: written many at a time, each of them once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

import frappe
from frappe.utils import now

from partner_crm.services import bulk

TODO = "ToDo"
OPEN, CLOSED = "Open", "Closed"

COLUMNS = (
	*("name", "allocated_to", "date", "reference_type", "reference_name", "description"),
	*("status", "priority", "assigned_by"),
)


class Task(NamedTuple):
	"""What is to be looked at, by whom and since when. Of one name there is one task, whoever has closed it."""

	name: str
	owner: str
	day: date | None
	reference_doctype: str
	reference_name: str
	description: str


def open_new(tasks: Iterable[Task]) -> int:
	"""Writes those that there are not yet, and returns how many these are."""
	shared = (OPEN, "Medium", frappe.session.user)
	return bulk.insert_new(TODO, COLUMNS, [(*task, *shared) for task in tasks])


def close(names: Collection[str]) -> None:
	"""Those of them that are still open."""
	if not names:
		return
	todo = frappe.qb.DocType(TODO)
	query = frappe.qb.update(todo).set(todo.status, CLOSED).set(todo.modified, now())
	query = query.set(todo.modified_by, frappe.session.user)
	query.where(todo.name.isin(sorted(names)) & (todo.status == OPEN)).run()


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
