"""The letter that asks the owner of a programme for what is open: written here, read over and sent by a person.

Its text is an `Email Template` that a site may change: the one named for the owner's language in brackets, else the
one without. Templates put values into the letter as they are, so they are given as HTML; a subject is plain text.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from html import unescape

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, flt, fmt_money, formatdate, getdate

from partner_crm.permissions import reading
from partner_crm.reports.reconciliation import PAYOUT, PROGRAM, RECEIVABLE, UNPAID
from partner_crm.services import numbers
from partner_crm.services.refusals import bullets
from partner_crm.setup.letters import TEMPLATE

TEMPLATES = "Email Template"
AMOUNTS = ("amount", "paid_amount", "currency")


class NothingToAskFor(frappe.ValidationError):
	"""The letter can't be written: something is missing, or nothing is open."""


def write(program: str, today: date | None = None) -> dict[str, str]:
	"""The letter with what its reader may see of the programme's payouts: `recipients`, `subject` and `message`.

	For whoever may read the programme and send payouts by e-mail, amounts included.
	"""
	today = getdate(today)
	document = frappe.get_doc(PROGRAM, program)
	document.check_permission("read")
	_guard_reader()
	if document.direction != RECEIVABLE:
		sentence = _("{0} pays partners, so its owner owes us nothing. Letters go to programmes that pay us.")
		frappe.throw(sentence.format(_bold(program)), NothingToAskFor)
	template, rows = _template_for(document), _open_payouts(program, today)
	if gaps := _gaps(document, template, rows):
		frappe.throw(
			_("The letter to {0} can't be written:").format(_bold(program)) + bullets(gaps),
			NothingToAskFor,
			title=_("No letter"),
		)
	letter = frappe.get_doc(TEMPLATES, template).get_formatted_email(_values(document, rows, today))
	return {"recipients": document.manager_email, **letter, "subject": unescape(letter["subject"])}


def _guard_reader() -> None:
	frappe.has_permission(PAYOUT, "email", throw=True)
	if reading.hidden_columns(PAYOUT, frappe.session.user) & {*AMOUNTS}:
		frappe.throw(
			_("You may not see what payouts are worth, so you can't write about it."), frappe.PermissionError
		)


def _gaps(program: Document, template: str | None, rows: list[frappe._dict]) -> list[str]:
	gaps = []
	if not program.manager_email:
		label = frappe.bold(_(program.meta.get_label("manager_email")))
		gaps.append(_("The programme has no {0}: enter it there.").format(label))
	if not template:
		gaps.append(_("There is no Email Template {0}: make one.").format(frappe.bold(TEMPLATE)))
	if not rows:
		gaps.append(_("Nothing is open that you may see."))
	return gaps


def _bold(text: str) -> str:
	return frappe.bold(escape_html(text))


def _template_for(program: Document) -> str | None:
	customer = program.counterparty and frappe.db.get_value("Counterparty", program.counterparty, "customer")
	language = customer and frappe.db.get_value("Customer", customer, "language")
	for name in (f"{TEMPLATE} ({language or frappe.local.lang})", TEMPLATE):
		if frappe.db.exists(TEMPLATES, name):
			return name
	return None


def _open_payouts(program: str, today: date) -> list[frappe._dict]:
	"""What is confirmed, or should be, and not paid in full; with what is taken back. The longest due first.

	Only in currencies in which something is owed to us after all.
	"""
	rows = frappe.get_list(
		PAYOUT,
		filters={
			"program": program,
			"direction": RECEIVABLE,
			"status": ("in", UNPAID),
			"hold_until": ("<=", today),
		},
		fields=["client_title", "client", "won_on", "due_on", *AMOUNTS],
		order_by="due_on asc, name asc",
		limit_page_length=0,
	)
	for row in rows:
		row.open = numbers.money(row.amount, row.currency) - numbers.money(row.paid_amount, row.currency)
	owed = {currency for currency, total in _totals(rows).items() if total > 0}
	return [row for row in rows if row.open and row.currency in owed]


def _totals(rows: list[frappe._dict]) -> dict[str, Decimal]:
	totals: defaultdict[str, Decimal] = defaultdict(Decimal)
	for row in rows:
		totals[row.currency] += row.open
	return totals


def _values(program: Document, rows: list[frappe._dict], today: date) -> dict:
	return {
		"program": escape_html(program.title),
		"today": formatdate(today),
		"sender": escape_html(frappe.utils.get_fullname()),
		"rows": [
			{
				"client": escape_html(row.client_title or row.client or ""),
				"won_on": formatdate(row.won_on),
				"due_on": formatdate(row.due_on),
				"amount": fmt_money(flt(row.open), currency=row.currency),
				"currency": row.currency,
				"days_late": max((today - getdate(row.due_on)).days, 0) if row.due_on and row.open > 0 else 0,
			}
			for row in rows
		],
		"totals": [
			{"currency": currency, "amount": fmt_money(flt(total), currency=currency)}
			for currency, total in sorted(_totals(rows).items())
		],
	}
