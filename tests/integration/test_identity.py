"""Nobody is entered twice: the keys of a card follow its fields, and the second card with the same is refused."""

from __future__ import annotations

import json

import frappe
import pytest

from partner_crm.api import find_duplicates
from partner_crm.services import identity
from partner_crm.services.existing_cards import settle_people
from partner_crm.services.identity import DuplicateCard
from tests.factories import make_contact, make_counterparty, make_lead, make_user_row

PHONE = "+7 701 123 45 67"


def keys_of(card) -> set[tuple[str, str]]:
	rows = frappe.get_all(
		"Identity Key",
		filters={"card_doctype": card.doctype, "card": card.name},
		fields=["name", "matched_fields"],
		order_by="name asc",
	)
	return {(row.name, row.matched_fields) for row in rows}


def pairs_of(card) -> set[str]:
	return {fields for name, fields in keys_of(card) if "-" not in name}


def person(**fields):
	return make_contact(
		**({"first_name": "Anna", "last_name": "Petrova", "email": "anna@client.example"} | fields)
	)


# Who is a duplicate


@pytest.mark.parametrize(
	"other",
	[
		{"email": "ANNA@client.example"},
		{"first_name": "Петрова", "last_name": "Анна", "email": "x@x.example", "phone": "8 701 123-45-67"},
		{"email": "x@x.example", "pcrm_birth_date": "1990-02-03"},
		{"first_name": "Olga", "email": "x@x.example", "phone": PHONE, "pcrm_birth_date": "1990-02-03"},
	],
)
def test_two_matching_fields_are_a_duplicate(other):
	card = person(phone=PHONE, pcrm_birth_date="1990-02-03")

	with pytest.raises(DuplicateCard) as refusal:
		person(**other)

	assert card.name in str(refusal.value)
	assert frappe.db.count("Contact") == 1
	assert frappe.db.count("Identity Key", {"card": ("!=", card.name)}) == 0


@pytest.mark.parametrize(
	"other",
	[
		{"email": "x@x.example"},
		{"first_name": "Olga"},
		{"first_name": "Olga", "email": "x@x.example", "phone": PHONE},
		{"first_name": "Olga", "email": "anna@client.example", "phone": PHONE},
	],
)
def test_one_matching_field_or_another_pair_is_none(other):
	person(phone=PHONE)

	assert person(**other)


def test_placeholder_dates_and_shared_mailboxes_do_not_count():
	settings = frappe.get_doc("Partner CRM Settings")
	settings.placeholder_dates = "2000-01-01"
	settings.save()
	person(email="info@client.example", pcrm_birth_date="2000-01-01")

	assert person(email="info@client.example", pcrm_birth_date="2000-01-01")


def test_the_company_s_own_number_does_not_tell_its_people_apart():
	company = make_counterparty(phone=PHONE, email="hello.us@acme.example")
	person(phone=PHONE, pcrm_counterparty=company.name)

	assert person(email="hello.us@acme.example", phone=PHONE, pcrm_counterparty=company.name)


def test_when_a_company_s_number_changes_so_do_the_keys_of_its_people():
	company = make_counterparty(phone=PHONE)
	card = person(phone=PHONE, pcrm_counterparty=company.name)
	assert "full_name,phone" not in pairs_of(card)

	company.phone = "+7 701 000 00 00"
	company.save()
	settle_people(company.name)

	assert "full_name,phone" in pairs_of(card)


@pytest.mark.parametrize(
	"other",
	[
		{"title": "Another", "tax_id": "ИНН 7701234567"},
		{"title": "ООО Акме", "website": "http://acme.example"},
		{"title": "ACME Ltd", "phone": "8 701 123 45 67"},
		{"title": "Another", "email": "sales@acme.example", "phone": PHONE},
	],
)
def test_companies_are_told_apart_by_tax_id_or_two_fields(other):
	make_counterparty(title="Acme", tax_id="7701234567", website="www.acme.example", phone=PHONE)

	with pytest.raises(DuplicateCard):
		make_counterparty(**other)
	assert frappe.db.count("Counterparty") == 1


