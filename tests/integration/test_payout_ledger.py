"""Whatever happens to a client, in whatever order: the rows add up to the terms applied to the facts, to the cent.

And so does what will be paid of them: nothing twice, nothing lost. Facts are written as they lie in the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import count

import frappe
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.services import payout_status, payouts
from tests.factories import make_partner, make_program, make_row, make_won_deal

TODAY = date(2026, 6, 1)
CENT = Decimal("0.01")
_numbers = count(1)

TERMS = {
	"Fixed": {"basis": "Fixed", "value": 100},
	"Fixed by month": {"basis": "Fixed", "value": 100, "recurring_months": 7},
	"Of deal": {"basis": "Percent of Deal", "value": 12.5},
	"Of deal by month": {"basis": "Percent of Deal", "value": 7.77, "recurring_months": 3},
	"Of paid": {"basis": "Percent of Paid", "value": 12.5},
	"Of paid with a cap": {"basis": "Percent of Paid", "value": 30, "cap": 123.45},
}


@dataclass
class Case:
	"""A deal with its facts: what was booked of it."""

	terms: str
	deal: object
	invoices: dict[str, Decimal] = field(default_factory=dict)
	notes: dict[str, Decimal] = field(default_factory=dict)
	payments: dict[str, Decimal] = field(default_factory=dict)
	amount: Decimal = Decimal(1000)
	is_won: bool = True

	# What happens

	def settle(self, _step: int) -> None:
		payouts.settle("Partner Deal", self.deal.name, TODAY)

	def change_amount(self, step: int) -> None:
		self.amount = Decimal(step * 137 % 3000) / 4
		frappe.db.set_value("Partner Deal", self.deal.name, "amount", self.amount)

	def reopen(self, _step: int) -> None:
		self._move(False, stage="Negotiation", won_on=None)

	def win(self, step: int) -> None:
		if not self.is_won:
			self._move(True, stage="Client", won_on=f"2026-01-{step % 28 + 1:02}")

	def _move(self, is_won: bool, **fields) -> None:
		self.is_won = is_won
		frappe.db.set_value("Partner Deal", self.deal.name, fields)

	def invoice(self, step: int) -> None:
		total = Decimal(step * 71 % 900 + 100)
		name = book_invoice(self.deal.name, total)
		self.invoices[name] = total
		book_payment("Sales Invoice", name, name, -total)

	def credit(self, step: int) -> None:
		for name, total in self.invoices.items():
			if name not in self.notes:
				part = (total * (step % 10 + 1) / 10).quantize(CENT)
				note = book_invoice(self.deal.name, -part, name)
				book_payment("Sales Invoice", note, note, part)
				self.notes[name] = part
				return

	def pay(self, step: int) -> None:
		for name, total in self.invoices.items():
			if f"{name}/{step}" not in self.payments:
				open_amount = total - sum(
					paid for key, paid in self.payments.items() if key.startswith(f"{name}/")
				)
				paid = min(Decimal(step * 53 % 400 + 1) / 2, open_amount)
				if paid > 0:
					voucher = f"{name}/{step}"
					book_payment("Payment Entry", voucher, name, paid)
					self.payments[voucher] = paid
					return

	def cancel_payment(self, step: int) -> None:
		for voucher in list(self.payments)[step % 3 :][:1]:
			del self.payments[voucher]
			frappe.db.set_value("Payment Ledger Entry", {"voucher_no": voucher}, "delinked", 1)

	def claim(self, _step: int) -> None:
		"""Confirmed rows get into a statement, which is paid."""
		names = frappe.get_all("Payout", {"deal": self.deal.name, "status": "Confirmed"}, pluck="name")
		payout = frappe.qb.DocType("Payout")
		if names:
			query = frappe.qb.update(payout).set(payout.paid_amount, payout.amount)
			query.set(payout.statement, "PS-1").where(payout.name.isin(names)).run()
			payout_status.refresh(names, TODAY)

	# What has to be

	def owed(self) -> Decimal:
		if not self.is_won:
			return Decimal(0)
		value = Decimal(str(TERMS[self.terms]["value"]))
		credited = sum(self.notes.values(), Decimal(0))
		if self.terms.startswith("Of paid"):
			owed = cents(self.counted() * value / 100)
			return min(owed, Decimal("123.45")) if "cap" in self.terms else owed
		of = self.amount or sum(self.invoices.values(), Decimal(0))
		if self.terms.startswith("Fixed"):
			return Decimal(0) if of and credited >= of else value
		reward = cents(self.amount * value / 100)
		left = 1 - min(credited / of, Decimal(1)) if of else 1
		return cents(reward * left)

	def counted(self) -> Decimal:
		"""What was paid on each invoice, never more than is left of it."""
		return sum(
			(
				min(
					sum(paid for key, paid in self.payments.items() if key.startswith(f"{name}/")),
					total - self.notes.get(name, Decimal(0)),
				)
				for name, total in self.invoices.items()
			),
			Decimal(0),
		)

	def check(self) -> None:
		self.settle(0)
		rows = frappe.get_all(
			"Payout",
			{"deal": self.deal.name},
			["amount", "status", "statement", "base_amount", "partner"],
			order_by="creation",
		)
		owed = self.owed()
		assert total(rows) == owed
		assert sum((Decimal(str(row.base_amount)) for row in rows), Decimal(0)) == owed
		flowing = [row for row in rows if row.statement or row.status not in ("Clawed Back", "Rejected")]
		assert total(flowing) == owed, rows
		before = len(rows)
		self.settle(0)
		assert frappe.db.count("Payout", {"deal": self.deal.name}) == before


def total(rows) -> Decimal:
	return sum((Decimal(str(row.amount)) for row in rows), Decimal(0))


def cents(amount: Decimal) -> Decimal:
	return amount.quantize(CENT, ROUND_HALF_UP)


def make_case(terms: str, shares: tuple[int, ...] = ()) -> Case:
	program = make_program(terms=[{"valid_from": "2026-01-01"} | TERMS[terms]]).name
	partners = [make_partner() for _ in shares or (100,)]
	rows = [{"partner": partner, "share": share} for partner, share in zip(partners, shares, strict=False)]
	claim = make_row("Partner Claim", program=program, partner=partners[0], status="Active", shares=rows)
	return Case(terms, make_won_deal(program=program, partner=partners[0], claim=claim.name))


def book_invoice(deal: str, total: Decimal, against: str | None = None) -> str:
	return make_row(
		"Sales Invoice",
		name=f"SINV-{deal}-{next(_numbers)}",
		pcrm_deal=deal,
		docstatus=1,
		is_return=int(total < 0),
		return_against=against,
		posting_date="2026-01-21",
		currency="USD",
		party_account_currency="USD",
		conversion_rate=1,
		net_total=total,
		base_net_total=total,
		grand_total=total,
		base_grand_total=total,
	).name


def book_payment(voucher_type: str, voucher: str, invoice: str, amount: Decimal) -> None:
	make_row(
		"Payment Ledger Entry",
		voucher_type=voucher_type,
		voucher_no=voucher,
		against_voucher_type="Sales Invoice",
		against_voucher_no=invoice,
		posting_date="2026-01-22",
		amount=-amount,
		amount_in_account_currency=-amount,
		account_currency="USD",
		docstatus=1,
	)


STEPS: tuple[Callable[[Case, int], None], ...] = (
	*(Case.settle, Case.change_amount, Case.reopen, Case.win, Case.win, Case.invoice, Case.invoice),
	*(Case.credit, Case.pay, Case.pay, Case.pay, Case.cancel_payment, Case.claim),
)


@settings(max_examples=150, deadline=None)
@given(
	terms=st.sampled_from(list(TERMS)),
	shares=st.sampled_from([(), (60, 40), (33, 33, 34)]),
	steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 1000), st.booleans()), max_size=14),
)
def test_the_rows_add_up_to_the_terms_applied_to_the_facts(terms, shares, steps):
	case = make_case(terms, shares)
	for step, number, is_settled in steps:
		step(case, number)
		if is_settled:
			case.settle(0)
	case.check()
