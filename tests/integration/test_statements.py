"""Payout statements: what they claim, carry forward and set free; and how the documents of ERPNext are followed."""

from __future__ import annotations

import frappe
import pytest
from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry
from erpnext.accounts.doctype.purchase_invoice.purchase_invoice import make_debit_note
from frappe.utils import add_days, getdate, nowdate

from partner_crm import api
from partner_crm.services import payout_status, statement_invoices, statements
from tests.factories import (
	make_counterparty,
	make_item,
	make_partner,
	make_payout,
	make_program,
	make_row,
)

PARTNER, SUPPLIER, CUSTOMER, REWARD = "Anna Agent", "Agent Ltd", "Owner Ltd", "Partner reward"


@pytest.fixture
def program() -> str:
	return make_program(title="Hosting").name


@pytest.fixture(autouse=True)
def company() -> str:
	"""The company that pays, with a partner who can be invoiced."""
	make_partner(PARTNER, pcrm_supplier=make_supplier())
	frappe.db.set_single_value("Partner CRM Settings", "payout_item", make_item(REWARD))
	forget_settings()
	return frappe.defaults.get_global_default("company")


def set_minimums(*rows: dict) -> None:
	document = frappe.get_doc("Partner CRM Settings")
	document.set("payout_minimums", rows)
	document.save()


def forget_settings() -> None:
	frappe.clear_document_cache("Partner CRM Settings", "Partner CRM Settings")


def make_supplier(name: str = SUPPLIER, **fields) -> str:
	if not frappe.db.exists("Supplier", name):
		frappe.get_doc(
			{"doctype": "Supplier", "supplier_name": name, "supplier_group": "All Supplier Groups", **fields}
		).insert()
	return name


def make_customer(name: str = CUSTOMER) -> str:
	if not frappe.db.exists("Customer", name):
		group = {"customer_group": "All Customer Groups", "territory": "All Territories"}
		frappe.get_doc({"doctype": "Customer", "customer_name": name, **group}).insert()
	return name


def payout(amount: float = 100, **fields) -> str:
	return make_payout(**({"partner": PARTNER, "amount": amount} | fields)).name


def take_back(name: str, amount: float, **fields) -> str:
	taken = frappe.get_doc("Payout", name)
	values = {"program": taken.program, "reversal_of": name, "root": taken.root}
	row = payout(-amount, **(values | fields))
	payout_status.refresh([row])
	return row


def unsaved(**fields):
	values = {"party_type": "Sales Partner", "party": PARTNER, "currency": "USD"}
	company = {"company": frappe.defaults.get_global_default("company")}
	return frappe.get_doc({"doctype": "Payout Statement", **company, **values, **fields})


def statement_of(**fields):
	return unsaved(**fields).insert()


def paid_statement_of(**fields):
	"""Settled without an invoice."""
	statement = statement_of(**fields)
	statement.update({"paid_amount": statement.total, "paid_on": nowdate()})
	return statement.save()


def claimed(statement) -> list[str]:
	return [line.payout for line in statement.payouts]


def state(name: str) -> tuple:
	"""A payout's status, what is paid of it, and its statement."""
	return frappe.db.get_value("Payout", name, ["status", "paid_amount", "statement"])


def told(statement) -> tuple:
	statement.reload()
	return statement.status, statement.paid_amount, statement.invoice


def make_invoice(statement):
	made = api.make_invoice(statement.name)
	return frappe.get_doc(made["doctype"], made["name"])


def pay(invoice, amount: float | None = None, on: str | None = None):
	payment = get_payment_entry(invoice.doctype, invoice.name, party_amount=amount)
	bank = frappe.db.get_value("Account", {"account_type": "Cash", "company": invoice.company, "is_group": 0})
	side = "paid_from" if payment.payment_type == "Pay" else "paid_to"
	payment.update({side: payment.get(side) or bank, "reference_no": "1", "reference_date": nowdate()})
	if on:
		payment.posting_date = on
	payment.insert().submit()
	return payment


def balance(account: str) -> float:
	entry = frappe.qb.DocType("GL Entry")
	rows = frappe.qb.from_(entry).select(entry.debit, entry.credit)
	rows = rows.where((entry.account == account) & (entry.is_cancelled == 0)).run()
	return sum(debit - credit for debit, credit in rows)


# What is claimed


def test_a_statement_claims_what_is_confirmed_the_oldest_first(program):
	later, earlier = payout(100, won_on="2026-01-05"), payout(50, won_on="2026-01-01")
	payout(1, status="Expected", hold_until=add_days(nowdate(), 5))
	payout(2, hold_until=add_days(nowdate(), 5))
	payout(4, currency="EUR")
	payout(8, partner=make_partner("Other"))
	payout(16, status="Rejected")

	statement = statement_of()

	assert claimed(statement) == [earlier, later]
	assert (statement.direction, statement.status, statement.total, statement.base_total) == (
		*("Payable", "Draft"),
		*(150, 150),
	)
	assert statement.carried_forward == 3
	assert state(later) == ("Confirmed", 0, statement.name)


