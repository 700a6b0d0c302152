"""A client base as records of facts: what each row says, in the app's own words and types.

Facts are named as in the DocTypes and have one type each: dates are `date`, amounts `Decimal`, phones and
e-mails tuples of texts as they were written, stages those of the funnel, the rest texts. A fact that a row
does not have is not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from partner_crm.client_base.cells import (
	MONTH_FIRST_COUNTRIES,
	BadCell,
	Contacts,
	Order,
	Orders,
	choices,
	currency_of,
	parse_choice,
	parse_contacts,
	parse_date,
	parse_emails,
	parse_money,
	parse_phones,
	parse_yes_no,
	settle_orders,
)
from partner_crm.client_base.columns import FACTS, Columns, column_letters, recognise
from partner_crm.client_base.country import guess_country, main_language
from partner_crm.client_base.problems import Problem, UnreadableFile
from partner_crm.client_base.reader import Reference, Table, open_base
from partner_crm.client_base.references import check_references
from partner_crm.client_base.statuses import OWN_SALE, REFERRAL, UNQUALIFIED, parse_stage
from partner_crm.client_base.words import NOTHING, clean, number_text, one_line, shown

SAMPLE_ROWS = 200
"""Rows by whose cells columns without a clear heading, and the country, are told."""

REMEMBERED = 50_000
"""Different cells of a column whose reading is remembered: dates, statuses and channels repeat themselves."""

DATE_KINDS = frozenset({"date", "birth date", "year or date"})

CHOICE_LISTS: Mapping[str, str] = MappingProxyType(
	{
		"category": "category",
		"direction": "direction",
		"interest": "interest",
		"payout status": "payout status",
		"kind": "interaction kind",
	}
)
"""Way of reading -> list in `choices.csv`."""

OPEN_LISTS = frozenset({"kind"})
"""Lists that a company adds to: a value that is not in them stays as it was written."""

ONLY_OF_DEALS = frozenset(
	{
		"Deal.brief_received_on",
		"Deal.proposal_sent_on",
		"Deal.media_plan",
		"Deal.contract_signed_on",
		"Deal.closed_on",
		"Deal.won_on",
	}
)
"""Facts that a lead does not have yet; an amount above zero is another. With them a refusal is Lost."""

OF_WORDS = frozenset({"unknown_choice", "unknown_currency"})
"""Problems that are told once for all the rows with the same words, as unknown statuses are."""

FIRST_BIRTH_YEAR = 1900

MOST_SHOWN = 12
"""Headings that are named when none of them is understood."""

NO_COLUMNS = "Nothing in {file} could be understood as data of clients; its headings are {headings}."
NO_COLUMNS_NO_HEADINGS = "Nothing in {file} could be understood as data of clients, and it has no headings."


Tally = dict[tuple[str, int, str], list[int]]
"""Code, column and words -> how many rows have them, and the first one."""


@dataclass(frozen=True, slots=True)
class Column:
	"""A column, counted from 0: the fact it tells, how its cells are read, and how a value is put among the facts.

	Without `put` the value is the fact, since no other column has a part in it.
	"""

	index: int
	fact: str
	read_cell: Callable[[object], Any]
	put: Callable[[dict[str, Any], Any], None] | None = None


class Plan:
	"""What to do with the columns: those that are put as their fact are read all at once, the others one by one."""

	def __init__(self, columns: Iterable[Column]) -> None:
		columns = list(columns)
		self.plain = [column for column in columns if column.put is None]
		self.others = [column for column in columns if column.put is not None]
		self.facts = [column.fact for column in self.plain]
		self.readers = [(column.read_cell, column.index) for column in self.plain]


@dataclass(frozen=True, slots=True)
class Record:
	"""What one row says: `row` is the spreadsheet's number, from 1, `facts` are named as in `columns.FACTS`."""

	row: int
	facts: dict[str, Any]


