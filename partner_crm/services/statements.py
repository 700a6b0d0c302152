"""Payout statements: which confirmed payouts of one party are settled together, and what of them has been paid.

A statement claims its payouts when it is made, and keeps them until it is cancelled or deleted; after that only what
was paid moves, which is read from its invoice (`statement_invoices`), or recorded here where there is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, escape_html, flt, fmt_money, getdate, now
from pypika.terms import Criterion

from partner_crm.rules import commission
from partner_crm.services import (
	computed,
	numbers,
	payout_status,
	payouts,
	savepoints,
	settings,
	statement_invoices,
)
from partner_crm.services.refusals import bullets

STATEMENT, LINE, PAYOUT = "Payout Statement", "Payout Statement Line", "Payout"

PARTNER, OWNER = "Sales Partner", "Counterparty"
PAYABLE, RECEIVABLE = "Payable", "Receivable"
DIRECTIONS = {PARTNER: PAYABLE, OWNER: RECEIVABLE}
"""By the kind of party: we pay partners, the owners of programmes pay us."""

DRAFT, INVOICED, PARTLY_PAID, PAID, CANCELLED = "Draft", "Invoiced", "Partly Paid", "Paid", "Cancelled"

OPEN = (commission.EXPECTED, commission.CONFIRMED, commission.PARTLY_PAID)
COLUMNS = (
	*("name", "client_title", "program", "won_on", "due_on", "instalment", "basis_amount", "rate", "amount"),
	*("currency", "base_amount", "company", "status", "hold_until", "deal", "reversal_of"),
)
ON_LINES = (
	*(
		"client_title",
		"program",
		"won_on",
		"due_on",
		"instalment",
		"basis_amount",
		"rate",
		"amount",
		"currency",
	),
)


class NothingToPay(frappe.ValidationError):
	"""No payout can be claimed, or too little for the party's minimum."""


class HasInvoice(frappe.ValidationError):
	"""What an invoice settles is read from it, and not undone before it is cancelled."""


@dataclass(frozen=True, slots=True)
class Plan:
	"""What a new statement would claim, and what it leaves out and why; `refusal` where it can't be made.

	`on_hold`: what of it is left for later statements, in the currency of this one.
	"""

	settlement: commission.Settlement
	left_out: tuple[tuple[frappe._dict, str], ...]
	on_hold: Decimal
	refusal: str


# What can be claimed


def preview(values: dict) -> dict:
	"""What saving a statement with these values would claim, for people to read."""
	statement = frappe.get_doc({**values, "doctype": STATEMENT})
	statement.until = statement.until or getdate()
	set_direction(statement)
	if missing := [field for field in WANTED if not statement.get(field)]:
		frappe.throw(
			_("Enter {0}.").format(", ".join(_(statement.meta.get_label(field)) for field in missing))
		)
	plan = _plan(statement)
	return {
		"lines": [_described(row) for row in plan.settlement.claimed or plan.settlement.carried],
		"left_out": [_described(row) | {"reason": reason} for row, reason in plan.left_out],
		"total": flt(plan.settlement.total),
		"currency": statement.currency,
		"refusal": plan.refusal,
	}


def _described(row: frappe._dict) -> dict:
	return {
		"payout": row.name,
		**{name: row[name] for name in ("client_title", "program", "won_on", "currency")},
		"amount": flt(row.amount),
	}


def _plan(statement: Document, lock: bool = False) -> Plan:
	rows = _unclaimed(statement, lock)
	invoices = _commissions(statement, rows)
	told = [(row, _why_not(row, statement, invoices.get(row.name))) for row in rows]
	minimum = _minimum(statement)
	settlement = commission.payable_now([row for row, reason in told if not reason], minimum)
	left_out = tuple((row, reason) for row, reason in told if reason)
	on_hold = commission.net(
		row
		for row, _reason in left_out
		if _is_in(row, statement) and row.name not in invoices and _is_on_hold(row, statement)
	)
	return Plan(settlement, left_out, on_hold, _why_nothing(statement, settlement, left_out, minimum))


def _minimum(statement: Document) -> Decimal | None:
	if cint(statement.take_all):
		return None
	return settings.payout_minimum(statement.party_type, statement.party, statement.currency)


