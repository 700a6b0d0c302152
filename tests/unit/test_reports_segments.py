"""When a customer counts as regular, and what the report says of customers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from reports_reference import TODAY, Site

from partner_crm.reports import segments
from partner_crm.reports.filters import Filters

FIRST = date(2024, 1, 1)


@pytest.mark.parametrize(
	("purchases", "days", "segment"),
	[
		(0, None, "No Purchases"),
		(1, 0, "One-Time"),
		(2, 0, "Rare"),
		(2, 30, "Rare"),
		(3, 360, "Regular"),
		(3, 361, "Rare"),
		(10, 1620, "Regular"),
		(10, 1621, "Rare"),
	],
)
def test_segments(purchases, days, segment):
	last = None if days is None else FIRST + timedelta(days=days)
	assert segments.segment_of(purchases, FIRST if last else None, last) == segment


@pytest.fixture
def site():
	site = Site()
	site.add("Customer", name="Acme", customer_name="Acme Ltd", account_manager="ann", territory="North")
	site.add("Customer", name="A stranger", customer_name="Nobody of ours")
	site.add("Counterparty", customer="Acme")
	return site


def test_an_invoice_of_an_order_is_no_second_purchase(site):
	sale = {"customer": "Acme", "docstatus": 1}
	site.add(
		"Sales Order", name="SO", **sale, transaction_date=FIRST, base_grand_total=100, status="To Deliver"
	)
	site.add("Sales Invoice", name="SI", **sale, posting_date=FIRST, base_grand_total=60)
	site.add("Sales Invoice Item", parent="SI", sales_order="SO")
	site.add("Sales Invoice", name="CN", **sale, posting_date=TODAY, base_grand_total=-10, is_return=1)
	site.add("Delivery Note", **{**sale, "docstatus": 0})
	(row,) = site.run(segments).rows
	names = ("segment", "purchases", "bought", "average", "billed", "under_way", "deliveries")
	assert [row[name] for name in names] == ["One-Time", 1, 100, 100, 50, 1, 1]
	assert (row["last_on"], row["days_since"]) == (FIRST, (TODAY - FIRST).days)


def test_what_is_owed_in_another_currency_is_told_in_the_companys(site):
	sale = {"customer": "Acme", "docstatus": 1, "posting_date": FIRST, "conversion_rate": Decimal("0.5")}
	for account in ("EUR", "USD"):
		site.add(
			"Sales Invoice",
			**sale,
			currency="EUR",
			party_account_currency=account,
			outstanding_amount=Decimal("100.50"),
		)
	assert site.run(segments).totals["owed"] == Decimal("150.75")


def test_what_is_under_way_is_so_now_whatever_the_period(site):
	sale = {"customer": "Acme", "docstatus": 1, "base_grand_total": 5}
	site.add("Sales Order", **sale, transaction_date=FIRST, status="To Bill")
	site.add("Sales Invoice", **sale, posting_date=FIRST, outstanding_amount=5, conversion_rate=1)
	(row,) = site.run(segments, Filters(from_date=TODAY)).rows
	assert (row["segment"], row["purchases"], row["owed"], row["under_way"]) == ("No Purchases", 0, 5, 1)


def test_strangers_and_customers_without_anything_are_not_listed(site):
	site.add("Sales Order", customer="A stranger", docstatus=1, transaction_date=TODAY, base_grand_total=7)
	report = site.run(segments)
	assert (report.rows, report.totals["bought"]) == ((), 0)
