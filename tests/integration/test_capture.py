"""Instant capture: a lead finds its contact and company or makes them, and leaves no ghost when it is not saved."""

from __future__ import annotations

import json
import re
import socket

import frappe
import pytest

from tests.factories import (
	make_contact,
	make_counterparty,
	make_full_contact,
	make_full_counterparty,
	make_lead,
	make_user_row,
)
from tests.sql import statements

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


# No save of ours asks the network


@pytest.fixture
def network(monkeypatch) -> list:
	"""Everything that somebody tries to reach beyond this machine. Frappe asks less of it under `in_test`."""
	tried = []
	look_up = socket.getaddrinfo

	def guard(host, *args, **kwargs):
		if host not in ("127.0.0.1", "localhost", "::1"):
			tried.append(host)
			raise OSError(f"No network: {host}")
		return look_up(host, *args, **kwargs)

	monkeypatch.setattr(socket, "getaddrinfo", guard)
	frappe.flags.in_test = False
	return tried


def test_the_guard_sees_what_frappe_asks_for_a_contact_of_others(network):
	make_contact(pcrm_managed=0)

	assert network


def test_capturing_asks_nobody(network):
	lead = make_lead(**ANNA, company_name="Acme", potential_value=100, currency="EUR")
	make_lead(contact=lead.contact)
	lead.reload()
	lead.disqualification_reason, lead.stage = "No budget", "Unqualified"
	lead.save()

	assert network == []


def test_making_a_contact_ours_asks_nobody(network):
	card = make_contact(email=ANNA["email"], first_name="Anna", last_name="Petrova", pcrm_managed=0)
	network.clear()

	assert make_lead(**ANNA).contact == card.name
	assert network == []


# What it costs


ASKED_BY_OTHERS = (
	*("Transaction Deletion Record", "Notification", "Document Naming Rule", "DocType"),
	*("Call Log", "Google Contacts", "User"),
)


def asked(sent: list[str]) -> list[str]:
	"""What each statement does to which table, but for what Frappe and ERPNext ask for any document of that kind."""
	parts = [re.match(r"(\w+).*?`tab([^`]+)`", statement, re.DOTALL) for statement in sent]
	return [f"{part[1].upper()} {part[2]}" for part in parts if part and part[2] not in ASKED_BY_OTHERS]


def test_a_lead_of_a_known_contact_costs_three_statements_more_than_its_insert():
	cards = {"contact": make_full_contact().name, "counterparty": make_full_counterparty().name}
	make_lead(**cards)

	with statements() as sent:
		make_lead(**cards)

	assert asked(sent) == [
		"SELECT Contact",
		"SELECT Counterparty",
		"INSERT Partner Lead",
		"INSERT Stage Change",
	]


def test_saving_a_lead_costs_nothing_but_its_lock_and_its_update():
	lead = make_lead(contact=make_full_contact().name, counterparty=make_full_counterparty().name)
	lead = frappe.get_doc("Partner Lead", lead.name)
	lead.utm_source = "ads"

	with statements() as sent:
		lead.save()

	assert asked(sent) == ["SELECT Partner Lead", "UPDATE Partner Lead"]


def test_what_capturing_a_person_and_a_company_costs():
	make_lead(first_name="Boris", last_name="Ivanov", company_name="First", phone="+7 701 123 45 67")

	with statements() as sent:
		make_lead(**ANNA, company_name="Acme", phone="+7 701 765 43 21")

	assert asked(sent) == [
		"SELECT Employee",  # is it an address of our own staff?
		"SELECT Identity Key",  # is the company there?
		"SELECT Identity Key",  # is the person?
		"SELECT Contact",  # or a contact that is not ours yet?
		"INSERT Partner Lead",
		"INSERT Counterparty",
		"INSERT Identity Key",
		"SELECT Counterparty",  # Frappe looks whether the contact's link leads somewhere
		"SELECT Employee",
		"SELECT Counterparty",  # the company's own numbers tell nobody apart
		"SELECT Identity Bucket",  # locked before the card is written
		"INSERT Contact",
		"INSERT Contact Email",
		"INSERT Contact Phone",
		"INSERT Identity Key",
		"INSERT Stage Change",
	]