class ClientBase:
	"""A client base that was opened and whose columns were understood.

	`columns`: the facts that have a column; `facts_by_column`: which one each column tells, counted from 0.
	`unknown_columns`: the headings that were not understood. `country`: as given, or guessed, or None.
	`problems` is complete after `records()` was gone through.
	"""

	def __init__(self, table: Table, country: str | None, today: date):
		self.file = table.file
		self.sheet = table.sheet
		self.headings = table.headings
		sample = table.sample(SAMPLE_ROWS)
		self._table = table
		self._columns = recognise(table.headings, sample)
		if not self._columns.facts:
			raise _nothing_understood(table)
		self.unknown_columns = self._columns.unknown
		self.columns = _facts_with_a_column(self._columns)
		self.facts_by_column: Mapping[int, str] = MappingProxyType(self._columns.facts)
		self.country = country or _guess_country(self._columns, sample)
		self._has_programs, orders, assumed = _survey(
			table, self._columns, _date_order(self.country, self._columns)
		)
		self._stage_column = next(
			(i for i, fact in self._columns.facts.items() if fact == "Deal.stage"), None
		)
		self._read_stage = Remembered(
			lambda words: parse_stage(words[0], words[1], is_deal=words[2])
		).__getitem__
		self._opening = [*self._about_sheet(), *self._about_orders(assumed)]
		self._read_cell = {
			index: _reader_of(fact, orders.get(index, {}), today)
			for index, fact in self._columns.facts.items()
		}
		self.problems: list[Problem] = list(self._opening)

	def rows(self) -> Iterator[tuple[int, list[Any]]]:
		"""The spreadsheet's row number and the cells of every row as they are in the file, to hand them back."""
		return self._table.rows()

	def records(self) -> Iterator[Record]:
		"""The records, row by row. Can be asked for again; `problems` are then found anew."""
		self.problems = problems = list(self._opening)
		tally: Tally = {}
		plan = Plan(self._plan())
		lists = [(reference, {}) for reference in self._table.references]
		for row, cells in self._table.rows():
			facts = self._facts(row, cells, plan, problems, tally)
			for reference, counts in lists:
				if (cell := cells[reference.column]) != "":
					_count(counts, cell if isinstance(cell, str) else number_text(cell), row)
			if facts:
				facts.setdefault("Deal.track", self._track(facts))
				yield Record(row, facts)
			elif any(str(cell).strip() for cell in cells):
				problems.append(self._problem("row_without_facts", row))
		problems.extend(self._about_words(tally))
		for reference, counts in lists:
			problems.extend(self._about_list(reference, counts))
		for skipped in self._table.skipped:
			problems.append(self._problem(skipped.code, skipped.row, count=skipped.count))

	def records_of(self, facts: Collection[str]) -> Iterator[Record]:
		"""The records with these facts only, which takes a part of the time; what is wrong with them is not told."""
		plan = Plan(
			column for column in self._plan() if column.fact in facts or FACTS[column.fact] == "contacts"
		)
		for row, cells in self._table.rows():
			yield Record(row, self._told(row, cells, plan, [], {}))

	# Reading a row

	def _plan(self) -> Iterator[Column]:
		"""Every column but that of the stage, which is read last, by what the others say."""
		has_names = not self.columns.isdisjoint(
			("Contact.full_name", "Contact.first_name", "Contact.last_name")
		)
		columns_of = Counter(self._columns.facts.values())
		is_mixed = "Contact.contacts" in columns_of
		for index, fact in self._columns.facts.items():
			way, put = FACTS[fact], None
			if way == "stage":
				continue
			if way == "money":
				currency = self._columns.currencies.get(index)
				put = partial(_put_money, fact, f"{fact.partition('.')[0]}.currency", currency)
			elif way == "contacts":
				put = partial(_put_contacts, has_names)
			elif columns_of[fact] == 1 and not is_mixed:
				put = None
			elif way in ("phones", "emails"):
				put = partial(_put_more, fact)
			elif way in ("text", "list"):
				put = partial(_put_text, fact, "\n" if way == "text" else ", ")
			yield Column(index, fact, self._read_cell[index], put)

	def _facts(
		self, row: int, cells: list[Any], plan: Plan, problems: list[Problem], tally: Tally
	) -> dict[str, Any]:
		facts = self._told(row, cells, plan, problems, tally)
		if self._stage_column is not None:
			cell = cells[self._stage_column]
			if cell != "" and not self._put_stage(facts, cell):
				_count(tally, ("unknown_stage", self._stage_column, shown(cell)), row)
		return facts

	def _told(
		self, row: int, cells: list[Any], plan: Plan, problems: list[Problem], tally: Tally
	) -> dict[str, Any]:
		try:
			values = [read_cell(cells[index]) for read_cell, index in plan.readers]
			facts = {fact: value for fact, value in zip(plan.facts, values, strict=True) if value}
		except BadCell:
			facts = {}
			for column in plan.plain:
				self._put(facts, row, cells, column, problems, tally)
		for column in plan.others:
			if cells[column.index] != "":
				self._put(facts, row, cells, column, problems, tally)
		return facts

	def _put(
		self,
		facts: dict[str, Any],
		row: int,
		cells: list[Any],
		column: Column,
		problems: list[Problem],
		tally: Tally,
	) -> None:
		"""Adds what one cell says, or tells what is wrong with it."""
		cell = cells[column.index]
		try:
			value = column.read_cell(cell)
			if not value:
				return
			if column.put is None:
				facts[column.fact] = value
			else:
				column.put(facts, value)
		except BadCell as error:
			if error.code in OF_WORDS:
				_count(tally, (error.code, column.index, shown(cell)), row)
			else:
				problems.append(self._problem(error.code, row, column.index, value=shown(cell)))

	def _track(self, facts: Mapping[str, Any]) -> str:
		"""Referral where we hand the client to a programme; with a partner of ours it is our own sale."""
		return REFERRAL if self._has_programs and "Deal.partner" not in facts else OWN_SALE

	def _put_stage(self, facts: dict[str, Any], cell: object) -> bool:
		"""Add what the status says; False if its words are not known."""
		text = _line(cell)
		if text is None:
			return True
		is_deal = not ONLY_OF_DEALS.isdisjoint(facts) or facts.get("Deal.amount", 0) > 0
		found = self._read_stage((text, self._track(facts), is_deal))
		if found is None:
			return False
		facts["Deal.stage"], facts["Deal.track"] = found
		if found[0] == UNQUALIFIED and "Deal.lost_reason" in facts:
			# "Причина отказа" is the reason of whichever end the row came to.
			facts.setdefault("Deal.disqualification_reason", facts.pop("Deal.lost_reason"))
		return True

	# Problems

	def _problem(
		self, code: str, row: int | None = None, column: int | None = None, **params: Any
	) -> Problem:
		return Problem(
			code, self.file, self.sheet, row, None if column is None else self._name(column), params
		)

	def _name(self, column: int) -> str:
		return one_line(self.headings[column]) or column_letters(column + self._table.first_column)

	def _about_sheet(self) -> Iterator[Problem]:
		for name in self._table.unread_sheets:
			yield Problem("sheet_not_read", self.file, name)
		for repeated in self._columns.repeated:
			yield self._problem("column_repeated", column=repeated.index, other=self._name(repeated.first))

	def _about_orders(self, assumed: Mapping[int, str]) -> Iterator[Problem]:
		if self.country is None:
			for column, text in assumed.items():
				yield self._problem("date_order_assumed", column=column, value=shown(text))

	def _about_words(self, tally: Tally) -> Iterator[Problem]:
		for (code, column, value), (count, row) in tally.items():
			params: dict[str, Any] = {"value": value, "count": count}
			if code == "unknown_choice":
				params["choices"] = ", ".join(choices(CHOICE_LISTS[FACTS[self._columns.facts[column]]]))
			yield self._problem(code, row, column, **params)

	def _about_list(self, reference: Reference, counts: Mapping[str, list[int]]) -> Iterator[Problem]:
		for value, count, row, suggestion in check_references(counts, reference):
			params = {"value": shown(value), "list": reference.name, "count": count}
			if suggestion is None:
				yield self._problem("not_in_list", row, reference.column, **params)
			else:
				yield self._problem(
					"probably_misspelt", row, reference.column, suggestion=suggestion, **params
				)


