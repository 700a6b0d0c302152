"""Partner programmes as the rules of commission want them."""

from __future__ import annotations

from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, escape_html, getdate

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
