"""Makes the documents that tests need, each saved, with just enough in it. Keyword arguments override any field."""

from __future__ import annotations

from itertools import count

import frappe
from frappe.model.document import Document

_numbers = count(1)


def make_user(email: str | None = None, roles: tuple[str, ...] = ("Partner CRM User",), **fields) -> Document:
	email = email or f"user{next(_numbers)}@staff.example"
	return _make(
		"User",
		email=email,
		first_name=email.partition("@")[0].title(),
		send_welcome_email=0,
		roles=[{"role": role} for role in roles],
		**fields,
	)


def make_channel(**fields) -> Document:
	return _make(
		"Acquisition Channel", {"title": f"Channel {next(_numbers)}", "direction": "Inbound"} | fields
	)


def make_counterparty(**fields) -> Document:
	number = next(_numbers)
	return _make("Counterparty", {"title": f"Counterparty {number}", "region": make_region()} | fields)


def make_contact(email: str | None = None, phone: str | None = None, **fields) -> Document:
	"""A managed card; an e-mail or phone goes where Frappe keeps it, in the child rows."""
	number = next(_numbers)
	defaults = {
		"first_name": f"Contact {number}",
		"pcrm_managed": 1,
		"email_ids": [{"email_id": email or f"contact{number}@client.example", "is_primary": 1}],
		"phone_nos": [{"phone": phone, "is_primary_mobile_no": 1}] if phone else [],
	}
	return _make("Contact", defaults | fields)


def make_lead(**fields) -> Document:
	number = next(_numbers)
	defaults = {
		"track": "Own Sale",
		"direction": "Inbound",
		"first_name": f"Lead {number}",
		"email": f"lead{number}@client.example",
	}
	if fields.get("contact"):
		defaults = {name: defaults[name] for name in ("track", "direction")}
	return _make("Partner Lead", defaults | fields)


def make_region(name: str = "Test Region") -> str:
	"""Name of a Territory, made once."""
	if not frappe.db.exists("Territory", name):
		_make("Territory", territory_name=name, parent_territory="All Territories")
	return name


def _make(doctype: str, defaults: dict | None = None, **fields) -> Document:
	return frappe.get_doc({"doctype": doctype, **(defaults or {}), **fields}).insert()
