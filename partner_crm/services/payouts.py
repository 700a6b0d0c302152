"""The ledger of payouts: what the terms say for the facts of today, less what was issued before.

`settle` is the only one that issues. Whatever has happened to a deal or referral lead (won, reopened, lost, paid,
credited, corrected), it reckons from scratch what everybody has to have, and issues rows for the difference; so it can
be run any number of times, in any order and at once. Rows are never rewritten.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate, now_datetime
from pypika.functions import Coalesce, NullIf
from pypika.terms import Function

from partner_crm.permissions.criteria import literal
from partner_crm.rules import commission, ledger, stages
from partner_crm.rules.calendar import add_months
from partner_crm.rules.commission import Allocation, PayoutLine
from partner_crm.rules.money import InvalidAmount, allocate, convert
from partner_crm.services import agreements, buckets, payout_status, receipts, savepoints
from partner_crm.services.agreements import Agreement, NotReckoned
from partner_crm.services.numbers import decimal

PAYOUT = "Payout"
DEAL = "Partner Deal"
LEAD = "Partner Lead"
LEDGER = "Payout"
"""What is locked by whoever issues payouts: one at a time, since everybody has to see what the others have issued."""

CANCELLED = {DEAL: stages.LOST, LEAD: stages.UNQUALIFIED}
LONGEST_KEY = 500
ZERO = Decimal(0)


# From the saves of deals and leads


WHAT_COUNTS = {
	DEAL: ("program", "partner", "claim", "amount", "currency", "company", "won_on"),
	LEAD: ("program", "partner", "claim", "potential_value", "currency", "company", "won_on"),
}


def begin(doc: Document) -> None:
	"""In `before_save`."""
	if _is_concerned(doc):
		savepoints.begin(doc)


def follow(doc: Document) -> None:
	"""In `on_update`: a client who is won, lost or changed has the payouts that he should have."""
	if not _is_concerned(doc):
		return
	with savepoints.all_or_nothing(doc):
		settle(doc.doctype, doc.name)
		if doc.doctype == DEAL and receipts.has_invoices(doc.name):
			settle_soon(
				doc.name
			)  # of what is booked at this moment, a transaction that has begun sees nothing
	doc.payout_terms = frappe.db.get_value(doc.doctype, doc.name, "payout_terms")


def _is_concerned(doc: Document) -> bool:
	if not doc.program and not doc.payout_terms:
		return False
	before = doc.get_doc_before_save()
	was = before.stage if before else None
	if doc.stage == stages.CLIENT:
		return was != stages.CLIENT or any(map(doc.has_value_changed, WHAT_COUNTS[doc.doctype]))
	return bool(doc.payout_terms) and was != doc.stage


# From ERPNext


def settle_soon(deal: str) -> None:
	"""In a job of its own once this transaction is committed: whoever books a payment neither waits for us nor fails
	by us, and the job sees what others have booked meanwhile."""
	if frappe.db.get_value(DEAL, deal, "payout_terms"):
		frappe.enqueue(settle_alone, queue="short", enqueue_after_commit=True, doctype=DEAL, name=deal)


def settle_alone(doctype: str, name: str) -> None:
	"""In a transaction of its own, which begins with the locks, so that it sees all that was committed before."""
	frappe.db.commit()
	try:
		settle(doctype, name)
		frappe.db.commit()
	except frappe.QueryDeadlockError as error:
		frappe.db.rollback()
		raise frappe.RetryBackgroundJobError from error


# After others were renamed or merged


def follow_card(link: str, name: str) -> None:
	"""After the card that `link` points to got the name `name`, or was merged into it."""
	payout = frappe.qb.DocType(PAYOUT)
	client = Coalesce(NullIf(payout.counterparty, ""), payout.contact)
	frappe.qb.update(payout).set(payout.client, client).where(payout[link] == name).run()


def follow_party(link: str, old: str, new: str, merge: bool) -> None:
	"""After a programme or partner got another name, or was merged into another: what is put down of it follows.

	The keys of a merged one stay as they are: nobody else can come to have his name in them.
	"""
	payout = frappe.qb.DocType(PAYOUT)
	old_text, new_text = literal(agreements.renamed(link, old)), literal(agreements.renamed(link, new))
	own = frappe.qb.from_(payout).where(payout[link] == new)
	for doctype, column in LINK.items():
		table = frappe.qb.DocType(doctype)
		its_own = (table[link] == new) | table.name.isin(own.select(payout[column]))
		follows = Function("REPLACE", table.payout_terms, old_text, new_text)
		frappe.qb.update(table).set(table.payout_terms, follows).where(
			table.payout_terms.isnotnull() & its_own
		).run()
	query = frappe.qb.update(payout).set(payout.terms, Function("REPLACE", payout.terms, old_text, new_text))
	if not merge:
		parts = literal(f"|{old}|"), literal(f"|{new}|")
		query = query.set(payout.payout_key, Function("REPLACE", payout.payout_key, *parts))
	query.where(payout[link] == new).run()


# Settling


def settle(doctype: str, name: str, today: date | None = None) -> list[str]:
	"""Issues what is missing of the payouts of a deal or referral lead, and returns their names.

	A payout that can't be reckoned (no terms, no exchange rate, no partner) is not made: the user is told why, and
	reconciliation lists the client until it can. Locks the deal or lead, then the ledger, until the transaction ends.
	"""
	source = _read(doctype, name)
	if not source or not (source.program or source.payout_terms):
		return []
	buckets.lock([LEDGER])
	book = Book(source, getdate(today))
	try:
		_reckon(book)
	except NotReckoned as reason:
		frappe.msgprint(str(reason), title=_("No payout"), indicator="orange", alert=True)
		return []
	except InvalidAmount as error:
		reason = _(error.sentence).format(**error.parameters)
		frappe.msgprint(_("No payout was made: {0}").format(reason), indicator="orange", alert=True)
		return []
	return book.write()


def lock_ledger() -> None:
	"""For whoever locks payouts in another way than `settle`: first of all, so that they don't wait for each other."""
	buckets.lock([LEDGER])


