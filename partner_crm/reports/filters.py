"""What a person may narrow a report by, and group it by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from math import isfinite, nan
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Message:
	"""A whole English sentence with {placeholders}, and their values: translate first, format afterwards.

	A value can be sentences again, as a tuple of messages.
	"""

	sentence: str
	values: Mapping[str, object]

	def said(
		self,
		translate: Callable[[str], str] = str,
		show: Callable[[object], object] = lambda value: value,
	) -> str:
		"""`show` tells a value that is no sentence."""

		def told(value: object) -> object:
			if isinstance(value, tuple):
				return " ".join(one.said(translate, show) for one in value)
			return show(value)

		return translate(self.sentence).format(**{name: told(value) for name, value in self.values.items()})

	def __str__(self) -> str:
		return self.said()


PERIOD_REVERSED = "The period ends on {to_date}, before it begins on {from_date}."
NOT_A_DATE = "{value} is not a date. Write it as YYYY-MM-DD."
NOT_A_NUMBER = "{value} is not a number."
UNKNOWN_FILTER = "There is no filter {name}. The filters are: {possible}."
UNKNOWN_GROUP = "A report can't be grouped by {name}. It can be grouped by: {possible}."
GROUP_REPEATED = "The report is grouped by {name} twice."
GROUP_NOT_HERE = "This report can't be grouped by {name}. It can be grouped by: {possible}."
FILTER_NOT_HERE = "This report can't be filtered by {name}. It can be filtered by: {possible}."
UNKNOWN_COMPARISON = "A report can't be compared with {name}. It can be compared with: {possible}."
NO_PERIOD_TO_COMPARE = "To compare, say both ends of the period."
NOTHING_EARLIER = "There is no earlier period to compare with."

PREVIOUS_PERIOD = "Previous Period"
PREVIOUS_YEAR = "Previous Year"
COMPARISONS = (PREVIOUS_PERIOD, PREVIOUS_YEAR)


class FilterError(ValueError):
	"""A filter that can't be meant. `message` says what is wrong, as a sentence to translate."""

	def __init__(self, sentence: str, **values: object) -> None:
		self.message = Message(sentence, values)
		super().__init__(str(self.message))


@dataclass(frozen=True, slots=True)
class Dimension:
	"""Something that a report can be grouped by. `column` is the table's name for it; None for a part of time.

	`is_said`, `is_client`, `context`: as of a column of a report.
	"""

	label: str
	column: str | None
	fieldtype: str = "Data"
	options: str | None = None
	is_said: bool = False
	is_client: bool = False
	context: str | None = None


DIMENSIONS: Mapping[str, Dimension] = MappingProxyType(
	{
		"month": Dimension("Month", None),
		"day": Dimension("Day", None, "Date"),
		"company": Dimension("Company", "company", "Link", "Company"),
		"responsible": Dimension("Manager", "responsible", "Link", "User"),
		"channel": Dimension("Channel", "channel", "Link", "Acquisition Channel"),
		"program": Dimension("Programme", "program", "Link", "Partner Program"),
		"partner": Dimension("Partner", "partner", "Link", "Sales Partner"),
		"region": Dimension("Region", "region", "Link", "Territory"),
		"source": Dimension("Source", "utm_source"),
		"medium": Dimension("Medium", "utm_medium"),
		"campaign": Dimension("Campaign", "utm_campaign"),
		"product_group": Dimension("Product Group", "product_group", "Link", "Item Group"),
		"direction": Dimension("Direction", "direction", is_said=True, context="Partner Program"),
		"stage": Dimension("Stage", "stage", is_said=True),
		"client": Dimension("Client", "client", is_client=True),
		"lost_reason": Dimension("Reason of the Loss", "lost_reason"),
		"segment": Dimension("Segment", "segment", is_said=True),
		"card_doctype": Dimension("Document type", "card_doctype", is_said=True),
		"kind": Dimension("What it is", "kind", is_said=True, context="Possible Duplicate"),
		"status": Dimension("Status", "status", is_said=True),
	}
)

THEN_BY = "then_by"