def _unclaimed(statement: Document, lock: bool) -> list[frappe._dict]:
	"""The party's payouts that are in no statement and not settled otherwise, the oldest first."""
	payout = frappe.qb.DocType(PAYOUT)
	query = (
		frappe.qb.from_(payout)
		.select(*[payout[column] for column in COLUMNS])
		.where(_is_of(payout, statement) & _is_free(payout) & payout.status.isin(OPEN))
		.orderby(payout.won_on)
		.orderby(payout.instalment)
		.orderby(payout.name)
	)
	rows = (query.for_update() if lock else query).run(as_dict=True)
	for row in rows:
		row.amount = numbers.money(row.amount, row.currency)
	return rows


def _is_of(payout, statement: Document) -> Criterion:
	direction = payout.direction == statement.direction
	if statement.direction == PAYABLE:
		return direction & (payout.partner == statement.party)
	program = frappe.qb.DocType("Partner Program")
	owned = frappe.qb.from_(program).select(program.name).where(program.counterparty == statement.party)
	return direction & payout.program.isin(owned)


def _is_free(payout) -> Criterion:
	return payout.statement.isnull() | (payout.statement == "")


def _why_not(row: frappe._dict, statement: Document, invoice: str | None) -> str:
	"""Why this payout is left out; empty where it fits."""
	if row.company != statement.company:
		return _("It belongs to the company {0}.").format(escape_html(row.company or ""))
	if row.currency != statement.currency:
		return _("It is in {0}.").format(escape_html(row.currency or ""))
	if invoice:
		return _("Sales Invoice {0} computes a commission for this partner already.").format(
			escape_html(invoice)
		)
	if row.status == commission.PARTLY_PAID:
		return _("A part of it was paid without a statement.")
	if _is_on_hold(row, statement):
		return _("It is on hold until {0}.").format(frappe.format(row.hold_until, "Date"))
	return ""


def _is_in(row: frappe._dict, statement: Document) -> bool:
	return (row.company, row.currency) == (statement.company, statement.currency)


def _is_on_hold(row: frappe._dict, statement: Document) -> bool:
	is_held = row.status == commission.CONFIRMED and getdate(row.hold_until) > getdate(statement.until)
	return row.status == commission.EXPECTED or is_held


def _why_nothing(
	statement: Document,
	settlement: commission.Settlement,
	left_out: Sequence[tuple[frappe._dict, str]],
	minimum: Decimal | None,
) -> str:
	if settlement.claimed:
		return ""
	party = frappe.bold(escape_html(statement.party))
	if settlement.carried:
		sentence = _("{0} is carried forward: {1} is paid from {2} on. Tick {3} to pay it all the same.")
		return sentence.format(
			frappe.bold(fmt_money(flt(settlement.total), currency=statement.currency)),
			party,
			fmt_money(flt(minimum), currency=statement.currency),
			frappe.bold(_("Also below the minimum")),
		)
	if not left_out:
		return _("There is no payout of {0} that is in no statement yet.").format(party)
	reasons = [
		f"{escape_html(row.client_title or row.name)}: {reason}" for row, reason in left_out[:MOST_REASONS]
	]
	if more := len(left_out) - MOST_REASONS:
		reasons += [_("and {0} more").format(more)] if more > 0 else []
	return _("No payout of {0} can be claimed:").format(party) + bullets(reasons)


MOST_REASONS = 20


def _commissions(statement: Document, rows: Iterable[frappe._dict]) -> dict[str, str]:
	"""By payout: the Sales Invoice of its deal by which ERPNext pays the same partner a commission.

	What takes a payout back that a statement did pay is netted all the same.
	"""
	rows = list(rows)
	deals = {row.deal for row in rows if row.deal}
	if statement.direction != PAYABLE or not deals:
		return {}
	invoice = frappe.qb.DocType("Sales Invoice")
	found = (
		frappe.qb.from_(invoice)
		.select(invoice.pcrm_deal, invoice.name)
		.where(invoice.pcrm_deal.isin(deals) & (invoice.docstatus == 1))
		.where((invoice.sales_partner == statement.party) & (invoice.total_commission != 0))
		.orderby(invoice.name, order=frappe.qb.desc)
		.run()
	)
	by_deal = dict(found)
	paid = _paid_in(row.reversal_of for row in rows if row.deal in by_deal)
	return {
		row.name: by_deal[row.deal] for row in rows if row.deal in by_deal and row.reversal_of not in paid
	}


def _paid_in(names: Iterable[str | None]) -> dict[str, str]:
	"""By payout: the statement that it is in."""
	names = [name for name in names if name]
	if not names:
		return {}
	payout = frappe.qb.DocType(PAYOUT)
	query = frappe.qb.from_(payout).select(payout.name, payout.statement)
	return dict(query.where(payout.name.isin(names) & ~_is_free(payout)).run())