def test_what_takes_back_is_netted_and_names_the_statement_that_paid_it():
	first = payout(100)
	paid = paid_statement_of()
	taken, second = take_back(first, 30), payout(80, won_on="2026-02-01")

	statement = statement_of()

	assert sorted(claimed(statement)) == sorted([taken, second])
	assert statement.total == 50
	assert {line.payout: line.paid_in for line in statement.payouts} == {taken: paid.name, second: None}


def test_the_preview_tells_what_saving_would_do(program):
	fits = payout(100, program=program)
	waits = payout(1, status="Expected", hold_until="2099-01-31")
	foreign = payout(4, currency="EUR")

	told = api.preview_statement(unsaved().as_dict())

	assert [line["payout"] for line in told["lines"]] == [fits]
	assert {row["payout"]: row["reason"] for row in told["left_out"]} == {
		waits: "It is on hold until 31-01-2099.",
		foreign: "It is in EUR.",
	}
	assert (told["total"], told["refusal"]) == (100, "")
	assert claimed(statement_of()) == [fits]


def test_less_than_the_minimum_is_carried_forward(company):
	set_minimums({"currency": "USD", "amount": 500})
	name = payout(100)

	with pytest.raises(statements.NothingToPay) as refusal:
		statement_of()

	assert "100.00</strong> is carried forward" in str(refusal.value)
	assert "is paid from $ 500.00 on" in str(refusal.value)
	assert state(name) == ("Confirmed", 0, None)
	payout(400)
	assert statement_of().total == 500


def test_a_partys_own_minimum_comes_before_everybodys():
	own = {"party_type": "Sales Partner", "party": PARTNER}
	set_minimums(
		{"currency": "USD", "amount": 500},
		{"currency": "USD", "amount": 60, **own},
		{"currency": "EUR", "amount": 900, **own},
	)
	payout(60)

	assert statement_of().total == 60


def test_a_minimum_is_for_one_party_or_for_everybody_and_there_once():
	with pytest.raises(frappe.ValidationError) as refusal:
		set_minimums(
			{"currency": "USD", "amount": 500},
			{"currency": "USD", "amount": 60},
			{"currency": "EUR", "amount": 60, "party_type": "Sales Partner"},
		)

	assert "more than one row for everybody in USD" in str(refusal.value)
	assert "row 3: choose both the kind of party and the party" in str(refusal.value)


def test_everything_is_taken_where_somebody_says_so():
	set_minimums({"currency": "USD", "amount": 500})
	payout(100)

	assert statement_of(take_all=1).total == 100


def test_debts_wait_to_be_earned_back_unless_everything_is_taken():
	first = payout(100)
	paid_statement_of()
	take_back(first, 40)

	with pytest.raises(statements.NothingToPay):
		statement_of()
	assert statement_of(take_all=1).total == -40


def test_without_payouts_the_refusal_says_what_there_is(program):
	with pytest.raises(statements.NothingToPay) as refusal:
		statement_of()
	assert (
		str(refusal.value) == f"There is no payout of <strong>{PARTNER}</strong> that is in no statement yet."
	)

	payout(1, client_title="<b>Altyn</b>", status="Expected", hold_until="2099-01-31")
	with pytest.raises(statements.NothingToPay) as refusal:
		statement_of()
	assert "&lt;b&gt;Altyn&lt;/b&gt;: It is on hold until 31-01-2099." in str(refusal.value)


def test_what_erpnext_pays_as_commission_is_not_paid_twice():
	deal = make_row("Partner Deal", deal_title="Commissioned", stage="Client").name
	other = make_row("Partner Deal", deal_title="Another", stage="Client").name
	invoices = [
		make_row(
			"Sales Invoice", sales_partner=PARTNER, total_commission=10, docstatus=1, pcrm_deal=deal
		).name,
		make_row("Sales Invoice", sales_partner=PARTNER, total_commission=0, docstatus=1, pcrm_deal=other),
		make_row("Sales Invoice", sales_partner="Other", total_commission=9, docstatus=1, pcrm_deal=other),
		make_row("Sales Invoice", sales_partner=PARTNER, total_commission=9, docstatus=0, pcrm_deal=other),
	]
	commissioned, plain = payout(100, deal=deal), payout(50, deal=other)

	told = api.preview_statement(unsaved().as_dict())

	assert {row["payout"]: row["reason"] for row in told["left_out"]} == {
		commissioned: f"Sales Invoice {invoices[0]} computes a commission for this partner already."
	}
	assert claimed(statement_of()) == [plain]


