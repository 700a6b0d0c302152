"""The ledger of payouts: what the terms say for the facts of today, less what was issued before.

`settle` is the only one that issues. Whatever has happened to a deal or referral lead (won, reopened, lost, paid,
credited, corrected), it reckons from scratch what everybody has to have, and issues rows for the difference; so it can
be run any number of times, in any order and at once. Rows are never rewritten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate

from partner_crm.rules import commission, stages
from partner_crm.rules.agreements import Agreement, of_text
from partner_crm.rules.calendar import add_months
from partner_crm.rules.commission import Allocation, PayoutLine
from partner_crm.rules.money import InvalidAmount, convert
from partner_crm.services import agreements, receipts, savepoints
from partner_crm.services.agreements import NotReckoned
from partner_crm.services.numbers import decimal
from partner_crm.services.payout_book import ZERO, Book, Cell, Payment
from partner_crm.services.payout_status import lock_ledger

DEAL = "Partner Deal"
LEAD = "Partner Lead"

CANCELLED = {DEAL: stages.LOST, LEAD: stages.UNQUALIFIED}


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
			# A transaction that has begun does not see what others are booking at this moment.
			settle_soon(doc.name)
	doc.payout_terms = frappe.db.get_value(doc.doctype, doc.name, "payout_terms")


def _is_concerned(doc: Document) -> bool:
	if not doc.program and not doc.payout_terms:
		return False
	before = doc.get_doc_before_save()
	was = before.stage if before else None
	if doc.stage == stages.CLIENT:
		return (
			was != stages.CLIENT
			or not doc.payout_terms
			or any(map(doc.has_value_changed, WHAT_COUNTS[doc.doctype]))
		)
	return was != doc.stage and (bool(doc.payout_terms) or was == stages.CLIENT)


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


# Settling


def settle(doctype: str, name: str, today: date | None = None) -> list[str]:
	"""Issues what is missing of the payouts of a deal or referral lead, and returns their names.

	A payout that can't be reckoned (no terms, no exchange rate, no partner) is not made: the user is told why, and
	whoever saves the client again once that is mended, or the weekly reconciliation, makes it. Locks the deal or lead, then
	the ledger, until the transaction ends.
	"""
	source = _read(doctype, name)
	if not source or not (source.payout_terms or source.program):
		return []
	lock_ledger()
	put_down = source.payout_terms
	book = Book(source, getdate(today))
	try:
		_reckon(book)
	except (NotReckoned, InvalidAmount) as error:
		_tell(_reason_of(error))
		agreements.keep_if_current(source, put_down)
		book = Book(source, getdate(today))
		_take_back(book, book.agreements_of_others())
	return book.write()


def _reason_of(error: NotReckoned | InvalidAmount) -> str:
	if isinstance(error, NotReckoned):
		return str(error)
	return _("No payout was made: {0}").format(_(error.sentence).format(**error.parameters))


def _tell(reason: str) -> None:
	frappe.msgprint(reason, title=_("No payout"), indicator="orange", alert=True)


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
	"""Who should have nothing any more gives back payment by payment, before payments are reckoned anew; but where the
	reward is for the winning, only the difference."""
	agreement, ended_on = _in_force(book.source)
	others = book.agreements_but(agreement)
	_take_back_payments(book, others)
	if agreement:
		invoices = receipts.invoices_of(book.source.name) if book.source.doctype == DEAL else []
		_owe(book, agreement, invoices, ended_on)
	_take_back_rest(book, others)


def _take_back(book: Book, others: Sequence[Agreement]) -> None:
	_take_back_payments(book, others)
	_take_back_rest(book, others)


def _take_back_payments(book: Book, others: Sequence[Agreement]) -> None:
	for other in others:
		if other.basis == commission.PERCENT_OF_PAID:
			_owe_for_payments(book, other, {})


def _take_back_rest(book: Book, others: Sequence[Agreement]) -> None:
	for other in others:
		for cell in book.open_cells_of(other):
			book.bring_to(cell, other, ZERO, ZERO)


def _in_force(source: frappe._dict) -> tuple[Agreement | None, date | None]:
	"""By what the client is paid for now, if he is; and the day on which his contract ended, if it did."""
	if source.stage == stages.CLIENT:
		return agreements.of(source), None
	if source.stage == CANCELLED[source.doctype] and source.payout_terms:
		ended_on = _left_client_on(source)
		return (of_text(source.payout_terms) if ended_on else None), ended_on
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
