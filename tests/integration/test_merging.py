"""Two cards become one: seen beforehand, nothing lost, and everything that pointed to the lost card points to the other."""

from __future__ import annotations

import frappe
import pytest

from partner_crm import api
from partner_crm.services import pairs
from partner_crm.services.identity import DuplicateCard, held_keys
from tests.factories import (
	make_contact,
	make_counterparty,
	make_deal,
	make_full_contact,
	make_full_counterparty,
	make_interaction,
	make_lead,
	make_ready_mql,
	make_user_row,
)

PHONE = "+7 701 123 45 67"


def person(**fields):
	return make_contact(
		**({"first_name": "Anna", "last_name": "Petrova", "email": "anna@client.example"} | fields)
	)


def pairs_of(card) -> set[str]:
	filters = {"card": card.name, "name": ("not like", "%-%")}
	return set(frappe.get_all("Identity Key", filters, pluck="matched_fields", order_by=None))


@pytest.fixture
def two():
	kept = person(designation="Buyer")
	lost = person(
		email="a.petrova@home.example",
		phone=PHONE,
		designation="Director",
		pcrm_birth_date="1990-02-03",
		pcrm_interests="Sailing",
	)
	return kept, lost


def merge(kept, lost, **options):
	api.merge_cards(kept.doctype, kept.name, lost.name, **options)
	return frappe.get_doc(kept.doctype, kept.name)


def test_the_preview_shows_both_side_by_side(two):
	kept, lost = two
	make_lead(contact=lost.name)

	seen = api.merge_preview("Contact", kept.name, lost.name)

	fields = {row["fieldname"]: (row["kept"], row["lost"], row["take"]) for row in seen["fields"]}
	assert fields["designation"] == ("Buyer", "Director", False)
	assert fields["pcrm_interests"] == ("", "Sailing", True)
	assert [table["rows"] for table in seen["tables"]] == [["a.petrova@home.example"], [PHONE]]
	assert {"doctype": "Partner Lead", "label": "Partner Lead", "count": 1} in seen["links"]
	assert seen["clashes"] == []
	assert frappe.db.exists("Contact", lost.name)


def test_empty_fields_are_filled_and_rows_united(two):
	card = merge(*two)

	assert (card.designation, card.pcrm_interests, str(card.pcrm_birth_date)) == (
		"Buyer",
		"Sailing",
		"1990-02-03",
	)
	assert [row.email_id for row in card.email_ids] == ["anna@client.example", "a.petrova@home.example"]
	assert [row.is_primary for row in card.email_ids] == [1, 0]
	assert [row.phone for row in card.phone_nos] == [PHONE]
	assert not frappe.db.exists("Contact", two[1].name)


def test_fields_are_chosen_one_by_one_and_the_rest_is_noted(two):
	card = merge(*two, take=["designation"])

	assert (card.designation, card.pcrm_interests) == ("Director", None)
	comment = frappe.get_all(
		"Comment", {"reference_name": card.name, "comment_type": "Info"}, pluck="content", order_by=None
	)[0]
	assert "Buyer" in comment and "Sailing" in comment and two[1].name in comment


def test_the_kept_card_has_the_keys_of_both_and_the_lost_one_none(two):
	card = merge(*two)

	assert pairs_of(card) == {
		"full_name,email",
		"full_name,phone",
		"full_name,birth_date",
		"phone,birth_date",
	}
	assert not held_keys("Contact", two[1].name)
	with pytest.raises(DuplicateCard, match=card.name):
		person(email="a.petrova@home.example")


def test_everything_that_pointed_to_the_lost_card_points_to_the_other(two):
	kept, lost = two
	lead = make_lead(contact=lost.name)
	interaction = make_interaction(contact=lost.name)
	file = frappe.get_doc(
		doctype="File",
		file_name="a.txt",
		content="a",
		attached_to_doctype="Contact",
		attached_to_name=lost.name,
	).insert()
	letter = frappe.get_doc(
		doctype="Communication",
		subject="Offer",
		content="Here",
		reference_doctype="Contact",
		reference_name=lost.name,
	).insert()
	customer = frappe.get_doc(doctype="Customer", customer_name="Acme", customer_type="Company").insert()
	customer.db_set("customer_primary_contact", lost.name)
	todo = frappe.get_doc(
		doctype="ToDo", description="Call", reference_type="Contact", reference_name=lost.name
	).insert()

	merge(kept, lost)

	assert {
		frappe.db.get_value("Partner Lead", lead.name, "contact"),
		frappe.db.get_value("Client Interaction", interaction.name, "contact"),
		frappe.db.get_value("File", file.name, "attached_to_name"),
		frappe.db.get_value("Communication", letter.name, "reference_name"),
		frappe.db.get_value("Customer", customer.name, "customer_primary_contact"),
		frappe.db.get_value("ToDo", todo.name, "reference_name"),
	} == {kept.name}