def read(
	path: str | Path, sheet: str | None = None, country: str | None = None, *, today: date
) -> ClientBase:
	"""Open the client base at `path`; see `open_base` for the files and `ClientBase` for what comes of it.

	`country` (ISO 3166) decides how local phones and dates are read, and is guessed when None. Birth dates
	after `today` are problems. Raises `UnreadableFile` when nothing can be read, or nothing in it is about
	clients.
	"""
	return ClientBase(open_base(path, sheet), country, today)


class Remembered(dict):
	"""What cells were read as, so that each different one is read once; a dict's own look-up finds it."""

	def __init__(self, read_cell: Callable[[Any], Any]):
		super().__init__()
		self._read_cell = read_cell

	def __missing__(self, cell: Any) -> Any:
		value = self._read_cell(cell)
		if len(self) < REMEMBERED:
			self[cell] = value
		return value


def _reader_of(fact: str, orders: Orders, today: date) -> Callable[[object], Any]:
	"""How the cells of a fact's column are read. A reader gives None for nothing and raises `BadCell`."""
	way = FACTS[fact]
	seldom_twice = {"phones": parse_phones, "emails": parse_emails, "contacts": parse_contacts, "text": _text}
	if way in seldom_twice:
		return seldom_twice[way]
	if way in CHOICE_LISTS:
		read_cell = partial(_choice, way)
	else:
		read_cell = {
			"line": _line,
			"list": _line,
			"stage": _line,
			"date": partial(parse_date, orders=orders),
			"birth date": partial(_birth_date, orders, today),
			"year or date": partial(parse_date, orders=orders, year_alone=True),
			"money": _money,
			"currency": _currency,
			"answer": parse_yes_no,
		}[way]
	return Remembered(read_cell).__getitem__


