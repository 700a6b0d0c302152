"""The ledger of one deal or referral lead: the rows that there are, and those that are being made."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256

import frappe
from frappe.utils import getdate, now_datetime

from partner_crm.rules import commission, ledger
from partner_crm.rules.agreements import Agreement, dump, load, text_of
from partner_crm.rules.calendar import add_months
from partner_crm.rules.commission import Allocation, PayoutLine
from partner_crm.rules.money import allocate, convert
from partner_crm.services import agreements, payout_status
from partner_crm.services.agreements import PAYOUT
from partner_crm.services.numbers import decimal

LONGEST_KEY = 500
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Payment:
	"""What one voucher paid on one invoice, and how much of it a row was made for."""

	voucher_type: str
	voucher: str
	invoice: str
	allocation: Allocation

	@classmethod
	def of(cls, entry, allocation: Allocation) -> Payment:
		return cls(entry.voucher_type, entry.voucher, entry.invoice, allocation)

	def with_(self, allocation: Allocation) -> Payment:
		return Payment(self.voucher_type, self.voucher, self.invoice, allocation)

	@property
	def key(self) -> str:
		return f"{self.voucher_type}/{self.voucher}/{self.invoice}"


@dataclass(frozen=True, slots=True)
class Cell:
	"""What one party has for one instalment, or for one payment."""

	program: str
	partner: str
	part: str


READ = (
	*("name", "program", "partner", "instalment", "payment_type", "payment", "paid_invoice", "status"),
	*("amount", "basis_amount", "reversal_of", "root", "terms", "hold_until", "due_on", "rate", "won_on"),
	*("conversion_rate", "creation"),
)


@dataclass
class Book:
	"""The rows that a deal or lead has, and those that are being made."""

	source: frappe._dict
	today: date
	rows: dict[Cell, list[frappe._dict]] = field(default_factory=lambda: defaultdict(list))
	new: list[frappe._dict] = field(default_factory=list)
	agreements: dict[str, Agreement] = field(default_factory=dict)
	settled: set[Cell] = field(default_factory=set)

	def __post_init__(self):
		payout = frappe.qb.DocType(PAYOUT)
		rows = (
			frappe.qb.from_(payout)
			.select(*[payout[name] for name in READ])
			.where(payout[self.source.link] == self.source.name)
			.orderby(payout.creation)
			.orderby(payout.name)
			.for_update()
			.run(as_dict=True)
		)
		for row in rows:
			row.payment_key = f"{row.payment_type}/{row.payment}/{row.paid_invoice}" if row.payment else None
			row.agreement = self._agreement(row.terms)
			part = row.payment_key or str(row.instalment)
			self.rows[Cell(row.program, row.partner or "", part)].append(row)

	def _agreement(self, text: str | None) -> Agreement | None:
		"""Of one text all rows have the same."""
		if not text:
			return None
		stored = json.loads(text)["agreement"]
		key = text_of(stored)
		if key not in self.agreements:
			self.agreements[key] = load(stored)
		return self.agreements[key]

	def agreements_but(self, current: Agreement | None) -> list[Agreement]:
		"""One of each series that has rows, without the series that holds."""
		series = {agreement.series: agreement for agreement in self.agreements.values()}
		if current:
			series.pop(current.series, None)
		return list(series.values())

	def agreements_of_others(self) -> list[Agreement]:
		"""Those for another programme or partner than the deal has now."""
		source = self.source
		return [
			agreement
			for agreement in self.agreements_but(None)
			if agreement.program != source.program or agreement.partner not in ("", source.partner)
		]

	# What there is

	def open_cells_of(self, agreement: Agreement) -> list[Cell]:
		"""Those that have rows of the agreement's, are for no payment, and were brought to nothing yet."""
		return [
			cell
			for cell, rows in self.rows.items()
			if cell not in self.settled and any(not row.payment and _is_of(row, agreement) for row in rows)
		]

	def issued(self, agreement: Agreement, partner: str) -> Decimal:
		rows = self._rows_of(agreement)
		return sum((decimal(row.amount) for row in rows if (row.partner or "") == partner), ZERO)

	def payments_of(self, agreement: Agreement) -> list[Payment]:
		"""The payments that rows were made for, in that order; each once, whatever shares there are."""
		found = {}
		for row in self._rows_of(agreement):
			if row.payment and row.instalment not in found:
				found[row.instalment] = Payment(
					row.payment_type,
					row.payment,
					row.paid_invoice,
					_allocation(json.loads(row.terms)["payment"]),
				)
		return [found[number] for number in sorted(found)]

	def is_rejected(self, agreement: Agreement, part: str) -> bool:
		"""What was rejected is settled: nothing of it is owed, or taken back."""
		cells = (Cell(agreement.program, partner, part) for partner in agreement.partners)
		return any(row.status == commission.REJECTED for cell in cells for row in self.rows.get(cell, ()))

	def _rows_of(self, agreement: Agreement) -> Iterator[frappe._dict]:
		for rows in list(self.rows.values()):
			yield from (row for row in rows if _is_of(row, agreement))

	# What is made

	def bring_to(
		self,
		cell: Cell,
		agreement: Agreement,
		amount: Decimal,
		basis: Decimal,
		line: PayoutLine | None = None,
	) -> None:
		"""Adds what brings a cell to this amount. Where nobody has been given anything yet, even nothing is said."""
		rows = self.rows.get(cell, [])
		self.settled.add(cell)
		if any(row.status == commission.REJECTED for row in rows):
			return
		difference = amount - sum((decimal(row.amount) for row in rows), ZERO)
		if difference or not rows:
			basis -= sum((decimal(row.basis_amount) for row in rows), ZERO)
			self._correct(cell, agreement, difference, basis, line or _line_of(rows, agreement), None)

	def add(self, cell: Cell, agreement: Agreement, line: PayoutLine, payment: Payment) -> None:
		self._correct(cell, agreement, line.amount, line.basis_amount, line, payment)

	def _correct(
		self,
		cell: Cell,
		agreement: Agreement,
		difference: Decimal,
		basis: Decimal,
		line: PayoutLine,
		payment: Payment | None,
	) -> None:
		parts = ledger.corrections(_chains(self.rows.get(cell, ())), difference)
		parts = parts or (ledger.Correction(difference),)
		weights = [abs(part.amount) for part in parts] if difference else [Decimal(1)]
		bases = allocate(basis, weights, agreement.currency)
		for part, part_of_basis in zip(parts, bases, strict=True):
			self._put(cell, agreement, part, part_of_basis, line, payment)

	def _put(
		self,
		cell: Cell,
		agreement: Agreement,
		part: ledger.Correction,
		basis: Decimal,
		line: PayoutLine,
		payment: Payment | None,
	) -> None:
		rows = self.rows[cell]
		root = next((row for row in rows if part.chain and row.name == part.chain.root), None)
		hold_until, due_on = line.hold_until, line.due_on
		if root:
			hold_until = max(getdate(root.hold_until), self.today)
			due_on = hold_until + (getdate(root.due_on) - getdate(root.hold_until))
		name = frappe.generate_hash(length=10)
		base_rate = decimal(root.conversion_rate) if root else _base_rate(agreement, payment)
		net = part.chain.net if part.chain else ZERO
		row = frappe._dict(
			name=name,
			payout_key=self._key(cell, len(rows)),
			program=cell.program,
			partner=cell.partner or None,
			instalment=line.instalment,
			payment_type=payment.voucher_type if payment else None,
			payment=payment.voucher if payment else None,
			paid_invoice=payment.invoice if payment else None,
			status=commission.EXPECTED,
			amount=part.amount,
			base_amount=_in_base(net + part.amount, base_rate, agreement)
			- _in_base(net, base_rate, agreement),
			conversion_rate=base_rate,
			currency=agreement.currency,
			basis_amount=basis,
			rate=line.rate,
			basis=agreement.basis,
			share=agreement.shares[agreement.partners.index(cell.partner)],
			reversal_of=part.reversal_of or None,
			root=part.chain.root if part.chain else name,
			won_on=line.won_on,
			hold_until=hold_until,
			due_on=due_on,
			claim=agreement.claim or None,
			direction=agreement.direction,
			terms=_text(agreement, payment),
			agreement=agreement,
		)
		self.rows[cell].append(row)
		self.new.append(row)

	def _key(self, cell: Cell, revision: int) -> str:
		key = "|".join((self.source.name, cell.program, cell.partner, cell.part, str(revision)))
		return key if len(key) <= LONGEST_KEY else sha256(key.encode()).hexdigest()

	def write(self) -> list[str]:
		"""The database refuses a key that is there already: nothing is ignored where money is."""
		if not self.new:
			return []
		shared = {"owner": frappe.session.user, "modified_by": frappe.session.user, "docstatus": 0, "idx": 0}
		shared |= {"creation": now_datetime(), "modified": now_datetime(), **self._of_source()}
		rows = [shared | row for row in self.new]
		for row in rows:
			del row["agreement"]
		columns = list(rows[0])
		frappe.db.bulk_insert(PAYOUT, columns, [[row[column] for column in columns] for row in rows])
		names = [row.name for row in self.new]
		payout_status.refresh(names, self.today)
		return names

	def _of_source(self) -> dict:
		source = self.source
		return {
			source.link: source.name,
			"client_title": source.title,
			"contact": source.contact,
			"counterparty": source.counterparty,
			"client": source.client,
			"responsible": source.responsible,
			"channel": source.channel,
			"region": source.region,
			"company": source.company,
			"days_to_client": self._days_to_client(),
		}

	def _days_to_client(self) -> int:
		won_on = self.new[0].won_on
		return (won_on - getdate(self.source.registered_on)).days if self.source.registered_on else 0