# The filters that name a dimension, in the order in which a form shows them.
CHOICES = (
	*("company", "responsible", "channel", "program", "partner", "region", "source", "direction"),
	*("card_doctype", "kind", "status"),
)


@dataclass(frozen=True, slots=True)
class Filters:
	"""The filters of a report; None is "any". Both ends of the period belong to it.

	`precision` is the number of decimal places of the company's currency: sums are rounded to it.
	`lowest_score` is a likeness in percent.
	`compare_with` is one of `COMPARISONS`, and needs both ends of the period.
	Raises `FilterError` for a reversed period, for an unknown or repeated grouping, and for a comparison that can't be.
	"""

	company: str | None = None
	from_date: date | None = None
	to_date: date | None = None
	responsible: str | None = None
	channel: str | None = None
	program: str | None = None
	partner: str | None = None
	region: str | None = None
	source: str | None = None
	group_by: tuple[str, ...] = ()
	direction: str | None = None
	card_doctype: str | None = None
	kind: str | None = None
	status: str | None = None
	lowest_score: float | None = None
	compare_with: str | None = None
	precision: int = 2

	def __post_init__(self) -> None:
		if self.from_date and self.to_date and self.from_date > self.to_date:
			raise FilterError(PERIOD_REVERSED, from_date=self.from_date, to_date=self.to_date)
		for place, name in enumerate(self.group_by):
			if name not in DIMENSIONS:
				raise FilterError(UNKNOWN_GROUP, name=name, possible=", ".join(DIMENSIONS))
			if name in self.group_by[:place]:
				raise FilterError(GROUP_REPEATED, name=name)
		if self.compare_with:
			if self.compare_with not in COMPARISONS:
				raise FilterError(UNKNOWN_COMPARISON, name=self.compare_with, possible=", ".join(COMPARISONS))
			if not (self.from_date and self.to_date):
				raise FilterError(NO_PERIOD_TO_COMPARE)

	@classmethod
	def read(cls, values: Mapping[str, object]) -> Filters:
		"""The filters as a form or a URL gives them: blank ones left out, dates also as ISO text, one grouping as text.

		A form has two fields for the groupings: what `then_by` names comes after `group_by`. Raises `FilterError` as the class does, and for an unknown filter, or a date or number that is none.
		"""
		names = [field.name for field in fields(cls)]
		for name in values:
			if name not in names and name != THEN_BY:
				raise FilterError(UNKNOWN_FILTER, name=name, possible=", ".join(names))
		given: dict[str, object] = {name: value for name, value in values.items() if value not in (None, "")}
		for name in ("from_date", "to_date"):
			if name in given:
				given[name] = _date(given[name])
		if "lowest_score" in given:
			given["lowest_score"] = _number(given["lowest_score"])
		groups = given.get("group_by", ())
		second = given.pop(THEN_BY, None)
		given["group_by"] = (
			*((groups,) if isinstance(groups, str) else groups),
			*((second,) if second else ()),
		)
		return cls(**given)

	def chosen(self) -> Iterator[tuple[str, str]]:
		"""Name and value of each filter that names a dimension and is set."""
		for name in CHOICES:
			value = getattr(self, name)
			if value:
				yield name, value

	def check(self, groups: Iterable[str], choices: Iterable[str]) -> None:
		"""Raises `FilterError` unless a report with these groupings and filters can honour every one that is set."""
		for name in self.group_by:
			if name not in groups:
				raise FilterError(GROUP_NOT_HERE, name=name, possible=", ".join(groups) or "-")
		of_no_dimension = ("lowest_score",) if self.lowest_score is not None else ()
		for name in (*dict(self.chosen()), *of_no_dimension):
			if name not in choices:
				raise FilterError(FILTER_NOT_HERE, name=name, possible=", ".join(choices))


def _date(value: object) -> date:
	if isinstance(value, datetime):
		return value.date()
	if isinstance(value, date):
		return value
	try:
		return date.fromisoformat(str(value))
	except ValueError:
		raise FilterError(NOT_A_DATE, value=value) from None


def _number(value: object) -> float:
	try:
		found = float(str(value))
	except ValueError:
		found = nan
	if not isfinite(found):
		raise FilterError(NOT_A_NUMBER, value=value)
	return found