def _line(cell: object) -> str | None:
	text = one_line(cell) if isinstance(cell, str) else number_text(cell)
	return None if not text or text.lower() in NOTHING else text


def _text(cell: object) -> str | None:
	text = clean(cell) if isinstance(cell, str) else number_text(cell)
	return None if not text or text.lower() in NOTHING else text


def _birth_date(orders: Orders, today: date, cell: object) -> date | None:
	day = parse_date(cell, orders, latest=today)
	if day is None:
		return None
	if day > today:
		raise BadCell("birth_date_future")
	if day.year < FIRST_BIRTH_YEAR:
		raise BadCell("birth_date_impossible")
	return day


def _money(cell: object) -> tuple[Decimal, str | None] | None:
	money = parse_money(cell)
	if money is not None and money[0] < 0:
		raise BadCell("amount_negative")
	return money


def _currency(cell: object) -> str | None:
	text = _line(cell)
	if text is None:
		return None
	code = currency_of(text)
	if code is None:
		raise BadCell("unknown_currency")
	return code


def _choice(way: str, cell: object) -> str | None:
	text = _line(cell)
	if text is None:
		return None
	value = parse_choice(CHOICE_LISTS[way], text)
	if value is None and way not in OPEN_LISTS:
		raise BadCell("unknown_choice")
	return value or text


def _put_money(
	fact: str,
	currency_fact: str,
	of_column: str | None,
	facts: dict[str, Any],
	money: tuple[Decimal, str | None],
) -> None:
	"""The amount, and the currency of the cell or its heading, unless the row has a currency of its own."""
	facts[fact], of_cell = money
	if currency := of_cell or of_column:
		facts.setdefault(currency_fact, currency)


def _put_more(fact: str, facts: dict[str, Any], values: tuple[str, ...]) -> None:
	facts[fact] = facts.get(fact, ()) + values