def earned_on(row: frappe._dict) -> date | None:
	"""The day on which a row was earned: its instalment's, or that of the payment it was made for ("Payout").

	Of the row it needs `won_on`, `instalment` and `payment`, and where it is for a payment its `terms`.
	"""
	if row.payment:
		return _allocation(json.loads(row.terms)["payment"]).paid_on if row.terms else row.won_on
	return add_months(row.won_on, max(row.instalment, 1) - 1) if row.won_on else None


def _is_of(row: frappe._dict, agreement: Agreement) -> bool:
	return bool(row.agreement) and row.agreement.series == agreement.series


def _chains(rows: Sequence[frappe._dict]) -> list[ledger.Chain]:
	by_root: defaultdict[str, list[frappe._dict]] = defaultdict(list)
	for row in rows:
		by_root[row.root].append(row)
	return [
		ledger.Chain(
			root=root,
			first=sum((decimal(row.amount) for row in chain if row.name == root), ZERO),
			net=sum((decimal(row.amount) for row in chain), ZERO),
			last=next((row.name for row in reversed(chain) if row.amount < 0), ""),
			is_over=any(row.name == root and row.status == commission.CLAWED_BACK for row in chain),
		)
		for root, chain in by_root.items()
	]


def _line_of(rows: Sequence[frappe._dict], agreement: Agreement) -> PayoutLine:
	"""The line that the first row of a cell was made of."""
	row = rows[0]
	return PayoutLine(
		claim=0,
		instalment=row.instalment,
		basis_amount=decimal(row.basis_amount),
		rate=decimal(row.rate),
		amount=decimal(row.amount),
		currency=agreement.currency,
		won_on=getdate(row.won_on),
		hold_until=getdate(row.hold_until),
		due_on=getdate(row.due_on),
	)


def _base_rate(agreement: Agreement, payment: Payment | None) -> Decimal:
	if payment is None:
		return agreement.base_rate
	return agreements.rate(agreement.currency, agreement.company_currency, payment.allocation.paid_on)


def _in_base(amount: Decimal, base_rate: Decimal, agreement: Agreement) -> Decimal:
	return convert(amount, base_rate, agreement.company_currency)


def _text(agreement: Agreement, payment: Payment | None) -> str:
	stored = {"agreement": dump(agreement)}
	if payment:
		paid = payment.allocation
		stored["payment"] = {
			"allocated": str(paid.allocated),
			"invoice_total": str(paid.invoice_total),
			"invoice_net": str(paid.invoice_net),
			"paid_on": str(paid.paid_on),
			"returned_on": str(paid.returned_on or ""),
		}
	return text_of(stored)


def _allocation(stored: dict) -> Allocation:
	return Allocation(
		allocated=Decimal(stored["allocated"]),
		invoice_total=Decimal(stored["invoice_total"]),
		invoice_net=Decimal(stored["invoice_net"]),
		paid_on=date.fromisoformat(stored["paid_on"]),
		returned_on=date.fromisoformat(stored["returned_on"]) if stored["returned_on"] else None,
	)
