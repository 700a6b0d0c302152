"""Letters as interactions: one for each thread with a client, made by its first letter and kept by the others.

A letter of a thread carries a timeline link to its interaction, next to those that Frappe gives it. So the letters of
a thread are found by it, in whatever order they came, and the interaction shows them in its own timeline.
"""

from __future__ import annotations

import frappe
from frappe.model.document import Document
from frappe.utils import add_days, get_datetime, split_emails

from partner_crm.rules.identity import EMAIL as EMAIL_FIELD
from partner_crm.rules.identity import normalise_email
from partner_crm.rules.interactions import (
	EMAIL,
	SAME_SUBJECT_DAYS,
	Letter,
	Thread,
	is_automatic_letter,
	plain_subject,
	thread,
)
from partner_crm.services import identity, interactions, staff
from partner_crm.services.interactions import DEAL, INTERACTION, LEAD, Client

RECENT_LETTERS = 200
"""Among how many letters a thread is looked for by its subject, the latest first."""

NOT_READ = ("Spam", "Trash")


def is_letter(communication: Document) -> bool:
	"""A letter from one person to another, that no thread has yet: told without a query."""
	return (
		communication.communication_type == "Communication"
		and communication.communication_medium == "Email"
		and communication.email_status not in NOT_READ
		and not interaction_of(communication)
		and not is_automatic_letter(communication.subject or "", communication.sender or "")
	)


def interaction_of(communication: Document) -> str | None:
	links = communication.timeline_links
	return next((link.link_name for link in links if link.link_doctype == INTERACTION), None)


def record(letter: Document) -> str | None:
	"""Makes or extends the interaction of the letter's thread; returns its name, or None for what is no client's."""
	client = _client_of(letter)
	if not client:
		return None
	ours = staff.among(_addresses(letter))
	if not _reaches_outside(letter, ours):
		return None
	sent = _is_sent(letter, ours)
	user = _user_of(letter) if sent else None
	name = _thread_answered(letter, client) or _thread_of_subject(letter, client)
	if not name:
		name = _begin(letter, client, sent, user)
	if not interaction_of(letter):
		_extend(name, letter, user)
	return name


def forget(letter: Document) -> None:
	"""A letter that is deleted proves nothing more; what was said stays."""
	frappe.db.set_value(
		INTERACTION, {"communication": letter.name}, "communication", None, update_modified=False
	)


# Whose letter is it?


def _client_of(letter: Document) -> Client | None:
	"""By the lead or deal it was written on, by Frappe's links to contacts, else by its addresses."""
	links = [(letter.reference_doctype, letter.reference_name)]
	links += [(link.link_doctype, link.link_name) for link in letter.timeline_links]
	for doctype in (DEAL, LEAD):
		for name in (name for linked, name in links if linked == doctype and name):
			return interactions.client_of(doctype, name)
	named = sorted({name for doctype, name in links if doctype == "Contact" and name})
	contacts = _managed(named, letter) or _contacts_at(_clients_addresses(letter))
	return interactions.client_among(contacts, _user_of(letter)) if contacts else None


def _managed(names: list[str], letter: Document) -> list[str]:
	"""Those that are ours, whom the letter is from or to before whom it only mentions."""
	if not names:
		return []
	rows = frappe.get_all(
		"Contact",
		filters={"name": ("in", names), "pcrm_managed": 1},
		fields=["name", "email_id"],
		order_by="name asc",
	)
	addresses = _clients_addresses(letter)
	rows.sort(key=lambda row: normalise_email(row.email_id or "") not in addresses)
	return [row.name for row in rows]


def _contacts_at(addresses: list[str]) -> list[str]:
	"""By the keys of our cards: the addresses in Contact Email have no index."""
	found = identity.find("Contact", {EMAIL_FIELD: tuple(addresses)}) if addresses else []
	return [match.card for match in found]


def _clients_addresses(letter: Document) -> list[str]:
	"""Where the client is to be looked for: the sender of what was received, the recipients of what was sent."""
	found = [letter.sender] if letter.sent_or_received == "Received" else _recipients(letter)
	return [address for text in found if (address := normalise_email(text or ""))]


def _addresses(letter: Document) -> list[str]:
	return [letter.sender or "", *_recipients(letter)]


def _recipients(letter: Document) -> list[str]:
	return [
		address for field in ("recipients", "cc", "bcc") for address in split_emails(letter.get(field) or "")
	]


def _reaches_outside(letter: Document, ours: set[str]) -> bool:
	"""What colleagues write to each other about a deal is no talk with the client."""
	parties = _recipients(letter) if _is_sent(letter, ours) else [letter.sender or ""]
	return any(normalise_email(party) not in ours for party in parties)


def _is_sent(letter: Document, ours: set[str]) -> bool:
	"""Also what a colleague has sent from another program, and was then fetched from the mailbox."""
	return letter.sent_or_received != "Received" or normalise_email(letter.sender or "") in ours


