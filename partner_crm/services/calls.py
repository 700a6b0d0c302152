"""Calls as interactions: one for each Call Log of ERPNext that ended with an answer."""

from __future__ import annotations

import frappe
from frappe.model.document import Document
from frappe.utils import flt, get_datetime

from partner_crm.rules.identity import PHONE, normalise_phone
from partner_crm.rules.interactions import CALL
from partner_crm.services import identity, interactions, settings
from partner_crm.services.interactions import DEAL, INTERACTION, LEAD, Client


def is_answered(call: Document) -> bool:
	return call.status == "Completed" and flt(call.duration) > 0


def record(call: Document) -> None:
	"""Once a call; what the telephone system corrects later is corrected here too."""
	key = f"Call {call.name}"
	name = frappe.db.get_value(INTERACTION, {"source_key": key}, "name")
	if name:
		_correct(name, call)
	elif client := _client_of(call):
		_begin(key, call, client)


def forget(call: Document) -> None:
	"""A call that is deleted proves nothing more; what was said stays."""
	frappe.db.set_value(INTERACTION, {"call_log": call.name}, "call_log", None, update_modified=False)


def _begin(key: str, call: Document, client: Client) -> None:
	"""Where the telephone system reports the same end twice at the same moment, the second one has nothing to add."""
	point = f"pcrm_{frappe.generate_hash(length=10)}"
	frappe.db.savepoint(point)
	try:
		interactions.record(
			{
				"kind": CALL,
				"direction": call.type,
				"discussed": call.summary,
				"responsible": _user_of(call),
				"call_log": call.name,
				"source_key": key,
				**_figures(call),
				**client._asdict(),
			}
		)
	except frappe.UniqueValidationError:
		frappe.db.rollback(save_point=point)


def _correct(name: str, call: Document) -> None:
	interaction = frappe.get_doc(INTERACTION, name, for_update=True)
	figures = _figures(call)
	if any(interaction.get(field) != value for field, value in figures.items()):
		interaction.update(figures)
		interactions.update(interaction)


def _figures(call: Document) -> dict:
	return {"occurred_at": get_datetime(call.start_time or call.creation), "duration": flt(call.duration)}


def _user_of(call: Document) -> str | None:
	"""Who has spoken: the employee that ERPNext found, else whoever the call was logged for."""
	user = call.employee_user_id or call.owner
	return user if user not in ("Administrator", "Guest") else None


def _client_of(call: Document) -> Client | None:
	"""By the links of the call, else by the number at the other end."""
	for doctype in (DEAL, LEAD):
		for name in _linked(call, doctype):
			return interactions.client_of(doctype, name)
	contacts = _managed(_linked(call, "Contact")) or _contacts_at(_other_end(call))
	return interactions.client_among(contacts, _user_of(call)) if contacts else None


def _linked(call: Document, doctype: str) -> list[str]:
	return [link.link_name for link in call.links if link.link_doctype == doctype]


def _managed(names: list[str]) -> list[str]:
	if not names:
		return []
	return frappe.get_all(
		"Contact", filters={"name": ("in", names), "pcrm_managed": 1}, pluck="name", order_by="name asc"
	)


def _contacts_at(number: str) -> list[str]:
	"""By the keys of our cards, which see through the spelling of numbers."""
	phone = normalise_phone(number, settings.identity().country)
	found = identity.find("Contact", {PHONE: (phone,)}) if phone else []
	return [match.card for match in found]


def _other_end(call: Document) -> str:
	return call.get("from" if call.type == "Incoming" else "to") or ""
