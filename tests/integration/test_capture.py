"""Instant capture: a lead finds its contact and company or makes them, and leaves no ghost when it is not saved."""

from __future__ import annotations

import json

import frappe
import pytest

from tests.factories import (
	make_contact,
	make_counterparty,
	make_lead,
	make_user_row,
)

ANNA = {"first_name": "Anna", "last_name": "Petrova", "email": "anna@client.example"}


def messages() -> str:
	return frappe.as_json(frappe.message_log)


def test_a_captured_lead_makes_its_contact_and_company():
	lead = make_lead(**ANNA, phone="+7 701 123 45 67", birth_date="1990-02-03", company_name="Acme")

	contact = frappe.get_doc("Contact", lead.contact)
	assert (contact.first_name, contact.last_name, contact.full_name) == ("Anna", "Petrova", "Anna Petrova")
	assert (contact.email_id, contact.phone, contact.mobile_no) == (ANNA["email"], *2 * ["+7 701 123 45 67"])
	assert str(contact.pcrm_birth_date) == "1990-02-03"
	assert (contact.pcrm_managed, contact.pcrm_counterparty) == (1, lead.counterparty)
	assert not contact.image
	assert frappe.db.get_value("Counterparty", lead.counterparty, "title") == "Acme"
	assert lead.lead_title == "Anna Petrova · Acme"


def test_a_name_and_a_phone_are_enough():
	lead = make_lead(first_name="Anna", email=None, phone="+7 701 123 45 67")

	assert frappe.db.get_value("Contact", lead.contact, "mobile_no") == "+7 701 123 45 67"


def test_a_private_person_gets_no_company():
	lead = make_lead(**ANNA, company_name="Acme", is_individual=1)

	assert not lead.counterparty
	assert not frappe.db.count("Counterparty")


@pytest.mark.parametrize(
	"typed",
	[
		{"first_name": "ПЕТРОВА", "last_name": "анна", "email": "Anna@Client.Example"},
		{"first_name": "Anna", "last_name": "Petrova", "email": None, "phone": "8 (701) 123-45-67"},
	],
)
def test_a_duplicate_is_found_however_it_is_spelled(typed):
	card = make_contact(email=ANNA["email"], phone="+77011234567", first_name="Анна", last_name="Петрова")

	lead = make_lead(**typed)

	assert lead.contact == card.name
	assert frappe.db.count("Contact") == 1


def test_a_found_contact_brings_its_company_and_region():
	company = make_counterparty()
	card = make_contact(
		email=ANNA["email"], first_name="Anna", last_name="Petrova", pcrm_counterparty=company.name
	)

	lead = make_lead(**ANNA)

	assert (lead.contact, lead.counterparty, lead.region) == (card.name, company.name, company.region)


def test_a_company_is_found_by_title_and_domain():
	company = make_counterparty(title="Acme LLC", website="https://www.acme.example/about")

	lead = make_lead(first_name="Anna", email="anna@acme.example", company_name="ООО «ACME»")

	assert lead.counterparty == company.name


def test_a_contact_of_before_is_found_by_its_email_and_is_ours_from_then_on():
	card = make_contact(email=ANNA["email"], first_name="Anna", last_name="Petrova", pcrm_managed=0)
	frappe.db.set_value("Contact", card.name, "modified_by", "Guest")

	lead = make_lead(**ANNA)

	assert lead.contact == card.name
	assert frappe.db.get_value("Contact", card.name, "pcrm_managed") == 1
	assert frappe.db.count("Identity Key", {"card": card.name})
	with pytest.raises(frappe.DuplicateEntryError):
		make_contact(email=ANNA["email"], first_name="Petrova", last_name="Anna")


def test_a_namesake_with_another_address_is_another_person_and_is_pointed_out():
	make_contact(email="other@client.example", first_name="Anna", last_name="Petrova")

	make_lead(**ANNA)

	assert frappe.db.count("Contact") == 2
	assert "has the same name" in messages()


def test_a_card_that_may_not_be_seen_is_not_pointed_out():
	card = make_contact(email="other@client.example", first_name="Anna", last_name="Petrova")
	frappe.set_user(make_user_row("manager@staff.example").name)

	make_lead(**ANNA)

	assert card.name not in messages() and "Petrova" not in messages()


def test_who_may_see_no_contacts_at_all_captures_a_namesake_in_silence():
	make_contact(email="other@client.example", first_name="Anna", last_name="Petrova")
	frappe.set_user("Guest")

	lead = frappe.get_doc(
		{"doctype": "Partner Lead", "direction": "Inbound", "channel": "Website", **ANNA}
	).insert(ignore_permissions=True)

	assert lead.contact and "Petrova" not in messages()


def test_a_manager_captures_a_client_of_another_without_seeing_the_card():
	card = make_contact(email=ANNA["email"], first_name="Anna", last_name="Petrova")
	frappe.set_user(make_user_row("manager@staff.example").name)

	assert make_lead(**ANNA).contact == card.name


@pytest.mark.parametrize(
	("typed", "said"),
	[
		({"phone": "-"}, "- is not a phone number"),
		({"email": "anna@localhost"}, "anna@localhost"),
		({"birth_date": "2190-01-01"}, "is in the future"),
		({"registered_on": "2190-01-01"}, "in the future"),
	],
)
def test_what_can_not_be_is_refused_and_nothing_is_made(typed, said):
	with pytest.raises(frappe.ValidationError) as refusal:
		make_lead(**(ANNA | typed))

	assert said in str(refusal.value).replace("<strong>", "").replace("</strong>", "")
	assert not frappe.db.count("Contact") and not frappe.db.count("Partner Lead")


def refuse_contacts() -> None:
	"""What another app might do: refuse a contact when it is all but saved."""
	frappe.get_doc(
		{
			"doctype": "Server Script",
			"name": "No contacts",
			"script_type": "DocType Event",
			"reference_doctype": "Contact",
			"doctype_event": "After Insert",
			"script": "frappe.throw('No contacts today')",
		}
	).insert()


def test_no_ghost_stays_where_the_refusal_is_swallowed_and_committed():
	lead = make_lead(**ANNA)
	refuse_contacts()
	before = frappe.get_doc("Partner Lead", lead.name).as_dict()
	others = {
		"contact": "",
		"counterparty": "",
		"first_name": "Boris",
		"email": "b@x.example",
		"company_name": "X",
	}

	answer = frappe.client.bulk_update(
		json.dumps([{"doctype": "Partner Lead", "docname": lead.name, **others}])
	)

	assert "No contacts today" in answer["failed_docs"][0]["exc"]
	assert frappe.get_doc("Partner Lead", lead.name).as_dict() == before
	assert (frappe.db.count("Contact"), frappe.db.count("Counterparty")) == (1, 0)
	assert frappe.db.count("Identity Key", {"card": ("!=", lead.contact)}) == 0


def test_another_contact_can_be_captured_into_a_lead():
	lead = make_lead(**ANNA)
	lead.update({"contact": None, "first_name": "Boris", "email": "boris@client.example"})
	lead.save()

	assert frappe.db.get_value("Contact", lead.contact, "email_id") == "boris@client.example"
