"""Several people do the same at the same moment, in processes of their own: the database decides who was first."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from itertools import islice, product

import frappe
import pytest

from partner_crm.services import runs
from tests.factories import (
	FOR_CLIENT,
	FOR_NEGOTIATION,
	FOR_SQL,
	make_contact,
	make_counterparty,
	make_deal,
	make_full_contact,
	make_full_counterparty,
	make_lead,
	make_ready_mql,
	make_region,
)

pytestmark = pytest.mark.commits

PROCESSES = 8


def orphans() -> list:
	"""Keys of cards that are not there."""
	key = frappe.qb.DocType("Identity Key")
	contact, company = frappe.qb.DocType("Contact"), frappe.qb.DocType("Counterparty")
	return (
		frappe.qb.from_(key)
		.left_join(contact)
		.on(contact.name == key.card)
		.left_join(company)
		.on(company.name == key.card)
		.where(contact.name.isnull() & company.name.isnull())
		.select(key.name, key.card)
		.run()
	)


def warm_up(index: int) -> None:
	"""A process that has just been started loads for seconds, which would count as waiting for a lock."""
	make_lead(last_name="ABCDEFGH"[index] * 5, phone=f"+7 701 555 10 {index:02d}")
	frappe.db.rollback()


def assert_errors(outcomes: list, expected: dict) -> None:
	unexpected = [outcome.traceback for outcome in outcomes if outcome.error not in expected]
	assert not unexpected, unexpected[0]
	assert Counter(outcome.error for outcome in outcomes) == expected


def capture(index: int, person: dict) -> str:
	warm_up(index)
	return make_lead(**person).name


def test_one_person_captured_at_once_is_one_contact_with_a_lead_for_each(run_processes):
	person = {"first_name": "Anna", "last_name": "Atonce", "email": "anna@atonce.example"}

	outcomes = run_processes(PROCESSES, capture, person)

	assert_errors(outcomes, {None: PROCESSES})
	(contact,) = frappe.get_all("Contact", {"last_name": "Atonce"}, pluck="name", order_by=None)
	leads = frappe.get_all("Partner Lead", {"last_name": "Atonce"}, pluck="contact", order_by=None)
	assert leads == [contact] * PROCESSES
	assert not orphans()


def persons(count: int, domain: str) -> list[dict]:
	names = ("".join(letters) for letters in product("bcdfghjk", "aeiou", "lmnprst"))
	return [
		{"first_name": "Boris", "last_name": f"Many{name}", "email": f"{name}@{domain}"}
		for name in islice(names, count)
	]


def by_form(person: dict) -> None:
	make_contact(**person)


def by_capture(person: dict) -> None:
	make_lead(**person)


def insert_named(person: dict, **fields):
	"""Frappe names contacts by their full names, for which two of one name would wait in turn for each other."""
	names = {"first_name": person["first_name"], "last_name": person["last_name"]}
	emails = [{"email_id": person["email"], "is_primary": 1}]
	card = frappe.get_doc({"doctype": "Contact", "email_ids": emails, **names, **fields})
	return card.insert(set_name=frappe.generate_hash(length=10))


def by_row(person: dict) -> None:
	"""A card without an address, which comes alone."""
	card = insert_named(person | {"email": f"other.{person['email']}"}, pcrm_managed=1)
	frappe.db.commit()
	row = {"parent": card.name, "parenttype": "Contact", "parentfield": "email_ids"}
	frappe.get_doc({"doctype": "Contact Email", "email_id": person["email"], **row}).insert()


def by_taking_over(person: dict) -> None:
	"""A contact of the site that becomes ours."""
	card = insert_named(person, pcrm_managed=0)
	frappe.db.commit()
	card.pcrm_managed = 1
	card.save()


DOORS = (by_form, by_capture, by_row, by_taking_over)


def enter_people(index: int, people: list[dict], die_after: int | None = None) -> Counter:
	"""Each in a transaction of his own, in another order and through another door than the next process."""
	warm_up(index)
	random.Random(index).shuffle(people)
	outcomes: Counter = Counter()
	for number, person in enumerate(people):
		try:
			DOORS[(index + number) % len(DOORS)](person)
			if number == die_after:
				os.kill(os.getpid(), signal.SIGKILL)  # written, not committed
			frappe.db.commit()
			outcomes["saved"] += 1
		except Exception as error:
			frappe.db.rollback()
			outcomes[type(error).__name__] += 1
	return outcomes


def assert_one_card_each(people: list[dict], domain: str) -> None:
	address, card = frappe.qb.DocType("Contact Email"), frappe.qb.DocType("Contact")
	query = frappe.qb.from_(address).join(card).on(card.name == address.parent).select(address.email_id)
	found = query.where(card.pcrm_managed == 1).where(address.email_id.like(f"%{domain}")).run(pluck=True)
	mains = Counter(email for email in found if not email.startswith("other."))
	assert mains == {person["email"]: 1 for person in people}
	run = frappe.get_doc(runs.DOCTYPE, runs.start(runs.CHECK_KEYS))
	runs.work(run.name)
	run.reload()
	assert (run.status, run.found) == ("Done", 0), run.message
	assert not orphans()


# Frappe names a contact by its full name: two of one name at once clash there already
REFUSALS = {"saved", "DuplicateCard", "DuplicateEntryError"}


def test_many_people_entered_at_once_by_many_are_one_card_each(run_processes):
	people = persons(200, "many.example")

	outcomes = run_processes(PROCESSES, enter_people, people)

	assert_errors(outcomes, {None: PROCESSES})
	happened = sum((outcome.value for outcome in outcomes), Counter())
	assert set(happened) <= REFUSALS, happened
	assert_one_card_each(people, "@many.example")


def enter_people_and_die(index: int, people: list[dict]) -> Counter:
	return enter_people(index, people, die_after=5 + 3 * index if index % 2 else None)


def test_processes_that_are_killed_leave_nothing_half_done(run_processes):
	people = persons(60, "killed.example")

	outcomes = run_processes(PROCESSES, enter_people_and_die, people)

	assert_errors(outcomes, {None: PROCESSES // 2, "Ended": PROCESSES // 2})
	happened = sum((outcome.value for outcome in outcomes if outcome.value), Counter())
	assert set(happened) <= REFUSALS, happened
	assert_one_card_each(people, "@killed.example")


def enter_company(_index: int) -> str:
	return make_counterparty(title="Acme Atonce", tax_id="7709876543").name


def test_one_company_entered_at_once_is_one_card(run_processes):
	make_region()

	outcomes = run_processes(PROCESSES, enter_company)

	assert_errors(outcomes, {None: 1, "DuplicateCard": PROCESSES - 1})
	(company,) = frappe.get_all("Counterparty", {"tax_id": "7709876543"}, pluck="name", order_by=None)
	assert all(company in outcome.message for outcome in outcomes if outcome.error)


def start_run(index: int, kind: str) -> str:
	warm_up(index)
	return runs.start(kind)


def test_one_work_begun_at_once_is_one_run(run_processes):
	outcomes = run_processes(PROCESSES, start_run, runs.POSSIBLE_DUPLICATES)

	assert_errors(outcomes, {None: PROCESSES})
	going_on = {"kind": runs.POSSIBLE_DUPLICATES, "going_on": ("is", "set")}
	(run,) = frappe.get_all(runs.DOCTYPE, going_on, pluck="name", order_by=None)
	assert {outcome.value for outcome in outcomes} == {run}


def convert(index: int, leads: list[str]) -> str:
	return make_deal(frappe.get_doc("Partner Lead", leads[index])).name


def test_deals_of_one_client_and_product_group_made_at_once_are_one(run_processes):
	cards = {"contact": make_full_contact().name, "counterparty": make_full_counterparty().name}
	leads = [make_ready_mql(**cards).name for _ in range(PROCESSES)]

	outcomes = run_processes(PROCESSES, convert, leads)

	assert_errors(outcomes, {None: 1, "OpenDealExists": PROCESSES - 1})
	assert frappe.db.count("Partner Deal", {"lead": ("in", leads)}) == 1
	stages = frappe.get_all("Partner Lead", {"name": ("in", leads)}, pluck="stage", order_by=None)
	assert Counter(stages) == {"Converted": 1, "MQL": PROCESSES - 1}


def convert_one(_index: int, lead: str) -> str:
	return frappe.get_doc({"doctype": "Partner Deal", "lead": lead, **FOR_SQL}).insert().name


def test_one_lead_converted_at_once_is_one_deal(run_processes):
	lead = make_ready_mql().name

	outcomes = run_processes(PROCESSES, convert_one, lead)

	assert_errors(outcomes, {None: 1, "StageRefused": PROCESSES - 1})
	(deal,) = frappe.get_all("Partner Deal", {"lead": lead}, pluck="name", order_by=None)
	assert frappe.db.get_value("Partner Lead", lead, "deal") == deal


def win(index: int, deals: list[str]) -> str:
	warm_up(index)
	deal = frappe.get_doc("Partner Deal", deals[index % len(deals)])
	deal.update({"stage": "Client", **FOR_CLIENT})
	return deal.save().name


def make_negotiation(**fields) -> str:
	deal = make_deal(make_ready_mql(**fields))
	deal.update({"stage": "Negotiation", **FOR_NEGOTIATION})
	return deal.save().name


@pytest.fixture
def buyers():
	"""Where ERPNext needs a territory and a group for what it sells to."""
	defaults = {"customer_group": "Commercial", "territory": "Rest Of The World"}
	frappe.db.set_single_value("Selling Settings", defaults)


def test_one_deal_won_at_once_makes_one_customer(run_processes, buyers):
	deal = make_negotiation()

	outcomes = run_processes(PROCESSES, win, [deal])

	# who comes after it was won saves a won deal, or is told that it has changed meanwhile
	assert {outcome.error for outcome in outcomes} <= {None, "TimestampMismatchError"}
	stored = frappe.db.get_value("Partner Deal", deal, ["stage", "customer", "counterparty"], as_dict=True)
	title = frappe.db.get_value("Counterparty", stored.counterparty, "title")
	assert stored.stage == "Client"
	assert frappe.get_all("Customer", {"customer_name": title}, pluck="name") == [stored.customer]
	assert frappe.db.count("Stage Change", {"reference_name": deal, "to_stage": "Client"}) == 1


def test_deals_of_one_company_won_at_once_share_one_customer(run_processes, buyers):
	company = make_full_counterparty().name
	groups = frappe.get_all("Item Group", {"is_group": 0}, pluck="name", order_by="name", limit=4)
	deals = [make_negotiation(counterparty=company, product_group=group) for group in groups]

	outcomes = run_processes(len(deals), win, deals)

	assert_errors(outcomes, {None: len(deals)})
	customers = set(frappe.get_all("Partner Deal", {"name": ("in", deals)}, pluck="customer", order_by=None))
	title = frappe.db.get_value("Counterparty", company, "title")
	assert customers == set(frappe.get_all("Customer", {"customer_name": title}, pluck="name"))
	assert len(customers) == 1
