"""Who may do what with a payout, and that nothing of it is rewritten, whichever door is used."""

from __future__ import annotations

from datetime import date

import frappe
import pytest
from frappe.utils import nowdate

from partner_crm.services import payout_status
from partner_crm.services.payout_decisions import NotTheirs
from tests.factories import make_payout, make_row, make_user_row
from tests.sql import indexes_of, statements

HEAD, ACCOUNTANT, ANNA = "head@staff.example", "accountant@staff.example", "anna@staff.example"


@pytest.fixture(autouse=True)
def staff() -> None:
	make_user_row(HEAD, ("Partner CRM Manager",))
	make_user_row(ACCOUNTANT, ("Partner CRM Accountant",))
	make_user_row(ANNA)


def save(payout, user: str = ACCOUNTANT, **fields):
	frappe.set_user(user)
	try:
		doc = frappe.get_doc("Payout", payout.name)
		doc.update(fields)
		return doc.save()
	finally:
		frappe.set_user("Administrator")


def stored(payout, *fields: str):
	return frappe.db.get_value("Payout", payout.name, fields or "status")


def timeline(payout) -> list[str]:
	of_it = {"reference_doctype": "Payout", "reference_name": payout.name, "comment_type": "Info"}
	return frappe.get_all("Comment", of_it, pluck="content", order_by="creation")


def take_back(payout, amount: float, **fields):
	same = {"program": payout.program, "partner": payout.partner, "reversal_of": payout.name}
	return make_payout(amount=amount, root=payout.name, **(same | fields))


@pytest.mark.parametrize("user", [HEAD, ACCOUNTANT])
@pytest.mark.parametrize("amount", [100, -100])
@pytest.mark.parametrize("status", ["Expected", "Confirmed"])
def test_a_payout_is_rejected_with_a_reason(user, amount, status):
	payout = make_payout(status=status, amount=amount)

	save(payout, user, status="Rejected", reason="The client is our own")

	assert stored(payout, "status", "reason") == ("Rejected", "The client is our own")
	assert timeline(payout) == ["rejected it: The client is our own"]


def test_a_reason_is_needed():
	payout = make_payout()

	with pytest.raises(frappe.ValidationError, match="Say why you reject it"):
		save(payout, status="Rejected")


def test_what_takes_it_back_is_rejected_with_it():
	payout = make_payout()
	back = take_back(payout, -40)

	save(payout, status="Rejected", reason="A mistake")

	assert stored(back) == "Rejected"


@pytest.mark.parametrize("status", ["Partly Paid", "Paid", "Clawed Back"])
def test_it_is_too_late_to_reject_what_is_paid_or_closed(status):
	payout = make_payout(status=status)

	with pytest.raises(frappe.ValidationError, match="can't be rejected any more"):
		save(payout, status="Rejected", reason="A mistake")


def test_it_is_too_late_to_reject_what_is_in_a_statement():
	statement = make_row("Payout Statement", status="Draft").name
	payout = make_payout(statement=statement)
	back = take_back(payout, -40)

	for each in (payout, back):
		with pytest.raises(frappe.ValidationError, match="can't be rejected any more"):
			save(each, status="Rejected", reason="A mistake")


def test_nothing_is_confirmed_while_it_is_on_hold():
	payout = make_payout(status="Expected", hold_until="2999-01-02")
	with pytest.raises(frappe.ValidationError, match=r"on hold until .*02-01-2999"):
		save(payout, HEAD, status="Confirmed")

	held = make_payout(status="Expected", hold_until=nowdate())
	save(held, HEAD, status="Confirmed")
	assert stored(held) == "Confirmed"


@pytest.mark.parametrize("status", ["Paid", "Partly Paid", "Clawed Back", "Expected", "Lost"])
def test_no_other_status_is_typed(status):
	payout = make_payout()

	with pytest.raises(frappe.ValidationError, match="can't go from <strong>Confirmed</strong>"):
		save(payout, status=status)

	assert stored(payout) == "Confirmed"


def test_what_is_rejected_stays_so():
	payout = make_payout(status="Rejected", reason="Why")

	with pytest.raises(frappe.ValidationError, match="can't go from"):
		save(payout, HEAD, status="Confirmed")


