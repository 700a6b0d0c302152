"""Cards that are there already: taken over, rebuilt and checked in the background, killed on the way, never in anybody's way."""

from __future__ import annotations

import os
import signal
import time

import frappe
import pytest
from frappe.desk.query_report import run as run_report

from partner_crm import api, tasks
from partner_crm.services import identity, key_stock, runs, settings
from partner_crm.services.identity import DuplicateCard
from tests.factories import make_contact, make_counterparty, make_lead, make_user, make_user_row

pytestmark = pytest.mark.commits


@pytest.fixture(autouse=True)
def clean(transaction):
	"""Every test here sees no cards but its own."""
	yield
	frappe.db.rollback()
	frappe.set_user("Administrator")
	for doctype in (
		"Partner Lead",
		"Contact",
		"Counterparty",
		"Identity Key",
		"Possible Duplicate",
		runs.DOCTYPE,
	):
		frappe.db.delete(doctype)
	for child in ("Contact Email", "Contact Phone", "Dynamic Link"):
		frappe.db.delete(child, {"parenttype": "Contact"})
	frappe.db.delete("Notification Log")
	saved = frappe.get_doc(settings.DOCTYPE)
	saved.update(
		{"identity_pairs": [], "placeholder_dates": "", "identity_scheme": 1, "identity_next_scheme": 0}
	)
	saved.save()
	frappe.db.commit()


def stranger(**fields):
	"""A contact as the site has it before the app comes."""
	person = {"first_name": "Anna", "last_name": "Petrova", "email": "anna@client.example", "pcrm_managed": 0}
	return make_contact(**(person | fields))


def finished(run: str):
	doc = frappe.get_doc(runs.DOCTYPE, run)
	assert doc.status == "Done", (doc.status, doc.message)
	return doc


def work_at(run: str):
	frappe.db.commit()
	runs.work(run)
	return finished(run)


def check():
	return work_at(runs.start(runs.CHECK_KEYS))


def open_pairs() -> set[frozenset]:
	rows = frappe.get_all("Possible Duplicate", {"status": "Open"}, ["card", "other_card"], order_by=None)
	return {frozenset((row.card, row.other_card)) for row in rows}


def keys_of(card) -> set[str]:
	return set(frappe.get_all("Identity Key", {"card": card.name}, pluck="name", order_by=None))


# Taking over


def test_contacts_are_taken_over_in_the_background_and_duplicates_listed(work):
	cards = [stranger(), stranger(), stranger(first_name="Olga", email="olga@client.example")]

	run = api.take_over_contacts()
	work()

	assert finished(run).message == "Contacts taken over: 3. Duplicates among them: 1."
	assert (finished(run).progress, finished(run).cards_done, finished(run).cards_total) == (100, 3, 3)
	assert frappe.db.count("Contact", {"pcrm_managed": 1}) == 3
	assert open_pairs() == {frozenset(card.name for card in cards[:2])}
	assert all(keys_of(card) for card in cards)


def test_duplicates_taken_over_can_be_saved_but_not_joined():
	one, other = stranger(), stranger()
	work_at(api.take_over_contacts())

	for card in (one, other):
		card.reload()
		card.designation = "Director"
		card.save()
	with pytest.raises(DuplicateCard):
		make_contact(first_name="Petrova", last_name="Anna", email="anna@client.example")


def test_duplicates_taken_over_are_merged_from_the_list():
	one, other = stranger(), stranger(phone="+7 701 123 45 67")
	work_at(api.take_over_contacts())

	api.merge_cards("Contact", one.name, other.name)

	assert not open_pairs() and not frappe.db.exists("Contact", other.name)
	assert not frappe.db.count("Identity Key", {"name": ("like", "%+%")})
	assert not check().found


def test_only_the_chosen_are_taken_over():
	chosen, other = stranger(), stranger(email="x@x.example")

	work_at(api.take_over_contacts([chosen.name]))

	assert frappe.db.get_value("Contact", chosen.name, "pcrm_managed") == 1
	assert frappe.db.get_value("Contact", other.name, "pcrm_managed") == 0 and not keys_of(other)


def test_taking_over_is_for_the_head_of_sales():
	frappe.set_user(make_user_row("manager@staff.example").name)

	for call in (api.take_over_contacts, api.scan_for_duplicates):
		with pytest.raises(frappe.PermissionError):
			call()