def test_companies_keep_the_other_title_and_address():
	kept = make_counterparty(title="Acme", email="hello@acme.example", website="acme.example")
	lost = make_counterparty(title="Acme Holding", email="hello@acme-holding.example", tax_id="7701234567")
	contact = person(pcrm_counterparty=lost.name)

	card = merge(kept, lost)

	assert (card.title, card.tax_id) == ("Acme", "7701234567")
	assert [row.title for row in card.additional_titles] == ["Acme Holding"]
	assert [row.email for row in card.additional_emails] == ["hello@acme-holding.example"]
	assert frappe.db.get_value("Contact", contact.name, "pcrm_counterparty") == kept.name
	with pytest.raises(DuplicateCard):
		make_counterparty(title="Another", tax_id="7701234567")


def test_a_clash_of_open_deals_is_shown_before_and_refused():
	kept, lost = make_full_counterparty(), make_full_counterparty()
	deals = [
		make_deal(make_ready_mql(counterparty=card.name, contact=make_full_contact().name))
		for card in (kept, lost)
	]

	(clash,) = api.merge_preview("Counterparty", kept.name, lost.name)["clashes"]

	assert all(deal.name in clash for deal in deals) and "Services" in clash
	with pytest.raises(frappe.ValidationError, match="can't be merged yet"):
		merge(kept, lost)
	assert frappe.db.get_value("Partner Deal", deals[1].name, "counterparty") == lost.name


def test_deals_that_do_not_clash_follow():
	kept, lost = make_full_counterparty(), make_full_counterparty()
	deal = make_deal(make_ready_mql(counterparty=lost.name))

	merge(kept, lost)

	assert frappe.db.get_value("Partner Deal", deal.name, ["counterparty", "open_deal_key"]) == (
		kept.name,
		f"{kept.name}|Services",
	)


def test_frappe_s_own_merge_unites_too(two):
	kept, lost = two

	frappe.rename_doc("Contact", lost.name, kept.name, merge=True)

	assert len(frappe.get_doc("Contact", kept.name).email_ids) == 2


def test_contacts_that_are_not_ours_are_merged_as_before():
	kept, lost = person(pcrm_managed=0), person(pcrm_managed=0, email="a.petrova@home.example")

	frappe.rename_doc("Contact", lost.name, kept.name, merge=True)

	card = frappe.get_doc("Contact", kept.name)
	assert [row.email_id for row in card.email_ids] == ["anna@client.example"] and not card.pcrm_managed


def test_an_assignment_that_was_taken_back_does_not_stop_a_merge(two):
	kept, lost = two
	frappe.db.set_value("Contact", lost.name, "_assign", "")
	frappe.db.set_value("Contact", kept.name, "_assign", "")

	assert merge(kept, lost)


def test_what_was_decided_of_the_lost_card_holds_for_the_kept_one(two):
	kept, lost = two
	namesake = person(email="x@x.example")
	api.tell_apart("Contact", lost.name, namesake.name, "Another person")
	pairs.record("Contact", [pairs.Pair(kept.name, lost.name, pairs.POSSIBLE, 0.9)])

	merge(kept, lost)

	(pair,) = frappe.get_all("Possible Duplicate", fields=["name", "status"], order_by=None)
	assert (pair.name, pair.status) == (
		pairs.name_of("Contact", kept.name, namesake.name),
		"Not a Duplicate",
	)


def test_both_cards_must_be_writable(two):
	kept, lost = two
	frappe.set_user(make_user_row("manager@staff.example").name)

	for call in (api.merge_preview, api.merge_cards):
		with pytest.raises(frappe.PermissionError):
			call("Contact", kept.name, lost.name)


def test_the_head_of_sales_may_merge_though_not_delete(two):
	kept, lost = two
	frappe.set_user(make_user_row("head@staff.example", roles=("Partner CRM Manager",)).name)

	merge(kept, lost)

	assert not frappe.db.exists("Contact", lost.name)


def test_a_card_is_not_merged_with_itself(two):
	with pytest.raises(frappe.ValidationError, match="with itself"):
		merge(two[0], two[0])
