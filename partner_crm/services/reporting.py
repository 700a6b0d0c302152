"""Shows a report of `partner_crm.reports` in the desk: with what the reader may see, in his language.

A scheduled e-mail is made by the scheduler, for whom nothing is hidden; whose rights it has is told by the filter
`reader`, which `overrides.auto_email_report` sets. A reader given so can only narrow what the caller himself may see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, cstr, fmt_money, formatdate, getdate
from pypika import Table
from pypika.queries import QueryBuilder
from pypika.terms import Criterion

from partner_crm.permissions import reading
from partner_crm.reports import (
	activity,
	base,
	behind,
	channels,
	comparison,
	duplicates,
	funnel,
	income,
	penalties,
	reconciliation,
	segments,
	win_loss,
	work,
)
from partner_crm.reports.filters import FilterError, Filters, Message
from partner_crm.reports.sql import Reader, Restrict
from partner_crm.reports.tables import TABLES
from partner_crm.rules.money import smallest_unit
from partner_crm.services import rollups, titles
from partner_crm.texts import CONTEXT

REPORTS: Mapping[str, base.ReportModule] = {
	"Channel Performance": channels,
	"Client Segments": segments,
	"Deal Activity": activity,
	"Manager Penalties": penalties,
	"Manager Work": work,
	"Partner Funnel": funnel,
	"Partner Income": income,
	"Payout Reconciliation": reconciliation,
	"Possible Duplicates": duplicates,
	"Win Loss Analysis": win_loss,
}

READER = "reader"
WITHOUT_TOTALS = "without_totals"
"""Asked for by a chart that Frappe draws of the rows: it would draw the row of totals as one more of them."""
WIDTHS = {"Int": 90, "Percent": 90, "Float": 90, "Date": 110, "Currency": 140, "Small Text": 300}
"""Of columns, in pixels, unless the label needs more; those of names are as wide as the names."""
PADDING, OF_A_LETTER = 36, 8
LEAST_WIDTH, MOST_WIDTH = 90, 300
LOOKED_AT = 100
"""So many of the first rows tell how wide the names are."""
TITLE = "_title"
"""What the name of a column ends with that tells the titles of the documents in another one."""
DECIMALS = 2
MOST_LABELS = 30
"""More groups than this make no chart that anybody could read."""
MOST_NAMES = 2000
"""More documents than this are not named one by one to a list."""


def show(report: str, values: Mapping[str, Any] | None) -> tuple:
	"""What a script report returns."""
	request = Request.of(values)
	try:
		filters = request.filters
		module = REPORTS[report]
		found = comparison.run(
			module,
			_fetch,
			frappe.qb,
			filters,
			getdate(),
			request.restrict,
			rollups.kept(getattr(module, "ROLLUPS", ())),
		)
	except FilterError as refusal:
		_refuse(refusal)
	return Shown(found, request).as_tuple()


def documents_behind(
	report: str, values: Mapping[str, Any] | None, column: str, key: Mapping[str, Any]
) -> list[dict]:
	"""The lists of the documents behind a number of a report: DocType and list filters; those that are empty left out.

	`key` tells the row apart, as `show` gave it with the row; that of the totals is empty.
	"""
	request = Request.of(values)
	try:
		reader = Reader(frappe.qb, request.filters, request.restrict, _fetch)
		found = behind.lists(REPORTS[report].behind(column), key, reader, getdate())
		lists = [{"doctype": one.doctype, **_filters_of(one)} for one in found]
	except FilterError as refusal:
		_refuse(refusal)
	return [one for one in lists if one["filters"] is not None and _is_filled(one["doctype"], one["filters"])]


def _fetch(query: QueryBuilder) -> Sequence[Sequence[Any]]:
	return query.run()


def _filters_of(found: behind.List) -> dict[str, Any]:
	if found.names is None:
		return {"filters": [list(narrowing) for narrowing in found.filters], "is_cut": False}
	names = [row[0] for row in found.names.limit(MOST_NAMES + 1).run()]
	return {
		"filters": [["name", "in", names[:MOST_NAMES]]] if names else None,
		"is_cut": len(names) > MOST_NAMES,
	}


def _is_filled(doctype: str, filters: list) -> bool:
	if not frappe.has_permission(doctype, "read"):
		return False
	return bool(frappe.get_list(doctype, filters=filters, limit=1, order_by="", pluck="name"))


def _refuse(refusal: FilterError) -> None:
	frappe.throw(_(refusal.message.sentence).format(**refusal.message.values))


@dataclass
class Request:
	"""What is asked for, and by whom."""

	values: dict[str, Any]
	readers: tuple[str, ...]
	is_mailed: bool = False
	has_totals: bool = True
	read: set[str] = field(default_factory=set)
	_rows: dict[str, tuple[Criterion, ...]] = field(default_factory=dict)

	@classmethod
	def of(cls, values: Mapping[str, Any] | None) -> Request:
		# Whoever has saved filters for a chart while it was not drawn from a report has a list of them.
		values = dict(values) if isinstance(values, Mapping) else {}
		reader = values.pop(READER, None)
		readers = dict.fromkeys((frappe.session.user, reader or frappe.session.user))
		has_totals = not cint(values.pop(WITHOUT_TOTALS, 0))
		return cls(values, tuple(readers), bool(reader), has_totals)

	@cached_property
	def filters(self) -> Filters:
		places = -smallest_unit(self.currency).as_tuple().exponent
		return Filters.read({**self.values, "precision": places})

	@cached_property
	def currency(self) -> str:
		"""In which all amounts are. Those of companies with different currencies are refused."""
		named = {"name": self.values["company"]} if self.values.get("company") else {}
		currencies = sorted(set(frappe.get_all("Company", named, pluck="default_currency", order_by="name")))
		if len(currencies) > 1:
			sentence = _(
				"The companies keep their books in {0}, and such amounts can't be added up. Choose a company."
			)
			frappe.throw(sentence.format(", ".join(currencies)))
		return currencies[0] if currencies else cstr(frappe.db.get_default("currency"))

	@cached_property
	def lang(self) -> str:
		return frappe.get_cached_value("User", self.readers[-1], "language") or frappe.local.lang

	@property
	def restrict(self) -> Restrict:
		return Restrict(self._seen, self.hidden)

	@cached_property
	def hidden(self) -> frozenset[tuple[str, str]]:
		return frozenset(
			(doctype, column)
			for doctype in TABLES.keys() - reading.PARENTS.keys()
			for reader in self.readers
			for column in reading.hidden_columns(doctype, reader) & TABLES[doctype].columns.keys()
		)

	def may_open(self, doctype: str) -> bool:
		"""Whether a name can be a link: Frappe refuses the whole report to whoever may not read what a link leads to."""
		return all(frappe.has_permission(doctype, "read", user=reader) for reader in self.readers)

	@property
	def is_money_hidden(self) -> bool:
		"""Whether something was read without what it is worth."""
		return any(
			doctype in self.read and TABLES[doctype].columns[column] == "money"
			for doctype, column in self.hidden
		)

	def _seen(self, doctype: str, table: Table) -> Criterion | None:
		self.read.add(doctype)
		if doctype not in self._rows:
			found = (reading.rows(doctype, table, reader) for reader in self.readers)
			self._rows[doctype] = tuple(criterion for criterion in found if criterion is not None)
		seen = self._rows[doctype]
		return Criterion.all(seen) if seen else None


class Shown:
	"""A report as Frappe wants it."""

	def __init__(self, report: base.Report, request: Request) -> None:
		self.report = report
		self.request = request
		self.columns = [column for column in report.columns if column.needs not in request.hidden]
		self.left_out = {column.label for column in report.columns if column.needs in request.hidden}
		self.keys = behind.key_columns(report)

	def as_tuple(self) -> tuple:
		rows = [*self._rows()]
		columns = [shown for column in self.columns for shown in self._columns(column, rows)]
		if self.request.is_mailed:
			# Frappe mails the hidden ones, too.
			columns = [column for column in columns if not column["hidden"]]
		return columns, rows, self._message(), self._chart(), self._summary(), True

	@cached_property
	def titled_columns(self) -> list[base.Column]:
		return [column for column in self.columns if self._is_titled(column)]

	@cached_property
	def titled(self) -> dict[str, dict[tuple[str | None, str], str]]:
		"""The titles in each of these columns, by DocType and name; a client has no DocType there."""
		return {column.fieldname: self._titles(column) for column in self.titled_columns}

	def _is_titled(self, column: base.Column) -> bool:
		if column.is_hidden:
			return False
		if column.fieldtype == "Link":
			return titles.are_told(column.options)
		return column.is_client or column.fieldtype == "Dynamic Link"

	def _titles(self, column: base.Column) -> dict[tuple[str | None, str], str]:
		told = titles.Titles(self.request.readers, self.text)
		names: dict[str | None, set[str]] = defaultdict(set)
		for row in self.report.rows:
			if row[column.fieldname]:
				names[self._doctype(column, row)].add(row[column.fieldname])
		found = {}
		for doctype, some in names.items():
			of_these = told.of_clients(some) if column.is_client else told.of_documents(doctype, some)
			if column.fieldtype != "Dynamic Link":
				of_these = titles.told_apart(of_these)
			found |= {(doctype, name): title for name, title in of_these.items()}
		return found

	def _doctype(self, column: base.Column, row: Mapping[str, Any]) -> str | None:
		return row[column.options] if column.fieldtype == "Dynamic Link" else column.options

	def text(self, text: str, context: str | None = None) -> str:
		return _(text, lang=self.request.lang, context=context or CONTEXT)

	def _columns(self, column: base.Column, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
		"""The column; where its documents are told by titles, these behind it, and itself hidden."""
		shown = self._column(column)
		if column.fieldname not in self.titled:
			yield shown | {"width": self._width(column, shown, rows)}
			return
		yield shown | {"hidden": 1}
		title = {
			"fieldname": column.fieldname + TITLE,
			"fieldtype": "Data",
			"options": None,
			"names": column.fieldname,
			"of": column.options,
			"is_dynamic": int(column.fieldtype == "Dynamic Link"),
		}
		yield shown | title | {"width": self._width(column, shown | title, rows)}

	def _width(self, column: base.Column, shown: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> int:
		longest = len(shown["label"])
		if column.fieldtype not in WIDTHS:
			told = (row.get(shown["fieldname"]) for row in rows[:LOOKED_AT])
			longest = max(longest, *(len(cstr(value)) for value in told), 0)
		wanted = PADDING + OF_A_LETTER * longest
		return min(max(wanted, WIDTHS.get(column.fieldtype, LEAST_WIDTH)), MOST_WIDTH)

	def _column(self, column: base.Column) -> dict[str, Any]:
		is_own = column.fieldtype == "Currency" and not column.options
		is_closed = column.fieldtype == "Link" and not self.request.may_open(column.options)
		return {
			"fieldname": column.fieldname,
			"label": self._label(column),
			"fieldtype": "Data" if is_closed or column.fieldtype == "Check" else column.fieldtype,
			"options": None if is_closed else "currency" if is_own else column.options,
			"precision": DECIMALS if column.fieldtype in ("Percent", "Float") else None,
			"behind": int(bool(column.behind)),
			"hidden": int(column.is_hidden),
		}

	def _label(self, column: base.Column) -> str:
		label = self.text(column.label, column.context)
		return self.text(column.sentence).format(column=label) if column.sentence else label

	def _rows(self) -> Iterable[dict[str, Any]]:
		for row in self.report.rows:
			yield self._row(row) | {"key": {name: _plain(row.get(name)) for name in self.keys}}
		totals = self.report.totals
		if (
			self.request.has_totals
			and self.report.rows
			and self.report.keys != ()
			and any(value is not None for value in totals.values())
		):
			first = self.columns[0].fieldname
			named = dict.fromkeys(
				(first, first + TITLE) if first in self.titled else (first,), self.text("Total")
			)
			yield self._row(totals) | named | {"key": {}, "is_total": 1, "bold": 1}

	def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
		shown = {column.fieldname: self._value(column, row[column.fieldname]) for column in self.columns}
		for column in self.titled_columns:
			shown[column.fieldname + TITLE] = self._told(column, row)
		shown.setdefault("currency", self.request.currency)
		return shown

	def _told(self, column: base.Column, row: Mapping[str, Any]) -> str | None:
		"""What a reader is told of a document, a group or a word."""
		value = row[column.fieldname]
		title = self.titled.get(column.fieldname, {}).get((self._doctype(column, row), value))
		return title or self._value(column, value)

	def _value(self, column: base.Column, value: Any) -> Any:
		if isinstance(value, Message):
			return value.said(self.text, _in_a_sentence)
		if isinstance(value, tuple):
			return " ".join(self._value(column, part) for part in value)
		if column.fieldtype == "Check" and value is not None:
			# Frappe would print an empty cell, as that of the totals, as a No.
			return self.text("Yes" if value else "No")
		return self.text(value, column.context) if column.is_said and value else _plain(value)

	def _message(self) -> str | None:
		if not self.request.is_money_hidden:
			return None
		return self.text(
			"What partners' payouts are worth is not shown to you, and is in none of these amounts."
		)

	def _chart(self) -> dict[str, Any] | None:
		chart = self.report.chart
		if not chart or not chart.labels:
			return None
		datasets = [
			{
				"name": self.text(name),
				"values": [_plain(value) or 0 for value in values[:MOST_LABELS]],
				**({"chartType": "line" if name in chart.lines else "bar"} if chart.lines else {}),
			}
			for name, values in chart.datasets
			if name not in self.left_out
		]
		if not datasets:
			return None
		data = {
			"labels": [self._chart_label(label) for label in chart.labels[:MOST_LABELS]],
			"datasets": datasets,
		}
		if chart.marks:
			data["yMarkers"] = [{"label": f"{mark} %", "value": _plain(mark)} for mark in chart.marks]
		return {"type": chart.kind, "data": data}

	def _chart_label(self, label: str | base.Key) -> str:
		if isinstance(label, str):
			return self.text(label)
		if not label:
			return self.text("Total")
		row = dict(zip(self.request.filters.group_by, label, strict=False))
		told = (
			cstr(self._told(column, row)) for column in self.columns if row.get(column.fieldname) is not None
		)
		return " / ".join(told) or self.text("Not set")

	def _summary(self) -> list[dict[str, Any]]:
		return [
			{
				"label": self.text(figure.label),
				"currency": self.request.currency,
				**_figure(figure),
			}
			for figure in self.report.summary
			if figure.needs not in self.request.hidden
		]


def _figure(figure: base.Figure) -> dict[str, Any]:
	"""Frappe has its own number of decimals for percentages above a report, and no way to say another."""
	value = _plain(figure.value)
	if figure.fieldtype == "Percent" and value is not None:
		return {"value": f"{fmt_money(value, DECIMALS)}%", "datatype": "Data"}
	return {"value": value, "datatype": figure.fieldtype}


def _in_a_sentence(value: Any) -> Any:
	return formatdate(value) if isinstance(value, date) else value


def _plain(value: Any) -> Any:
	"""As spreadsheets and charts take it: they know no decimals."""
	if isinstance(value, Decimal):
		return float(value)
	return value.date() if isinstance(value, datetime) else value