def die_in_the_third_batch(_index: int, run: str) -> None:
	"""After its keys are written, before they are committed."""
	key_stock.CHUNK = 5
	settle, batches = key_stock.settle, []

	def settle_or_die(doctype: str, names: list[str]):
		batches.append(names)
		settled = settle(doctype, names)
		if len(batches) == 3:
			os.kill(os.getpid(), signal.SIGKILL)
		return settled

	key_stock.settle = settle_or_die
	runs.work(run)


def test_a_run_that_was_killed_goes_on_where_it_stopped(run_processes, work):
	cards = [
		stranger(last_name=f"Person{'abcdefghijklmnopqrstuv'[n]}", email=f"{n}@x.example") for n in range(22)
	]
	stranger(last_name="Persona", email="0@x.example")
	run = frappe.get_doc({"doctype": runs.DOCTYPE, "kind": runs.TAKE_OVER, "selection": "{}"}).insert()

	(outcome,) = run_processes(1, die_in_the_third_batch, run.name)
	assert outcome.error == "Ended"
	run.reload()
	assert (run.status, run.cards_done) == ("Running", 10)
	assert frappe.db.count("Contact", {"pcrm_managed": 1}) == 10

	tasks.resume_identity_runs()
	work()

	assert finished(run.name).cards_done == 23
	assert len(open_pairs()) == 1
	assert all(keys_of(card) for card in cards)
	assert not check().found


def test_a_contact_of_a_counterparty_s_address_book_is_ours():
	card = stranger(links=[{"link_doctype": "Counterparty", "link_name": make_counterparty().name}])

	assert card.pcrm_managed and keys_of(card)


def test_a_contact_that_a_lead_rests_on_is_ours():
	card = stranger()
	make_lead(contact=card.name)

	assert keys_of(card)


# Changed settings


def change_pairs(*rows: tuple[str, str, str]) -> None:
	doc = frappe.get_doc(settings.DOCTYPE)
	doc.identity_pairs = []
	for card, field, and_field in rows:
		doc.append("identity_pairs", {"card": card, "field": field, "and_field": and_field})
	doc.save()


def test_old_rules_hold_until_the_new_keys_are_there_and_then_switch(work):
	first = stranger(pcrm_managed=1)
	change_pairs(("Contact", "Full name", "Phone"))
	frappe.db.commit()

	with pytest.raises(DuplicateCard):
		stranger(pcrm_managed=1)
	meanwhile = stranger(pcrm_managed=1, email="x@x.example", phone="+7 701 123 45 67")
	assert {name[:5] for name in keys_of(meanwhile)} == {"0001.", "0002."}

	work()
	settings.refresh()

	assert settings.schemes()[0].number == 2 and len(settings.schemes()) == 1
	assert stranger(pcrm_managed=1)
	with pytest.raises(DuplicateCard):
		stranger(pcrm_managed=1, phone="8 701 123 45 67")
	assert {name[:5] for name in keys_of(first) | keys_of(meanwhile)} == {"0002."}


def take_over_while_rules_change(index: int, run: str) -> None:
	"""The first is in the middle of a lot, which it took up by the old rules, when the second changes them."""
	if index == 0:
		insert = key_stock._insert
		key_stock._insert = lambda *arguments: (time.sleep(8), insert(*arguments))
		return runs.work(run)
	while frappe.db.get_value(runs.DOCTYPE, run, "status") != "Running":
		time.sleep(0.1)
		frappe.db.rollback()
	time.sleep(2)
	change_pairs(("Contact", "Full name", "Phone"))
	frappe.db.commit()
	runs.work(frappe.get_value(runs.DOCTYPE, {"kind": runs.REBUILD_KEYS}, "name", order_by=None))


def test_a_lot_that_was_begun_by_the_old_rules_gets_the_keys_of_the_new_ones(run_processes):
	stranger(pcrm_managed=1, email="x@x.example", last_name="Sidorova")
	card = stranger(phone="+7 701 123 45 67")
	run = runs.start(runs.TAKE_OVER, selection="{}")

	outcomes = run_processes(2, take_over_while_rules_change, run)

	assert [outcome.error for outcome in outcomes] == [None, None], outcomes
	assert {name[:5] for name in keys_of(card)} == {"0002."}
	assert not check().found


