"""Which documents are behind a number of a report: as filters of lists, or as the names of the documents."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pypika.queries import QueryBuilder
from pypika.terms import Field

from partner_crm.reports.base import Behind, Column, Report
from partner_crm.reports.filters import DIMENSIONS, Filters
from partner_crm.reports.sql import Reader, blank, keys
from partner_crm.reports.tables import TABLES

Narrowing = tuple[str, str, Any]
"""A filter of a list: field, operator, value."""


@dataclass(frozen=True, slots=True)
class List:
	"""A list of documents: its filters, or a query of the names."""

	doctype: str
	filters: tuple[Narrowing, ...] = ()
	names: QueryBuilder | None = None


def lists(
	behind_number: Iterable[Behind], key: Mapping[str, Any], reader: Reader, today: date
) -> Iterator[List]:
	"""The lists behind a number of the row that `key` tells apart; an empty key is that of the totals."""
	for behind in behind_number:
		filters = _within(reader.filters, behind)
		if behind.names:
			names = behind.names(replace(reader, filters=filters), key, today)
			if names is not None:
				yield List(behind.doctype, names=names)
		else:
			narrowed = _narrowed(behind, filters, key)
			if narrowed is not None:
				yield List(behind.doctype, narrowed)


def of_column(columns: Iterable[Column], name: str) -> tuple[Behind, ...]:
	"""What is behind the numbers of the column of this name."""
	return next((column.behind for column in columns if column.fieldname == name), ())


def key_columns(report: Report) -> tuple[str, ...]:
	"""What has to be known of a row to find the documents behind its numbers."""
	named = {name for column in report.columns for behind in column.behind for name in behind.keys}
	return tuple(dict.fromkeys((*(report.keys or ()), *sorted(named))))


def of_row(
	reader: Reader, source: QueryBuilder, key: Mapping[str, Any], names: Field | None = None
) -> QueryBuilder:
	"""`names`, else the names in `source`, of the rows of one group; of all groups for an empty key.

	`source` is a table that `Reader.chosen` gave.
	"""
	name = source["name"] if names is None else names
	query = reader.Q.from_(source).select(name).orderby(name)
	for field, name in zip(keys(source, reader.filters), reader.filters.group_by, strict=True):
		if name in key:
			query = query.where(_is(field, key[name]))
	return query


def _is(field: Field, value: Any) -> Any:
	return blank(field) if value in (None, "") else field == value


def _within(filters: Filters, behind: Behind) -> Filters:
	ignored = {name: None for name in behind.ignores if name in Filters.__dataclass_fields__}
	return replace(filters, **ignored)


def _narrowed(behind: Behind, filters: Filters, key: Mapping[str, Any]) -> tuple[Narrowing, ...] | None:
	"""None where the list has no field for a filter, so that nothing in it matches."""
	known = {*TABLES[behind.doctype].columns, *behind.renamed} if behind.doctype in TABLES else set()
	known |= behind.renamed.keys()
	found: list[Narrowing] = list(behind.where)
	for name, value in filters.chosen():
		column = DIMENSIONS[name].column
		if column not in known:
			return None
		found.append((behind.renamed.get(column, column), "=", value))
	first, last = filters.from_date, filters.to_date
	for name in filters.group_by:
		if name not in key or name in behind.ignores:
			continue
		if DIMENSIONS[name].column is None:
			first, last, unset = _span(name, key[name], first, last)
			if unset:
				found.append((behind.dated, "is", "not set"))
				first = last = None
			continue
		column = DIMENSIONS[name].column
		found.append(_narrowing(behind.renamed.get(column, column), key[name]))
	found += [_narrowing(field, key[name]) for name, field in behind.keys.items() if name in key]
	if behind.dated:
		found += _period(behind.dated, first, last)
	return tuple(found)


def _narrowing(field: str, value: Any) -> Narrowing:
	return (field, "is", "not set") if value in (None, "") else (field, "=", value)


def _span(
	name: str, value: Any, first: date | None, last: date | None
) -> tuple[date | None, date | None, bool]:
	"""The days of a month, or one day, as far as the period reaches."""
	if not value:
		return first, last, True
	text = str(value)
	begins = date.fromisoformat(f"{text}-01" if name == "month" else text[:10])
	ends = begins.replace(day=monthrange(begins.year, begins.month)[1]) if name == "month" else begins
	return max(begins, first or begins), min(ends, last or ends), False


def _period(field: str, first: date | None, last: date | None) -> list[Narrowing]:
	if first and last:
		return [(field, "between", [first.isoformat(), last.isoformat()])]
	if first:
		return [(field, ">=", first.isoformat())]
	return [(field, "<=", last.isoformat())] if last else []
