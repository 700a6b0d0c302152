"""One client for one programme is claimed once: through every door, by many at the same moment, and by REST from registration to release."""

from __future__ import annotations

import random
from collections import Counter

import frappe
import pytest
from frappe.utils import add_days, nowdate

from partner_crm import api, tasks
from tests.factories import (
	make_full_contact,
	make_full_counterparty,
	make_lead,
	make_partner,
	make_program,
	make_user,
)
from tests.integration.test_doors import CHANGES, INSERTS, kanban, said

pytestmark = pytest.mark.commits

PROCESSES = 8


@pytest.fixture
def client(http):
	return http.login()


def active(**filters) -> list[str]:
	frappe.db.rollback()
	return frappe.get_all("Partner Claim", filters | {"status": "Active"}, pluck="partner", order_by=None)


def held_client(program: str, holder: str) -> dict[str, str]:
	cards = {"contact": make_full_contact().name, "counterparty": make_full_counterparty().name}
	make_lead(**cards, program=program, partner=holder)
	frappe.db.commit()
	return cards


# Doors


@pytest.mark.parametrize("door", INSERTS)
def test_a_claimed_client_is_registered_for_nobody_else_through_any_door(client, door):
	program, alpha, beta = make_program().name, make_partner(), make_partner()
	cards = held_client(program, alpha)
	leads = frappe.db.count("Partner Lead")

	answer = door(
		client,
		"Partner Lead",
		{**cards, "channel": "Website", "responsible": "Administrator", "program": program, "partner": beta},
	)

	assert active(program=program) == [alpha]
	assert frappe.db.count("Partner Lead") == leads
	assert "nobody else can register him now" in said(answer, door)
	assert alpha not in said(answer, door)


@pytest.mark.parametrize("door", [door for door in CHANGES if door is not kanban])
def test_a_lead_is_given_a_claimed_client_s_programme_through_no_door(client, door):
	program, alpha, beta = make_program().name, make_partner(), make_partner()
	cards = held_client(program, alpha)
	lead = make_lead(**cards)
	frappe.db.commit()

	answer = door(client, lead, {"program": program, "partner": beta})

	assert active(program=program) == [alpha]
	assert frappe.db.get_value("Partner Lead", lead.name, ["program", "partner", "claim"]) == (
		None,
		None,
		None,
	)
	assert "nobody else can register him now" in said(answer, door)


@pytest.mark.parametrize("door", INSERTS)
def test_every_door_registers(client, door):
	program, alpha = make_program().name, make_partner()
	name = frappe.generate_hash(length=8)
	values = {"first_name": name, "email": f"{name}@door.example", "channel": "Website", "partner": alpha}

	door(client, "Partner Lead", values | {"responsible": "Administrator", "program": program})

	assert active(program=program) == [alpha]


# At once


def register(index: int, program: str, partners: list[str], fields: dict) -> str:
	make_lead(
		last_name="ABCDEFGH"[index] * 5, phone=f"+7 701 555 20 {index:02d}"
	)  # loads what is loaded once
	frappe.db.rollback()
	return make_lead(**fields, program=program, partner=partners[index]).claim


def assert_one_won(outcomes: list, program: str, partners: list[str], winners: int = 1) -> None:
	unexpected = [outcome.traceback for outcome in outcomes if outcome.error not in (None, "ClientClaimed")]
	assert not unexpected, unexpected[0]
	assert sum(not outcome.error for outcome in outcomes) == winners
	(holder,) = active(program=program)
	winner = next(index for index, outcome in enumerate(outcomes) if not outcome.error)
	assert holder == partners[winner]
	assert len({outcome.value for outcome in outcomes if not outcome.error}) == 1
	frappe.db.rollback()
	assert frappe.db.count("Partner Lead", {"program": program}) == winners


def test_a_client_is_claimed_by_one_of_many_partners(run_processes):
	program, partners = make_program().name, [make_partner() for _ in range(PROCESSES)]
	cards = {"contact": make_full_contact().name, "counterparty": make_full_counterparty().name}
	frappe.db.commit()

	outcomes = run_processes(PROCESSES, register, program, partners, cards)

	assert_one_won(outcomes, program, partners)


