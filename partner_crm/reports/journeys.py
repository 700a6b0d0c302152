"""What leads, deals and the log of their stages know of each other, so that the funnel need not join them.

With every lead and deal stand the sets of stages that it entered and was lost from, with every change of stage the
company of its journey and the day that began on. Saving keeps them (`services.funnel`). These statements write them for
all documents at once: where the documents are older than these columns, or were not made by saving.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import add
from typing import Any

from pypika import Table
from pypika.functions import Coalesce, Max, Sum
from pypika.queries import QueryBuilder
from pypika.terms import Criterion, Term

from partner_crm.reports.sql import one_of, when
from partner_crm.reports.tables import table_name
from partner_crm.rules.stages import BITS, CONVERTED, EXITS

LEAD, DEAL = "Partner Lead", "Partner Deal"


def statements(Q: Any) -> Iterator[QueryBuilder]:
	"""To be run in this order. `Q` is the query class, as for a report."""
	for doctype in (LEAD, DEAL):
		yield from sets_of(Q, doctype)
	for doctype in (LEAD, DEAL):
		yield _known_to_log(Q, doctype)
	yield _gone_on(Q)


def sets_of(Q: Any, doctype: str) -> Iterator[QueryBuilder]:
	"""Those for the sets of leads, or of deals, which come after the leads."""
	document, change = Table(table_name(doctype)), Table(table_name("Stage Change"))
	of_it = (change.reference_doctype == doctype) & (change.reference_name == document.name)

	def told(column: str, of: Criterion) -> Term:
		return _told(Q.from_(change).select(Sum(one_of(change[column], BITS)).distinct()).where(of), 0)

	yield (
		Q.update(document)
		.set(document.stages_entered, told("to_stage", of_it))
		.set(document.stages_lost_from, told("from_stage", of_it & change.to_stage.isin(EXITS)))
	)
	if doctype == DEAL:
		yield _taken_over(Q)


def _taken_over(Q: Any) -> QueryBuilder:
	"""A deal's own stages and those of the lead that it grew from, but for Converted; those of both count once."""
	lead, deal = Table(table_name(LEAD)), Table(table_name(DEAL))
	query = Q.update(deal)
	for column in ("stages_entered", "stages_lost_from"):
		more = [
			when((lead[column].bitwiseand(bit) > 0) & (deal[column].bitwiseand(bit) == 0), bit)
			for stage, bit in BITS.items()
			if stage != CONVERTED
		]
		its_lead = (lead.deal == deal.name) & (lead.stage == CONVERTED)
		query = query.set(
			deal[column],
			deal[column] + _told(Q.from_(lead).select(Max(reduce(add, more))).where(its_lead), 0),
		)
	return query


def _told(found: QueryBuilder, otherwise: int | None = None) -> Term:
	"""What a query finds, as a value to be set: PyPika puts no brackets around the query itself."""
	return Coalesce(found, otherwise)


def _known_to_log(Q: Any, doctype: str) -> QueryBuilder:
	document, change = Table(table_name(doctype)), Table(table_name("Stage Change"))
	query = Q.update(change).where(change.reference_doctype == doctype)
	if doctype == LEAD:
		query = query.where(change.reference_name.notin(_converted(Q)))
	for column in ("company", "registered_on"):
		found = Q.from_(document).select(document[column]).where(document.name == change.reference_name)
		query = query.set(change[column], _told(found))
	return query


def _gone_on(Q: Any) -> QueryBuilder:
	"""A converted lead's changes are its deal's. One whose deal is gone stands for no journey, and its changes for nothing."""
	lead, deal, change = (Table(table_name(name)) for name in (LEAD, DEAL, "Stage Change"))
	query = Q.update(change)
	query = query.where((change.reference_doctype == LEAD) & change.reference_name.isin(_converted(Q)))
	for column in ("company", "registered_on"):
		found = (
			Q.from_(lead)
			.join(deal)
			.on(deal.name == lead.deal)
			.select(deal[column])
			.where(lead.name == change.reference_name)
		)
		query = query.set(change[column], _told(found))
	return query


def _converted(Q: Any) -> QueryBuilder:
	lead = Table(table_name(LEAD))
	return Q.from_(lead).select(lead.name).where(lead.stage == CONVERTED)