def test_what_was_paid_before_a_commission_came_is_taken_back_all_the_same():
	deal = make_row("Partner Deal", deal_title="Commissioned", stage="Client").name
	first = payout(100, deal=deal)
	paid_statement_of()
	make_row("Sales Invoice", sales_partner=PARTNER, total_commission=10, docstatus=1, pcrm_deal=deal)
	taken = take_back(first, 100, deal=deal)
	payout(150)

	assert taken in claimed(statement_of())


# What people may do with it


def test_lines_and_sums_are_nobodys_to_type():
	name = payout(100)
	statement = statement_of()
	statement.update({"total": 9000, "base_total": 1, "direction": "Receivable", "carried_forward": 7})
	statement.payouts[0].amount = 9000
	statement.append("payouts", {"payout": payout(70)})
	statement.notes = "Sent by letter"
	statement.save()
	statement.reload()

	assert (statement.total, statement.base_total, statement.direction) == (100, 100, "Payable")
	assert [(line.payout, line.amount) for line in statement.payouts] == [(name, 100)]
	assert statement.notes == "Sent by letter"


@pytest.mark.parametrize("field, value", [("party", "Other"), ("currency", "EUR"), ("until", "2020-01-01")])
def test_what_it_was_made_for_stays(field, value):
	make_partner("Other")
	payout(100)
	statement = statement_of()
	statement.set(field, value)

	with pytest.raises(frappe.CannotChangeConstantError):
		statement.save()


def test_without_an_invoice_the_accountant_says_what_was_paid():
	first, second = payout(100), payout(50, won_on="2026-02-01")
	statement = statement_of()

	statement.update({"paid_amount": 120, "paid_on": "2026-03-01"})
	statement.save()
	assert (statement.status, statement.paid_amount) == ("Partly Paid", 120)
	assert (state(first)[:2], state(second)[:2]) == (("Paid", 100), ("Partly Paid", 20))
	assert [line.paid_amount for line in statement.payouts] == [100, 20]
	assert frappe.db.get_value("Payout", second, ["base_paid_amount", "paid_on"]) == (
		20,
		getdate("2026-03-01"),
	)

	statement.update({"paid_amount": 150, "paid_on": "2026-03-05"})
	statement.save()
	assert (statement.status, state(second)[:2]) == ("Paid", ("Paid", 50))

	statement.update({"paid_amount": 0, "paid_on": None})
	statement.save()
	assert (statement.status, state(first)[:2], state(second)[:2]) == (
		*("Draft", ("Confirmed", 0)),
		("Confirmed", 0),
	)
	assert frappe.db.get_value("Payout", first, "paid_on") is None


@pytest.mark.parametrize(
	"values, said",
	[
		({"paid_amount": 101, "paid_on": "2026-03-01"}, "between 0 and the total of $ 100.00"),
		({"paid_amount": -1, "paid_on": "2026-03-01"}, "between 0 and the total of $ 100.00"),
		({"paid_amount": 100}, "Enter both <strong>Paid amount</strong> and <strong>Paid on</strong>."),
		({"paid_on": "2026-03-01"}, "Enter both"),
		({"paid_amount": 100, "paid_on": "2099-01-01"}, "in the future"),
		({"status": "Paid"}, "A statement becomes <strong>Paid</strong> by itself"),
		({"paid_amount": "NaN", "paid_on": "2026-03-01"}, "is not a number"),
	],
)
def test_what_can_not_have_been_paid_is_refused(values, said):
	name = payout(100)
	statement = statement_of()
	statement.update(values)

	with pytest.raises(frappe.ValidationError) as refusal:
		statement.save()

	assert said in str(refusal.value)
	assert state(name)[:2] == ("Confirmed", 0)


def test_what_was_paid_is_entered_after_the_statement_is_made():
	name = payout(100)

	with pytest.raises(frappe.ValidationError, match="Save the statement first"):
		statement_of(paid_amount=100, paid_on="2026-03-01")
	assert state(name)[2] is None


@pytest.mark.parametrize("way", ["cancel", "delete"])
def test_a_statement_that_goes_sets_its_payouts_free(way):
	name = payout(100)
	statement = statement_of()
	if way == "cancel":
		statement.status = "Cancelled"
		statement.save()
		assert claimed(statement) == [name]
	else:
		statement.delete()

	assert state(name) == ("Confirmed", 0, None)
	assert claimed(statement_of()) == [name]


def test_a_cancelled_statement_stays_so():
	payout(100)
	statement = statement_of()
	statement.status = "Cancelled"
	statement.save()
	statement.status = "Draft"

	with pytest.raises(frappe.ValidationError, match="is cancelled and stays so"):
		statement.save()
	with pytest.raises(frappe.ValidationError, match="is cancelled and stays so"):
		api.make_invoice(statement.name)