# In validate


def set_direction(statement: Document) -> None:
	statement.direction = DIRECTIONS.get(statement.party_type)


def claim(statement: Document) -> None:
	"""Chooses the payouts of a new statement, under locks that hold until it is saved."""
	if not statement.is_new() or not all(map(statement.get, WANTED)):
		return  # Frappe names what is missing
	_guard_new(statement)
	payouts.lock_ledger()
	plan = _plan(statement, lock=True)
	if plan.refusal:
		frappe.throw(plan.refusal, NothingToPay, title=_("Nothing to pay"))
	claimed = plan.settlement.claimed
	paid_in = _paid_in(row.reversal_of for row in claimed)
	statement.set("payouts", [])
	for row in claimed:
		line = {name: row[name] for name in ON_LINES}
		statement.append("payouts", line | {"payout": row.name, "paid_in": paid_in.get(row.reversal_of)})
	statement.status = DRAFT
	statement.total = flt(plan.settlement.total)
	statement.base_total = flt(sum(map(numbers.decimal, [row.base_amount for row in claimed])))
	statement.carried_forward = flt(plan.on_hold)
	statement.language = statement_invoices.language_of(statement) or statement.language


WANTED = ("direction", "party", "company", "currency", "until")


def _guard_new(statement: Document) -> None:
	if statement.status not in (None, "", DRAFT) or flt(statement.paid_amount) or statement.paid_on:
		frappe.throw(_("Save the statement first: what was paid is entered after that."))


def guard(statement: Document) -> None:
	"""A statement that is there is cancelled, or told what was paid where it has no invoice. Nothing else moves."""
	before = statement.get_doc_before_save()
	computed.restore(statement)
	if not before:
		return
	statement.set("payouts", before.payouts)
	if before.status == CANCELLED:
		if _moved(statement, before, "status", "paid_amount", "paid_on"):
			frappe.throw(_("This statement is cancelled and stays so. Make a new one."))
		return
	if _moved(statement, before, "paid_amount", "paid_on"):
		_guard_payment(statement)
	if statement.status == before.status:
		return
	if statement.status != CANCELLED:
		sentence = _("A statement becomes {0} by itself: through its invoice, or by {1} and {2}.")
		frappe.throw(
			sentence.format(
				frappe.bold(escape_html(_(statement.status or ""))),
				frappe.bold(_("Paid amount")),
				frappe.bold(_("Paid on")),
			)
		)
	_guard_freeing(statement)


def _moved(statement: Document, before: Document, *fields: str) -> bool:
	return any(
		flt(statement.get(field)) != flt(before.get(field))
		if field == "paid_amount"
		else str(statement.get(field) or "") != str(before.get(field) or "")
		for field in fields
	)


def _guard_payment(statement: Document) -> None:
	"""What somebody enters as paid: only without an invoice, and no more than there is."""
	if statement.invoice:
		sentence = _("What was paid is read from {0} {1}: enter a Payment Entry for it.")
		frappe.throw(
			sentence.format(_(statement.invoice_type), frappe.bold(statement.invoice)),
			HasInvoice,
			title=_("Follows the invoice"),
		)
	paid, total = numbers.money(statement.paid_amount, statement.currency), _total(statement)
	problems = []
	if not min(total, 0) <= paid <= max(total, 0):
		shown = fmt_money(flt(total), currency=statement.currency)
		problems.append(_("The paid amount has to lie between 0 and the total of {0}.").format(shown))
	if bool(paid) != bool(statement.paid_on):
		problems.append(
			_("Enter both {0} and {1}.").format(frappe.bold(_("Paid amount")), frappe.bold(_("Paid on")))
		)
	if statement.paid_on and getdate(statement.paid_on) > getdate():
		problems.append(_("It can't have been paid in the future."))
	if problems:
		frappe.throw(bullets(problems), title=_("Payment not accepted"))


def _guard_freeing(statement: Document) -> None:
	"""Payouts that are booked, or were paid without an invoice, are not set free."""
	invoice = statement_invoices.live(statement)
	if invoice and invoice.docstatus == 1:
		sentence = _("{0} {1} is submitted. Cancel it first, then the statement.")
		frappe.throw(
			sentence.format(_(invoice.doctype), frappe.bold(invoice.name)),
			HasInvoice,
			title=_("Has an invoice"),
		)
	if not invoice and _total(statement) and _paid_before(statement):
		frappe.throw(
			_("This statement is recorded as paid. Empty {0} and {1} first, and save.").format(
				frappe.bold(_("Paid amount")), frappe.bold(_("Paid on"))
			),
			title=_("Is paid"),
		)


