"""Amounts as people send them: a text, NaN or an infinity is refused, not stored as something else."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html

from partner_crm.rules.money import round_money
from partner_crm.services.refusals import bullets

NUMERIC = ("Currency", "Float", "Percent")


def check(doc: Document) -> None:
	problems = [
		_("{0}: {1} is not a number.").format(
			_(field.label), frappe.bold(escape_html(str(part.get(field.fieldname))))
		)
		for part in (doc, *doc.get_all_children())
		for field in part.meta.fields
		if field.fieldtype in NUMERIC and not _is_number(part.get(field.fieldname))
	]
	if problems:
		frappe.throw(bullets(problems), title=_("Not a number"))


def decimal(value: object) -> Decimal:
	"""A number of a document or a column as the rules of money want it; an empty one is 0."""
	return Decimal(str(value or 0))


def money(value: object, currency: str) -> Decimal:
	"""What the database gives as a float, in whole smallest units of its currency."""
	return round_money(decimal(value), currency)


def _is_number(value: object) -> bool:
	if not value:
		return True
	try:
		return isfinite(float(value.replace(",", "") if isinstance(value, str) else value))
	except (TypeError, ValueError):
		return False