def test_a_person_who_is_captured_by_many_partners_is_claimed_by_one(run_processes):
	program, partners = make_program().name, [make_partner() for _ in range(PROCESSES)]
	frappe.db.commit()
	person = {"first_name": "Anna", "last_name": "Claimed", "email": "anna@claimed.example"}

	outcomes = run_processes(PROCESSES, register, program, partners, person)

	assert_one_won(outcomes, program, partners)
	assert frappe.db.count("Contact", {"last_name": "Claimed"}) == 1


def test_one_partner_who_registers_a_client_many_times_has_one_claim(run_processes):
	program, partner = make_program().name, make_partner()
	cards = {"contact": make_full_contact().name, "counterparty": make_full_counterparty().name}
	frappe.db.commit()

	outcomes = run_processes(PROCESSES, register, program, [partner] * PROCESSES, cards)

	assert_one_won(outcomes, program, [partner] * PROCESSES, winners=PROCESSES)


def test_a_claim_that_is_over_is_succeeded_once(run_processes):
	program, partners = make_program().name, [make_partner() for _ in range(PROCESSES)]
	cards = held_client(program, make_partner())
	frappe.db.set_value("Partner Claim", {"program": program}, "protected_until", add_days(nowdate(), -1))
	frappe.db.commit()

	outcomes = run_processes(PROCESSES, register, program, partners, cards)

	assert Counter(outcome.error for outcome in outcomes) == {None: 1, "ClientClaimed": PROCESSES - 1}
	assert len(active(program=program)) == 1
	assert frappe.db.count("Partner Claim", {"program": program, "status": "Expired"}) == 1


def register_all(index: int, programs: list[str], partner: list[str], companies: list[str]) -> Counter:
	"""All clients for all programmes, each in a transaction of its own and in another order than the others."""
	todo = [(program, company) for program in programs for company in companies]
	random.Random(index).shuffle(todo)
	outcomes: Counter = Counter()
	for program, company in todo:
		person = {"first_name": "Many", "last_name": frappe.generate_hash(length=8)}
		try:
			make_lead(**person, counterparty=company, program=program, partner=partner[index])
			frappe.db.commit()
			outcomes["saved"] += 1
		except Exception as error:
			frappe.db.rollback()
			outcomes[type(error).__name__] += 1
	return outcomes


def test_many_clients_registered_at_once_by_many_wait_for_each_other_in_no_circle(run_processes):
	programs = [make_program().name for _ in range(2)]
	partners = [make_partner() for _ in range(PROCESSES)]
	companies = [make_full_counterparty().name for _ in range(15)]
	frappe.db.commit()

	outcomes = run_processes(PROCESSES, register_all, programs, partners, companies)

	assert not [outcome.traceback for outcome in outcomes if outcome.error]
	total = sum((outcome.value for outcome in outcomes), Counter())
	assert total == {"saved": 30, "ClientClaimed": 30 * (PROCESSES - 1)}
	for program in programs:
		assert len(active(program=program)) == len(companies)


def merge_or_register(index: int, program: str, partners: list[str], cards: list[str]) -> str | None:
	make_lead(last_name="ABCDEFGH"[index] * 5, phone=f"+7 701 555 30 {index:02d}")
	frappe.db.rollback()
	if index == 0:
		api.merge_cards("Counterparty", *cards)
		return None
	return make_lead(first_name="Late", counterparty=cards[0], program=program, partner=partners[index]).claim


def test_a_client_stays_claimed_while_his_cards_are_merged(run_processes):
	program, partners = make_program().name, [make_partner() for _ in range(PROCESSES)]
	kept, lost = make_full_counterparty().name, make_full_counterparty().name
	make_lead(
		first_name="Early",
		counterparty=lost,
		program=program,
		partner=partners[0],
		registered_on="2026-10-01",
	)
	frappe.db.commit()

	merging, *registering = run_processes(PROCESSES, merge_or_register, program, partners, [kept, lost])

	unexpected = [
		each.traceback for each in (merging, *registering) if each.error not in (None, "ClientClaimed")
	]
	assert not unexpected, unexpected[0]
	assert not merging.error
	assert active(program=program) == active(program=program, client=kept) == [partners[0]]
	assert not frappe.db.exists("Counterparty", lost)


# Nightly


