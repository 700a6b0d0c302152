"""Whose documents a sales manager answers for: his own, and those of his team."""

import frappe
from frappe.permissions import get_user_permissions
from frappe.utils.caching import request_cache


@request_cache
def team_of(user: str, doctype: str) -> tuple[str, ...]:
	"""The user, who stands below him in ERPNext's tree of Sales Persons, and whom User Permissions add.

	A User Permission for a Sales Person adds that branch of the tree, one for a User adds that user.
	"""
	team = {user, *_below(user), *_permitted(user, "User", doctype)}
	if branches := _permitted(user, "Sales Person", doctype):
		team.update(_users_of(branches))
	return tuple(sorted(team))


def _below(user: str) -> list[str]:
	leader = frappe.qb.DocType("Sales Person").as_("leader")
	leading = frappe.qb.DocType("Employee").as_("leading")
	member = frappe.qb.DocType("Sales Person").as_("member")
	staff = frappe.qb.DocType("Employee").as_("staff")
	return (
		frappe.qb.from_(leading)
		.join(leader)
		.on(leader.employee == leading.name)
		.join(member)
		.on((member.lft > leader.lft) & (member.rgt < leader.rgt))
		.join(staff)
		.on(staff.name == member.employee)
		.where(leading.user_id == user)
		.where(leader.enabled == 1)
		.where(staff.user_id.isnotnull())
		.select(staff.user_id)
		.run(pluck=True)
	)


def _users_of(sales_persons: list[str]) -> list[str]:
	person = frappe.qb.DocType("Sales Person")
	staff = frappe.qb.DocType("Employee")
	return (
		frappe.qb.from_(person)
		.join(staff)
		.on(staff.name == person.employee)
		.where(person.name.isin(sales_persons))
		.where(staff.user_id.isnotnull())
		.select(staff.user_id)
		.run(pluck=True)
	)


def _permitted(user: str, allow: str, doctype: str) -> list[str]:
	"""What User Permissions allow him of the DocType `allow`, in general or for `doctype`; branches are unfolded."""
	permissions = get_user_permissions(user).get(allow, [])
	return [row["doc"] for row in permissions if row.get("applicable_for") in (None, "", doctype)]