def _put_text(fact: str, between: str, facts: dict[str, Any], text: str) -> None:
	facts[fact] = f"{facts[fact]}{between}{text}" if fact in facts else text


def _put_contacts(has_names: bool, facts: dict[str, Any], contacts: Contacts) -> None:
	"""A mixed cell: each of its parts where a column of its own would put it."""
	if contacts.phones:
		_put_more("Contact.phone", facts, contacts.phones)
	if contacts.emails:
		_put_more("Contact.email", facts, contacts.emails)
	if contacts.messengers:
		_put_text("Contact.pcrm_messenger", ", ", facts, ", ".join(contacts.messengers))
	if contacts.websites:
		facts.setdefault("Counterparty.website", contacts.websites[0])
	rest = contacts.rest
	if contacts.names:
		if has_names:
			rest = ", ".join(filter(None, (*contacts.names, rest)))
		else:
			facts.setdefault("Contact.full_name", contacts.names[0])
	if rest:
		_put_text("Contact.pcrm_additional_information", "\n", facts, rest)
	if "@" in rest:
		raise BadCell("email_without_domain")


def _count(counts: dict, value: Any, row: int) -> None:
	"""One more row with `value`: how many there are, and the first of them."""
	known = counts.get(value)
	if known is None:
		counts[value] = [1, row]
	else:
		known[0] += 1


def _survey(
	table: Table, columns: Columns, default: Order
) -> tuple[bool, dict[int, dict[str, Order]], dict[int, str]]:
	"""What no single row tells: whether any client has a programme, and the order of dates.

	The last result has an undecidable date of each column that was settled by `default` alone.
	"""
	texts: dict[int, set[str]] = {i: set() for i, fact in columns.facts.items() if FACTS[fact] in DATE_KINDS}
	program = next((i for i, fact in columns.facts.items() if fact == "Deal.program"), None)
	has_programs = False
	if texts or program is not None:
		for _, cells in table.rows():
			if not has_programs and program is not None:
				has_programs = cells[program] != ""
			for index, seen in texts.items():
				cell = cells[index]
				if type(cell) is str:
					seen.add(cell if len(cell) <= 10 else cell.partition(" ")[0].rstrip(","))
	return has_programs, *settle_orders(texts, default)


def _date_order(country: str | None, columns: Columns) -> Order:
	"""How dates are written where nothing in the file tells."""
	if country in MONTH_FIRST_COUNTRIES:
		return "mdy"
	return "ymd" if country == "IR" or main_language(columns.languages) == "fa" else "dmy"


def _facts_with_a_column(columns: Columns) -> frozenset[str]:
	"""A mixed column of contacts is one of phones and of e-mails."""
	facts = frozenset(columns.facts.values())
	return facts | {"Contact.phone", "Contact.email"} if "Contact.contacts" in facts else facts


def _guess_country(columns: Columns, sample: list[list[Any]]) -> str | None:
	currencies, phones = set(columns.currencies.values()), []
	for index, fact in columns.facts.items():
		cells = [row[index] for row in sample if row[index] != ""]
		way = FACTS[fact]
		if way in ("money", "currency"):
			currencies.update(filter(None, map(_currency_seen, cells)))
		elif way in ("phones", "contacts"):
			phones.extend(phone for cell in cells for phone in parse_contacts(cell).phones)
	return guess_country(columns.languages, currencies, phones)


def _currency_seen(cell: object) -> str | None:
	try:
		money = parse_money(cell)
	except BadCell:
		return currency_of(cell) if isinstance(cell, str) else None
	return money[1] if money else None


def _nothing_understood(table: Table) -> UnreadableFile:
	headings = [f"“{shown(heading)}”" for heading in table.headings if heading][:MOST_SHOWN]
	if not headings:
		return UnreadableFile(NO_COLUMNS_NO_HEADINGS, file=table.file)
	return UnreadableFile(NO_COLUMNS, file=table.file, headings=", ".join(headings))
