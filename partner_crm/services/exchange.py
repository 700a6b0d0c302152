"""Amounts in the company's currency, by the exchange rates on record. No web service is asked during a save."""

from __future__ import annotations

from datetime import date

import frappe
from frappe import _
from frappe.utils import flt


def company_currency(company: str | None) -> str | None:
	return frappe.get_cached_value("Company", company, "default_currency") if company else None


def rate(from_currency: str | None, to_currency: str | None, on: date) -> float:
	"""The last rate recorded by that day, in either direction; 0 where there is none."""
	if not from_currency or from_currency == to_currency:
		return 1.0
	exchange = frappe.qb.DocType("Currency Exchange")
	there = (exchange.from_currency == from_currency) & (exchange.to_currency == to_currency)
	back = (exchange.from_currency == to_currency) & (exchange.to_currency == from_currency)
	found = (
		frappe.qb.from_(exchange)
		.select(exchange.from_currency, exchange.exchange_rate)
		.where(there | back)
		.where(exchange.date <= on)
		.orderby(exchange.date, order=frappe.qb.desc)
		.orderby(exchange.name)
		.limit(1)
		.run()
	)
	if not found or not flt(found[0][1]):
		return 0.0
	currency, value = found[0]
	return flt(value) if currency == from_currency else 1 / flt(value)


def warn_of_missing_rate(from_currency: str, to_currency: str) -> None:
	frappe.msgprint(
		_("There is no exchange rate from {0} to {1} on record: add one to Currency Exchange.").format(
			from_currency, to_currency
		),
		alert=True,
		indicator="orange",
	)