def test_a_statement_that_is_paid_is_not_set_free():
	name = payout(100)
	statement = statement_of()
	statement.update({"paid_amount": 100, "paid_on": "2026-03-01"})
	statement.save()
	statement.status = "Cancelled"

	with pytest.raises(frappe.ValidationError, match="recorded as paid"):
		statement.save()
	with pytest.raises(frappe.ValidationError, match="recorded as paid"):
		statement.reload().delete()
	assert state(name) == ("Paid", 100, statement.name)


def test_payouts_that_settle_each_other_need_no_invoice():
	first = payout(100)
	paid_statement_of()
	taken, second = take_back(first, 80), payout(80)

	statement = statement_of()

	assert (statement.total, statement.status, statement.paid_on) == (0, "Paid", getdate())
	assert (state(taken)[:2], state(second)[:2]) == (("Paid", -80), ("Paid", 80))
	with pytest.raises(frappe.ValidationError, match="settle each other"):
		api.make_invoice(statement.name)
	statement.status = "Cancelled"
	statement.save()
	assert (state(taken), state(second)) == (("Confirmed", 0, None), ("Confirmed", 0, None))


# The invoice, payable


def test_the_draft_is_what_an_accountant_expects(program, company):
	other = make_program(title="Courses", item=make_item("Course reward")).name
	payout(100, program=program, due_on="2099-02-01")
	payout(20, program=program, due_on="2099-01-01", won_on="2026-01-02")
	payout(30, program=other, due_on="2099-03-01")
	statement = statement_of()

	invoice = make_invoice(statement)

	assert (invoice.doctype, invoice.docstatus, invoice.supplier, invoice.company, invoice.currency) == (
		*("Purchase Invoice", 0),
		*(SUPPLIER, company, "USD"),
	)
	assert [(row.item_code, row.qty, row.rate, row.description) for row in invoice.items] == [
		(REWARD, 1, 120, "Hosting"),
		("Course reward", 1, 30, "Courses"),
	]
	assert (invoice.grand_total, str(invoice.due_date), invoice.is_return) == (150, "2099-01-01", 0)
	assert not frappe.db.exists("GL Entry", {"voucher_no": invoice.name})
	assert told(statement) == ("Draft", 0, invoice.name)
	assert api.make_invoice(statement.name) == {"doctype": "Purchase Invoice", "name": invoice.name}


def test_a_payable_statement_is_paid_as_its_invoice_is(company):
	first, second = payout(100), payout(50, won_on="2026-02-01")
	statement = statement_of()
	invoice = make_invoice(statement)
	expense, payable = invoice.items[0].expense_account, invoice.credit_to
	before = balance(expense), balance(payable)

	invoice.submit()
	assert told(statement) == ("Invoiced", 0, invoice.name)
	assert (balance(expense) - before[0], balance(payable) - before[1]) == (150, -150)

	earlier = pay(invoice, 120, on=add_days(nowdate(), -1))
	assert told(statement) == ("Partly Paid", 120, invoice.name)
	assert (state(first)[:2], state(second)[:2]) == (("Paid", 100), ("Partly Paid", 20))

	rest = pay(invoice.reload())
	assert told(statement) == ("Paid", 150, invoice.name)
	assert (state(first)[:2], state(second)[:2]) == (("Paid", 100), ("Paid", 50))
	assert statement.paid_on == getdate()
	assert str(frappe.db.get_value("Payout", first, "paid_on")) == str(earlier.posting_date)
	assert frappe.db.get_value("Payout", second, "paid_on") == getdate()
	assert (balance(expense) - before[0], balance(payable) - before[1]) == (150, 0)

	rest.reload().cancel()
	assert told(statement) == ("Partly Paid", 120, invoice.name)
	assert (state(first)[:2], state(second)[:2]) == (("Paid", 100), ("Partly Paid", 20))
	earlier.reload().cancel()
	assert told(statement) == ("Invoiced", 0, invoice.name)
	assert (state(first)[:2], state(second)[:2]) == (("Confirmed", 0), ("Confirmed", 0))
	assert frappe.db.get_value("Payout", first, "paid_on") is None


def test_paid_through_reconciliation_and_opened_again_by_unreconciling(company):
	name = payout(100)
	statement = statement_of()
	invoice = make_invoice(statement)
	invoice.submit()
	payment = advance(company, 60)

	reconcile(company, payment, invoice)
	assert told(statement)[:2] == ("Partly Paid", 60)
	assert state(name)[:2] == ("Partly Paid", 60)

	frappe.get_doc(
		{
			"doctype": "Unreconcile Payment",
			"company": company,
			"voucher_type": "Payment Entry",
			"voucher_no": payment.name,
			"allocations": [
				{
					"reference_doctype": invoice.doctype,
					"reference_name": invoice.name,
					"account": invoice.credit_to,
					"party_type": "Supplier",
					"party": SUPPLIER,
					"allocated_amount": 60,
				}
			],
		}
	).insert().submit()
	assert told(statement)[:2] == ("Invoiced", 0)
	assert state(name)[:2] == ("Confirmed", 0)