def _user_of(letter: Document) -> str | None:
	address = normalise_email(letter.sender or "")
	return staff.users_at([address]).get(address) if address else None


# Which thread is it of?


def _thread_answered(letter: Document, client: Client) -> str | None:
	"""That of the letter it answers, which may be from before its contact became ours."""
	if not letter.in_reply_to:
		return None
	if known := _thread_with(letter.in_reply_to):
		return known
	# one answer after the other, so that only the first one makes the thread
	frappe.db.get_value("Contact", client.contact, "name", for_update=True)
	return _thread_with(letter.in_reply_to, for_update=True) or _record_alone(
		frappe.get_doc("Communication", letter.in_reply_to)
	)


def _thread_with(letter: str, for_update: bool = False) -> str | None:
	link = {"parent": letter, "link_doctype": INTERACTION}
	return frappe.db.get_value("Communication Link", link, "link_name", for_update=for_update)


def _record_alone(answered: Document) -> str | None:
	"""The letter without those that it answers itself."""
	if not is_letter(answered):
		return None
	answered.in_reply_to = None
	return record(answered)


def _thread_of_subject(letter: Document, client: Client) -> str | None:
	"""Programs that write letters, and people, do not always say which one they answer."""
	subject = plain_subject(letter.subject or "")
	if not subject:
		return None
	link, other = frappe.qb.DocType("Communication Link"), frappe.qb.DocType("Communication")
	interaction = frappe.qb.DocType(INTERACTION)
	rows = (
		frappe.qb.from_(interaction)
		.join(link)
		.on((link.link_doctype == INTERACTION) & (link.link_name == interaction.name))
		.join(other)
		.on(other.name == link.parent)
		.select(interaction.name, interaction.deal, other.subject)
		.where(interaction.contact == client.contact)
		.where(other.communication_date >= add_days(_date(letter), -SAME_SUBJECT_DAYS))
		.orderby(other.communication_date, order=frappe.qb.desc)
		.limit(RECENT_LETTERS)
		.run()
	)
	for name, deal, other_subject in rows:
		if plain_subject(other_subject or "") == subject and deal in (None, client.deal):
			return name
	return None


# Writing


def _begin(letter: Document, client: Client, sent: bool, user: str | None) -> str:
	"""The thread's first letter that we know of. Another one of it, at the same moment, may have begun it already."""
	key = f"Letters since {letter.in_reply_to or letter.name}"
	point = f"pcrm_{frappe.generate_hash(length=10)}"
	frappe.db.savepoint(point)
	try:
		interaction = interactions.record(
			{
				"kind": EMAIL,
				"direction": "Outgoing" if sent else "Incoming",
				"occurred_at": _date(letter),
				"responsible": user,
				"communication": letter.name,
				"source_key": key,
				**client._asdict(),
			}
		)
	except frappe.UniqueValidationError:
		frappe.db.rollback(save_point=point)
		return frappe.db.get_value(INTERACTION, {"source_key": key}, "name", for_update=True)
	_link(letter, interaction.name)
	return interaction.name


def _extend(name: str, letter: Document, user: str | None) -> None:
	"""The interaction is locked first, so that each of two letters that come at the same moment counts the other."""
	interaction = frappe.get_doc(INTERACTION, name, for_update=True)
	_link(letter, name)
	correspondence = _read(name)
	interaction.direction = "Outgoing" if correspondence.begun_by_us else "Incoming"
	interaction.client_replied = int(correspondence.is_two_way)
	interaction.occurred_at = correspondence.at
	interaction.communication = interaction.communication or letter.name
	interaction.responsible = interaction.responsible or user
	interaction.flags.acted = user
	interactions.update(interaction)


def _read(name: str) -> Thread:
	"""From all letters of the thread, as they are in the database at this very moment."""
	link, letter = frappe.qb.DocType("Communication Link"), frappe.qb.DocType("Communication")
	rows = (
		frappe.qb.from_(link)
		.join(letter)
		.on(letter.name == link.parent)
		.select(letter.communication_date, letter.creation, letter.sent_or_received, letter.sender)
		.where((link.link_doctype == INTERACTION) & (link.link_name == name))
		.for_update()
		.run(as_dict=True)
	)
	ours = staff.among(row.sender for row in rows)
	return thread(Letter(_date(row), _is_sent(row, ours)) for row in rows)


def _link(letter: Document, name: str) -> None:
	"""Written at once and kept in the document, which whoever is saving it may save again."""
	link = {"link_doctype": INTERACTION, "link_name": name, "communication_date": letter.communication_date}
	letter.append("timeline_links", link).db_insert()


def _date(letter: Document | frappe._dict):
	return get_datetime(letter.communication_date or letter.creation)
