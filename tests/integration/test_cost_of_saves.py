"""What each save asks of the database, statement by statement, and of the network: nothing.

What Frappe and ERPNext ask for any document of that kind is left out of the lists. A statement more is seen here, on a small site, long
before it is felt on a large one.
"""

from __future__ import annotations

import re
import socket

import frappe
import pytest

from partner_crm.services.identity import DuplicateCard
from tests.factories import (
	FOR_CLIENT,
	FOR_NEGOTIATION,
	FOR_SQL,
	make_contact,
	make_deal,
	make_full_contact,
	make_full_counterparty,
	make_lead,
	make_partner,
	make_program,
	make_ready_mql,
	make_user_row,
)
from tests.sql import statements

ANNA = {"first_name": "Anna", "last_name": "Petrova", "email": "anna@client.example"}
PHONE = "+7 701 765 43 21"

ASKED_BY_OTHERS = (
	*("Transaction Deletion Record", "Notification", "Document Naming Rule", "DocType"),
	*("Call Log", "Google Contacts", "User", "File", "Error Log"),
)

STAFF_LOOKED_UP = "SELECT Employee and User"
KEYS_LOOKED_UP = "SELECT Identity Key"
LOOKED_AT = "SELECT Employee and User and Identity Key"  # both of them in one
KEYS_LOCKED = "SELECT Identity Bucket"
NOTED = "INSERT Report Rollup Note"  # that the sums of reports are to be reckoned again
KEYS_WRITTEN = "INSERT Identity Key and Identity Bucket"  # locks the buckets first

MAY_BE_SEEN = (
	"SELECT Employee and Sales Person",  # his team, once in a request
	"SELECT Contact and Partner Lead and Partner Deal and Counterparty and Customer and DocShare",
)
"""Which of the cards a manager may see, with their titles."""


def asked(sent: list[str]) -> list[str]:
	"""What each statement does to which tables, but for what Frappe and ERPNext ask for any document of that kind."""
	found = []
	for statement in sent:
		tables = list(dict.fromkeys(re.findall("`tab([^`]+)`", statement)))
		if tables and tables[0] not in ASKED_BY_OTHERS:
			found.append(f"{statement.split()[0].upper()} {' and '.join(tables)}")
	return found


def stored(doc):
	"""As the next request loads it, once something like it has been saved and what is cached is there."""
	return frappe.get_doc(doc.doctype, doc.name)


@pytest.fixture
def manager() -> None:
	frappe.set_user(make_user_row("manager@staff.example").name)


# Leads


def test_a_lead_of_a_known_contact_costs_four_statements_more_than_its_insert():
	cards = {"contact": make_full_contact().name, "counterparty": make_full_counterparty().name}
	make_lead(**cards)

	with statements() as sent:
		make_lead(**cards)

	assert asked(sent) == [
		"SELECT Contact",
		"SELECT Counterparty",
		"INSERT Partner Lead",
		"INSERT Stage Change",
		NOTED,
	]


def test_saving_a_lead_costs_nothing_but_its_lock_and_its_update():
	lead = make_lead(contact=make_full_contact().name, counterparty=make_full_counterparty().name)
	lead = stored(lead)
	lead.utm_source = "ads"

	with statements() as sent:
		lead.save()

	assert asked(sent) == ["SELECT Partner Lead", "UPDATE Partner Lead"]


def test_what_a_programme_and_a_partner_add_to_a_lead():
	cards = {"contact": make_full_contact().name, "counterparty": make_full_counterparty().name}
	offer = {"program": make_program().name, "partner": make_partner()}
	make_lead(**offer)
	make_lead(**cards)

	with statements() as sent:
		lead = make_lead(**cards, **offer)

	assert asked(sent) == [
		"SELECT Contact",
		"SELECT Counterparty",
		"SELECT Partner Claim and Partner Claim Share",  # is the client somebody's?
		"INSERT Partner Lead",
		"SELECT Sales Partner and Supplier",  # who is the partner?
		"SELECT Dynamic Link",
		"SELECT Identity Key",  # is the client the partner himself?
		"SELECT Identity Bucket",
		"INSERT Partner Claim",
		NOTED,
		"INSERT Stage Change",
		NOTED,
	]

	lead = stored(lead)
	lead.utm_source = "ads"
	with statements() as sent:
		lead.save()
	assert asked(sent) == [
		"SELECT Partner Lead",
		"SELECT Partner Claim",  # Frappe looks whether the link leads somewhere
		"UPDATE Partner Lead",
	]

	with statements() as sent:
		make_lead(**cards, **offer)
	assert asked(sent) == [
		"SELECT Contact",
		"SELECT Counterparty",
		"SELECT Partner Claim and Partner Claim Share",
		"INSERT Partner Lead",
		"SELECT Sales Partner and Supplier",
		"SELECT Dynamic Link",
		"SELECT Identity Key",
		"INSERT Stage Change",
		NOTED,
	]


