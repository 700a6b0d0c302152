"""Instant capture: a lead saved with a name and an e-mail or phone finds its contact and company, or makes them.

What can be refused beforehand is refused in `validate`. The cards are made in `on_update`, after a savepoint, so that
a save that fails leaves no ghost behind.
"""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, get_link_to_form, getdate

from partner_crm.permissions import seen
from partner_crm.rules.identity import Company, Person, Values, company_values
from partner_crm.services import facts, identity, savepoints, settings, staff_cards

LINKS = {"Counterparty": "counterparty", "Contact": "contact"}
PERSON = ("first_name", "last_name", "email", "phone")

MOST_SHOWN = 3
"""Cards that share a field, in one warning."""


# In validate


def find_cards(lead: Document) -> None:
	"""Links the lead to the cards that what was typed would be duplicates of."""
	if not lead.counterparty and lead.company_name and not lead.is_individual:
		lead.counterparty = _find(lead, "Counterparty")
	if not lead.contact and _names_a_person(lead):
		lead.contact = _find(lead, "Contact")
	_follow_contact(lead)
	_follow_counterparty(lead)


def plan_cards(lead: Document) -> None:
	"""Names the cards that are still to be made, so that the lead is written with its links."""
	lead.flags.new_cards = []
	if not lead.counterparty and lead.company_name and not lead.is_individual:
		_plan(lead, "Counterparty")
	if not lead.contact and _names_a_person(lead):
		_plan(lead, "Contact")
	is_other = lead.contact and "Contact" not in lead.flags.new_cards and lead.has_value_changed("contact")
	lead.flags.to_manage = bool(is_other and not facts.contact_of(lead).get("pcrm_managed"))


def _find(lead: Document, doctype: str) -> str | None:
	values = _VALUES[doctype](lead)
	found = identity.find(doctype, values)
	if found and found[0].is_duplicate:
		return found[0].card
	if doctype == "Contact" and (stranger := identity.find_unmanaged(values)):
		return stranger
	_warn(doctype, found)
	return None


def _follow_contact(lead: Document) -> None:
	"""What the lead does not say, its contact's card does."""
	if not lead.contact or not lead.has_value_changed("contact"):
		return
	card = facts.contact_of(lead)
	if not lead.counterparty and not lead.is_individual:
		lead.counterparty = card.get("pcrm_counterparty")
	lead.region = lead.region or card.get("pcrm_region")


def _follow_counterparty(lead: Document) -> None:
	if not lead.region and lead.has_value_changed("counterparty"):
		lead.region = facts.counterparty_of(lead).get("region")


def _plan(lead: Document, doctype: str) -> None:
	lead.set(LINKS[doctype], frappe.generate_hash(length=10))
	lead.flags.new_cards.append(doctype)


def _names_a_person(lead: Document) -> bool:
	return any(lead.get(field) for field in PERSON)


def _warn(doctype: str, found: list[identity.Match]) -> None:
	"""One matching field is no duplicate, but worth a look where somebody is looking."""
	if frappe.flags.in_import or not found:
		return
	titles = seen.titles(doctype, [match.card for match in found])
	lines = [
		_("{0} has the same {1}.").format(
			get_link_to_form(doctype, match.card, escape_html(titles[match.card])),
			identity.in_words(match.fields),
		)
		for match in found
		if match.card in titles
	]
	if lines:
		frappe.msgprint(
			"<br>".join(lines[:MOST_SHOWN]),
			title=_("Is it the same client?"),
			alert=True,
			indicator="orange",
		)


def _person_values(lead: Document) -> Values:
	person = Person(
		first_name=lead.first_name or "",
		middle_name=lead.middle_name or "",
		last_name=lead.last_name or "",
		phones=(lead.phone,) if lead.phone else (),
		emails=(lead.email,) if lead.email else (),
		birth_date=getdate(lead.birth_date) if lead.birth_date else None,
	)
	return identity.person_values_of(person, lead.counterparty)


def _company_values(lead: Document) -> Values:
	company = Company(titles=(lead.company_name,), emails=(lead.email,) if lead.email else ())
	return company_values(company, settings.identity())


_VALUES = {"Counterparty": _company_values, "Contact": _person_values}


# In before_save and on_update


def begin(lead: Document) -> None:
	if lead.flags.new_cards or lead.flags.to_manage:
		savepoints.begin(lead)


def make_cards(lead: Document) -> None:
	"""Makes the planned cards, or nothing of the lead at all."""
	planned, to_manage = lead.flags.pop("new_cards", []), lead.flags.pop("to_manage", False)
	with savepoints.all_or_nothing(lead):
		for doctype in planned:
			_make(lead, doctype)
		if to_manage:
			manage(lead.contact, lead.counterparty)


def _make(lead: Document, doctype: str) -> None:
	"""Or links to the card that somebody else has made of the same client a moment ago."""
	link = LINKS[doctype]
	card = _CARDS[doctype](lead)
	# Who may save the lead may have its cards made; the lead is what he was judged by.
	card.flags.ignore_permissions = True
	try:
		card.insert(set_name=lead.get(link))
	except identity.DuplicateCard as refusal:
		frappe.clear_last_message()
		lead.db_set(link, refusal.cards[0], update_modified=False)


def _counterparty(lead: Document) -> Document:
	return frappe.get_doc({"doctype": "Counterparty", "title": lead.company_name, "region": lead.region})


def _contact(lead: Document) -> Document:
	card = frappe.get_doc(
		{
			"doctype": "Contact",
			"first_name": lead.first_name,
			"middle_name": lead.middle_name,
			"last_name": lead.last_name,
			"company_name": lead.company_name,
			"pcrm_managed": 1,
			"pcrm_birth_date": lead.birth_date,
			"pcrm_counterparty": lead.counterparty,
			"pcrm_region": lead.region,
		}
	)
	if lead.email:
		card.append("email_ids", {"email_id": lead.email, "is_primary": 1})
	if lead.phone:
		card.append("phone_nos", {"phone": lead.phone, "is_primary_phone": 1, "is_primary_mobile_no": 1})
	card.flags.is_checked = True
	return card


_CARDS = {"Counterparty": _counterparty, "Contact": _contact}


def manage(contact: str, counterparty: str | None) -> None:
	"""A contact that a lead or deal rests on is ours from now on.

	Its own save is not run: nothing that it judges has changed.
	"""
	card = frappe.get_doc("Contact", contact)
	card.pcrm_managed = 1
	values = {"pcrm_managed": 1}
	if counterparty and not card.pcrm_counterparty:
		values["pcrm_counterparty"] = card.pcrm_counterparty = counterparty
	frappe.db.set_value("Contact", contact, values)
	identity.claim(card)
	staff_cards.judge(card)
