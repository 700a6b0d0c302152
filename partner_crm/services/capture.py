"""Instant capture: a lead saved with a name and an e-mail or phone finds its contact and company, or makes them.

What is refused is refused in `validate`, before anything is written. The cards are made in `on_update`, inside a savepoint, so
that a save that fails leaves no ghost behind even where the caller swallows the error and commits.
"""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document

from partner_crm.rules import stages
from partner_crm.rules.identity import Company, Person, company_values, keys_of, person_values
from partner_crm.services import identity, settings

SAVEPOINT = "partner_crm_capture"
CAPTURED = ("first_name", "middle_name", "last_name", "email", "phone", "birth_date")


def find_cards(lead: Document) -> None:
	"""Links the lead to the existing contact and company where what was typed makes a duplicate of them."""
	if lead.is_individual:
		lead.counterparty = lead.company_name = None
	if not lead.counterparty and lead.company_name:
		lead.counterparty = _existing("Counterparty", _company(lead), lead)
	if not lead.contact and _has_person(lead):
		lead.contact = _existing("Contact", _person(lead), lead)
	if lead.contact:
		_follow_contact(lead)


def plan_cards(lead: Document) -> None:
	"""Gives the cards that are still to be made their names, so that the lead can be written with its links."""
	lead.flags.new_cards = []
	if not lead.counterparty and lead.company_name:
		lead.counterparty = frappe.generate_hash(length=10)
		lead.flags.new_cards.append("Counterparty")
	if not lead.contact and _has_person(lead):
		lead.contact = frappe.generate_hash(length=10)
		lead.flags.new_cards.append("Contact")


def begin(lead: Document) -> None:
	if lead.flags.new_cards:
		frappe.db.savepoint(SAVEPOINT)


def make_cards(lead: Document) -> None:
	"""Makes the planned cards, or nothing of the lead at all."""
	planned, lead.flags.new_cards = lead.flags.new_cards or [], []
	try:
		for doctype in planned:
			_make[doctype](lead)
	except Exception:
		frappe.db.rollback(save_point=SAVEPOINT)
		raise


def _make_counterparty(lead: Document) -> None:
	card = frappe.new_doc("Counterparty")
	card.update({"title": lead.company_name, "region": lead.region})
	card.insert(set_name=lead.counterparty)


def _make_contact(lead: Document) -> None:
	card = frappe.new_doc("Contact")
	card.update(
		{
			"first_name": lead.first_name,
			"middle_name": lead.middle_name,
			"last_name": lead.last_name,
			"company_name": lead.company_name,
			"pcrm_birth_date": lead.birth_date,
			"pcrm_counterparty": lead.counterparty,
			"pcrm_region": lead.region,
			"pcrm_managed": 1,
		}
	)
	if lead.email:
		card.append("email_ids", {"email_id": lead.email, "is_primary": 1})
	if lead.phone:
		card.append("phone_nos", {"phone": lead.phone, "is_primary_phone": 1, "is_primary_mobile_no": 1})
	# Who may capture a lead may have its card made; contacts are otherwise ERPNext's own, with rights of their own.
	card.flags.ignore_permissions = True
	card.insert(set_name=lead.contact)


_make = {"Counterparty": _make_counterparty, "Contact": _make_contact}


def manage(contact: str | None, counterparty: str | None) -> None:
	"""A contact that a lead or deal rests on is ours from now on: the rules for cards apply to it."""
	if not contact or frappe.db.get_value("Contact", contact, "pcrm_managed"):
		return
	card = frappe.get_doc("Contact", contact)
	card.pcrm_managed = 1
	card.pcrm_counterparty = card.pcrm_counterparty or counterparty
	card.flags.ignore_permissions = True
	card.save()


def _has_person(lead: Document) -> bool:
	return any(lead.get(field) for field in ("first_name", "last_name", "email", "phone"))


def _person(lead: Document) -> Person:
	return Person(
		first_name=lead.first_name or "",
		middle_name=lead.middle_name or "",
		last_name=lead.last_name or "",
		phones=(lead.phone,) if lead.phone else (),
		emails=(lead.email,) if lead.email else (),
		birth_date=frappe.utils.getdate(lead.birth_date) if lead.birth_date else None,
	)


def _company(lead: Document) -> Company:
	return Company(titles=(lead.company_name,), emails=(lead.email,) if lead.email else ())


def _existing(doctype: str, card: Person | Company, lead: Document) -> str | None:
	"""The card that this one would be a duplicate of."""
	if isinstance(card, Person):
		keys = keys_of(person_values(card, settings.identity()), settings.identity().person_pairs)
	else:
		keys = keys_of(company_values(card, settings.identity()), settings.identity().company_pairs)
	found = sorted(identity.find_by_keys(key.digest for key in keys))
	if not found:
		return None
	frappe.msgprint(
		_("{0} is here already; the lead was linked to the existing card.").format(_(doctype)), alert=True, indicator="blue"
	)
	return found[0]


def _follow_contact(lead: Document) -> None:
	"""Takes over from the card what the lead does not say itself."""
	card = frappe.db.get_value("Contact", lead.contact, ["first_name", "last_name", "pcrm_counterparty", "pcrm_region"], as_dict=True)
	if not card:
		return
	if not lead.is_individual:
		lead.counterparty = lead.counterparty or card.pcrm_counterparty
	lead.region = lead.region or card.pcrm_region


def title_of(lead: Document) -> str:
	"""What a lead or deal is called: the person, and the company where there is one."""
	person = " ".join(filter(None, (lead.get("first_name"), lead.get("last_name"))))
	if not person and lead.contact:
		first, last = frappe.db.get_value("Contact", lead.contact, ["first_name", "last_name"]) or ("", "")
		person = " ".join(filter(None, (first, last)))
	company = lead.get("company_name") or (lead.counterparty and frappe.db.get_value("Counterparty", lead.counterparty, "title"))
	return " · ".join(filter(None, (person, company)))[:140]


def capture_gaps(lead: Document) -> tuple[stages.Missing, ...]:
	from partner_crm.services import facts

	return stages.missing(facts.facts_of(lead), lead.track, None, stages.COLD_LEAD, settings.stage_table(), is_individual=bool(lead.is_individual))