def advance(company: str, amount: float):
	cash = frappe.db.get_value("Account", {"account_type": "Cash", "company": company, "is_group": 0})
	payment = frappe.get_doc(
		{
			"doctype": "Payment Entry",
			"payment_type": "Pay",
			"party_type": "Supplier",
			"party": SUPPLIER,
			"company": company,
			"posting_date": nowdate(),
			"paid_from": cash,
			"paid_to": frappe.get_cached_value("Company", company, "default_payable_account"),
			"paid_amount": amount,
			"received_amount": amount,
		}
	)
	payment.setup_party_account_field()
	payment.set_missing_values()
	payment.set_exchange_rate()
	payment.insert().submit()
	return payment


def reconcile(company: str, payment, invoice) -> None:
	tool = frappe.get_doc("Payment Reconciliation")
	tool.update(
		{
			"company": company,
			"party_type": "Supplier",
			"party": SUPPLIER,
			"receivable_payable_account": invoice.credit_to,
		}
	)
	tool.get_unreconciled_entries()
	invoices = [row.as_dict() for row in tool.invoices if row.invoice_number == invoice.name]
	payments = [row.as_dict() for row in tool.payments if row.reference_name == payment.name]
	tool.allocate_entries(frappe._dict({"invoices": invoices, "payments": payments}))
	tool.reconcile()


def test_a_cancelled_invoice_leaves_the_statement_without_one_and_an_amended_one_takes_its_place():
	name = payout(100)
	statement = statement_of()
	invoice = make_invoice(statement)
	invoice.submit()
	invoice.cancel()
	assert told(statement) == ("Draft", 0, None)
	assert state(name) == ("Confirmed", 0, statement.name)

	amended = frappe.copy_doc(invoice)
	amended.update({"amended_from": invoice.name, "docstatus": 0, "pcrm_statement": None})
	amended.insert()
	assert told(statement) == ("Draft", 0, amended.name)
	amended.submit()
	pay(amended)
	assert told(statement) == ("Paid", 100, amended.name)
	assert state(name)[:2] == ("Paid", 100)
	assert frappe.get_all(
		"Comment",
		{"reference_name": statement.name, "comment_type": "Info"},
		pluck="content",
		order_by="creation",
	) == [
		f"Invoice: Purchase Invoice {invoice.name}",
		f"Purchase Invoice {invoice.name} was cancelled or deleted: the statement has no invoice.",
		f"Invoice: Purchase Invoice {amended.name}",
	]


def test_an_invoice_is_not_amended_once_the_statement_has_another():
	payout(100)
	statement = statement_of()
	invoice = make_invoice(statement)
	invoice.submit()
	invoice.cancel()
	second = make_invoice(statement)
	amended = frappe.copy_doc(invoice)
	amended.update({"amended_from": invoice.name, "docstatus": 0})

	with pytest.raises(frappe.ValidationError, match=f"has another invoice already: <strong>{second.name}"):
		amended.insert()

	second.delete()
	statement.reload()
	statement.status = "Cancelled"
	statement.save()
	with pytest.raises(frappe.ValidationError, match="is cancelled: its invoice can't be amended"):
		frappe.copy_doc(invoice).update({"amended_from": invoice.name, "docstatus": 0}).insert()


def test_a_draft_can_be_deleted_and_the_statement_says_so():
	payout(100)
	statement = statement_of()
	invoice = make_invoice(statement)

	invoice.delete()

	assert told(statement) == ("Draft", 0, None)
	assert frappe.db.exists(
		"Comment",
		{"reference_name": statement.name, "content": ("like", f"%{invoice.name} was cancelled or deleted%")},
	)
	assert make_invoice(statement).pcrm_statement == statement.name


@pytest.mark.parametrize("way", ["cancel", "delete"])
def test_a_statement_that_goes_takes_its_draft_along_but_no_submitted_invoice(way):
	name = payout(100)
	statement = statement_of()
	invoice = make_invoice(statement)

	def go():
		if way == "delete":
			statement.reload().delete()
		else:
			statement.reload().update({"status": "Cancelled"}).save()

	invoice.submit()
	with pytest.raises(statements.HasInvoice, match="is submitted"):
		go()
	invoice.cancel()
	draft = make_invoice(statement)
	if way == "delete":  # the cancelled invoice still names it
		frappe.delete_doc("Purchase Invoice", invoice.name, force=True)
	go()
	assert not frappe.db.exists("Purchase Invoice", draft.name)
	assert state(name) == ("Confirmed", 0, None)


