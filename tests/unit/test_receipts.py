"""What counts of what a client paid."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from partner_crm.rules.receipts import Entry, Invoice, kept

DAY = date(2026, 1, 20)


def invoice(name: str = "A", total: int = 1000, against: str | None = None, currency: str = "USD") -> Invoice:
	return Invoice(name, Decimal(total), currency, against)


def entry(voucher: str, amount: int, of: str = "A", days: int = 0) -> Entry:
	return Entry("Payment Entry", voucher, of, Decimal(amount), DAY + timedelta(days))


def counted(invoices, entries) -> dict[str, int]:
	return {found.voucher: int(amount) for found, amount in kept(invoices, entries).values()}


def test_payments_count():
	assert counted([invoice()], [entry("P1", 400), entry("P2", 600)]) == {"P1": 400, "P2": 600}


def test_what_goes_back_is_taken_from_the_last_payment_first():
	payments = [entry("P2", 600, days=1), entry("P1", 400), entry("R", -700, days=2)]

	assert counted([invoice()], payments) == {"P1": 300}


def test_a_credit_note_takes_back_what_was_paid_above_the_rest():
	note = invoice("N", -300, against="A")

	assert counted([invoice(), note], [entry("P1", 1000)]) == {"P1": 700}
	assert counted([invoice(), note], [entry("P1", 600)]) == {"P1": 600}


def test_the_refund_of_a_credit_note_changes_nothing_more():
	invoices = [invoice(), invoice("N", -300, against="A")]

	assert counted(invoices, [entry("P1", 1000), entry("R", -300, of="N")]) == {"P1": 700}


def test_a_credit_note_that_is_set_off_pays_the_other_invoice():
	invoices = [invoice(), invoice("N", -300, against="A"), invoice("B")]
	entries = [entry("P1", 1000), entry("J", -300, of="N"), entry("J", 300, of="B", days=1)]

	assert counted(invoices, entries) == {"P1": 700, "J": 300}


def test_a_credit_note_for_no_invoice_takes_from_the_others_of_its_currency():
	invoices = [invoice(), invoice("N", -300), invoice("B", currency="EUR")]

	assert counted(invoices, [entry("P1", 1000), entry("P2", 500, of="B", days=1)]) == {"P1": 700, "P2": 500}


amounts = st.integers(-500, 1000).filter(bool)


@given(
	totals=st.lists(st.integers(1, 1000), min_size=1, max_size=3),
	notes=st.lists(st.integers(-500, -1), max_size=3),
	paid=st.lists(st.tuples(st.integers(0, 2), amounts, st.integers(0, 30)), max_size=8),
)
def test_what_counts_is_within_what_was_paid_and_what_is_invoiced(totals, notes, paid):
	invoices = [invoice(str(number), total) for number, total in enumerate(totals)]
	invoices += [invoice(f"N{number}", total, against="0") for number, total in enumerate(notes)]
	entries = [
		entry(f"P{number}", amount, str(of % len(totals)), days)
		for number, (of, amount, days) in enumerate(paid)
	]

	found = kept(invoices, entries).values()

	assert all(0 < amount <= entry.amount for entry, amount in found)
	total = sum(amount for _entry, amount in found)
	assert total <= sum(max(one.total, 0) for one in invoices)
	assert total <= sum(one.amount for one in entries if one.amount > 0)
	assert kept(invoices, list(reversed(entries))) == kept(invoices, entries)
