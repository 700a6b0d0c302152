"""What both halves of the demonstration (`demo`, `demo_money`) stand on: who its people are, and how things are made once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import frappe

DOMAIN = "partner-crm-demo.example"
HEAD = "helen"
ACCOUNTANT = "alice"


def address(person: str) -> str:
	return f"{person}@{DOMAIN}"


@contextmanager
def as_user(user: str) -> Iterator[None]:
	before = frappe.session.user
	frappe.set_user(user)
	try:
		yield
	finally:
		frappe.set_user(before)


def ensure(doctype: str, name: str, **fields) -> None:
	if not frappe.db.exists(doctype, name):
		frappe.get_doc({"doctype": doctype, **fields}).insert()