def test_paid_is_not_typed_where_there_is_an_invoice():
	payout(100)
	statement = statement_of()
	make_invoice(statement)
	statement.reload().update({"paid_amount": 100, "paid_on": nowdate()})

	with pytest.raises(statements.HasInvoice, match="enter a Payment Entry for it"):
		statement.save()


def test_a_copy_of_an_invoice_or_a_return_is_not_the_statements():
	payout(100)
	statement = statement_of()
	invoice = make_invoice(statement)
	invoice.submit()
	copy = frappe.copy_doc(invoice, ignore_no_copy=False).update({"docstatus": 0}).insert()
	note = make_debit_note(invoice.name).insert()
	typed = frappe.copy_doc(invoice).update({"docstatus": 0, "pcrm_statement": statement.name}).insert()

	assert [document.pcrm_statement for document in (copy, note, typed)] == [None, None, None]
	copy.update({"pcrm_statement": statement.name}).save()
	assert copy.pcrm_statement is None
	draft = make_invoice(with_payout())
	draft.update({"pcrm_statement": None}).save()
	assert draft.pcrm_statement


def test_a_debit_note_against_the_invoice_settles_it_when_it_is_reconciled():
	name = payout(100)
	statement = statement_of()
	invoice = make_invoice(statement)
	invoice.submit()
	note = make_debit_note(invoice.name)
	note.update_outstanding_for_self = 0
	note.insert().submit()

	assert told(statement)[:2] == ("Paid", 100)
	assert state(name)[:2] == ("Paid", 100)
	note.reload().cancel()
	assert told(statement)[:2] == ("Invoiced", 0)


def test_a_negative_total_makes_a_debit_note_that_reconciliation_settles(company):
	first = payout(100)
	paid = statement_of()
	paid_invoice = make_invoice(paid)
	paid_invoice.submit()
	pay(paid_invoice)
	taken = take_back(first, 40)
	assert state(taken)[0] == "Confirmed"
	statement = statement_of(take_all=1)

	note = make_invoice(statement)
	assert (note.is_return, note.grand_total, note.items[0].qty, note.items[0].rate) == (1, -40, -1, 40)
	expense = balance(note.items[0].expense_account)
	note.submit()
	assert balance(note.items[0].expense_account) == expense - 40
	assert told(statement)[:2] == ("Invoiced", 0)

	bill = frappe.copy_doc(paid_invoice).update({"docstatus": 0}).insert()
	bill.submit()
	reconcile(company, note, bill)
	assert told(statement)[:2] == ("Paid", -40)
	assert state(taken)[:2] == ("Paid", -40)


def test_tax_on_the_invoice_changes_nothing_of_what_is_paid_of_payouts(company):
	first, second = payout(100), payout(100, won_on="2026-02-01")
	statement = statement_of()
	invoice = make_invoice(statement)
	account = frappe.db.get_value("Account", {"company": company, "account_type": "Tax", "is_group": 0})
	invoice.append(
		"taxes",
		{
			"charge_type": "On Net Total",
			"account_head": account,
			"rate": 12,
			"description": "VAT",
			"category": "Total",
			"add_deduct_tax": "Add",
		},
	)
	invoice.save().submit()
	pay(invoice, 168)

	assert invoice.grand_total == 224
	assert told(statement)[:2] == ("Partly Paid", 150)
	assert (state(first)[:2], state(second)[:2]) == (("Paid", 100), ("Partly Paid", 50))


# The invoice, receivable


@pytest.fixture
def owner() -> str:
	"""Who pays us for clients under his programme."""
	return make_counterparty(title="Programme Owner", customer=make_customer()).name


def test_the_same_the_other_way_round(owner, company):
	ours = make_program(title="Bank referrals", direction="Receivable", counterparty=owner).name
	values = {"direction": "Receivable", "partner": None, "program": ours}
	first, second = payout(100, **values), payout(50, won_on="2026-02-01", **values)
	payout(999)
	statement = statement_of(party_type="Counterparty", party=owner)
	assert (statement.direction, claimed(statement)) == ("Receivable", [first, second])

	invoice = make_invoice(statement)
	assert (invoice.doctype, invoice.customer, invoice.grand_total) == ("Sales Invoice", CUSTOMER, 150)
	income, receivable = invoice.items[0].income_account, invoice.debit_to
	before = balance(income), balance(receivable)
	invoice.submit()
	assert (balance(income) - before[0], balance(receivable) - before[1]) == (-150, 150)
	assert told(statement)[0] == "Invoiced"

	part = pay(invoice, 70)
	assert told(statement)[:2] == ("Partly Paid", 70)
	assert (state(first)[:2], state(second)[:2]) == (("Partly Paid", 70), ("Confirmed", 0))
	pay(invoice.reload())
	assert told(statement)[:2] == ("Paid", 150)
	assert (balance(income) - before[0], balance(receivable) - before[1]) == (-150, 0)
	part.reload().cancel()
	assert told(statement)[:2] == ("Partly Paid", 80)

	taken = take_back(first, 100, **values)
	third = payout(130, won_on="2026-03-01", **values)
	following = statement_of(party_type="Counterparty", party=owner)
	assert (sorted(claimed(following)), following.total) == (sorted([taken, third]), 30)


