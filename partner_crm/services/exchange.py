"""Amounts in the company's currency, by the exchange rates on record. No web service is asked during a save."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import frappe
from frappe import _

from partner_crm.services.numbers import decimal


def company_currency(company: str | None) -> str | None:
	return frappe.get_cached_value("Company", company, "default_currency") if company else None


def rate(from_currency: str | None, to_currency: str | None, on: date) -> float:
	"""The last rate recorded by that day, in either direction; 0 where there is none."""
	return float(exact_rate(from_currency, to_currency, on))


def exact_rate(from_currency: str | None, to_currency: str | None, on: date) -> Decimal:
	"""The same rate, for what is reckoned to the cent."""
	if not from_currency or from_currency == to_currency:
		return Decimal(1)
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
	currency, value = found[0] if found else (None, 0)
	if not value:
		return Decimal(0)
	return decimal(value) if currency == from_currency else 1 / decimal(value)


def warn_of_missing_rate(from_currency: str, to_currency: str) -> None:
	frappe.msgprint(
		_("There is no exchange rate from {0} to {1} on record: add one to Currency Exchange.").format(
			from_currency, to_currency
		),
		alert=True,
		indicator="orange",
	)
