"""Client Segments: who bought once, who buys now and then, and who regularly; what they bought, owe and wait for.

Customers of ERPNext are ours where a counterparty or a deal names them. A purchase is a submitted sales order, or a
submitted invoice that comes from no order; credit notes are none, and lessen what was billed. Amounts are in the
company's currency with taxes, as orders and invoices have them. The period chooses purchases and invoices by
their day; what is owed and what is under way is so now, whenever it began.

- Regular: at least `REGULAR_FROM` purchases, on average no more than `REGULAR_GAP` days apart.
- One-Time: one purchase; Rare: any other number of them; No Purchases: none in the period, but something is owed or
  under way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from pypika.functions import Count, Max, Min
from pypika.queries import QueryBuilder
from pypika.terms import Criterion, Term

from partner_crm.reports.base import (
	Behind,
	Chart,
	Column,
	Figure,
	Key,
	Report,
	Results,
	group_columns,
	in_order,
	named,
	percent,
	ratio,
	to_date,
	totals_of,
	units,
)
from partner_crm.reports.behind import of_column
from partner_crm.reports.filters import Filters
from partner_crm.reports.sql import Columns, Reader, blank, total, when

GROUPS = ("segment", "region", "responsible")
FILTERS = ("company", "responsible", "channel", "program", "partner", "region")

REGULAR = "Regular"
RARE = "Rare"
ONE_TIME = "One-Time"
NO_PURCHASES = "No Purchases"
SEGMENTS = (REGULAR, RARE, ONE_TIME, NO_PURCHASES)
REGULAR_FROM = 3
REGULAR_GAP = 180

ORDER = "Sales Order"
INVOICE = "Sales Invoice"
DELIVERY = "Delivery Note"
DRAFT, SUBMITTED = 0, 1
DONE = ("Completed", "Closed", "Cancelled")
"""The states of an order in which nothing more happens to it."""

OF_DEALS = ("channel", "program", "partner")
"""A customer is chosen by these where one of his deals is."""
OF_CUSTOMERS = ("responsible", "region")
CUSTOMERS_OWN = {"responsible": "account_manager", "region": "territory"}


def queries(reader: Reader, today: date) -> dict[str, QueryBuilder]:
	"""Customers; by customer their orders, invoices without an order, all invoices, and what is owed and under way."""
	reader.filters.check(GROUPS, FILTERS)
	return {
		"customers": _customers(reader),
		"orders": _purchases(reader, ORDER, "transaction_date", _is_submitted),
		"direct": _purchases(reader, INVOICE, "posting_date", lambda sale: _is_direct(reader, sale)),
		"billed": _purchases(reader, INVOICE, "posting_date", _is_submitted),
		"owed": _owed(reader),
		"under_way": _counted(reader, ORDER, _is_under_way),
		"deliveries": _counted(reader, DELIVERY, _is_prepared),
	}


def _is_submitted(sale: Columns) -> Criterion:
	return sale("docstatus") == SUBMITTED


def _is_direct(reader: Reader, sale: Columns) -> Criterion:
	item = reader.all("Sales Invoice Item", ["parent"], where=lambda item: ~blank(item("sales_order")))
	return _is_submitted(sale) & (sale("is_return") == 0) & sale("name").notin(item)


def _is_under_way(sale: Columns) -> Criterion:
	return _is_submitted(sale) & sale("status").notin(DONE)


def _is_unpaid(sale: Columns) -> Criterion:
	return _is_submitted(sale) & (sale("outstanding_amount") != 0)


def _is_prepared(note: Columns) -> Criterion:
	return note("docstatus") == DRAFT


def _customers(reader: Reader) -> QueryBuilder:
	"""Rows: name, title, account manager, territory of each customer of ours."""
	columns = ("name", "customer_name", "account_manager", "territory")
	customer = _chosen_customers(reader, *columns)
	return reader.Q.from_(customer).select(*[customer[name] for name in columns])


def _chosen_customers(reader: Reader, *columns: str) -> QueryBuilder:
	own = replace(
		reader,
		filters=Filters(**{name: getattr(reader.filters, name) for name in OF_CUSTOMERS}),
	)
	return own.chosen(
		"Customer",
		dated=None,
		terms=lambda customer: [customer(name) for name in columns],
		where=lambda customer: _is_ours(reader, customer("name")),
		renamed=CUSTOMERS_OWN,
	)


def _is_ours(reader: Reader, name: Term) -> Criterion:
	of_deals = {field: getattr(reader.filters, field) for field in OF_DEALS}
	deal = replace(reader, filters=Filters(**of_deals)).chosen(
		"Partner Deal",
		dated=None,
		terms=lambda deal: [deal("customer")],
		where=lambda deal: ~blank(deal("customer")),
	)
	if any(of_deals.values()):
		return name.isin(deal)
	counterparty = reader.all("Counterparty", ["customer"], where=lambda row: ~blank(row("customer")))
	return name.isin(counterparty) | name.isin(deal)


def _of_ours(
	reader: Reader,
	doctype: str,
	dated: str | None,
	terms: Callable[[Columns], list[Term]],
	where: Callable[[Columns], Criterion],
) -> QueryBuilder:
	"""Documents of customers of ours, of the company that is asked for."""
	period = {"from_date": reader.filters.from_date, "to_date": reader.filters.to_date} if dated else {}
	own = replace(reader, filters=Filters(company=reader.filters.company, **period))
	return own.chosen(
		doctype,
		dated=dated,
		terms=lambda sale: [sale("customer"), *terms(sale)],
		where=lambda sale: where(sale) & _is_ours(reader, sale("customer")),
	)


def _purchases(
	reader: Reader, doctype: str, dated: str, where: Callable[[Columns], Criterion]
) -> QueryBuilder:
	"""Rows: customer, how many, what they add up to, the day of the first and of the last."""
	sale = _of_ours(
		reader, doctype, dated, lambda sale: [sale("base_grand_total"), sale(dated).as_("day")], where
	)
	return (
		reader.Q.from_(sale)
		.select(sale["customer"], Count("*"), total(sale["base_grand_total"], reader.filters.precision))
		.select(Min(sale["day"]), Max(sale["day"]))
		.groupby(sale["customer"])
	)


def _owed(reader: Reader) -> QueryBuilder:
	"""Rows: customer, what is outstanding of his invoices.

	An invoice keeps it in the currency of the customer's account: the company's, or the invoice's own.
	"""

	def outstanding(sale: Columns) -> list[Term]:
		is_foreign = sale("party_account_currency") == sale("currency")
		rate = when(is_foreign, sale("conversion_rate"), 1)
		return [(sale("outstanding_amount") * rate).as_("owed")]

	sale = _of_ours(
		reader,
		INVOICE,
		None,
		outstanding,
		_is_unpaid,
	)
	return (
		reader.Q.from_(sale)
		.select(sale["customer"], total(sale["owed"], reader.filters.precision))
		.groupby(sale["customer"])
	)


def _counted(reader: Reader, doctype: str, where: Callable[[Columns], Criterion]) -> QueryBuilder:
	"""Rows: customer, how many."""
	sale = _of_ours(reader, doctype, None, lambda sale: [], where)
	return reader.Q.from_(sale).select(sale["customer"], Count("*")).groupby(sale["customer"])


@dataclass(slots=True)
class Buying:
	"""What is known of one customer, or added up of many."""

	clients: int = 0
	purchases: int = 0
	bought: Decimal = Decimal(0)
	billed: Decimal = Decimal(0)
	owed: Decimal = Decimal(0)
	under_way: int = 0
	deliveries: int = 0
	first_on: date | None = None
	last_on: date | None = None

	def add(self, other: Buying) -> None:
		for name in ("clients", "purchases", "bought", "billed", "owed", "under_way", "deliveries"):
			setattr(self, name, getattr(self, name) + getattr(other, name))
		self.seen(other.first_on, other.last_on)

	def seen(self, first: date | None, last: date | None) -> None:
		"""Widens the time between the first and the last purchase."""
		self.first_on = min(filter(None, (self.first_on, first)), default=None)
		self.last_on = max(filter(None, (self.last_on, last)), default=None)

	@property
	def is_anything(self) -> bool:
		return bool(self.purchases or self.billed or self.owed or self.under_way or self.deliveries)


def segment_of(purchases: int, first_on: date | None, last_on: date | None) -> str:
	"""See the head of this module."""
	if purchases < 2:
		return ONE_TIME if purchases else NO_PURCHASES
	days = (last_on - first_on).days
	is_regular = purchases >= REGULAR_FROM and days <= REGULAR_GAP * (purchases - 1)
	return REGULAR if is_regular else RARE


def _behind(doctype: str, dated: str | None, where: Callable[[Reader, Columns], Criterion]) -> Behind:
	"""The documents of one customer, of those of a group, or of all that the report tells of."""

	def names(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder | None:
		sale = _of_ours(reader, doctype, dated, lambda sale: [sale("name")], lambda sale: where(reader, sale))
		customers = _customers_of(reader, key, today)
		if not customers:
			return None
		query = reader.Q.from_(sale).select(sale["name"]).orderby(sale["name"])
		return query.where(sale["customer"].isin(customers))

	return Behind(doctype, keys={"customer": "customer"}, names=names)


def _names_of_customers(reader: Reader, key: Mapping[str, Any], today: date) -> QueryBuilder | None:
	told = _told_of(reader, key, today)
	if not told:
		return None
	customer = reader.all("Customer", ["name"], where=lambda row: row("name").isin(told))
	return reader.Q.from_(customer).select(customer["name"]).orderby(customer["name"])


def _customers_of(reader: Reader, key: Mapping[str, Any], today: date) -> list[str] | QueryBuilder:
	if key.get("customer"):
		return [key["customer"]]
	return _told_of(reader, key, today) if key else _chosen_customers(reader, "name")


def _told_of(reader: Reader, key: Mapping[str, Any], today: date) -> list[str]:
	"""The customers in the group of this key; for an empty key all that there is anything to tell of.

	No database knows segments, so they are found by the report itself.
	"""
	asked = queries(reader, today)
	told = _told({name: reader.fetch(query) for name, query in asked.items()}, reader.filters, today)
	wanted = {name: key[name] or None for name in reader.filters.group_by if name in key}
	return [
		row["customer"]
		for row, _buying in told
		if all((row[name] or None) == value for name, value in wanted.items())
	]


ORDERS = _behind(ORDER, "transaction_date", lambda reader, sale: _is_submitted(sale))
DIRECT = _behind(INVOICE, "posting_date", _is_direct)
INVOICES = _behind(INVOICE, "posting_date", lambda reader, sale: _is_submitted(sale))
UNPAID = _behind(INVOICE, None, lambda reader, sale: _is_unpaid(sale))
UNDER_WAY = _behind(ORDER, None, lambda reader, sale: _is_under_way(sale))
DELIVERIES = _behind(DELIVERY, None, lambda reader, sale: _is_prepared(sale))

SUMS = (
	Column("purchases", "Purchases", "Int", behind=(ORDERS, DIRECT)),
	Column("bought", "Bought", "Currency", behind=(ORDERS, DIRECT)),
	Column("average", "Average Purchase", "Currency", is_ratio=True, behind=(ORDERS, DIRECT)),
	Column("billed", "Billed", "Currency", behind=(INVOICES,)),
	Column("owed", "Owed", "Currency", behind=(UNPAID,)),
	Column("under_way", "Orders under Way", "Int", behind=(UNDER_WAY,)),
	Column("deliveries", "Deliveries in Preparation", "Int", behind=(DELIVERIES,)),
	Column("last_on", "Last Purchase On", "Date"),
)
LIST_COLUMNS = (
	Column("customer", "Customer", "Link", "Customer"),
	Column("client", "Customer name", "Data"),
	Column("segment", "Segment", "Data", is_said=True),
	Column("responsible", "Account Manager", "Link", "User"),
	Column("region", "Region", "Link", "Territory"),
	*SUMS,
	Column("days_since", "Days since Then", "Int"),
)

COUNT_COLUMNS = (
	Column("clients", "Clients", "Int", behind=(Behind("Customer", names=_names_of_customers),)),
	*SUMS,
	Column("share", "Share", "Percent"),
)


def behind(column: str) -> tuple[Behind, ...]:
	return of_column(COUNT_COLUMNS, column)


def report(results: Results, filters: Filters, today: date) -> Report:
	"""The customers with anything to tell, who bought most first; grouped, what they add up to.

	`average`: of a purchase; `share`: of all that was bought; `days_since`: from the last purchase to today.
	"""
	told = _told(results, filters, today)
	overall = Buying()
	groups: dict[Key, Buying] = defaultdict(Buying)
	segments: dict[str, Buying] = {segment: Buying() for segment in SEGMENTS}
	for row, buying in told:
		for sums in (overall, groups[_key(row, filters)], segments[row["segment"]]):
			sums.add(buying)
	return Report(
		**_as_groups(groups, overall, filters)
		if filters.group_by
		else _as_list([row for row, _buying in told], overall, filters),
		chart=Chart(
			"bar",
			SEGMENTS,
			(("Clients", tuple(segments[segment].clients for segment in SEGMENTS)),),
		),
		summary=(
			Figure("Clients", overall.clients, "Int"),
			Figure("Bought", overall.bought, "Currency"),
			Figure("Owed", overall.owed, "Currency"),
			*(Figure(segment, segments[segment].clients, "Int") for segment in SEGMENTS),
		),
	)


def _told(results: Results, filters: Filters, today: date) -> list[tuple[dict[str, Any], Buying]]:
	"""The customers with anything to tell, and what they bought."""
	buying = _gather(results, filters.precision)
	listed = ((row, buying[row["customer"]]) for row in _listed(results, buying, filters, today))
	return [(row, sums) for row, sums in listed if sums.is_anything]


def _key(row: Mapping[str, Any], filters: Filters) -> Key:
	return tuple(row[name] or None for name in filters.group_by)


def _as_groups(groups: dict[Key, Buying], overall: Buying, filters: Filters) -> dict[str, Any]:
	columns = (*group_columns(filters), *COUNT_COLUMNS)
	rows = (
		{
			**named(key, filters),
			**_figures(groups[key], filters),
			"clients": groups[key].clients,
			"share": percent(groups[key].bought, overall.bought),
		}
		for key in in_order(groups)
	)
	totals = {**_figures(overall, filters), "clients": overall.clients, "share": None}
	return {
		"columns": columns,
		"rows": tuple(rows),
		"totals": totals_of(columns, **totals),
		"keys": filters.group_by,
	}


def _as_list(told: list[dict[str, Any]], overall: Buying, filters: Filters) -> dict[str, Any]:
	totals = {**_figures(overall, filters), "last_on": None}
	return {
		"columns": LIST_COLUMNS,
		"rows": tuple(sorted(told, key=lambda row: (-row["bought"], row["customer"]))),
		"totals": totals_of(LIST_COLUMNS, **totals),
	}


def _gather(results: Results, places: int) -> dict[str, Buying]:
	buying: dict[str, Buying] = defaultdict(Buying)
	for name in ("orders", "direct"):
		for customer, count, cents, first, last in results[name]:
			buying[customer].purchases += count
			buying[customer].bought += units(cents, places)
			buying[customer].seen(to_date(first), to_date(last))
	for customer, _count, cents, _first, _last in results["billed"]:
		buying[customer].billed = units(cents, places)
	for customer, cents in results["owed"]:
		buying[customer].owed = units(cents, places)
	for customer, count in results["under_way"]:
		buying[customer].under_way = count
	for customer, count in results["deliveries"]:
		buying[customer].deliveries = count
	return buying


def _listed(
	results: Results, buying: dict[str, Buying], filters: Filters, today: date
) -> Iterable[dict[str, Any]]:
	for customer, title, manager, territory in results["customers"]:
		known = buying[customer]
		known.clients = 1
		yield {
			"customer": customer,
			"client": title,
			"segment": segment_of(known.purchases, known.first_on, known.last_on),
			"responsible": manager,
			"region": territory,
			**_figures(known, filters),
			"days_since": known.last_on and (today - known.last_on).days,
		}


def _figures(buying: Buying, filters: Filters) -> dict[str, Any]:
	return {
		"purchases": buying.purchases,
		"bought": buying.bought,
		"average": ratio(buying.bought, buying.purchases, filters.precision),
		"billed": buying.billed,
		"owed": buying.owed,
		"under_way": buying.under_way,
		"deliveries": buying.deliveries,
		"last_on": buying.last_on,
	}