def test_duplicates_by_new_rules_are_listed_and_stay(work):
	phone = "+7 701 123 45 67"
	cards = [
		stranger(pcrm_managed=1, first_name=name, email=f"{name}@x.example", phone=phone)
		for name in ("A", "B")
	]
	change_pairs(("Contact", "Phone", ""))
	frappe.db.commit()

	work()
	settings.refresh()

	assert open_pairs() == {frozenset(card.name for card in cards)}
	cards[1].reload()
	cards[1].designation = "Director"
	cards[1].save()
	with pytest.raises(DuplicateCard):
		stranger(pcrm_managed=1, first_name="C", phone=phone)


def test_a_number_that_is_proof_on_both_kinds_of_cards_makes_no_person_a_company(work):
	change_pairs(("Contact", "Phone", ""), ("Counterparty", "Phone", ""))
	frappe.db.commit()
	work()
	settings.refresh()
	phone = "+7 701 123 45 67"
	make_counterparty(phone=phone)

	assert keys_of(stranger(pcrm_managed=1, phone=phone))
	with pytest.raises(DuplicateCard):
		stranger(pcrm_managed=1, first_name="Olga", phone=phone)
	with pytest.raises(DuplicateCard):
		make_counterparty(phone=phone)


def test_settings_changed_back_go_on_as_before(work):
	card = stranger(pcrm_managed=1)
	change_pairs(("Contact", "Full name", "Phone"))
	change_pairs()
	frappe.db.commit()

	work()
	settings.refresh()

	assert [scheme.number for scheme in settings.schemes()] == [1]
	assert {name[:5] for name in keys_of(card)} == {"0001."}
	with pytest.raises(DuplicateCard):
		stranger(pcrm_managed=1)


def test_settings_changed_twice_end_with_the_last(work):
	stranger(pcrm_managed=1)
	change_pairs(("Contact", "Full name", "Phone"))
	change_pairs(("Contact", "Phone", "Birth date"))
	frappe.db.commit()

	work()
	settings.refresh()

	(scheme,) = settings.schemes()
	assert scheme.number == 3 and scheme.rules.person_pairs == (("phone", "birth_date"),)
	assert not check().found


@pytest.mark.parametrize(
	("row", "message"),
	[
		(("Contact", "Tax ID", ""), "no such identity field"),
		(("Contact", "Full name", ""), "alone makes no duplicate"),
		(("Counterparty", "Title", "Birth date"), "no such identity field"),
	],
)
def test_pairs_that_make_no_sense_are_refused(row, message):
	with pytest.raises(frappe.ValidationError, match=message):
		change_pairs(row)


def test_keys_are_kept_in_no_order_that_nobody_asks_for():
	assert frappe.db.has_index("tabIdentity Key", "card")
	assert not any(frappe.db.has_index("tabIdentity Key", name) for name in ("modified", "creation"))


# The nightly check


def test_a_sound_stock_is_called_sound():
	stranger(pcrm_managed=1)
	make_counterparty(tax_id="7701234567")

	run = check()

	assert (run.found, run.message) == (0, "Every card holds exactly the keys that its fields make.")
	assert not frappe.db.count("Notification Log")


def break_keys(card, how: str) -> None:
	key = frappe.qb.DocType("Identity Key")
	pair = key.card == card.name
	if how == "lost":
		frappe.db.delete("Identity Key", {"card": card.name})
	elif how == "extra":
		identity.insert_rows([("0001." + "a" * 32, card.doctype, card.name, "full_name,phone")])
	elif how == "orphan":
		frappe.qb.update(key).set(key.card, "nobody").where(pair).run()
	elif how == "beside nobody":
		(name,) = (name for name in keys_of(card) if "-" not in name)
		frappe.qb.update(key).set(key.name, f"{name}+{'b' * 16}").where(key.name == name).run()
	elif how == "card changed behind our back":
		frappe.db.set_value("Contact", card.name, "last_name", "Sidorova")


