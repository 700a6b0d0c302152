"""The weekly job: what it mends, whom it asks about the rest, and that it asks once."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_days, getdate, nowdate

from partner_crm import tasks
from partner_crm.services import payouts, reconciliation
from tests.factories import (
	make_invoice,
	make_partner,
	make_payout,
	make_program,
	make_receipt,
	make_row,
	make_user,
	make_won_deal,
)
from tests.sql import statements

pytestmark = pytest.mark.commits

PROCESSES = 4
TERM = {"basis": "Fixed", "value": 100, "valid_from": "2026-01-01"}


@pytest.fixture
def accountant(transaction) -> str:
	user = make_user(roles=["Partner CRM Accountant"]).name
	settings = frappe.get_doc("Partner CRM Settings")
	settings.payout_owner = user
	settings.save()
	return user


def reconcile(today: str | None = None) -> None:
	tasks.reconcile_payouts(today)


def todos(name: str, *columns: str) -> list[tuple]:
	columns = columns or ("status", "allocated_to")
	found = frappe.get_all("ToDo", {"reference_name": name}, columns, order_by="name asc", as_list=True)
	return list(found)


def won(program: str | None = None, **fields):
	partner = make_partner()
	claim = make_row("Partner Claim", partner=partner, status="Active").name
	program = program or make_program().name
	return make_won_deal(**({"program": program, "partner": partner, "claim": claim} | fields))


def late(**fields):
	"""A payout with one gap: it is late."""
	return make_payout(**({"due_on": "2026-02-01", "statement": "PS-1"} | fields))


def pay(payout, amount: float) -> None:
	frappe.db.set_value("Payout", payout.name, {"paid_amount": amount, "base_paid_amount": amount})


# Mending


def test_a_client_who_was_won_without_payouts_gets_them(accountant):
	deal = won()

	reconcile()

	assert frappe.get_all("Payout", {"deal": deal.name}, pluck="amount") == [100]
	assert "Won without Payout" not in str(todos(deal.name, "description"))


def test_a_client_whose_programme_was_corrected_to_one_without_terms_is_found_and_paid_once_there_are_some(
	accountant,
):
	deal, other = won(), make_program(terms=[])
	payouts.settle("Partner Deal", deal.name)
	frappe.db.set_value("Partner Deal", deal.name, "program", other.name)
	payouts.settle("Partner Deal", deal.name)
	assert sum(frappe.get_all("Payout", {"deal": deal.name}, pluck="amount")) == 0

	reconcile()
	assert "Won without Payout" in str(todos(deal.name, "description"))

	other.reload().append("terms", TERM)
	other.save()
	reconcile()
	assert frappe.get_all("Payout", {"deal": deal.name, "program": other.name}, pluck="amount") == [100]
	assert [status for status, _to in todos(deal.name)] == ["Closed"]


def test_one_client_who_fails_is_logged_and_the_others_go_on(accountant):
	deals = [won() for _ in range(3)]
	for deal in deals:
		payouts.settle("Partner Deal", deal.name)
		frappe.db.set_value("Partner Deal", deal.name, {"stage": "Lost", "closed_on": "2026-03-01"})
	make_row(
		"Stage Change",
		reference_doctype="Partner Deal",
		reference_name=deals[1].name,
		from_stage="Client",
		to_stage="Lost",
		changed_at="2026-03-01 10:00:00",
	)
	frappe.db.set_value("Partner Deal", deals[1].name, "payout_terms", "no terms")
	(left,) = frappe.get_all("Payout", {"deal": deals[1].name}, pluck="name")

	reconcile()

	assert [frappe.db.count("Payout", {"deal": deal.name}) for deal in deals] == [2, 1, 2]
	logged = frappe.get_all("Error Log", {"reference_name": deals[1].name}, pluck="method")
	assert logged == ["Partner CRM: no payouts by reconciliation"]
	assert "Open" in [status for status, _to in todos(left)]


def test_a_payment_that_no_worker_saw_is_caught_up_with(accountant):
	terms = [TERM | {"basis": "Percent of Paid", "value": 10}]
	deal = won(make_program(terms=terms).name)
	payouts.settle("Partner Deal", deal.name)
	make_receipt(make_invoice(deal.name, 500), 200)
	assert not frappe.db.exists("Payout", {"deal": deal.name})

	reconcile()
	reconcile()

	assert frappe.get_all("Payout", {"deal": deal.name}, pluck="amount") == [20]


def test_payouts_of_a_lost_client_are_taken_back(accountant):
	deal = won()
	payouts.settle("Partner Deal", deal.name)
	frappe.db.set_value("Partner Deal", deal.name, {"stage": "Lost", "closed_on": "2026-03-01"})

	reconcile()

	statuses = frappe.get_all("Payout", {"deal": deal.name}, pluck="status")
	assert statuses == ["Clawed Back", "Clawed Back"]


def test_a_status_that_was_left_behind_follows(accountant):
	taken = make_payout(due_on="2099-01-01")
	make_payout(amount=-100, reversal_of=taken.name, root=taken.name, partner=taken.partner)

	reconcile()

	assert frappe.get_all("Payout", {"root": taken.name}, pluck="status") == ["Clawed Back", "Clawed Back"]
	assert todos(taken.name) == []


def test_claims_that_are_over_expire(accountant):
	claim = make_row("Partner Claim", status="Active", protected_until=add_days(nowdate(), -1))

	reconcile()

	assert frappe.db.get_value("Partner Claim", claim.name, "status") == "Expired"


# Telling


def test_what_nobody_looks_at_any_more_goes_to_somebody_who_does(accountant):
	first = late()
	reconcile()
	frappe.db.set_value("User", accountant, "enabled", 0)
	heir = reconciliation.payout_owner()
	second = late()

	reconcile()

	assert heir not in (None, accountant)
	assert (todos(first.name), todos(second.name)) == ([("Open", heir)], [("Open", heir)])


def test_nobody_is_asked_to_follow_up_who_may_not_see_payouts():
	nobody = make_user(roles=["Partner CRM Marketing"]).name
	settings = frappe.get_doc("Partner CRM Settings")
	settings.payout_owner = nobody

	with pytest.raises(frappe.ValidationError) as refusal:
		settings.save()

	assert f"{nobody} may not see payouts, so follow-ups can't go there." in str(refusal.value)


def test_a_programme_with_another_name_has_the_same_gap(accountant):
	program = make_program(direction="Receivable")
	for months in (12, 11, 10, 9):
		on = add_days(nowdate(), -30 * months)
		make_payout(program=program.name, direction="Receivable", status="Paid", paid_on=on, statement="PS-1")
	reconcile()
	((name, description),) = todos(program.name, "name", "description")
	assert description == "Programme Gone Silent"

	frappe.rename_doc("Partner Program", program.name, "Renamed")
	reconcile()

	assert todos("Renamed", "name", "status") == [(name, "Open")]


def test_a_gap_is_told_once_and_closed_when_it_is_mended(accountant):
	payout = late()

	for _ in range(3):
		reconcile()
	assert todos(payout.name) == [("Open", accountant)]
	((description, day, doctype),) = todos(payout.name, "description", "date", "reference_type")
	assert description == f"Overdue – {payout.client} – The payout was due on 01-02-2026."
	assert (day, doctype) == (getdate(), "Payout")

	pay(payout, 100)
	for _ in range(2):
		reconcile()
	assert todos(payout.name) == [("Closed", accountant)]
	assert not frappe.db.exists("Reconciliation Gap", {"reference_name": payout.name})


def test_a_gap_that_comes_back_is_told_anew(accountant):
	payout = late()
	reconcile()
	pay(payout, 100)
	reconcile()
	pay(payout, 0)

	for _ in range(2):
		reconcile()

	assert sorted(status for status, _to in todos(payout.name)) == ["Closed", "Open"]


def test_who_has_closed_his_task_is_left_in_peace_until_the_gap_was_mended(accountant):
	payout = late()
	reconcile()
	(name,) = frappe.get_all("ToDo", {"reference_name": payout.name}, pluck="name")
	task = frappe.get_doc("ToDo", name)
	task.status = "Closed"
	task.save()

	reconcile()
	assert [status for status, _to in todos(payout.name)] == ["Closed"]

	pay(payout, 100)
	reconcile()
	pay(payout, 0)
	reconcile()
	assert sorted(status for status, _to in todos(payout.name)) == ["Closed", "Open"]


def test_each_gap_of_a_document_has_a_task_of_its_own(accountant):
	payout = late(statement=None)

	reconcile()
	frappe.db.set_value("Payout", payout.name, "statement", "PS-1")
	reconcile()

	assert sorted(todos(payout.name, "status", "description"))[0] == (
		"Closed",
		f"Not in a Statement – {payout.client} – The payout is confirmed and is in no statement.",
	)
	assert [status for status, _text in sorted(todos(payout.name, "status", "description"))] == [
		"Closed",
		"Open",
	]


def test_a_task_speaks_the_language_of_its_owner_and_escapes_what_people_have_typed(accountant):
	frappe.db.set_value("User", accountant, "language", "ru")
	payout = late(client_title="<img src=x>")

	reconcile()

	((description,),) = todos(payout.name, "description")
	assert description.startswith("Просрочено – &lt;img src=x&gt; – ")


def test_without_a_choice_the_first_accountant_and_else_the_head_of_sales_is_asked(transaction):
	everybody = {
		role: frappe.get_all("Has Role", {"role": role, "parenttype": "User"}, pluck="parent")
		for role in ("Partner CRM Accountant", "Partner CRM Manager")
	}
	for users in everybody.values():
		for user in users:
			if user != "Administrator":
				frappe.db.set_value("User", user, "enabled", 0)
	frappe.db.set_single_value("Partner CRM Settings", "payout_owner", None)
	frappe.clear_document_cache("Partner CRM Settings", "Partner CRM Settings")
	assert reconciliation.payout_owner() is None

	head = make_user(roles=["Partner CRM Manager"]).name
	assert reconciliation.payout_owner() == head

	first = make_user(roles=["Partner CRM Accountant"]).name
	make_user(roles=["Partner CRM Accountant"])
	assert reconciliation.payout_owner() == first


def test_it_counts_each_kind(accountant):
	before = reconciliation.run(getdate())
	late(), late()
	make_payout(due_on="2099-01-01")

	counts = reconciliation.run(getdate())

	assert counts - before == {"overdue": 2, "not_in_statement": 1}


def test_pages_lose_nothing(accountant, monkeypatch):
	monkeypatch.setattr(reconciliation, "PAGE", 3)
	before = reconciliation.run(getdate())["overdue"]
	late_ones = [late().name for _ in range(10)]
	for _ in range(2):
		assert reconciliation.run(getdate())["overdue"] == before + 10
	opened = frappe.get_all("ToDo", {"reference_name": ("in", late_ones)}, pluck="reference_name")
	assert sorted(opened) == sorted(late_ones)

	for name in late_ones[:7]:
		frappe.db.set_value("Payout", name, {"paid_amount": 100, "base_paid_amount": 100})
	reconciliation.run(getdate())

	still_open = frappe.get_all(
		"ToDo", {"reference_name": ("in", late_ones), "status": "Open"}, pluck="reference_name"
	)
	assert sorted(still_open) == sorted(late_ones[7:])


def test_the_number_of_statements_does_not_grow_with_the_ledger(accountant):
	reconciliation.run(getdate())
	with statements() as few:
		reconciliation.run(getdate())
	for _ in range(40):
		late()
	with statements() as many:
		reconciliation.run(getdate())

	assert len(many) - len(few) <= 8


def run_once(_index: int) -> int:
	reconciliation.run(getdate())
	return 1


def test_runs_at_once_ask_once(accountant, run_processes):
	deals = [won() for _ in range(5)]
	late_ones = [late().name for _ in range(30)]
	frappe.db.commit()

	outcomes = run_processes(PROCESSES, run_once)

	assert [outcome.error for outcome in outcomes] == [None] * PROCESSES
	opened = frappe.get_all("ToDo", {"reference_name": ("in", late_ones)}, pluck="reference_name")
	assert sorted(opened) == sorted(late_ones)
	assert [frappe.db.count("Payout", {"deal": deal.name}) for deal in deals] == [1] * 5


def test_what_is_found_is_nobodys_to_write(accountant):
	late()
	reconcile()
	gap = frappe.get_last_doc("Reconciliation Gap")

	with pytest.raises(frappe.ValidationError, match="recorded by itself"):
		gap.save()
	with pytest.raises(frappe.ValidationError, match="recorded by itself"):
		gap.delete()
