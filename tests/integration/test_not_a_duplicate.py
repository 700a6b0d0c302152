""" "Not a duplicate": the head of sales' word lets two cards share their keys, for everybody, and can be taken back."""

from __future__ import annotations

import frappe
import pytest

from partner_crm import api
from partner_crm.services import identity, pairs
from partner_crm.services.identity import DuplicateCard
from tests.factories import make_contact, make_counterparty, make_user_row

TAX_ID = "7701234567"


@pytest.fixture
def branches() -> list:
	"""Two branches of one company, of which only the first has its tax id so far."""
	return [make_counterparty(title="Acme East", tax_id=TAX_ID), make_counterparty(title="Acme West")]


def pair_of(cards):
	return frappe.get_doc("Possible Duplicate", pairs.name_of(cards[0].doctype, cards[0].name, cards[1].name))


def enter_tax_id(card) -> None:
	card.reload()
	card.tax_id = TAX_ID
	card.save()


def tell_apart(cards) -> None:
	api.tell_apart(cards[0].doctype, cards[0].name, cards[1].name, "Two branches")


def test_branches_told_apart_share_a_tax_id(branches):
	with pytest.raises(DuplicateCard):
		enter_tax_id(branches[1])
	tell_apart(branches)

	enter_tax_id(branches[1])

	assert frappe.db.count("Counterparty", {"tax_id": TAX_ID}) == 2


def test_a_third_card_is_refused_and_names_both(branches):
	tell_apart(branches)
	enter_tax_id(branches[1])

	with pytest.raises(DuplicateCard) as refusal:
		make_counterparty(title="Acme South", tax_id=TAX_ID)
	assert set(refusal.value.cards) == {card.name for card in branches}


def test_a_third_card_must_be_told_apart_from_each(branches):
	tell_apart(branches)
	enter_tax_id(branches[1])
	third = make_counterparty(title="Acme South")
	tell_apart([third, branches[0]])

	with pytest.raises(DuplicateCard) as refusal:
		enter_tax_id(third)
	assert refusal.value.cards == (branches[1].name,)

	tell_apart([third, branches[1]])
	enter_tax_id(third)


def test_it_is_recorded_who_decided_when_and_why(branches):
	head = make_user_row("head@staff.example", roles=("Partner CRM Manager",)).name
	frappe.set_user(head)
	tell_apart(branches)

	pair = pair_of(branches)
	assert (pair.status, pair.reason, pair.decided_by) == ("Not a Duplicate", "Two branches", head)
	assert pair.decided_at


def test_without_a_reason_nothing_is_decided(branches):
	with pytest.raises(frappe.ValidationError, match="Say why these are two clients"):
		api.tell_apart("Counterparty", branches[0].name, branches[1].name, " ")


def test_only_the_head_of_sales_decides(branches):
	frappe.set_user(make_user_row("manager@staff.example").name)

	with pytest.raises(frappe.PermissionError):
		tell_apart(branches)


def test_taken_back_both_stay_as_they_are_and_a_new_one_is_refused(branches):
	tell_apart(branches)
	enter_tax_id(branches[1])
	api.take_back("Counterparty", branches[1].name, branches[0].name)

	assert pair_of(branches).status == "Open"
	branches[1].reload()
	branches[1].size = "1-10"
	branches[1].save()
	third = make_counterparty(title="Acme South")
	with pytest.raises(DuplicateCard):
		enter_tax_id(third)


def test_the_key_goes_to_the_other_when_its_holder_is_deleted(branches):
	tell_apart(branches)
	enter_tax_id(branches[1])
	branches[0].reload()
	branches[0].delete()

	with pytest.raises(DuplicateCard, match=branches[1].name):
		make_counterparty(title="Acme South", tax_id=TAX_ID)
	branches[1].delete()
	assert not frappe.db.count("Identity Key") and not frappe.db.count("Possible Duplicate")
	assert make_counterparty(title="Acme South", tax_id=TAX_ID)


def test_the_key_goes_to_the_other_when_its_holder_changes(branches):
	tell_apart(branches)
	enter_tax_id(branches[1])
	branches[0].reload()
	branches[0].tax_id = "7709876543"
	branches[0].save()

	with pytest.raises(DuplicateCard, match=branches[1].name):
		make_counterparty(title="Acme South", tax_id=TAX_ID)


def test_namesakes_told_apart_survive_a_rename():
	person = {"first_name": "Ivan", "last_name": "Petrov"}
	cards = [make_contact(**person, pcrm_birth_date="1990-02-03"), make_contact(**person)]
	tell_apart(cards)
	frappe.rename_doc("Contact", cards[1].name, "renamed")
	other = frappe.get_doc("Contact", "renamed")
	other.pcrm_birth_date = "1990-02-03"

	other.save()

	assert pair_of([cards[0], other]).status == "Not a Duplicate"
	assert identity.held_keys("Contact", "renamed")


def test_two_told_apart_are_not_called_duplicates_while_typing(branches):
	tell_apart(branches)

	(found,) = api.find_duplicates("Counterparty", {"name": branches[1].name, "tax_id": TAX_ID})

	assert (found["name"], found["is_duplicate"]) == (branches[0].name, False)