def test_companies_with_one_field_in_common_stand_side_by_side():
	make_counterparty(title="Acme", website="www.acme.example")

	assert make_counterparty(title="Acme")
	assert make_counterparty(title="Another", website="www.acme.example")


# Keys follow the card


def test_a_change_moves_the_keys_and_frees_the_old_ones():
	card = person()
	card.email_ids[0].email_id = "anna@new.example"
	card.save()

	assert person()
	with pytest.raises(DuplicateCard):
		person(email="anna@new.example")


def test_turning_into_another_card_is_refused_and_nothing_changes():
	person(phone=PHONE)
	card = person(email="x@x.example")
	before, keys = frappe.get_doc("Contact", card.name).as_dict(), keys_of(card)
	card.append("phone_nos", {"phone": PHONE})

	with pytest.raises(DuplicateCard):
		card.save()

	assert frappe.get_doc("Contact", card.name).as_dict() == before
	assert keys_of(card) == keys


def test_a_swallowed_refusal_leaves_nothing_half_written():
	person()
	card = person(email="x@x.example")
	before, keys = frappe.get_doc("Contact", card.name).as_dict(), keys_of(card)
	change = {"email_ids": [{"email_id": "anna@client.example", "is_primary": 1}]}

	answer = frappe.client.bulk_update(json.dumps([{"doctype": "Contact", "docname": card.name, **change}]))

	assert "DuplicateCard" in answer["failed_docs"][0]["exc"]
	assert frappe.get_doc("Contact", card.name).as_dict() == before
	assert keys_of(card) == keys


def test_what_another_app_adds_to_a_card_while_it_is_saved_has_its_keys_too():
	card = make_contact(first_name="Anna", last_name="Petrova", phone="+7 701 765 43 21")
	reckoned = identity.change_of(card)

	card.append("phone_nos", {"phone": "+7 701 111 22 33"})
	identity.claim(card)

	assert not reckoned.fresh
	assert identity.held_keys("Contact", card.name) == set(identity.keys_for(card))


def test_a_card_that_is_not_ours_has_no_keys_until_it_is():
	person()
	stranger = person(pcrm_managed=0)
	assert not keys_of(stranger)

	stranger.pcrm_managed = 1
	with pytest.raises(DuplicateCard):
		stranger.save()


def test_a_card_that_is_let_go_gives_its_keys_back():
	card = person()
	card.pcrm_managed = 0
	card.save()

	assert not keys_of(card)


def test_a_card_of_a_lead_is_not_let_go():
	card = person()
	make_lead(contact=card.name)
	card.reload()
	card.pcrm_managed = 0
	card.save()

	assert card.pcrm_managed == 1 and keys_of(card)


def test_a_card_of_a_counterparty_is_ours():
	card = person(pcrm_managed=0, pcrm_counterparty=make_counterparty().name)

	assert card.pcrm_managed == 1 and keys_of(card)


def test_a_deleted_card_makes_room():
	person().delete()

	assert not frappe.db.count("Identity Key")
	assert person()


def test_the_keys_of_a_card_that_is_gone_behind_our_back_refuse_in_whole_sentences():
	frappe.db.delete("Contact", {"name": person().name})

	with pytest.raises(DuplicateCard, match=r"One that you may not see\. Ask "):
		person()


def test_a_renamed_card_keeps_its_keys():
	card = person()
	keys = pairs_of(card)

	frappe.rename_doc("Contact", card.name, "renamed")

	assert pairs_of(frappe.get_doc("Contact", "renamed")) == keys
	with pytest.raises(DuplicateCard):
		person()


# Rows that are saved alone


def row_of(card, **fields):
	table = {"Contact Phone": "phone_nos", "Contact Email": "email_ids"}[fields["doctype"]]
	return frappe.get_doc({"parent": card.name, "parenttype": "Contact", "parentfield": table, **fields})