def test_a_credit_note_where_the_owner_gets_money_back(owner):
	ours = make_program(title="Bank referrals", direction="Receivable", counterparty=owner).name
	values = {"direction": "Receivable", "partner": None, "program": ours}
	first = payout(100, **values)
	paid_statement_of(party_type="Counterparty", party=owner)
	take_back(first, 100, **values)

	note = make_invoice(statement_of(party_type="Counterparty", party=owner, take_all=1))
	note.submit()

	assert (note.doctype, note.is_return, note.grand_total) == ("Sales Invoice", 1, -100)


# Currencies


def test_a_statement_in_another_currency_is_paid_in_its_own(company):
	exchange("EUR", 1.1)
	account = foreign_account(company, "EUR")
	supplier = frappe.get_doc("Supplier", SUPPLIER)
	supplier.append("accounts", {"company": company, "account": account})
	supplier.default_currency = "EUR"
	supplier.save()
	values = {"currency": "EUR", "program": make_program(currency="EUR").name, "conversion_rate": 1.05}
	first = payout(100, base_amount=105, **values)
	statement = statement_of(currency="EUR")
	assert (statement.total, statement.base_total) == (100, 105)

	invoice = make_invoice(statement)
	assert (invoice.currency, invoice.conversion_rate, invoice.base_grand_total) == ("EUR", 1.1, 110)
	invoice.submit()
	payment = get_payment_entry("Purchase Invoice", invoice.name, party_amount=40)
	cash = frappe.db.get_value("Account", {"account_type": "Cash", "company": company, "is_group": 0})
	payment.update({"paid_from": cash, "reference_no": "1", "reference_date": nowdate()})
	payment.insert().submit()

	assert told(statement)[:2] == ("Partly Paid", 40)
	assert frappe.db.get_value("Payout", first, ["paid_amount", "base_paid_amount"]) == (40, 42)


def test_booked_in_the_companys_currency_nothing_is_called_paid_before_it_is(company):
	frappe.db.set_single_value(
		"Accounts Settings", "allow_multi_currency_invoices_against_single_party_account", 1
	)
	exchange("JPY", 0.0068)
	name = payout(100000, currency="JPY", base_amount=680, program=make_program(currency="JPY").name)
	statement = statement_of(currency="JPY")
	invoice = make_invoice(statement)
	invoice.submit()
	assert (invoice.party_account_currency, invoice.outstanding_amount) == ("USD", 680)

	pay(invoice, 679.99)
	assert told(statement)[:2] == ("Partly Paid", 99998)
	pay(invoice.reload())
	assert told(statement)[:2] == ("Paid", 100000)
	assert state(name)[:2] == ("Paid", 100000)


def exchange(currency: str, rate: float) -> None:
	frappe.get_doc(
		{
			"doctype": "Currency Exchange",
			"from_currency": currency,
			"to_currency": "USD",
			"exchange_rate": rate,
			"date": "2026-01-01",
		}
	).insert()


def foreign_account(company: str, currency: str) -> str:
	parent = frappe.db.get_value(
		"Account", frappe.get_cached_value("Company", company, "default_payable_account"), "parent_account"
	)
	return (
		frappe.get_doc(
			{
				"doctype": "Account",
				"account_name": f"Creditors {currency}",
				"parent_account": parent,
				"company": company,
				"account_type": "Payable",
				"account_currency": currency,
			}
		)
		.insert()
		.name
	)


# What is missing


def test_everything_that_is_missing_is_listed_at_once(program):
	bare = frappe.get_doc(
		{
			"doctype": "Company",
			"company_name": "Bare Ltd",
			"abbr": "BL",
			"default_currency": "USD",
			"country": "Kazakhstan",
		}
	)
	bare.flags.ignore_mandatory = True
	make_row("Company", name="Bare Ltd", company_name="Bare Ltd", abbr="BL", default_currency="USD")
	frappe.db.set_single_value("Partner CRM Settings", "payout_item", None)
	frappe.db.set_value("Sales Partner", PARTNER, "pcrm_supplier", None)
	frappe.get_all("Fiscal Year Company")
	for year in frappe.get_all("Fiscal Year", pluck="name", order_by="name"):
		make_row(
			"Fiscal Year Company",
			parent=year,
			parenttype="Fiscal Year",
			parentfield="companies",
			company="Other",
		)
	frappe.cache.delete_key("fiscal_years")
	forget_settings()
	payout(100, company="Bare Ltd", currency="EUR", program=program)
	statement = statement_of(company="Bare Ltd", currency="EUR")

	with pytest.raises(statement_invoices.NotSetUp) as refusal:
		api.make_invoice(statement.name)

	assert lines_of(refusal) == [
		f"Sales Partner <strong>{PARTNER}</strong> has no Supplier: choose one there in the field <strong>Supplier</strong>.",
		"No item to invoice for the programme <strong>Hosting</strong>: choose one there, or for all in Partner CRM Settings.",
		"The company <strong>Bare Ltd</strong> has no default cost centre: choose one there.",
		"No fiscal year of <strong>Bare Ltd</strong> includes today: add one.",
		"There is no exchange rate from EUR to USD on record: add one to Currency Exchange.",
	]
	assert not frappe.db.exists("Purchase Invoice", {"pcrm_statement": statement.name})


