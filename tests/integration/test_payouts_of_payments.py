"""What partners have of what clients really pay: payments, refunds and credit notes in ERPNext."""

from __future__ import annotations

from datetime import date

import frappe

from tests.factories import make_credit_note, make_invoice, make_receipt
from tests.integration.test_payouts import change, exchange, ledger, program, settle, total, won

TODAY = date(2026, 2, 1)
OF_PAID = {"basis": "Percent of Paid", "value": 10}


def paid_deal(*terms, **fields):
	return won(program(*[OF_PAID | term for term in terms or [{}]], **fields))


def test_a_row_for_each_payment_net_of_tax():
	deal = paid_deal(hold_days=10)
	settle(deal, TODAY)
	assert ledger(deal) == []

	invoice = make_invoice(deal.name, 1000, tax=20)
	first, second = make_receipt(invoice, 600), make_receipt(invoice, 600, "2026-01-28")
	settle(deal, TODAY)

	columns = ("payment", "paid_invoice", "basis_amount", "amount", "hold_until", "status")
	assert ledger(deal, *columns) == [
		(first.name, invoice.name, 500, 50, date(2026, 2, 1), "Confirmed"),
		(second.name, invoice.name, 500, 50, date(2026, 2, 7), "Expected"),
	]
	settle(deal, TODAY)
	assert total(deal) == 100


def test_a_payment_that_came_before_the_winning_counts_too():
	deal = paid_deal()
	make_receipt(make_invoice(deal.name), 400)

	settle(deal, TODAY)

	assert total(deal) == 40


def test_a_payment_that_is_cancelled_is_taken_back():
	deal = paid_deal()
	invoice = make_invoice(deal.name)
	payment = make_receipt(invoice, 400)
	settle(deal, TODAY)

	payment.reload()
	payment.cancel()
	settle(deal, TODAY)

	assert ledger(deal, "amount", "payment", "status") == [
		(40, payment.name, "Clawed Back"),
		(-40, payment.name, "Clawed Back"),
	]
	make_receipt(invoice, 300)
	settle(deal, TODAY)
	assert total(deal) == 30


def test_a_credit_note_for_a_paid_invoice_takes_back_and_the_refund_nothing_more():
	deal = paid_deal()
	invoice = make_invoice(deal.name)
	payment = make_receipt(invoice, 1000)
	settle(deal, TODAY)

	note = make_credit_note(invoice, 0.3, update_outstanding_for_self=1)
	settle(deal, TODAY)
	assert ledger(deal, "amount", "basis_amount", "payment") == [
		(100, 1000, payment.name),
		(-30, -300, payment.name),
	]

	make_receipt(note, -300, "2026-01-24")
	settle(deal, TODAY)
	assert total(deal) == 70


def test_a_credit_note_for_an_unpaid_invoice_takes_nothing_back():
	deal = paid_deal()
	invoice = make_invoice(deal.name)
	make_credit_note(invoice, 0.3)
	settle(deal, TODAY)
	assert total(deal) == 0

	make_receipt(invoice, 700)
	settle(deal, TODAY)
	assert total(deal) == 70


def test_a_credit_note_that_is_cancelled_gives_back():
	deal = paid_deal()
	invoice = make_invoice(deal.name)
	make_receipt(invoice, 1000)
	note = make_credit_note(invoice, 0.3, update_outstanding_for_self=1)
	settle(deal, TODAY)
	assert total(deal) == 70

	note.reload()
	note.cancel()
	settle(deal, TODAY)
	assert total(deal) == 100


def test_only_the_first_months_count_where_it_recurs():
	deal = paid_deal({"recurring_months": 1})
	invoice = make_invoice(deal.name)
	make_receipt(invoice, 400, "2026-02-19")
	make_receipt(invoice, 400, "2026-02-20")

	settle(deal, date(2026, 3, 1))

	assert total(deal) == 40


def test_a_deal_that_is_lost_keeps_what_was_paid_by_then():
	deal = paid_deal()
	make_receipt(make_invoice(deal.name), 400)
	settle(deal, TODAY)

	change(deal, stage="Negotiation", won_on=None)
	settle(deal, TODAY)

	assert total(deal) == 0


def test_a_programme_in_another_currency_takes_the_rate_of_the_payments_day():
	exchange("EUR", "USD", 1.25)
	exchange("EUR", "USD", 2, "2026-01-25")
	deal = paid_deal(currency="EUR")
	invoice = make_invoice(deal.name)
	make_receipt(invoice, 500, "2026-01-22")
	make_receipt(invoice, 500, "2026-01-26")

	settle(deal, TODAY)

	assert ledger(deal, "basis_amount", "amount", "base_amount", "conversion_rate") == [
		(400, 40, 50, 1.25),
		(250, 25, 50, 2),
	]


def test_a_partial_credit_takes_back_that_part_of_a_percentage_of_the_deal():
	deal = won(program({"basis": "Percent of Deal", "value": 10, "recurring_months": 2}))
	settle(deal, TODAY)

	invoice = make_invoice(deal.name)
	note = make_credit_note(invoice, 0.25)
	settle(deal, TODAY)
	assert ledger(deal, "instalment", "amount") == [(1, 50), (2, 50), (1, -12.5), (2, -12.5)]

	note.reload()
	note.cancel()
	settle(deal, TODAY)
	assert total(deal) == 100


def test_a_fixed_reward_stands_until_everything_is_credited():
	deal = won(program())
	invoice = make_invoice(deal.name)
	make_credit_note(invoice, 0.9)
	settle(deal, TODAY)
	assert total(deal) == 100

	make_credit_note(invoice, 0.1)
	settle(deal, TODAY)
	assert ledger(deal) == [(1, 100, "Clawed Back"), (1, -100, "Clawed Back")]


def test_what_was_rejected_of_a_payment_does_not_come_back_with_the_next():
	deal = paid_deal()
	invoice = make_invoice(deal.name)
	make_receipt(invoice, 400)
	settle(deal, TODAY)
	frappe.db.set_value("Payout", {"deal": deal.name}, "status", "Rejected")

	make_receipt(invoice, 600)
	settle(deal, TODAY)

	assert ledger(deal, "amount", "status") == [(40, "Rejected"), (60, "Confirmed")]


def test_the_marginal_tiers_of_payments_add_up_whatever_their_order():
	tiers = {"tier_by": "Volume", "tier_mode": "Marginal"}
	deal = paid_deal({"value": 10} | tiers, {"value": 20, "tier_from": 500} | tiers)
	invoice = make_invoice(deal.name)
	first = make_receipt(invoice, 300)
	make_receipt(invoice, 300)
	settle(deal, TODAY)
	first.reload()
	first.cancel()
	settle(deal, TODAY)
	make_receipt(invoice, 700)
	settle(deal, TODAY)

	assert total(deal) == 500 * 0.1 + 500 * 0.2