def test_what_capturing_a_person_and_a_company_costs():
	make_lead(first_name="Boris", last_name="Ivanov", company_name="First", phone="+7 701 123 45 67")

	with statements() as sent:
		make_lead(**ANNA, company_name="Acme", phone=PHONE)

	assert asked(sent) == [
		STAFF_LOOKED_UP,
		"SELECT Identity Key",  # is the company there?
		"SELECT Identity Key",  # is the person?
		"SELECT Contact",  # or a contact that is not ours yet?
		"INSERT Partner Lead",
		"INSERT Counterparty",
		"INSERT Identity Key",
		"SELECT Counterparty",  # Frappe looks whether the contact's link leads somewhere
		"SELECT Counterparty and Counterparty Email",  # the company's own numbers tell nobody apart
		KEYS_LOOKED_UP,  # before the card is written
		"INSERT Contact",
		"INSERT Contact Email",
		"INSERT Contact Phone",
		KEYS_WRITTEN,
		"INSERT Stage Change",
		NOTED,
	]


def test_a_namesake_costs_two_statements_more(manager):
	make_lead(first_name="Boris", last_name="Ivanov", phone="+7 701 123 45 67")
	with statements() as sent:
		make_lead(**ANNA, phone=PHONE)
	alone = asked(sent)

	with statements() as sent:
		make_lead(**(ANNA | {"email": "anna@another.example"}), phone="+7 701 111 22 33")

	assert [statement for statement in asked(sent) if statement not in alone] == [*MAY_BE_SEEN]
	assert len(asked(sent)) == len(alone) + len(MAY_BE_SEEN)
	assert "has the same name" in frappe.as_json(frappe.message_log)


# Deals and interactions


def log_call(deal, **fields):
	call = {
		"doctype": "Client Interaction",
		"kind": "Call",
		"deal": deal.name,
		"lead": deal.lead,
		"contact": deal.contact,
		"duration": 60,
	}
	return frappe.get_doc(call | fields).insert()


def test_what_a_conversion_costs():
	make_deal()
	lead = make_ready_mql()
	deal = frappe.get_doc({"doctype": "Partner Deal", "lead": lead.name, **FOR_SQL})

	with statements() as sent:
		deal.insert()

	assert asked(sent) == [
		"SELECT Partner Lead",  # Frappe looks whether the link leads somewhere
		"SELECT Partner Lead",  # locked: one lead, one deal
		"SELECT Counterparty",
		"SELECT Contact",
		"SELECT Partner Lead",
		"SELECT Client Interaction",  # was there a talk?
		"SELECT Identity Bucket",
		"INSERT Partner Deal",
		"INSERT Stage Change",
		NOTED,
		"SELECT Partner Lead",
		"UPDATE Partner Lead",
		"INSERT Stage Change",
		NOTED,
		"INSERT Discipline Event",  # the lead is out of play: past nights are judged by what was then
		"UPDATE Partner Lead",
	]


def test_what_saving_a_deal_costs():
	deal = stored(make_deal())
	deal.next_contact_on = "2026-02-01"

	with statements() as sent:
		deal.save()

	assert asked(sent) == [
		"SELECT Partner Deal",
		"SELECT Partner Deal Item",
		"UPDATE Partner Deal",
		"DELETE Partner Deal Item",
		"INSERT Discipline Event",  # the contact is planned for another day
	]


def test_what_a_move_of_a_deal_costs():
	make_deal().update({"stage": "Negotiation", **FOR_NEGOTIATION}).save()
	deal = stored(make_deal())
	deal.update({"stage": "Negotiation", **FOR_NEGOTIATION})

	with statements() as sent:
		deal.save()

	assert asked(sent) == [
		"SELECT Partner Deal",
		"SELECT Partner Deal Item",
		"SELECT Partner Lead",
		"SELECT Contact",
		"SELECT Counterparty",
		"SELECT Client Interaction",
		"UPDATE Partner Deal",
		"DELETE Partner Deal Item",
		"INSERT Stage Change",
		NOTED,
		"UPDATE Partner Lead",
	]


def test_a_new_client_s_customer_is_not_looked_for_among_all_counterparties():
	set_default_group()

	asks_for_none = [
		sql for sql in win() if "from `tabcounterparty`" in sql.lower() and "in ('')" in sql.lower()
	]

	assert asks_for_none == []


def win(**fields):
	"""What winning a deal asks of the database, when the like was won before."""
	for _ in range(2):
		deal = make_deal(make_ready_mql(**fields))
		deal.update({"stage": "Negotiation", **FOR_NEGOTIATION}).save()
		deal = stored(deal)
		deal.update({"stage": "Client", **FOR_CLIENT})
		with statements() as sent:
			deal.save()
	return sent


