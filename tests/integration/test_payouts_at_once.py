"""Payouts by several people at once, by REST, by ERPNext's own events and by import of history."""

from __future__ import annotations

import random

import frappe
import pytest
from frappe.utils.background_jobs import get_queue

from partner_crm.patches import add_fields_of_partners_money
from partner_crm.services import payouts
from tests.factories import (
	FOR_CLIENT,
	FOR_NEGOTIATION,
	make_deal,
	make_full_contact,
	make_full_counterparty,
	make_invoice,
	make_partner,
	make_program,
	make_ready_mql,
	make_receipt,
	make_user,
	make_won_deal,
)
from tests.integration.test_lead_to_client import Rest
from tests.integration.test_payout_ledger import STEPS, TERMS, Case, make_case

pytestmark = pytest.mark.commits

PROCESSES = 8


@pytest.fixture(autouse=True)
def defaults(transaction) -> None:
	frappe.db.set_single_value(
		"Selling Settings", {"customer_group": "Commercial", "territory": "Rest Of The World"}
	)
	frappe.clear_document_cache("Selling Settings", "Selling Settings")


def rows_of(deal: str, *columns: str) -> list[tuple]:
	columns = columns or ("amount", "status")
	return frappe.get_all("Payout", {"deal": deal}, columns, order_by="creation, instalment", as_list=True)


def settle_with_patience(doctype: str, name: str) -> None:
	"""As a worker does it: a job that got into a deadlock is run again."""
	for _attempt in range(10):
		try:
			payouts.settle_alone(doctype, name)
		except frappe.RetryBackgroundJobError:
			continue
		return
	raise AssertionError("Ten deadlocks")


def settle_one(_index: int, name: str) -> int:
	frappe.db.count("Payout")  # the transaction has begun, and sees the ledger as it is now
	frappe.db.rollback()
	return len(payouts.settle("Partner Deal", name))


def test_a_deal_is_settled_once_by_eight_at_once(run_processes):
	terms = [{"basis": "Fixed", "value": 120, "valid_from": "2026-01-01", "recurring_months": 12}]
	deal = make_won_deal(program=make_program(terms=terms).name, partner=make_partner())

	outcomes = run_processes(PROCESSES, settle_one, deal.name)

	assert [outcome.error for outcome in outcomes] == [None] * PROCESSES
	assert sorted(outcome.value for outcome in outcomes) == [0] * (PROCESSES - 1) + [12]
	assert len(rows_of(deal.name)) == 12


def settle_stale(index: int, names: list[str]) -> str:
	"""What the transaction has read before does not matter: the ledger is read as it is."""
	for name in names:
		frappe.get_all("Payout", {"deal": name})
		payouts.settle("Partner Deal", name)
	return ""


def test_the_nth_client_is_one_only_whoever_settles(run_processes):
	"""Each process brings a client of his own; together they are eight, of whom the last three earn more."""
	tiers = [
		{"basis": "Fixed", "value": value, "valid_from": "2026-01-01", "tier_by": "Count", "tier_from": start}
		for value, start in ((100, 1), (150, 6))
	]
	program, partner = make_program(terms=tiers).name, make_partner()
	deals = [make_won_deal(program=program, partner=partner).name for _ in range(PROCESSES)]

	outcomes = run_processes(PROCESSES, settle_own, deals)

	assert [outcome.error for outcome in outcomes] == [None] * PROCESSES
	amounts = frappe.get_all("Payout", {"program": program}, pluck="amount", order_by="amount")
	assert amounts == [100] * 5 + [150] * 3


def settle_own(index: int, deals: list[str]) -> None:
	settle_stale(index, [deals[index]])


def live(index: int, cases: list[Case], seed: int) -> int:
	"""Things happen to the process's own cases; all cases are settled all the time, by everybody."""
	chance = random.Random(seed + index)
	own = cases[index::4]
	for _ in range(25):
		case = chance.choice(own)
		chance.choice(STEPS)(case, chance.randint(1, 1000))
		frappe.db.commit()
		settle_with_patience("Partner Deal", chance.choice(cases).deal.name)
	frappe.db.commit()
	return [(case.deal.name, case) for case in own]


def test_the_ledger_adds_up_after_things_have_happened_at_once(run_processes):
	cases = [make_case(terms, shares) for terms in TERMS for shares in ((), (60, 40))]

	outcomes = run_processes(4, live, cases, 20260101)

	assert [(outcome.error, outcome.message) for outcome in outcomes] == [(None, "")] * 4
	seen = [case for outcome in outcomes for _name, case in outcome.value]
	assert len(seen) == len(cases)
	for case in seen:
		case.check()


# Doors


@pytest.fixture
def head(http) -> Rest:
	return Rest(http.login(make_user(roles=["Partner CRM Manager", "Partner CRM User"]).name))


def make_negotiation(program: str, **fields):
	deal = make_deal(make_ready_mql(program=program, **fields))
	deal.update({"stage": "Negotiation", **FOR_NEGOTIATION})
	return deal.save()