def test_a_row_that_is_saved_alone_brings_its_keys():
	card = person()
	row = row_of(card, doctype="Contact Phone", phone=PHONE).insert()
	assert "full_name,phone" in pairs_of(card)

	row.phone = "+7 701 000 00 00"
	row.save()
	assert person(email="x@x.example", phone=PHONE)

	row.delete()
	assert "full_name,phone" not in pairs_of(card)


def test_a_row_of_another_card_is_refused_alone_too():
	person()
	card = person(email="x@x.example")
	row = row_of(card, doctype="Contact Email", email_id="anna@client.example")

	with pytest.raises(DuplicateCard):
		row.insert()
	assert frappe.db.count("Contact Email", {"parent": card.name}) == 1


def test_a_row_that_an_open_lead_needs_is_not_deleted_alone():
	lead = make_lead(first_name="Anna", email="anna@client.example")
	row = frappe.get_doc("Contact Email", {"parent": lead.contact})

	with pytest.raises(frappe.ValidationError, match="Email and/or phone"):
		row.delete()
	assert frappe.db.exists("Contact Email", row.name)
	assert frappe.db.get_value("Contact", lead.contact, "email_id") == "anna@client.example"


def test_a_row_that_is_no_phone_is_refused_alone_too():
	with pytest.raises(frappe.ValidationError, match="is not a phone number"):
		row_of(person(), doctype="Contact Phone", phone="---").insert()


def test_rows_of_other_contacts_pass():
	card = person(pcrm_managed=0)

	assert row_of(card, doctype="Contact Phone", phone="---").insert()


def test_rows_of_a_company_count_alone_too():
	company = make_counterparty(title="Acme", website="www.acme.example")
	other = make_counterparty(title="Another", website="www.acme.example")
	row = {"parent": other.name, "parenttype": "Counterparty", "parentfield": "additional_titles"}

	with pytest.raises(DuplicateCard, match=company.name):
		frappe.get_doc({"doctype": "Counterparty Title", "title": "ACME Inc", **row}).insert()
	assert not frappe.db.count("Counterparty Title")


# Telling


def test_duplicates_are_told_while_typing():
	card = person(phone=PHONE)
	namesake = person(email="x@x.example")

	found = find_duplicates(
		"Contact", {"first_name": "anna", "last_name": "PETROVA", "phone": "8 (701) 1234567"}
	)

	assert found == [
		{"name": card.name, "matched": ["full_name", "phone"], "is_duplicate": True, "ask": ""},
		{"name": namesake.name, "matched": ["full_name"], "is_duplicate": False, "ask": ""},
	]
	assert find_duplicates("Contact", {"full_name": "Petrova Anna", "phone": PHONE}) == found
	assert not find_duplicates("Contact", {"name": card.name, "phone": PHONE})
	assert not find_duplicates("Contact", {})


def test_duplicate_companies_are_told_from_rows_too():
	company = make_counterparty(title="Acme", website="acme.example")

	found = find_duplicates(
		"Counterparty", json.dumps({"additional_titles": [{"title": "ACME GmbH"}], "email": "a@acme.example"})
	)

	assert [(row["name"], row["is_duplicate"]) for row in found] == [(company.name, True)]


def test_of_a_card_that_may_not_be_seen_only_whom_to_ask():
	card = person()
	make_user_row("head@staff.example", roles=("Partner CRM Manager",))
	frappe.db.set_value("User", "head@staff.example", "full_name", "Head of Sales")
	frappe.set_user(make_user_row("manager@staff.example").name)

	(found,) = find_duplicates(
		"Contact", {"first_name": "Anna", "last_name": "Petrova", "email": "anna@client.example"}
	)
	assert (found["name"], found["ask"]) == ("", "Head of Sales")
	with pytest.raises(DuplicateCard) as refusal:
		person()
	assert card.name not in str(refusal.value) and "Head of Sales" in str(refusal.value)


def test_only_our_cards_are_asked_about():
	with pytest.raises(frappe.ValidationError):
		find_duplicates("User", {"email": "a@a.example"})
