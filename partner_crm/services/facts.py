"""Loads what the rules ask for: the facts of a lead or deal, and of the contact and counterparty it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import get_datetime

from partner_crm.rules import stages


def facts_of(doc: Document) -> dict[str, dict[str, Any]]:
	"""The facts of a Partner Lead or Partner Deal as they would be saved now, by entity.

	A lead that has no contact yet speaks for itself: what instant capture was given counts as the person's facts.
	"""
	contact = contact_facts(doc.contact, doc.counterparty) if _exists("Contact", doc.contact) else captured_person(doc)
	counterparty = (
		counterparty_facts(doc.counterparty) if _exists("Counterparty", doc.counterparty) else {"title": doc.get("company_name")}
	)
	return {stages.CONTACT: contact, stages.COUNTERPARTY: counterparty, stages.DEAL: deal_facts(doc)}


def captured_person(doc: Document) -> dict[str, Any]:
	"""What instant capture was told about the person, under the names of the contact's fields."""
	return {
		"first_name": doc.get("first_name"),
		"middle_name": doc.get("middle_name"),
		"last_name": doc.get("last_name"),
		"email": [doc.get("email")],
		"phone": [doc.get("phone")],
		"pcrm_birth_date": doc.get("birth_date"),
	}


def contact_facts(name: str, counterparty: str | None = None, card: Document | None = None) -> dict[str, Any]:
	"""A contact's fields, with e-mails and phones as rows. `card` is the unsaved document, where there is one."""
	if card:
		fields = card.as_dict(no_nulls=False)
		emails = [row.email_id for row in card.email_ids]
		phones = [(row.phone, row.is_primary_mobile_no) for row in card.phone_nos]
	else:
		fields = frappe.db.get_value("Contact", name, "*", as_dict=True) or {}
		emails = [row.email_id for row in _rows("Contact Email", "Contact", name, ["email_id"])]
		phones = [
			(row.phone, row.is_primary_mobile_no) for row in _rows("Contact Phone", "Contact", name, ["phone", "is_primary_mobile_no"])
		]
	domains = _domains_of(counterparty or fields.get("pcrm_counterparty"))
	return {
		**fields,
		"email": emails,
		"phone": [phone for phone, _is_mobile in phones],
		"mobile_no": [phone for phone, is_mobile in phones if is_mobile],
		"private_email": [email for email in emails if email and email.rpartition("@")[2].casefold() not in domains],
	}


def counterparty_facts(name: str, card: Document | None = None) -> dict[str, Any]:
	"""A counterparty's fields, with its additional titles and e-mails as rows."""
	if card:
		fields = card.as_dict(no_nulls=False)
		emails = [row.email for row in card.additional_emails]
		titles = [row.title for row in card.additional_titles]
	else:
		fields = frappe.db.get_value("Counterparty", name, "*", as_dict=True) or {}
		emails = [row.email for row in _rows("Counterparty Email", "Counterparty", name, ["email"])]
		titles = [row.title for row in _rows("Counterparty Title", "Counterparty", name, ["title"])]
	return {**fields, "additional_emails": emails, "additional_titles": titles}


def deal_facts(doc: Document) -> dict[str, Any]:
	"""A lead's fields; for a deal its own, and the lead's where the deal has no such field."""
	own = {field.fieldname: doc.get(field.fieldname) for field in doc.meta.fields if field.fieldtype not in frappe.model.no_value_fields}
	if doc.doctype == "Partner Lead":
		return {**own, "qualifying_interaction_on": qualifying_interaction_on(doc.contact, doc.lead_began_at)}
	lead = (frappe.db.get_value("Partner Lead", doc.lead, "*", as_dict=True) or {}) if doc.lead else {}
	began = lead.get("lead_began_at")
	return {**lead, **own, "qualifying_interaction_on": qualifying_interaction_on(doc.contact, began)}


def qualifying_interaction_on(contact: str | None, since: Any) -> Any:
	"""When the last two-way interaction with a detailed comment took place, None if there is none since `since`."""
	if not contact:
		return None
	interaction = frappe.qb.DocType("Client Interaction")
	query = (
		frappe.qb.from_(interaction)
		.select(interaction.occurred_at)
		.where((interaction.contact == contact) & (interaction.qualifies == 1))
		.orderby(interaction.occurred_at, order=frappe.qb.desc)
		.limit(1)
	)
	if since:
		query = query.where(interaction.occurred_at >= get_datetime(since))
	found = query.run()
	return found[0][0] if found else None


def lacks(facts: stages.Facts, rows: Iterable[stages.StageField]) -> tuple[stages.Missing, ...]:
	return stages.unmet(facts, rows)


def _exists(doctype: str, name: str | None) -> bool:
	return bool(name and frappe.db.exists(doctype, name))


def _rows(child: str, parenttype: str, parent: str, fields: list[str]) -> list[Mapping[str, Any]]:
	return frappe.get_all(child, filters={"parenttype": parenttype, "parent": parent}, fields=fields, order_by="idx asc")


def _domains_of(counterparty: str | None) -> set[str]:
	"""The internet domains that are the company's own, so that an address on them is not private."""
	if not counterparty:
		return set()
	website, email = frappe.db.get_value("Counterparty", counterparty, ["website", "email"]) or ("", "")
	from partner_crm.rules.identity import website_domain

	return {domain for domain in (website_domain(website or ""), (email or "").rpartition("@")[2].casefold()) if domain}