def test_a_deal_that_is_won_by_rest_has_its_payout_and_rest_decides_about_it(head):
	partner = make_partner()
	deal = make_negotiation(make_program().name, partner=partner)

	head.change("Partner Deal", deal.name, stage="Client", **FOR_CLIENT)
	(name,) = frappe.get_all("Payout", {"deal": deal.name}, pluck="name", order_by="creation")
	payout = head.read("Payout", name)
	assert (payout["amount"], payout["status"], payout["partner"]) == (100, "Confirmed", partner)
	assert payout["claim"] == deal.claim

	assert "Say why you reject it" in head.refusal("Payout", name, status="Rejected")
	assert head.change("Payout", name, status="Rejected", reason="Our own client")["status"] == "Rejected"
	assert head.change("Payout", name, amount=5)["amount"] == 100

	head.change("Partner Deal", deal.name, stage="Negotiation", move_reason="A mistake")
	assert rows_of(deal.name) == ((100, "Rejected"),)


def test_a_deal_that_is_reopened_by_rest_has_nothing_left(head):
	deal = make_negotiation(make_program().name, partner=make_partner())
	head.change("Partner Deal", deal.name, stage="Client", **FOR_CLIENT)

	head.change("Partner Deal", deal.name, stage="Negotiation", move_reason="A mistake")
	assert rows_of(deal.name) == ((100, "Clawed Back"), (-100, "Clawed Back"))

	head.change("Partner Deal", deal.name, stage="Client")
	assert rows_of(deal.name)[2:] == ((100, "Confirmed"),)


def test_nobody_makes_a_payout_by_rest(head):
	answer = head.client.post("/api/resource/Payout", json={"program": make_program().name, "amount": 5})

	assert answer.status_code == 403


def test_the_payments_and_credit_notes_of_erpnext_are_followed(work):
	terms = [{"basis": "Percent of Paid", "value": 10, "valid_from": "2026-01-01"}]
	deal = make_won_deal(program=make_program(terms=terms).name, partner=make_partner())
	payouts.settle("Partner Deal", deal.name)
	invoice = make_invoice(deal.name)
	payment = make_receipt(invoice, 400)

	work()
	assert rows_of(deal.name, "amount", "payment") == ((40, payment.name),)

	payment.reload()
	payment.cancel()
	work()
	assert rows_of(deal.name, "amount") == ((40,), (-40,))


def test_invoices_of_others_start_no_job():
	make_receipt(make_invoice(None), 400)
	make_receipt(make_invoice(make_won_deal().name), 400)
	frappe.db.commit()

	assert get_queue("short").count == 0


# History


def test_past_sales_have_their_payouts():
	terms = [{"basis": "Percent of Deal", "value": 10, "valid_from": "2024-01-01"}]
	program, partner = make_program(terms=terms).name, make_partner()
	deal = frappe.get_doc(
		{
			"doctype": "Partner Deal",
			"stage": "Client",
			"is_historical": 1,
			"contact": make_full_contact().name,
			"counterparty": make_full_counterparty().name,
			"program": program,
			"partner": partner,
			"amount": 500,
			"currency": "USD",
			"registered_on": "2024-03-01",
			"won_on": "2024-04-02",
		}
	).insert()

	assert rows_of(deal.name, "amount", "status", "days_to_client") == ((50, "Confirmed", 32),)


def test_a_past_referral_has_its_payout_on_the_day_on_which_the_client_bought():
	terms = [{"basis": "Percent of Deal", "value": 10, "valid_from": "2024-01-01"}]
	program = make_program(direction="Receivable", terms=terms).name
	lead = frappe.get_doc(
		{
			"doctype": "Partner Lead",
			"track": "Referral",
			"stage": "Client",
			"is_historical": 1,
			"first_name": "Anna",
			"email": "anna.past@client.example",
			"channel": "Website",
			"direction": "Inbound",
			"program": program,
			"potential_value": 300,
			"currency": "USD",
			"registered_on": "2024-03-01",
			"won_on": "2024-04-02",
		}
	).insert()

	(payout,) = frappe.get_all("Payout", {"lead": lead.name}, ["amount", "won_on", "direction"])
	assert (payout.amount, str(payout.won_on), payout.direction) == (30, "2024-04-02", "Receivable")


# Sites that have the app already


def test_the_fields_of_partners_money_are_added_and_an_administrators_are_left():
	frappe.delete_doc("Custom Field", "Sales Partner-pcrm_supplier", force=True)
	frappe.db.set_value("Custom Field", "Sales Order-pcrm_deal", "label", "Our deal")
	frappe.clear_cache()

	for _time in range(2):
		add_fields_of_partners_money.execute()

	assert frappe.get_meta("Sales Partner").get_field("pcrm_supplier").options == "Supplier"
	assert frappe.get_meta("Sales Order").get_field("pcrm_deal").label == "Our deal"