def test_the_night_goes_on_until_nothing_is_over():
	program, partner = make_program().name, make_partner()
	for _ in range(3):
		make_lead(program=program, partner=partner)
	frappe.db.set_value("Partner Claim", {"program": program}, "protected_until", add_days(nowdate(), -1))
	frappe.db.commit()

	tasks.expire_claims()

	assert active(program=program) == []
	tasks.expire_claims(nowdate())
	assert frappe.db.count("Partner Claim", {"program": program, "status": "Expired"}) == 3


# By REST


def test_the_life_of_a_claim_by_rest(http):
	head = http.login(make_user("rest.head@staff.example", roles=["Partner CRM Manager"]).name)
	seller = http.login(make_user("rest.seller@staff.example", roles=["Partner CRM User"]).name)
	program, alpha, beta = make_program().name, make_partner(), make_partner()
	frappe.db.commit()
	person = {
		"first_name": "Rest",
		"last_name": "Client",
		"email": "rest@client.example",
		"channel": "Website",
	}

	def save(who, lead):
		return who.post("/api/resource/Partner Lead", json=person | {"program": program} | lead)

	lead = save(seller, {"partner": alpha}).json()["data"]
	claim = f"/api/resource/Partner Claim/{lead['claim']}"
	assert seller.get(claim).json()["data"]["partner"] == alpha
	assert save(seller, {"partner": beta}).status_code == 417

	extended = {"protected_until": add_days(nowdate(), 200), "reason": "The tender was put off"}
	assert seller.put(claim, json=extended).status_code == 403
	assert head.put(claim, json={"protected_until": extended["protected_until"]}).status_code == 417
	assert head.put(claim, json=extended).json()["data"]["protected_until"] == extended["protected_until"]

	shares = [{"partner": alpha, "share": 50}, {"partner": beta, "share": 50}]
	split = head.put(claim, json={"shares": shares, "reason": "Both have brought him"}).json()["data"]
	assert [row["share"] for row in split["shares"]] == [50, 50]
	assert save(seller, {"partner": beta}).json()["data"]["claim"] == lead["claim"]

	share = {
		"parent": lead["claim"],
		"parenttype": "Partner Claim",
		"parentfield": "shares",
		"partner": alpha,
	}
	alone = head.post("/api/resource/Partner Claim Share", json=share | {"share": 500})
	assert "change it there, and save the whole document" in alone.text

	reassigned = head.put(claim, json={"partner": beta, "shares": [], "reason": "Alpha has given up"})
	assert reassigned.json()["data"]["partner"] == beta
	assert seller.get(f"/api/resource/Partner Lead/{lead['name']}").json()["data"]["partner"] == beta

	released = head.put(claim, json={"status": "Released", "reason": "Beta too"}).json()["data"]
	assert released["status"] == "Released"
	assert head.put(claim, json={"status": "Active", "reason": "No"}).status_code == 417
	again = save(seller, {"partner": alpha}).json()["data"]
	assert again["claim"] != lead["claim"]
	assert active(program=program) == [alpha]

	filters = {"docname": lead["claim"], "ref_doctype": "Partner Claim"}
	assert len(frappe.get_all("Version", filters, pluck="name", order_by=None)) >= 4
	assert head.delete(claim).status_code == 403


def test_used_terms_are_succeeded_by_rest(http):
	accountant = http.login(make_user("rest.accountant@staff.example", roles=["Partner CRM Accountant"]).name)
	program = make_program()
	make_lead(program=program.name, partner=make_partner())
	frappe.db.commit()
	url = f"/api/resource/Partner Program/{program.name}"
	row = {"basis": "Fixed", "value": 100, "valid_from": "2026-01-01"}

	answer = accountant.put(url, json={"terms": [row | {"value": 10}]})
	assert answer.status_code == 417
	assert "clients were registered or won under these terms" in answer.text

	terms = [row | {"valid_to": nowdate()}, row | {"value": 10, "valid_from": add_days(nowdate(), 1)}]
	alone = f"/api/resource/Partner Program Term/{program.terms[0].name}"
	for refused in (accountant.put(alone, json={"value": 10}), accountant.delete(alone)):
		assert refused.status_code >= 400
	frappe.db.rollback()
	assert frappe.db.get_value("Partner Program Term", program.terms[0].name, "value") == 100

	saved = accountant.put(url, json={"terms": terms}).json()["data"]
	assert [term["value"] for term in saved["terms"]] == [100, 10]
