"""Inquiries as they are typed into the form, of people who are there or not. Known to the callers over HTTP too: no frappe here."""

from __future__ import annotations

from benchmarks.inside.people import MANAGERS, PEOPLE_AT_A_COMPANY, name_of

LEAD_FLOOR, CONTACT_FLOOR = "Speed Lead", "Speed Contact"

TYPED = {
	**{"track": "Own Sale", "stage": "Cold Lead", "direction": "Inbound", "channel": "Website"},
	**{"product_group": "Services", "interest": "Warm", "needs": "More clients in the south"},
	**{"additional_information": "Asked for a brochure", "utm_source": "ads", "utm_campaign": "spring"},
	**{"registered_on": "2026-01-15", "potential_value": 1000, "currency": "USD"},
}


def someone(number: int, existing: int) -> int:
	"""One of those that are there, another one each time."""
	return number * 7919 % existing


def own_number(number: int, existing: int) -> int:
	"""One of the first manager's clients."""
	return number * 7919 % (existing // MANAGERS) * MANAGERS


def own_lead(number: int, existing: int) -> str:
	"""Name of a lead of the first manager's."""
	return name_of("lead", own_number(number, existing))


def inquiry(number: int, existing: int) -> dict:
	"""Of a contact that is there."""
	known = someone(number, existing)
	return TYPED | {
		"contact": name_of("contact", known),
		"counterparty": name_of("company", known // PEOPLE_AT_A_COMPANY),
	}


def form_of(doctype: str, number: int, existing: int) -> dict:
	"""What the desk sends when a new form is saved."""
	local = f"new-{doctype.lower().replace(' ', '-')}-{number}"
	return {"doctype": doctype, "name": local, "__islocal": 1, "__unsaved": 1, "docstatus": 0} | inquiry(
		number, existing
	)