def test_winning_a_deal_with_payouts_costs_less_than_twice_as_much_as_without():
	set_default_group()
	months = [{"basis": "Percent of Deal", "value": 10, "valid_from": "2026-01-01", "recurring_months": 12}]
	fields = {"program": make_program(terms=months).name, "partner": make_partner()}

	without, with_payouts = win(), win(**fields)

	more = asked(with_payouts)[len(asked(without)) :]
	assert asked(with_payouts)[: len(asked(without))] == asked(without)
	assert more == [
		"SELECT Partner Deal",  # locked, as it is now
		"SELECT Identity Bucket",  # the ledger, locked
		"SELECT Payout",  # what was issued for the deal
		"SELECT Partner Claim Share",
		"SELECT Partner Claim",
		"SELECT Payout",  # and for the client
		"UPDATE Partner Deal",  # the terms are put down
		"SELECT Sales Invoice",  # what was credited?
		"INSERT Payout",  # all instalments in one
		"SELECT Payout",  # and their status
		"SELECT Payout",
		NOTED,
		"UPDATE Payout",
		"SELECT Sales Invoice",
		"SELECT Partner Deal",
	]
	assert len(with_payouts) < 2 * len(without)


def test_what_logging_a_call_costs():
	deal = make_deal()
	log_call(deal)

	with statements() as sent:
		log_call(deal, discussed="The plan of the spring campaign", agreed="We send the contract on Friday")

	assert asked(sent) == [
		"SELECT Partner Lead",
		"SELECT Partner Deal",
		"SELECT Client Interaction",  # was it said before?
		"INSERT Client Interaction",
		"UPDATE Partner Lead",
		"UPDATE Partner Deal",
	]


# Cards

NAMED = ("SELECT Contact",)  # Frappe looks whether the name is taken
INSERTED = ("INSERT Contact", "INSERT Contact Email", "INSERT Contact Phone")
LOADED = ("SELECT Contact", "SELECT Contact Email", "SELECT Contact Phone", "SELECT Dynamic Link")
UPDATED = (
	"UPDATE Contact",
	*("DELETE Contact Email", "UPDATE Contact Email"),
	*("DELETE Contact Phone", "UPDATE Contact Phone"),
	"DELETE Dynamic Link",
)


def test_a_contact_of_others_costs_no_statement_of_ours():
	make_contact(pcrm_managed=0)

	with statements() as sent:
		card = make_contact(pcrm_managed=0, phone=PHONE)

	assert asked(sent) == [*NAMED, *INSERTED]
	card = stored(card)
	card.designation = "Director"

	with statements() as sent:
		card.save()

	assert asked(sent) == [*LOADED, *UPDATED]


def test_what_a_contact_of_ours_costs():
	make_contact()

	with statements() as sent:
		make_contact(**ANNA, phone=PHONE)

	assert asked(sent) == [
		*NAMED,
		LOOKED_AT,
		*INSERTED,
		KEYS_WRITTEN,
	]


def test_what_saving_a_contact_of_ours_costs():
	make_contact()
	card = stored(make_contact(**ANNA, phone=PHONE))
	card.designation = "Director"

	with statements() as sent:
		card.save()

	assert asked(sent) == [*LOADED, "SELECT Identity Key", *UPDATED]


def test_what_another_number_of_a_contact_of_ours_costs():
	make_contact()
	card = stored(make_contact(**ANNA, phone=PHONE))
	card.phone_nos[0].phone = "+7 701 111 22 33"

	with statements() as sent:
		card.save()

	assert asked(sent) == [
		*LOADED,
		"SELECT Identity Key",
		KEYS_LOOKED_UP,
		*UPDATED,
		KEYS_LOCKED,
		"SELECT Identity Key",  # does somebody inherit the key?
		"DELETE Identity Key",
		KEYS_WRITTEN,
	]


def test_a_duplicate_is_refused_before_anything_is_written():
	make_contact(**ANNA)

	with statements() as sent, pytest.raises(DuplicateCard):
		make_contact(**ANNA)

	assert not [statement for statement in asked(sent) if not statement.startswith("SELECT")]


def test_what_naming_the_card_in_a_refusal_costs(manager):
	card = make_contact(**ANNA)

	with statements() as sent, pytest.raises(DuplicateCard, match=card.name):
		make_contact(**ANNA)

	found = asked(sent)
	assert found[found.index(LOOKED_AT) :] == [
		LOOKED_AT,
		"SELECT Identity Key",  # whose are they?
		"SELECT Possible Duplicate",  # was the card told apart from it?
		*MAY_BE_SEEN,
	]


# The network


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


def test_saving_a_contact_of_ours_asks_nobody(network):
	card = make_contact()
	assert network == [] and not card.image

	card = stored(card)
	card.email_ids[0].email_id = "anna@another.example"
	card.save()

	assert network == [] and not card.image


def set_default_group() -> None:
	frappe.db.set_single_value("Selling Settings", "customer_group", "Commercial")
	frappe.clear_document_cache("Selling Settings", "Selling Settings")


def test_deals_interactions_and_companies_ask_nobody(network):
	set_default_group()
	deal = make_deal(make_ready_mql(currency="EUR"))
	deal.update({"stage": "Negotiation", **FOR_NEGOTIATION}).save()
	log_call(deal)
	deal = stored(deal)
	deal.update({"stage": "Client", **FOR_CLIENT})
	deal.save()

	assert network == []
