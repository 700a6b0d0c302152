"""Facts for the rules: what a lead or deal says, and the contact and the counterparty that it rests on.

A rule asks for few of them, so each is looked up when it is first asked for, and once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import frappe
from frappe.model.document import Document
from pypika.terms import Parameter

from partner_crm.rules import stages
from partner_crm.rules.identity import domain_of, normalise_email, website_domain

Fields = Mapping[str, Any]


class Facts(Fields):
	"""A document's fields, and facts that are derived from rows or from other documents."""

	def __init__(self, fields: Callable[[], Fields], **derived: Callable[[], Any]):
		self._fields = cache(fields)
		self._derived = {name: cache(look_up) for name, look_up in derived.items()}

	def __getitem__(self, name: str) -> Any:
		return self._derived[name]() if name in self._derived else self._fields()[name]

	def __iter__(self) -> Iterator[str]:
		return iter({**self._fields(), **self._derived})

	def __len__(self) -> int:
		return len({*self._fields(), *self._derived})


def facts_of(doc: Document) -> dict[str, Fields]:
	"""The facts of a Partner Lead or Partner Deal as it would be saved now, by entity.

	An inquiry without cards yet speaks for itself: what was typed are the facts of the person and the company.
	"""
	return {
		stages.CONTACT: contact_of(doc),
		stages.COUNTERPARTY: counterparty_of(doc),
		stages.DEAL: lead_facts(doc) if doc.doctype == "Partner Lead" else deal_facts(doc),
	}


def contact_of(doc: Document) -> Fields:
	return _once(doc, stored_contact, doc.contact) if doc.contact else typed_person(doc)


def counterparty_of(doc: Document) -> Fields:
	if doc.counterparty:
		return _once(doc, stored_counterparty, doc.counterparty)
	return {"title": doc.get("company_name")}


def begin(doc: Document) -> None:
	"""Each save looks the facts up afresh, and once."""
	doc.flags.facts = {}


def _once(doc: Document, look_up: Callable[[str], Facts], name: str) -> Facts:
	known = doc.flags.facts if doc.flags.facts is not None else {}
	if (look_up, name) not in known:
		known[look_up, name] = look_up(name)
	return known[look_up, name]


def typed_person(lead: Document) -> Fields:
	return {
		"first_name": lead.get("first_name"),
		"last_name": lead.get("last_name"),
		"email": [lead.get("email")],
		"phone": [lead.get("phone")],
		"pcrm_birth_date": lead.get("birth_date"),
	}


def stored_contact(name: str) -> Facts:
	@cache
	def row() -> Fields:
		return _row("Contact", name)

	@cache
	def emails() -> list[Fields]:
		return _rows("Contact Email", "Contact", name, ["email_id"])

	@cache
	def phones() -> list[Fields]:
		return _rows("Contact Phone", "Contact", name, ["phone", "is_primary_mobile_no"])

	return _contact(row, emails, phones)


def contact_card(card: Document) -> Facts:
	"""A Contact document as it is in memory."""
	return _contact(lambda: vars(card), lambda: card.email_ids, lambda: card.phone_nos)


def _contact(row: Callable[[], Fields], emails: Callable[[], list], phones: Callable[[], list]) -> Facts:
	"""The card's own columns hold the main address and numbers: its rows are read for what these can't tell."""

	def main(*columns: str) -> list[str]:
		return [value for column in columns if (value := row().get(column))]

	return Facts(
		row,
		email=lambda: main("email_id") or [email.email_id for email in emails()],
		additional_email=lambda: _distinct(email.email_id for email in emails())[1:],
		private_email=lambda: _private(emails(), row().get("pcrm_counterparty")),
		phone=lambda: main("phone", "mobile_no") or [phone.phone for phone in phones()],
		mobile_no=lambda: main("mobile_no"),
	)


def stored_counterparty(name: str) -> Facts:
	return _counterparty(
		lambda: _row("Counterparty", name),
		lambda: _rows("Counterparty Email", "Counterparty", name, ["email"]),
		lambda: _rows("Counterparty Title", "Counterparty", name, ["title"]),
	)


def counterparty_card(card: Document) -> Facts:
	"""A Counterparty document as it is in memory."""
	return _counterparty(lambda: vars(card), lambda: card.additional_emails, lambda: card.additional_titles)


def _counterparty(row: Callable[[], Fields], emails: Callable[[], list], titles: Callable[[], list]) -> Facts:
	return Facts(
		row,
		additional_emails=lambda: [email.email for email in emails()],
		additional_titles=lambda: [title.title for title in titles()],
	)


def lead_facts(lead: Document) -> Facts:
	"""What a deal of this lead would begin with: its potential value becomes the budget."""
	return Facts(
		lambda: vars(lead),
		amount=lambda: lead.potential_value,
		qualifying_interaction_on=lambda: qualifying_interaction_on(lead.contact, lead.lead_began_at),
	)


def deal_facts(deal: Document) -> Facts:
	"""The deal's own fields; what a deal has no field for, its lead says."""

	@cache
	def lead() -> Fields:
		return _row("Partner Lead", deal.lead) if deal.lead else {}

	return Facts(
		lambda: {**lead(), **vars(deal)},
		qualifying_interaction_on=lambda: qualifying_interaction_on(
			deal.contact, lead().get("lead_began_at")
		),
	)


def qualifying_interaction_on(contact: str | None, since: datetime | None) -> datetime | None:
	"""When the last two-way interaction with a detailed comment took place, if there is one since then."""
	if not contact:
		return None
	interaction = frappe.qb.DocType("Client Interaction")
	query = (
		frappe.qb.from_(interaction)
		.select(interaction.occurred_at)
		.where(interaction.contact == contact)
		.where(interaction.qualifies == 1)
		.orderby(interaction.occurred_at, order=frappe.qb.desc)
		.limit(1)
	)
	if since:
		query = query.where(interaction.occurred_at >= since)
	found = query.run(pluck=True)
	return found[0] if found else None


def _distinct(addresses: Iterable[str]) -> list[str]:
	return list(dict.fromkeys(address.strip().casefold() for address in addresses if address))


def own_domains(card: Fields) -> set[str]:
	"""The internet domains of a counterparty, so that an address on them is nobody's private one."""
	address = normalise_email(card.get("email") or "")
	domains = (website_domain(card.get("website") or ""), address and domain_of(address))
	return {domain for domain in domains if domain}


def _private(emails: list, counterparty: str | None) -> list[str]:
	domains = own_domains(_row("Counterparty", counterparty)) if counterparty else set()
	addresses = {row.email_id: normalise_email(row.email_id or "") for row in emails}
	return [typed for typed, address in addresses.items() if address and domain_of(address) not in domains]


def _row(doctype: str, name: str) -> Fields:
	rows = frappe.db.sql(_row_statement(doctype, frappe.db.db_type), {"name": name}, as_dict=True)
	return rows[0] if rows else {}


@cache
def _row_statement(doctype: str, db_type: str) -> str:
	"""All columns: the table of stages is the administrator's, and names any of them."""
	table = frappe.qb.DocType(doctype)
	return frappe.qb.from_(table).select("*").where(table.name == Parameter("%(name)s")).get_sql()


def _rows(child: str, parenttype: str, parent: str, fields: list[str]) -> list[Fields]:
	return frappe.get_all(
		child, filters={"parenttype": parenttype, "parent": parent}, fields=fields, order_by="idx asc"
	)
