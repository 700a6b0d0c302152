"""What people may do with a payout: turn it down, confirm it, or record what was paid without a statement.

Saving the payout with another status, or with what was paid, is how. Everything else on it is the ledger's.
"""

from __future__ import annotations

from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cstr, getdate

from partner_crm.rules import commission
from partner_crm.rules.money import convert
from partner_crm.services import computed, exchange, payout_status
from partner_crm.services.funnel import is_head_of_sales
from partner_crm.services.numbers import decimal
from partner_crm.setup.roles import ACCOUNTANT

OF_THE_STEPS = ("status", "reason", "paid_on", "paid_amount")
UNDECIDED = (commission.EXPECTED, commission.CONFIRMED)
PAYING = (*UNDECIDED, commission.PARTLY_PAID, commission.PAID)


class NotTheirs(frappe.PermissionError):
	"""Payouts are decided by the head of sales and by accountants, payments recorded by accountants alone."""


# In before_validate and validate


def guard_ledger(payout: Document) -> None:
	"""Payouts are made of wins and payments alone, and what they say stays."""
	if not payout.get_doc_before_save():
		frappe.throw(
			_("Payouts are made when a client is won or pays. Nobody writes one by hand."),
			frappe.PermissionError,
			title=_("Not accepted"),
		)
	computed.keep_all(payout, but=OF_THE_STEPS)


def guard_steps(payout: Document) -> None:
	before = payout.get_doc_before_save()
	was_paid, status = _is_paid_anew(payout, before), payout.status
	if was_paid and status != before.status:
		frappe.throw(
			_("The status follows from what is paid: change either the status or the payment."),
			title=_("Not accepted"),
		)
	if was_paid:
		_guard_payment(payout, before)
	elif status == commission.REJECTED != before.status:
		_guard_rejecting(payout, before)
	elif status == commission.CONFIRMED and before.status == commission.EXPECTED:
		_guard_confirming(payout)
	elif status != before.status:
		sentence = _("A payout can't go from {0} to {1}: the payments and the days decide.")
		to_status = frappe.bold(frappe.utils.escape_html(_(status or "")))
		frappe.throw(sentence.format(frappe.bold(_(before.status)), to_status), title=_("Not accepted"))
	else:
		payout.reason = before.reason


def _is_paid_anew(payout: Document, before: Document) -> bool:
	return decimal(payout.paid_amount) != decimal(before.paid_amount) or cstr(payout.paid_on) != cstr(
		before.paid_on
	)


def _guard_decision() -> None:
	if not (is_head_of_sales() or _is_accountant()):
		frappe.throw(
			_("Only the head of sales and accountants can confirm or reject a payout."),
			NotTheirs,
			title=_("Not yours to decide"),
		)


def _guard_rejecting(payout: Document, before: Document) -> None:
	_guard_decision()
	if before.status not in UNDECIDED or _is_claimed(payout):
		frappe.throw(
			_(
				"This payout can't be rejected any more: it, or what takes it back, is in a statement, paid or closed."
			),
			title=_("Too late"),
		)
	if not (payout.reason or "").strip():
		frappe.throw(
			_("Say why you reject it: fill in {0}.").format(frappe.bold(_(payout.meta.get_label("reason"))))
		)


def _is_claimed(payout: Document) -> bool:
	"""By what the database holds now: a statement that was made a moment ago has come first."""
	payout_status.lock_ledger()
	table = frappe.qb.DocType(payout_status.PAYOUT)
	rows = (
		frappe.qb.from_(table)
		.select(table.statement, table.paid_amount)
		.where(table.root == payout.root)
		.orderby(table.name)
		.for_update()
		.run(as_dict=True)
	)
	return any(row.statement or row.paid_amount for row in rows)


def _guard_confirming(payout: Document) -> None:
	_guard_decision()
	if getdate(payout.hold_until) > getdate():
		day = frappe.bold(frappe.format(payout.hold_until, "Date"))
		frappe.throw(_("The payout is on hold until {0}.").format(day), title=_("Too early"))


def _guard_payment(payout: Document, before: Document) -> None:
	payout.reason = before.reason
	if not _is_accountant():
		frappe.throw(_("Only accountants record what was paid."), NotTheirs, title=_("For the accountant"))
	if payout.statement:
		frappe.throw(
			_("What is paid of this payout follows from its statement."), title=_("In a statement already")
		)
	if before.status not in PAYING:
		sentence = _("Nothing is paid of a payout that is {0}.")
		frappe.throw(sentence.format(frappe.bold(_(before.status))), title=_("Not accepted"))
	amount, paid = decimal(payout.amount), decimal(payout.paid_amount)
	if paid * amount < 0 or abs(paid) > abs(amount):
		sentence = _("The paid amount has to be between 0 and {0}.")
		frappe.throw(sentence.format(frappe.bold(payout.get_formatted("amount"))), title=_("Not accepted"))
	if bool(paid) != bool(payout.paid_on):
		frappe.throw(_("Enter both the paid amount and the day on which it was paid, or neither."))
	if paid and getdate(payout.paid_on) > getdate():
		day = frappe.bold(frappe.format(payout.paid_on, "Date"))
		frappe.throw(_("It can't have been paid in the future: {0}.").format(day))
	payout.base_paid_amount = _in_base(payout, paid)


def _in_base(payout: Document, paid: Decimal) -> Decimal:
	if paid == decimal(payout.amount):
		return decimal(payout.base_amount)
	currency = exchange.company_currency(payout.company) or payout.currency
	return convert(paid, decimal(payout.conversion_rate) or Decimal(1), currency)


def _is_accountant() -> bool:
	return ACCOUNTANT in frappe.get_roles()


def refuse_rewriting(_payout: Document) -> None:
	frappe.throw(_("The ledger of payouts is never rewritten. A payout can be confirmed, rejected or paid."))


# In on_update


def follow(payout: Document) -> None:
	"""What takes the payout back goes with it; the status follows the facts."""
	payout_status.lock_ledger()
	payout_status.refresh([payout.name])
	payout.status = frappe.db.get_value(payout.doctype, payout.name, "status")


def tell_timeline(payout: Document) -> None:
	"""Who did what. Whoever may read the payout reads the timeline, but not everybody the amounts: they stay out."""
	if payout.status == commission.REJECTED and payout.has_value_changed("status"):
		payout.add_comment("Info", _("rejected it: {0}").format(frappe.utils.escape_html(payout.reason)))
	elif payout.has_value_changed("paid_amount"):
		payout.add_comment("Info", _("recorded what was paid"))
	elif payout.has_value_changed("status"):
		payout.add_comment("Info", _("confirmed it"))


# On the form


def explain(payout: Document) -> None:
	"""Tells the form what the payout waits for."""
	payout.set_onload("waits_for", _waits_for(payout))


def _waits_for(payout: Document) -> str:
	if payout.status == commission.EXPECTED:
		day = frappe.format(payout.hold_until, "Date")
		return _("On hold until {0}. Then it is confirmed by itself.").format(day)
	if payout.status in (commission.CONFIRMED, commission.PARTLY_PAID):
		if not payout.statement:
			return _("Waits for a statement, or for the accountant to record what was paid.")
		return _("In a statement. It is paid as soon as the statement's invoice is.")
	if payout.status == commission.REJECTED:
		return _("Rejected: {0}").format(frappe.utils.escape_html(payout.reason or ""))
	if payout.status == commission.CLAWED_BACK:
		return _("Taken back: nothing is left of it.")
	return ""