COMMON = (
	*("name", "program", "partner", "claim", "company", "responsible", "channel", "region", "contact"),
	*("counterparty", "is_individual", "currency", "stage", "stage_entered_at", "registered_on", "won_on"),
	"payout_terms",
)
AMOUNT = {DEAL: "amount", LEAD: "potential_value"}
TITLE = {DEAL: "deal_title", LEAD: "lead_title"}
LINK = {DEAL: "deal", LEAD: "lead"}


def _read(doctype: str, name: str) -> frappe._dict | None:
	"""The deal or lead as it is now, locked."""
	table = frappe.qb.DocType(doctype)
	found = (
		frappe.qb.from_(table)
		.select(*[table[column] for column in COMMON])
		.select(table[AMOUNT[doctype]].as_("amount"), table[TITLE[doctype]].as_("title"))
		.where(table.name == name)
		.for_update()
		.run(as_dict=True)
	)
	if not found:
		return None
	source = found[0]
	source.doctype, source.link = doctype, LINK[doctype]
	source.won_on = getdate(source.won_on or source.stage_entered_at)
	source.counterparty = None if source.is_individual else source.counterparty or None
	source.client = source.counterparty or source.contact
	return source


def _reckon(book: Book) -> None:
	"""What somebody has who should have nothing any more is taken back payment by payment, before payments are
	reckoned anew; but where the reward is for the winning, only the difference is."""
	agreement, ended_on = _in_force(book.source)
	others = book.agreements_but(agreement)
	for other in others:
		if other.basis == commission.PERCENT_OF_PAID:
			_owe_for_payments(book, other, {})
	if agreement:
		invoices = receipts.invoices_of(book.source.name) if book.source.doctype == DEAL else []
		_owe(book, agreement, invoices, ended_on)
	for other in others:
		for cell in book.open_cells_of(other):
			book.bring_to(cell, other, ZERO, ZERO)


def _in_force(source: frappe._dict) -> tuple[Agreement | None, date | None]:
	"""By what the client is paid for now, if he is; and the day on which his contract ended, if it did."""
	if source.stage == stages.CLIENT:
		return agreements.of(source), None
	if source.stage == CANCELLED[source.doctype] and source.payout_terms:
		ended_on = _left_client_on(source)
		return (agreements.of_text(source.payout_terms) if ended_on else None), ended_on
	return None, None


def _left_client_on(source: frappe._dict) -> date | None:
	"""The day on which a contract that is lost now was given up."""
	change = frappe.qb.DocType("Stage Change")
	found = (
		frappe.qb.from_(change)
		.select(change.changed_at)
		.where((change.reference_doctype == source.doctype) & (change.reference_name == source.name))
		.where(change.from_stage == stages.CLIENT)
		.orderby(change.changed_at, order=frappe.qb.desc)
		.limit(1)
		.run()
	)
	return getdate(found[0][0]) if found else None


def _owe(book: Book, agreement: Agreement, invoices: list[frappe._dict], ended_on: date | None) -> None:
	if agreement.basis == commission.PERCENT_OF_PAID:
		payments = receipts.allocations_of(invoices, agreement)
		if ended_on:
			payments = {key: paid for key, paid in payments.items() if paid[1].paid_on <= ended_on}
		_owe_for_payments(book, agreement, payments)
	else:
		_owe_for_winning(book, agreement, invoices, ended_on)


# A fixed reward, or a percentage of the deal


