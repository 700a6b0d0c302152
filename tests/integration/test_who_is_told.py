"""Of which cards a warning or a refusal may tell: of those in the user's own list, by whatever rule the site has besides ours."""

from __future__ import annotations

import frappe
import pytest

from partner_crm.permissions import seen
from partner_crm.services import identity
from tests.factories import make_contact, make_counterparty, make_row, make_user_row
from tests.sql import statements

MANAGER = "manager@staff.example"
OTHER_HOOK = "frappe.permissions.only_chairmen"


@pytest.fixture
def cards() -> list:
	"""One that he has entered, one of a lead of his, one of nobody's."""
	make_user_row(MANAGER)
	own, led, hidden = (
		make_contact(f"{name}@client.example", first_name=name) for name in ("own", "led", "no")
	)
	own.db_set("owner", MANAGER)
	make_row("Partner Lead", contact=led.name, responsible=MANAGER, stage="Cold Lead", track="Own Sale")
	frappe.set_user(MANAGER)
	return [own, led, hidden]


def told(cards: list) -> set[str]:
	"""First names; what Frappe lists is the same, or the test fails here."""
	names = [card.name for card in cards]
	found = seen.titles("Contact", names)
	assert set(found) == set(frappe.get_list("Contact", {"name": ("in", names)}, pluck="name", order_by=None))
	assert found == {card.name: card.full_name for card in cards if card.name in found}
	return {card.first_name for card in cards if card.name in found}


def as_administrator(act) -> None:
	frappe.set_user("Administrator")
	act()
	frappe.set_user(MANAGER)


def permit(allow: str, value: str) -> None:
	frappe.get_doc(doctype="User Permission", user=MANAGER, allow=allow, for_value=value).insert()


def only_chairmen(user: str, doctype: str | None = None) -> str:
	"""What another app may say of contacts."""
	return "`tabContact`.`designation` = 'Chairman'"


def test_one_statement_finds_what_he_may_see_with_its_titles(cards):
	told(cards)

	with statements() as sent:
		found = seen.titles("Contact", [card.name for card in cards])

	assert (set(found), len(sent)) == ({cards[0].name, cards[1].name}, 1)


def test_a_head_of_sales_is_told_of_all(cards):
	frappe.set_user(make_user_row("head@staff.example", ("Partner CRM Manager",)).name)

	assert told(cards) == {"own", "led", "no"}


def test_what_was_shared_is_told(cards):
	as_administrator(lambda: frappe.share.add("Contact", cards[2].name, MANAGER, read=1))

	assert told(cards) == {"own", "led", "no"}


def test_who_may_read_his_own_only_is_told_of_these(cards):
	"""Frappe gives everybody the contacts that he has entered."""
	user = make_user_row("seller@staff.example", ("Blogger",)).name
	cards[2].db_set("owner", user)
	frappe.set_user(user)

	assert told(cards) == {"no"}


def test_a_guest_is_told_of_none(cards):
	frappe.set_user("Guest")

	assert seen.titles("Contact", [card.name for card in cards]) == {}


def test_user_permissions_hide(cards):
	frappe.set_user("Administrator")
	cards[0].db_set("gender", "Male")
	permit("Gender", "Female")
	frappe.set_user(MANAGER)

	assert told(cards) == {"led"}


@pytest.mark.parametrize("allow", ["Company", "Territory"])
def test_user_permissions_that_are_not_of_contacts_cost_nothing(cards, allow):
	"""A contact has no company, and its territory follows its owner's."""
	as_administrator(lambda: permit(allow, frappe.get_all(allow, pluck="name", order_by="name asc")[0]))
	told(cards)

	with statements() as sent:
		seen.titles("Contact", [card.name for card in cards])

	assert len(sent) == 1


def test_another_app_hides(cards, monkeypatch):
	cards[1].db_set("designation", "Chairman")
	known = frappe.get_hooks

	def with_another(hook=None, *args, **kwargs):
		hooks = known(hook, *args, **kwargs)
		if hook == "permission_query_conditions":
			hooks = hooks | {"Contact": [*hooks["Contact"], OTHER_HOOK]}
		return hooks

	monkeypatch.setattr(OTHER_HOOK, only_chairmen, raising=False)
	monkeypatch.setattr(frappe, "get_hooks", with_another)

	assert told(cards) == {"led"}


def test_a_script_of_the_site_hides(cards):
	cards[1].db_set("designation", "Chairman")
	script = frappe.get_doc(
		doctype="Server Script",
		name="Only chairmen",
		script_type="Permission Query",
		reference_doctype="Contact",
		script="conditions = \"`tabContact`.`designation` = 'Chairman'\"",
	)
	as_administrator(script.insert)

	assert told(cards) == {"led"}


def test_a_link_to_a_customer_of_the_card_s_own_hides(cards):
	"""Frappe judges a contact by such links where a site has added one; this user may read no customers."""
	cards[0].db_set("pcrm_region", "Somebody")
	setter = {"doctype": "Contact", "fieldname": "pcrm_region", "property": "options", "value": "Customer"}
	as_administrator(lambda: frappe.make_property_setter(setter, validate_fields_for_doctype=False))

	assert told(cards) == {"led"}


def test_frappe_s_own_condition_has_nothing_to_say_of_a_contact_as_it_comes(cards):
	for role in ("Partner CRM User", "Partner CRM Marketing", "Sales User", "Accounts User"):
		frappe.set_user(make_user_row(f"{frappe.scrub(role)}@staff.example", (role,)).name)

		assert frappe.call(frappe.get_attr(seen.OF_FRAPPE), frappe.session.user) == ""


def test_companies_are_told_by_their_titles():
	own, hidden = make_counterparty(title="Own Ltd"), make_counterparty(title="Hidden Ltd")
	own.db_set("owner", make_user_row(MANAGER).name)
	frappe.set_user(MANAGER)

	assert seen.titles("Counterparty", [own.name, hidden.name]) == {own.name: "Own Ltd"}


def test_of_many_namesakes_a_few_are_found_and_still_everybody_with_the_number():
	for number in range(identity.MOST_FOUND + 5):
		make_contact(f"anna{number}@client.example", first_name="Anna", last_name="Petrova")
	brother = make_contact(phone="+7 701 123 45 67", first_name="Boris", last_name="Petrov")
	card = make_contact("anna@another.example", first_name="Anna", last_name="Petrova")
	values = identity.values_of(
		frappe.get_doc(
			doctype="Contact",
			first_name="Anna",
			last_name="Petrova",
			email_ids=[{"email_id": "anna@another.example"}],
			phone_nos=[{"phone": "+7 701 123 45 67"}],
		)
	)

	found = identity.find("Contact", values)

	assert [(match.card, match.is_duplicate) for match in found[:2]] == [
		(card.name, True),
		(brother.name, False),
	]
	assert identity.MOST_FOUND <= len(found) <= identity.MOST_FOUND + 2