def _paid_before(statement: Document) -> bool:
	before = statement.get_doc_before_save() or statement
	return bool(flt(before.paid_amount))


# After the row is written


def carry_out(statement: Document) -> None:
	"""In `on_update`: claims the payouts of a new statement; else does what was entered."""
	before = statement.get_doc_before_save()
	with savepoints.all_or_nothing(statement):
		if not before:
			_take(statement)
		elif statement.status != before.status:
			release(statement)
		elif _moved(statement, before, "paid_amount", "paid_on"):
			follow(statement.name)
		else:
			return
	statement.load_from_db()


def _take(statement: Document) -> None:
	"""Writes the new statement into its payouts, each of which is still free; else nothing is saved."""
	names = [line.payout for line in statement.payouts]
	payout = frappe.qb.DocType(PAYOUT)
	(
		_update(payout)
		.set(payout.statement, statement.name)
		.where(payout.name.isin(names) & _is_free(payout) & (payout.status == commission.CONFIRMED))
		.run()
	)
	if frappe.db.count(PAYOUT, {"statement": statement.name}) != len(names):
		frappe.throw(_("Some of these payouts were claimed meanwhile. Try again."), NothingToPay)
	follow(statement.name)


def release_deleted(statement: Document) -> None:
	_guard_freeing(statement)
	release(statement)


def release(statement: Document) -> None:
	"""Sets the payouts free for another statement; a draft of the invoice goes too."""
	payouts.lock_ledger()
	nothing = {"paid_amount": 0, "paid_on": None, "invoice": None, "invoice_type": None}
	frappe.db.set_value(STATEMENT, statement.name, nothing, update_modified=False)
	statement_invoices.discard_draft(statement)
	names = frappe.get_all(PAYOUT, {"statement": statement.name}, pluck="name", order_by="name")
	payout, line = frappe.qb.DocType(PAYOUT), frappe.qb.DocType(LINE)
	freed = _unpaid(_update(payout).set(payout.statement, None), payout)
	freed.where(payout.statement == statement.name).run()
	frappe.qb.update(line).set(line.paid_amount, 0).where(line.parent == statement.name).run()
	payout_status.refresh(names)


# What was paid


def follow(name: str, without: str | None = None) -> None:
	"""Reckons a statement and its payouts anew from its invoice, or from what was entered where it has none.

	`without`: an invoice that is being deleted. Any number of repetitions changes nothing more.
	"""
	statement = frappe.get_doc(STATEMENT, name, for_update=True)
	if statement.status == CANCELLED:
		return
	payouts.lock_ledger()
	invoice = statement_invoices.live(statement, without)
	_note_invoice(statement, invoice)
	total = _total(statement)
	if not total:
		steps = [(getdate(statement.creation), commission.ZERO)]
	elif invoice:
		steps = statement_invoices.paid_by_day(invoice, total, statement.currency)
	elif statement.invoice or not statement.paid_on:
		steps = []  # the invoice has gone, and with it what was paid
	else:
		steps = [(getdate(statement.paid_on), numbers.money(statement.paid_amount, statement.currency))]
	paid = steps[-1][1] if steps else commission.ZERO
	_distribute(statement, steps)
	values = {
		"invoice_type": invoice.doctype if invoice else None,
		"invoice": invoice.name if invoice else None,
		"paid_amount": flt(paid),
		"paid_on": _last_change(steps) if paid or not total else None,
		"status": _status(total, paid, invoice),
	}
	changed = {field: value for field, value in values.items() if statement.get(field) != value}
	if changed:
		frappe.db.set_value(STATEMENT, name, changed)


def _status(total: Decimal, paid: Decimal, invoice: statement_invoices.Invoice | None) -> str:
	if paid == total:
		return PAID
	if paid:
		return PARTLY_PAID
	return INVOICED if invoice and invoice.docstatus == 1 else DRAFT