def lines_of(refusal) -> list[str]:
	return [line.partition("</li>")[0] for line in str(refusal.value).split("<li>")[1:]]


def test_accounts_and_the_rest_are_listed_too(company):
	frappe.db.set_value("Supplier", SUPPLIER, "disabled", 1)
	frappe.db.set_single_value("Buying Settings", "po_required", "Yes")
	frappe.db.set_value("Item", REWARD, {"disabled": 1, "is_stock_item": 1})
	frappe.db.set_value(
		"Company", company, {"default_payable_account": None, "default_expense_account": None}
	)
	frappe.clear_cache()
	payout(100)
	statement = statement_of()

	with pytest.raises(statement_invoices.NotSetUp) as refusal:
		api.make_invoice(statement.name)

	whole = f"Supplier <strong>{SUPPLIER}</strong>"
	at_company = f"<strong>{company}</strong>"
	assert lines_of(refusal) == [
		f"{whole} is disabled: enable it there.",
		f"{whole} may not be invoiced without an order: allow it there, or switch that off in Buying Settings.",
		f"{whole} has no payable account for {at_company}: choose one there, or a default in the company.",
		f"The item <strong>{REWARD}</strong> is disabled: enable it, or choose another.",
		f"The item <strong>{REWARD}</strong> is kept in stock: choose a service.",
		f"Item <strong>{REWARD}</strong> has no expense account for {at_company}: choose one there, or a default in the company.",
	]


def test_an_account_in_another_currency_is_told(company):
	exchange("EUR", 1.1)
	payout(100, currency="EUR", program=make_program(currency="EUR").name)
	statement = statement_of(currency="EUR")

	with pytest.raises(statement_invoices.NotSetUp) as refusal:
		api.make_invoice(statement.name)

	[line] = lines_of(refusal)
	assert "is in USD: choose a payable account in EUR there" in line


def test_following_again_changes_nothing():
	payout(100)
	statement = statement_of()
	invoice = make_invoice(statement)
	invoice.submit()
	pay(invoice, 30)
	statement.reload()
	before = statement.as_dict(), statement.modified

	statements.follow(statement.name)

	statement.reload()
	assert (statement.as_dict(), statement.modified) == before


def test_an_erpnext_invoice_of_others_costs_nothing(monkeypatch):
	invoice = frappe.get_doc("Purchase Invoice", make_invoice(with_payout()).name)
	plain = frappe.copy_doc(invoice).update({"docstatus": 0}).insert()
	monkeypatch.setattr(statements, "follow", lambda *_: pytest.fail("asked for an invoice that is not ours"))

	plain.submit()
	pay(plain)


def with_payout():
	payout(100)
	return statement_of()


def test_what_is_missing_of_a_new_statement_is_named():
	with pytest.raises(frappe.MandatoryError, match="party"):
		statement_of(party=None)
	with pytest.raises(frappe.ValidationError, match="Could not find Party"):
		statement_of(party_type="Supplier")
	with pytest.raises(frappe.ValidationError, match="Enter Party, Currency"):
		api.preview_statement(unsaved(party=None, currency=None).as_dict())


def test_what_erpnext_pays_is_not_carried_forward():
	deal = make_row("Partner Deal", deal_title="Commissioned", stage="Client").name
	make_row("Sales Invoice", sales_partner=PARTNER, total_commission=10, docstatus=1, pcrm_deal=deal)
	payout(70, deal=deal, status="Expected", hold_until="2099-01-31")
	payout(30, status="Expected", hold_until="2099-01-31")
	payout(100)

	assert statement_of().carried_forward == 30


def test_an_invoice_that_is_paid_too_much_pays_no_more_than_the_statement():
	name = payout(100)
	statement = statement_of()
	invoice = make_invoice(statement)
	invoice.submit()
	pay(invoice)
	frappe.db.set_value("Purchase Invoice", invoice.name, "outstanding_amount", -20)

	statements.follow(statement.name)

	assert told(statement)[:2] == ("Paid", 100)
	assert state(name)[:2] == ("Paid", 100)
