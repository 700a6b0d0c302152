"""The e-mail addresses of our own staff have no place in a client's card (Rules of discipline, rule 4)."""

from __future__ import annotations

from contextlib import contextmanager

import frappe
import pytest
from frappe import client

from partner_crm.services import settings, staff
from tests.factories import make_contact, make_counterparty, make_lead, make_row, make_user_row
from tests.sql import indexes_of, statements

COLLEAGUE = "olga@staff.example"


@pytest.fixture(autouse=True)
def colleague():
	make_user_row(COLLEAGUE)


@contextmanager
def refused(address: str):
	with pytest.raises(frappe.ValidationError, match="address of our own staff") as refusal:
		yield
	assert address in str(refusal.value)


def addresses_of(contact: str) -> list[str]:
	return frappe.get_all("Contact Email", {"parent": contact}, pluck="email_id", order_by="idx")


def set_domains(domains: str) -> None:
	frappe.db.set_single_value("Partner CRM Settings", "company_email_domains", domains)
	frappe.clear_document_cache("Partner CRM Settings")


def test_a_clients_card_with_a_colleagues_address_is_not_made():
	with refused(COLLEAGUE):
		make_contact(email=COLLEAGUE)
	assert not frappe.db.exists("Contact Email", {"email_id": COLLEAGUE, "parenttype": "Contact"})


@pytest.mark.parametrize("spelling", ["Olga@Staff.Example", "OLGA@STAFF.EXAMPLE"])
def test_however_it_is_spelled(spelling):
	with refused(spelling):
		make_contact(email=spelling)


def test_a_colleagues_address_is_not_pasted_into_a_row():
	contact = make_contact()
	before = addresses_of(contact.name)
	contact.append("email_ids", {"email_id": COLLEAGUE})
	with refused(COLLEAGUE):
		contact.save()
	assert addresses_of(contact.name) == before


def test_a_row_posted_by_itself_is_refused_and_leaves_nothing():
	contact = make_contact()
	before = addresses_of(contact.name)
	row = {
		"doctype": "Contact Email",
		"parenttype": "Contact",
		"parentfield": "email_ids",
		"parent": contact.name,
	}
	with refused(COLLEAGUE):
		client.insert({**row, "email_id": COLLEAGUE})
	assert addresses_of(contact.name) == before


def test_a_row_changed_by_itself_is_refused():
	contact = make_contact()
	before = addresses_of(contact.name)
	with refused(COLLEAGUE):
		client.set_value("Contact Email", contact.email_ids[0].name, "email_id", COLLEAGUE)
	assert addresses_of(contact.name) == before


@pytest.mark.parametrize("field", ["company_email", "personal_email"])
def test_employees_are_staff_with_both_their_addresses(field):
	make_row("Employee", employee_name="Petr", status="Active", **{field: "Petr@mail.example"})
	with refused("petr@mail.example"):
		make_contact(email="petr@mail.example")


def test_who_has_left_may_become_a_client():
	make_row("Employee", employee_name="Petr", status="Left", personal_email="petr@mail.example")
	assert make_contact(email="petr@mail.example").name


def test_customers_with_a_user_account_are_no_staff():
	frappe.db.set_value("User", COLLEAGUE, "user_type", "Website User")
	assert make_contact(email=COLLEAGUE).name


def test_administrator_is_known_by_his_address():
	address = frappe.db.get_value("User", "Administrator", "email")
	with refused(address):
		make_contact(email=address)


@pytest.mark.parametrize("address", ["anyone@ours.example", "anyone@mail.ours.example", "a@second.example"])
def test_everything_on_our_domains_is_ours(address):
	set_domains("@ours.example\nsecond.example")
	with refused(address):
		make_contact(email=address)


def test_another_domain_that_ends_alike_is_not_ours():
	set_domains("ours.example")
	assert make_contact(email="ivan@not-ours.example").name


def test_a_lead_typed_with_a_colleagues_address_leaves_no_card():
	contacts = frappe.db.count("Contact")
	with refused(COLLEAGUE):
		make_lead(email=COLLEAGUE)
	assert frappe.db.count("Contact") == contacts


@pytest.mark.parametrize("row", [{"email": COLLEAGUE}, {"additional_emails": [{"email": COLLEAGUE}]}])
def test_a_counterparty_has_no_address_of_ours(row):
	with refused(COLLEAGUE):
		make_counterparty(**row)


def test_all_addresses_of_ours_are_named_at_once():
	set_domains("ours.example")
	with pytest.raises(frappe.ValidationError) as refusal:
		make_contact(email_ids=[{"email_id": COLLEAGUE, "is_primary": 1}, {"email_id": "sales@ours.example"}])
	assert COLLEAGUE in str(refusal.value)
	assert "sales@ours.example" in str(refusal.value)


def test_an_address_that_was_there_before_stops_nobody():
	contact = make_contact(email="igor@client.example")
	make_user_row("igor@client.example")
	contact.reload()
	contact.designation = "Director"
	contact.save()
	assert frappe.db.get_value("Contact", contact.name, "designation") == "Director"


def test_a_card_of_ours_does_not_become_a_clients():
	contact = make_contact(email=COLLEAGUE, pcrm_managed=0)
	contact.pcrm_managed = 1
	with refused(COLLEAGUE):
		contact.save()
	assert not frappe.db.get_value("Contact", contact.name, "pcrm_managed")


def test_contacts_that_are_not_ours_keep_whatever_address_they_have():
	contact = make_contact(email=COLLEAGUE, pcrm_managed=0)
	contact.append("email_ids", {"email_id": "other@staff.example"})
	contact.save()
	assert len(addresses_of(contact.name)) == 2


def test_the_look_up_goes_by_indexes():
	settings.company_email_domains()  # from now on in Frappe's cache
	with statements() as sent:
		staff.among(["new@client.example"])
	(sql,) = sent
	employees, users = indexes_of(sql)[:2]
	assert users == "PRIMARY"
	assert {"pcrm_company_email", "pcrm_personal_email"} <= set(employees.split(","))


def test_contacts_that_are_not_ours_are_not_even_looked_up():
	with statements() as sent:
		make_contact(email="new@client.example", pcrm_managed=0)
	assert not [sql for sql in sent if "personal_email" in sql]