def _note_invoice(statement: Document, invoice: statement_invoices.Invoice | None) -> None:
	"""Tells in the timeline that the invoice has changed, or has gone."""
	name = invoice.name if invoice else None
	if name == (statement.invoice or None):
		return
	if invoice:
		said = _("Invoice: {0} {1}").format(_(invoice.doctype), name)
	else:
		sentence = _("{0} {1} was cancelled or deleted: the statement has no invoice.")
		said = sentence.format(_(statement.invoice_type), statement.invoice)
	statement.add_comment("Info", said)


def _distribute(statement: Document, steps: Sequence[tuple[date, Decimal]]) -> None:
	"""What is paid of each payout, and since when, written to the payouts and to the statement's lines."""
	lines = [
		frappe._dict(
			payout=line.payout, currency=line.currency, amount=numbers.money(line.amount, line.currency)
		)
		for line in statement.payouts
	]
	parts: tuple[Decimal, ...] = (commission.ZERO,) * len(lines)
	since: list[date | None] = [None] * len(lines)
	for day, paid in steps:
		new_parts = commission.paid_amounts(lines, paid)
		since = [
			day if new != old or known is None else known
			for new, old, known in zip(new_parts, parts, since, strict=True)
		]
		parts = new_parts
	_write(statement.name, lines, parts, since)
	payout_status.refresh([line.payout for line in lines])


def _write(
	statement: str, lines: Sequence[frappe._dict], parts: Sequence[Decimal], since: Sequence[date | None]
) -> None:
	"""Most rows are paid in full or not at all: one statement for all of a day; one row at most is in between."""
	in_full: defaultdict[date | None, list[str]] = defaultdict(list)
	not_at_all = []
	for line, part, day in zip(lines, parts, since, strict=True):
		if day is None or (line.amount and not part):
			not_at_all.append(line.payout)
		elif part == line.amount:
			in_full[day].append(line.payout)
		else:
			_write_part(statement, line, part, day)
	for day, names in in_full.items():
		_write_full(statement, names, day)
	if not_at_all:
		_write_nothing(statement, not_at_all)


def _write_full(statement: str, names: Sequence[str], day: date | None) -> None:
	payout, line = frappe.qb.DocType(PAYOUT), frappe.qb.DocType(LINE)
	(
		_update(payout)
		.set(payout.paid_amount, payout.amount)
		.set(payout.base_paid_amount, payout.base_amount)
		.set(payout.paid_on, day)
		.where(payout.name.isin(names))
		.run()
	)
	_update_lines(statement, names).set(line.paid_amount, line.amount).run()


def _write_nothing(statement: str, names: Sequence[str]) -> None:
	payout, line = frappe.qb.DocType(PAYOUT), frappe.qb.DocType(LINE)
	_unpaid(_update(payout), payout).where(payout.name.isin(names)).run()
	_update_lines(statement, names).set(line.paid_amount, 0).run()


def _write_part(statement: str, paid: frappe._dict, part: Decimal, day: date) -> None:
	"""The company's currency follows the payout's own rate, so that it is whole when the payout is."""
	payout, line = frappe.qb.DocType(PAYOUT), frappe.qb.DocType(LINE)
	share = flt(part) / flt(paid.amount)
	base_amount, company = frappe.db.get_value(PAYOUT, paid.payout, ["base_amount", "company"])
	base = numbers.money(
		flt(base_amount) * share, frappe.get_cached_value("Company", company, "default_currency")
	)
	(
		_update(payout)
		.set(payout.paid_amount, flt(part))
		.set(payout.base_paid_amount, flt(base))
		.set(payout.paid_on, day)
		.where(payout.name == paid.payout)
		.run()
	)
	_update_lines(statement, [paid.payout]).set(line.paid_amount, flt(part)).run()


def _update(payout):
	query = frappe.qb.update(payout).set(payout.modified, now())
	return query.set(payout.modified_by, frappe.session.user)


def _update_lines(statement: str, names: Sequence[str]):
	line = frappe.qb.DocType(LINE)
	return frappe.qb.update(line).where((line.parent == statement) & line.payout.isin(names))


def _unpaid(query, payout):
	query = query.set(payout.paid_amount, 0).set(payout.base_paid_amount, 0)
	return query.set(payout.paid_on, None)


def _last_change(steps: Sequence[tuple[date, Decimal]]) -> date:
	"""The day on which what is paid now was reached."""
	paid = commission.ZERO
	changed_on = steps[-1][0]
	for day, so_far in steps:
		if so_far != paid:
			changed_on, paid = day, so_far
	return changed_on


def _total(statement: Document) -> Decimal:
	return numbers.money(statement.total, statement.currency)
