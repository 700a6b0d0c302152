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


def answerable(chosen: str | None, *roles: str) -> str | None:
	"""Who is chosen, if he is switched on; else the first user who has the first of these roles that anybody has."""
	if chosen and frappe.db.get_value("User", chosen, "enabled"):
		return chosen
	return next((user for role in roles for user in users_with(role)), None)


def pass_on(names: Collection[str], owner: str) -> None:
	"""Open tasks of users who are switched off go to somebody who sees them."""
	if not names:
		return
	todo, user = frappe.qb.DocType(TODO), frappe.qb.DocType("User")
	gone = frappe.qb.from_(user).select(user.name).where(user.enabled == 0)
	query = frappe.qb.update(todo).set(todo.allocated_to, owner).set(todo.modified, now())
	query = query.where(todo.name.isin(sorted(names)) & (todo.status == OPEN))
	query.where(todo.allocated_to.isin(gone)).run()


def language_of(user: str) -> str:
	return frappe.db.get_value("User", user, "language") or frappe.db.get_default("lang") or "en"