@pytest.mark.parametrize("how", ["lost", "extra", "orphan", "beside nobody", "card changed behind our back"])
def test_what_was_broken_is_found_told_and_mended(how, work):
	administrator = make_user(roles=["System Manager"]).name
	card, other = stranger(pcrm_managed=1), stranger(pcrm_managed=1, email="x@x.example")
	break_keys(card, how)
	frappe.db.commit()

	tasks.check_identity_keys()
	work()

	(run,) = frappe.get_all(runs.DOCTYPE, {"kind": runs.CHECK_KEYS}, ["*"], order_by=None)
	assert run.status == "Done" and run.found and "All have been put right" in run.message
	assert card.name in run.message or how == "orphan"
	assert other.name not in run.message.split("\n")
	notice = frappe.get_all("Notification Log", {"for_user": administrator}, ["document_name"], order_by=None)
	assert [row.document_name for row in notice] == [run.name]
	assert not check().found
	if how != "card changed behind our back":
		with pytest.raises(DuplicateCard):
			stranger(pcrm_managed=1)


def test_a_duplicate_that_came_in_behind_our_back_is_listed():
	one, other = stranger(pcrm_managed=1), stranger()
	frappe.db.set_value("Contact", other.name, "pcrm_managed", 1)

	assert check().found == 1

	assert open_pairs() == {frozenset((one.name, other.name))}
	assert not check().found


# Possible duplicates


def near() -> tuple:
	"""A slip in the name, and the same number."""
	phone = "+7 701 123 45 67"
	return (
		stranger(
			first_name="Сергей", last_name="Ковальский", email="a@x.example", phone=phone, pcrm_managed=1
		),
		stranger(first_name="Сергей", last_name="Ковальксий", email="b@x.example", phone=phone),
	)


def listed(**filters) -> list[dict]:
	"""The pairs of the report."""
	return run_report("Possible Duplicates", filters)["result"]


def scan():
	return work_at(runs.start(runs.POSSIBLE_DUPLICATES))


def test_near_matches_are_found_with_score_and_reasons():
	one, other = near()
	stranger(first_name="Olga", email="olga@client.example")
	make_counterparty(title="Рога и копыта", website="horns.example")
	make_counterparty(title="Рога и копыто", website="horns.example")

	assert scan().found == 2

	(person,) = listed(card_doctype="Contact")
	assert {person["card"], person["other_card"]} == {one.name, other.name}
	assert 50 <= person["score"] < 100 and person["kind"] == "Possible"
	assert "The names are nearly the same. The phone numbers are the same." in person["reasons"]
	assert len(listed(card_doctype="Counterparty")) == 1
	assert listed(card_doctype="Contact", lowest_score=99.9) == []


def test_a_new_scan_keeps_decisions_and_forgets_what_is_no_more():
	one, other = near()
	gone = [stranger(), stranger()]
	scan()
	api.tell_apart("Contact", other.name, one.name, "Brothers")
	frappe.delete_doc("Contact", gone[1].name)

	assert scan().found == 0

	assert not listed(card_doctype="Contact")
	(told,) = listed(card_doctype="Contact", status="Not a Duplicate")
	assert told["reason"] == "Brothers"


def test_the_report_shows_pairs_of_which_the_reader_sees_both_cards():
	one, other = near()
	scan()
	manager = make_user(roles=["Partner CRM User"]).name
	frappe.db.set_value("Contact", one.name, "owner", manager)

	def report(user: str) -> list:
		frappe.set_user(user)
		return listed(status="Open")

	assert report(manager) == []
	frappe.set_user("Administrator")
	frappe.db.set_value("Contact", other.name, "owner", manager)
	assert len(report(manager)) == 1
	assert len(report("Administrator")) == 1


def test_a_scheduled_mail_of_pairs_has_the_rights_of_its_user():
	near()
	scan()

	def mailed_to(user: str) -> str:
		return (
			frappe.get_doc(
				doctype="Auto Email Report",
				report="Possible Duplicates",
				report_type="Script Report",
				user=user,
				email_to="boss@cards.example",
				format="HTML",
				frequency="Daily",
				filters="{}",
			)
			.insert()
			.get_report_content()
			or ""
		)

	assert "Ковальский" in mailed_to(make_user(roles=["Partner CRM Manager"]).name)
	assert "Ковальский" not in mailed_to(make_user(roles=["Partner CRM User"]).name)


def test_installing_on_a_site_with_contacts_looks_for_duplicates(work):
	cards = [stranger(), stranger()]
	runs.start(runs.POSSIBLE_DUPLICATES)

	work()

	assert open_pairs() == {frozenset(card.name for card in cards)}
	assert not frappe.db.count("Contact", {"pcrm_managed": 1}) and not frappe.db.count("Identity Key")