@pytest.mark.parametrize("sign", [1, -1])
def test_the_accountant_records_what_was_paid(sign):
	payout = make_payout(amount=100 * sign, base_amount=80 * sign, conversion_rate=0.8)

	assert save(payout, paid_on="2026-02-01", paid_amount=40 * sign).status == "Partly Paid"
	assert stored(payout, "status", "base_paid_amount") == ("Partly Paid", 32 * sign)

	assert save(payout, paid_amount=100 * sign).status == "Paid"
	assert stored(payout, "status", "base_paid_amount", "paid_on") == ("Paid", 80 * sign, date(2026, 2, 1))

	assert save(payout, paid_amount=0, paid_on=None).status == "Confirmed"
	assert timeline(payout) == ["recorded what was paid"] * 3


@pytest.mark.parametrize(
	("fields", "said"),
	[
		({"paid_amount": 101, "paid_on": "2026-02-01"}, "between 0 and"),
		({"paid_amount": -1, "paid_on": "2026-02-01"}, "between 0 and"),
		({"paid_amount": 100}, "or neither"),
		({"paid_on": "2026-02-01"}, "or neither"),
		({"paid_amount": 100, "paid_on": "2999-01-01"}, "in the future"),
		({"paid_amount": 100, "paid_on": "2026-02-01", "status": "Paid"}, "change either"),
		({"paid_amount": "NaN", "paid_on": "2026-02-01"}, "is not a number"),
	],
)
def test_a_payment_has_to_make_sense(fields, said):
	payout = make_payout()

	with pytest.raises(frappe.ValidationError, match=said):
		save(payout, **fields)

	assert stored(payout, "paid_amount", "paid_on") == (0, None)


def test_only_accountants_record_payments():
	payout = make_payout()

	with pytest.raises(NotTheirs):
		save(payout, HEAD, paid_on="2026-02-01", paid_amount=100)


def test_nothing_is_recorded_on_what_is_in_a_statement_or_closed():
	statement = make_row("Payout Statement", status="Draft").name
	with pytest.raises(frappe.ValidationError, match="follows from its statement"):
		save(make_payout(statement=statement), paid_on="2026-02-01", paid_amount=100)
	with pytest.raises(frappe.ValidationError, match="Nothing is paid of a payout that is"):
		save(make_payout(status="Rejected"), paid_on="2026-02-01", paid_amount=100)


def test_what_the_ledger_says_stays():
	payout = make_payout(program=None, partner=None, direction="Receivable")
	frappe.db.set_value("Payout", payout.name, "program", make_payout().program)

	save(payout, amount=9999, base_amount=9999, hold_until="2020-01-01", payout_key="x", currency="EUR")

	assert stored(payout, "amount", "base_amount", "currency") == (100, 100, "USD")
	assert stored(payout, "hold_until", "payout_key") == (date(2026, 1, 20), payout.payout_key)


def test_a_sales_manager_changes_nothing():
	payout = make_payout(responsible=ANNA)

	with pytest.raises(frappe.PermissionError):
		save(payout, ANNA, status="Rejected", reason="Mine")


def test_nobody_writes_or_deletes_a_payout():
	payout = make_payout()
	copy = frappe.copy_doc(payout)

	with pytest.raises(frappe.PermissionError, match="Nobody writes one by hand"):
		copy.insert()
	with pytest.raises(frappe.ValidationError, match="never rewritten"):
		payout.delete()
	with pytest.raises(frappe.ValidationError, match="never rewritten"):
		payout.db_set("amount", 5)


def test_the_form_tells_what_a_payout_waits_for():
	statement = make_row("Payout Statement", status="Draft").name
	waits = {
		make_payout(
			status="Expected", hold_until="2999-01-02"
		): "On hold until 02-01-2999. Then it is confirmed",
		make_payout(): "Waits for a statement",
		make_payout(statement=statement): "In a statement.",
		make_payout(status="Rejected", reason="<b>No</b>"): "Rejected: &lt;b&gt;No&lt;/b&gt;",
		make_payout(status="Clawed Back"): "Taken back",
		make_payout(status="Paid"): "",
	}

	for payout, sentence in waits.items():
		payout.run_method("onload")
		said = payout.get_onload("waits_for")
		assert said.startswith(sentence) if sentence else said == ""


def test_the_nightly_job_asks_for_what_is_ready_by_an_index(monkeypatch):
	ready = make_payout(status="Expected", hold_until="2026-02-01")
	late = make_payout(status="Expected", hold_until="2026-02-02")
	monkeypatch.setattr(frappe.db, "commit", lambda: None)

	with statements() as sent:
		moved = payout_status.confirm(date(2026, 2, 1))

	assert (stored(ready), stored(late), moved) == ("Confirmed", "Expected", 1)
	assert "status_hold_until_name_index" in indexes_of(sent[0])[0]
