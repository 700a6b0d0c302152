"""Possible Duplicates: pairs of cards that may be one client, the most alike first; grouped, how many there are.

A reader is told of the pairs of which he may see both cards. A pair is chosen by a region where one of its cards is
there, and by company, manager, channel, programme or partner where a lead or deal of one of its cards is. The period
is that in which the pair was found. Unless the filters say otherwise, only pairs that nobody has decided about count.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from pypika import Order
from pypika.functions import Count, Max
from pypika.queries import QueryBuilder
from pypika.terms import Criterion

from partner_crm.reports.base import (
	Behind,
	Chart,
	Column,
	Figure,
	Key,
	Report,
	Results,
	Tally,
	group_columns,
	in_order,
	named,
	number,
	split_rows,
	totals_of,
)
from partner_crm.reports.behind import of_column, of_row
from partner_crm.reports.filters import Filters, Message
from partner_crm.reports.sql import Columns, Reader, count_if, keys
from partner_crm.rules.similarity import REASONS

PAIR = "Possible Duplicate"
OPEN, TOLD_APART = "Open", "Not a Duplicate"
DUPLICATE = "Duplicate"

GROUPS = ("card_doctype", "kind", "month")
FILTERS = (
	*("company", "responsible", "channel", "program", "partner", "region"),
	*("card_doctype", "kind", "status", "lowest_score"),
)

OF_JOURNEYS = ("company", "responsible", "channel", "program", "partner")
"""What is known of the leads and deals of a card."""
OF_PAIRS = ("card_doctype", "kind", "status")
JOURNEYS = ("Partner Lead", "Partner Deal")

MOST_SHOWN = 1000
STEPS = ((90, 101), (80, 90), (70, 80), (60, 70), (0, 60))
"""Of the likeness in percent: from, and to less than."""


@dataclass(frozen=True, slots=True)
class Card:
	"""What a DocType of cards has: its column for the region, and how leads and deals name it."""

	doctype: str
	region: str
	link: str


CARDS = (
	Card("Contact", "pcrm_region", "contact"),
	Card("Counterparty", "region", "counterparty"),
)


def queries(reader: Reader, today: date) -> dict[str, QueryBuilder]:
	reader.filters.check(GROUPS, FILTERS)
	lists = {} if reader.filters.group_by else {card.doctype: _listed(reader, card) for card in CARDS}
	return {"counts": _counts(reader), **lists}


def _pairs(reader: Reader, *columns: str) -> QueryBuilder:
	"""The pairs that the filters choose."""
	asked = reader.filters
	own = {name: getattr(asked, name) for name in (*OF_PAIRS, "from_date", "to_date", "group_by")}
	own["status"] = asked.status or OPEN

	def chosen(pair: Columns) -> Criterion:
		touches = _touches(pair, reader, asked)
		is_alike = pair("score") >= (asked.lowest_score or 0) / 100
		return is_alike if touches is None else is_alike & touches

	return replace(reader, filters=replace(Filters(), **own)).chosen(
		PAIR, dated="creation", terms=lambda pair: [pair(name) for name in columns], where=chosen
	)


def _touches(pair: Columns, reader: Reader, asked: Filters) -> Criterion | None:
	"""That one of the cards is where, and whose, the filters say; None where they say nothing of it."""
	of_journeys = {name: getattr(asked, name) for name in OF_JOURNEYS if getattr(asked, name)}
	if not (asked.region or of_journeys):
		return None
	found = []
	for card in CARDS:
		criteria = [pair("card_doctype") == card.doctype]
		if asked.region:
			criteria.append(_is_either(pair, [_in_region(reader, card, asked.region)]))
		if of_journeys:
			criteria.append(_is_either(pair, _in_journeys(reader, card, of_journeys)))
		found.append(Criterion.all(criteria))
	return Criterion.any(found)


def _is_either(pair: Columns, names: Iterable[QueryBuilder]) -> Criterion:
	"""That one of the cards is among these."""
	return Criterion.any([pair(side).isin(query) for query in names for side in ("card", "other_card")])


def _in_region(reader: Reader, card: Card, region: str) -> QueryBuilder:
	return reader.all(card.doctype, ["name"], where=lambda row: row(card.region) == region)


def _in_journeys(reader: Reader, card: Card, filters: Mapping[str, str]) -> Iterator[QueryBuilder]:
	"""The cards of leads and of deals."""
	own = replace(reader, filters=Filters(**filters))
	for doctype in JOURNEYS:
		yield own.chosen(doctype, dated=None, terms=lambda row: [row(card.link)])


def _counts(reader: Reader) -> QueryBuilder:
	"""Rows: group, how many, of them duplicates by the rule, the highest likeness, how many in each of `STEPS`."""
	pair = _pairs(reader, "kind", "score")
	score = pair["score"]
	steps = [count_if((score >= low / 100) & (score < high / 100)) for low, high in STEPS]
	groups = keys(pair, reader.filters)
	query = reader.Q.from_(pair).select(*groups, Count("*"), count_if(pair["kind"] == DUPLICATE), Max(score))
	return query.select(*steps).groupby(*groups)


def _listed(reader: Reader, card: Card) -> QueryBuilder:
	"""Rows: the columns of `STORED`."""
	pair = _pairs(reader, "card_doctype", *STORED)
	one, other = (reader.all(card.doctype, ["name"]).as_(side) for side in ("one", "other"))
	return (
		reader.Q.from_(pair)
		.join(one)
		.on(one["name"] == pair["card"])
		.join(other)
		.on(other["name"] == pair["other_card"])
		.select(*[pair[name] for name in STORED])
		.where(pair["card_doctype"] == card.doctype)
		.orderby(pair["kind"])
		.orderby(pair["score"], order=Order.desc)
		.orderby(pair["name"])
		.limit(MOST_SHOWN)
	)


STORED = ("name", "card", "other_card", "kind", "score", "reasons", "status", "reason")


def _names(reader: Reader, key: Mapping[str, Any], today: date, kind: str | None = None) -> QueryBuilder:
	pair = _pairs(reader, "name", "kind")
	query = of_row(reader, pair, key)
	return query if kind is None else query.where(pair["kind"] == kind)


ALL = (Behind(PAIR, names=_names),)
BY_THE_RULE = (Behind(PAIR, names=lambda reader, key, today: _names(reader, key, today, DUPLICATE)),)
NEAR = (Behind(PAIR, names=lambda reader, key, today: _names(reader, key, today, "Possible")),)

COUNT_COLUMNS = (
	Column("pairs", "Pairs of cards", "Int", behind=ALL),
	Column("duplicates", "Duplicates", "Int", behind=BY_THE_RULE),
	Column("near", "Near matches", "Int", behind=NEAR),
	Column("score", "Highest likeness", "Percent"),
)
LIST_COLUMNS = (
	Column("card", "Card", "Dynamic Link", "card_doctype"),
	Column("other_card", "Other card", "Dynamic Link", "card_doctype"),
	Column("kind", "What it is", "Data", is_said=True, context=PAIR),
	Column("score", "Likeness", "Percent"),
	Column("reasons", "Reasons", "Small Text"),
	Column("status", "Status", "Data", is_said=True),
	Column("reason", "Why they are two", "Small Text"),
	Column("about", "Document type", "Data", is_said=True),
	Column("card_doctype", "Document type", "Data", is_hidden=True),
)


def behind(column: str) -> tuple[Behind, ...]:
	return of_column(COUNT_COLUMNS, column)


@dataclass(slots=True)
class Pairs(Tally):
	"""Pairs of one group."""

	pairs: int = 0
	duplicates: int = 0


def report(results: Results, filters: Filters, today: date) -> Report:
	groups: dict[Key, Pairs] = defaultdict(Pairs)
	highest: dict[Key, Decimal] = defaultdict(Decimal)
	overall, steps = Pairs(), [0] * len(STEPS)
	for key, (pairs, duplicates, score, *in_steps) in split_rows(results, filters, "counts"):
		for tally in (groups[key], overall):
			tally.add(Pairs(pairs, int(duplicates or 0)))
		highest[key] = max(highest[key], _percent(score))
		steps = [counted + int(more or 0) for counted, more in zip(steps, in_steps, strict=True)]
	shown = _as_groups(groups, highest, overall, filters) if filters.group_by else _as_list(results)
	return Report(
		**shown,
		chart=Chart(
			"bar",
			tuple(f"{low}–{min(high, 100)} %" for low, high in STEPS),
			(("Pairs of cards", tuple(steps)),),
		)
		if overall.pairs
		else None,
		summary=(
			Figure("Duplicates", overall.duplicates, "Int"),
			Figure("Near matches", overall.pairs - overall.duplicates, "Int"),
		),
	)


def _as_groups(
	groups: Mapping[Key, Pairs], highest: Mapping[Key, Decimal], overall: Pairs, filters: Filters
) -> dict[str, Any]:
	columns = (*group_columns(filters), *COUNT_COLUMNS)
	rows = (
		{**named(key, filters), **_figures(groups[key]), "score": highest[key]} for key in in_order(groups)
	)
	totals = totals_of(columns, **_figures(overall))
	return {"columns": columns, "rows": tuple(rows), "totals": totals, "keys": filters.group_by}


def _figures(tally: Pairs) -> dict[str, int]:
	return {
		"pairs": tally.pairs,
		"duplicates": tally.duplicates,
		"near": tally.pairs - tally.duplicates,
	}


def _as_list(results: Results) -> dict[str, Any]:
	rows = [_row(card.doctype, values) for card in CARDS for values in results[card.doctype]]
	rows.sort(key=lambda row: (row["kind"] != DUPLICATE, -row["score"], row["card"]))
	return {
		"columns": LIST_COLUMNS,
		"rows": tuple(rows[:MOST_SHOWN]),
		"totals": totals_of(LIST_COLUMNS),
	}


def _row(doctype: str, values: Iterable[Any]) -> dict[str, Any]:
	row = dict(zip(STORED, values, strict=True))
	return row | {
		"card_doctype": doctype,
		"about": doctype,
		"score": _percent(row["score"]),
		"reasons": _in_words(row["reasons"]),
	}


def _in_words(reasons: str | None) -> tuple[Message, ...]:
	found = json.loads(reasons or "[]")
	return tuple(Message(REASONS[code], {"card": card}) for code, card in found if code in REASONS)


def _percent(score: Any) -> Decimal:
	return number((score or 0) * 100, 1)