def _owe_for_winning(
	book: Book, agreement: Agreement, invoices: list[frappe._dict], ended_on: date | None
) -> None:
	amount = convert(decimal(book.source.amount), agreement.rate, agreement.currency)
	lines = commission.won_payouts(
		commission.Won(agreement.won_on, amount),
		agreement.terms,
		agreement.prior,
		hold_days=agreement.hold_days,
		due_days=agreement.due_days,
		shares=agreement.shares,
	)
	if ended_on:
		lines = [line for line in lines if _stays(line, agreement, ended_on)]
	back = _taken_back(lines, agreement, amount, invoices, book.today)
	for number, line in enumerate(lines):
		cell = Cell(agreement.program, agreement.partners[line.claim], str(line.instalment))
		less = back.get(str(number))
		book.bring_to(
			cell,
			agreement,
			line.amount + (less.amount if less else ZERO),
			line.basis_amount + (less.basis_amount if less else ZERO),
			line,
		)
	for cell in book.open_cells_of(agreement):
		book.bring_to(cell, agreement, ZERO, ZERO)


def _stays(line: PayoutLine, agreement: Agreement, ended_on: date) -> bool:
	"""Of a contract that was given up, the instalments that recur stay as far as they were earned by then."""
	recurs = agreement.terms[0].recurring_months > 1
	return recurs and add_months(line.won_on, line.instalment - 1) <= ended_on


def _taken_back(
	lines: Sequence[PayoutLine],
	agreement: Agreement,
	amount: Decimal,
	invoices: list[frappe._dict],
	today: date,
) -> dict[str, PayoutLine]:
	"""By the number of each line, what credit notes leave nothing of: a part, or of a fixed reward all or nothing."""
	refunded = receipts.refunded(invoices, agreement)
	of = amount or receipts.invoiced(invoices, agreement)
	if refunded <= 0 or of <= 0 or (agreement.basis == commission.FIXED and refunded < of):
		return {}
	issued = [commission.Issued(str(number), line) for number, line in enumerate(lines)]
	return {line.reversal_of: line for line in commission.reverse(issued, refunded, of, today)}


# A percentage of what is paid


def _owe_for_payments(book: Book, agreement: Agreement, payments: dict[str, tuple]) -> None:
	"""A row for each payment, or for what has changed of it since the last time, for each share."""
	known = book.payments_of(agreement)
	earlier = [payment.allocation for payment in known]
	recorded: defaultdict[str, Decimal] = defaultdict(Decimal)
	last: dict[str, Payment] = {}
	for payment in known:
		recorded[payment.key] += payment.allocation.allocated
		last[payment.key] = payment
	issued = [book.issued(agreement, partner) for partner in agreement.partners]
	current = {
		key: (Payment.of(entry, allocation), allocation) for key, (entry, allocation) in payments.items()
	}
	for key in sorted(current.keys() | recorded.keys(), key=lambda key: (_paid_on(key, current, last), key)):
		payment = current[key][0] if key in current else last[key]
		difference = (payment.allocation.allocated if key in current else ZERO) - recorded[key]
		if not difference or book.is_rejected(agreement, key):
			continue
		allocation = Allocation(
			allocated=difference,
			invoice_total=payment.allocation.invoice_total,
			invoice_net=payment.allocation.invoice_net,
			paid_on=payment.allocation.paid_on,
			returned_on=book.today if difference < 0 else None,
		)
		lines = commission.paid_payouts(
			agreement.won_on,
			agreement.terms,
			allocation,
			earlier,
			issued,
			agreement.prior,
			hold_days=agreement.hold_days,
			due_days=agreement.due_days,
			shares=agreement.shares,
		)
		for line in lines:
			partner = agreement.partners[line.claim]
			book.add(Cell(agreement.program, partner, key), agreement, line, payment.with_(allocation))
			issued[line.claim] += line.amount
		if lines:
			earlier.append(allocation)


def _paid_on(key: str, current: dict, last: dict[str, Payment]) -> date:
	return (current[key][0] if key in current else last[key]).allocation.paid_on


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


# The book of one deal or lead


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
		key = agreements.text_of(stored)
		if key not in self.agreements:
			self.agreements[key] = agreements.load(stored)
		return self.agreements[key]

	def agreements_but(self, current: Agreement | None) -> list[Agreement]:
		"""One of each series that has rows, without the series that holds."""
		series = {agreement.series: agreement for agreement in self.agreements.values()}
		if current:
			series.pop(current.series, None)
		return list(series.values())

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
	stored = {"agreement": agreements.dump(agreement)}
	if payment:
		paid = payment.allocation
		stored["payment"] = {
			"allocated": str(paid.allocated),
			"invoice_total": str(paid.invoice_total),
			"invoice_net": str(paid.invoice_net),
			"paid_on": str(paid.paid_on),
			"returned_on": str(paid.returned_on or ""),
		}
	return agreements.text_of(stored)


def _allocation(stored: dict) -> Allocation:
	return Allocation(
		allocated=Decimal(stored["allocated"]),
		invoice_total=Decimal(stored["invoice_total"]),
		invoice_net=Decimal(stored["invoice_net"]),
		paid_on=date.fromisoformat(stored["paid_on"]),
		returned_on=date.fromisoformat(stored["returned_on"]) if stored["returned_on"] else None,
	)
