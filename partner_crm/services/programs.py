"""Partner programmes as the rules of commission want them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, escape_html, getdate
from pypika.queries import QueryBuilder

from partner_crm.rules import commission
from partner_crm.services.refusals import bullets


def check_terms(program: Document) -> None:
	"""Names everything that is wrong with the terms, row by row."""
	problems = [
		escape_html(_(problem.sentence).format(**problem.parameters))
		for problem in commission.check_terms(terms_of(program))
	]
	if problems:
		frappe.throw(bullets(problems), title=_("Terms not accepted"))


USES = {
	"Partner Claim": "registered_on",
	"Partner Deal": "won_on",
	"Partner Lead": "won_on",
	"Payout": "won_on",
}
"""What is done by the terms of a programme, and the day by which they are chosen."""


def keep_used_terms(program: Document) -> None:
	"""Terms by which somebody was registered, won or paid can only be ended, and succeeded."""
	before = program.get_doc_before_save()
	if not before:
		return
	changed = commission.rewritten(terms_of(before), terms_of(program), getdate())
	if before.direction != program.direction:
		changed = [commission.TermPeriod(date.min, date.max, ()), *changed]
	problems = [_in_words(period) for period in _used(program.name, changed)]
	if problems:
		frappe.throw(bullets(problems), title=_("Terms in use"))


def _in_words(period: commission.TermPeriod) -> str:
	if not period.rows:
		return _(
			"Clients were registered for this programme, so its direction stays. Make another programme."
		)
	return _(
		"Rows {0}: clients were registered or won under these terms, so terms and currency stay as they are."
		" End them today or later, and add their successors from the day after."
	).format(", ".join(map(str, period.rows)))


def _used(program: str, periods: Sequence[commission.TermPeriod]) -> list[commission.TermPeriod]:
	"""Those of the periods on whose days something was done by the terms; all asked in one statement."""
	if not periods:
		return []
	table = frappe.qb.DocType("Partner Program")
	questions = [
		_first_use(doctype, day, program, period) for period in periods for doctype, day in USES.items()
	]
	query = frappe.qb.from_(table).where(table.name == program)
	answers = query.select(*(each.as_(f"q{number}") for number, each in enumerate(questions))).run()[0]
	return [
		period
		for number, period in enumerate(periods)
		if any(answers[number * len(USES) : (number + 1) * len(USES)])
	]


def _first_use(doctype: str, day: str, program: str, period: commission.TermPeriod) -> QueryBuilder:
	table = frappe.qb.DocType(doctype)
	is_in_period = (table.program == program) & table[day].between(period.first_day, period.last_day)
	return frappe.qb.from_(table).select(table.name).where(is_in_period).limit(1)


def terms_of(program: Document) -> list[commission.Term]:
	return [_term(row, program.currency) for row in program.terms]


def _term(row: Document, currency: str) -> commission.Term:
	return commission.Term(
		basis=row.basis,
		value=_decimal(row.value),
		currency=currency,
		valid_from=getdate(row.valid_from) if row.valid_from else None,
		valid_to=getdate(row.valid_to) if row.valid_to else None,
		tier_from=_decimal(row.tier_from),
		tier_by=row.tier_by or None,
		tier_mode=row.tier_mode or commission.WHOLE,
		recurring_months=cint(row.recurring_months),
		cap=_decimal(row.cap),
	)


def _decimal(value: float | str | None) -> Decimal:
	return Decimal(str(value or 0))
