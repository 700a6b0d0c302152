"""Which column holds which fact: by its heading, then by a near miss of a heading, then by its cells.

Facts are called as in the DocTypes: "Contact.phone", "Deal.next_contact_on". The headings that people use are
data, in `columns.csv`; a heading that stands there for several facts is decided by the cells below it, in
that order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from types import MappingProxyType

from rapidfuzz import process
from rapidfuzz.distance import OSA

from partner_crm.client_base.cells import EMAIL, currency_of, digits_in
from partner_crm.client_base.words import key, one_line, shipped

FACTS: Mapping[str, str] = MappingProxyType(
	{
		"Contact.full_name": "line",
		"Contact.first_name": "line",
		"Contact.middle_name": "line",
		"Contact.last_name": "line",
		"Contact.phone": "phones",
		"Contact.email": "emails",
		"Contact.additional_email": "emails",
		"Contact.pcrm_birth_date": "birth date",
		"Contact.designation": "line",
		"Contact.pcrm_messenger": "list",
		"Contact.pcrm_is_decision_maker": "answer",
		"Contact.pcrm_additional_information": "text",
		"Contact.pcrm_interests": "text",
		"Contact.pcrm_group": "line",
		"Contact.contacts": "contacts",
		"Counterparty.title": "line",
		"Counterparty.additional_titles": "line",
		"Counterparty.region": "line",
		"Counterparty.industry": "line",
		"Counterparty.website": "line",
		"Counterparty.category": "category",
		"Counterparty.size": "line",
		"Counterparty.tax_id": "line",
		"Counterparty.email": "emails",
		"Counterparty.phone": "phones",
		"Counterparty.additional_emails": "emails",
		"Counterparty.documents_url": "line",
		"Counterparty.additional_information": "text",
		"Counterparty.industry_holiday": "line",
		"Counterparty.founded_on": "year or date",
		"Deal.id": "line",
		"Deal.stage": "stage",
		"Deal.registered_on": "date",
		"Deal.channel": "line",
		"Deal.direction": "direction",
		"Deal.responsible": "line",
		"Deal.company": "line",
		"Deal.program": "line",
		"Deal.partner": "line",
		"Deal.interest": "interest",
		"Deal.potential_value": "money",
		"Deal.amount": "money",
		"Deal.currency": "currency",
		"Deal.product_group": "line",
		"Deal.is_tender": "answer",
		"Deal.tender_on": "date",
		"Deal.campaign_starts_on": "date",
		"Deal.next_contact_on": "date",
		"Deal.needs": "text",
		"Deal.brief_received_on": "date",
		"Deal.proposal_sent_on": "date",
		"Deal.documents_url": "line",
		"Deal.media_plan": "line",
		"Deal.additional_information": "text",
		"Deal.comment": "text",
		"Deal.contract_signed_on": "date",
		"Deal.contract_ends_on": "date",
		"Deal.won_on": "date",
		"Deal.closed_on": "date",
		"Deal.lost_reason": "line",
		"Deal.disqualification_reason": "line",
		"Deal.key_learnings": "text",
		"Deal.utm_source": "line",
		"Deal.utm_medium": "line",
		"Deal.utm_campaign": "line",
		"Interaction.occurred_at": "date",
		"Interaction.kind": "kind",
		"Interaction.discussed": "text",
		"Interaction.agreed": "text",
		"Payout.amount": "money",
		"Payout.expected_amount": "money",
		"Payout.paid_amount": "money",
		"Payout.status": "payout status",
		"Payout.due_on": "date",
		"Payout.paid_on": "date",
		"Payout.currency": "currency",
	}
)
"""Every fact that a column can hold, and how its cells are read (`records.py`)."""

UNITED = frozenset({"phones", "emails", "contacts", "list", "text"})
"""Ways of reading of which a table may have several columns for one fact: their values are put together."""

NO_FACT = "-"
"""In `columns.csv`: a heading that is understood and holds no fact, such as a row number."""

NOT_OURS = "?"
"""In `columns.csv`: something else whose spelling is close to a heading of ours ("Contract", "Contact")."""

WHOLE_ENTITY = "*"

PART = " / "
"""Between the two parts of a heading that stands in two rows: "Contact / Phone"."""

LONG_ENOUGH = 6
"""Letters of a heading in which one wrong letter is a typo, not another word; twice as many allow two."""

LONGEST_HEADING = 120
"""Characters; what is longer is a text."""

MOSTLY = 0.6
"""Share of the cells that must look like something for their column to be that."""

_UNITS = re.compile(r"[(\[].*?[)\]]|(?:,|\s(?:в|in)\s)\s*[^,\s]{1,6}\.?\s*$")
_TRAILING_NUMBER = re.compile(r"[\s№#_-]*\d{1,2}\s*$")
_PARTS = re.compile(r"\s*(?:[,/;+&|\n]|\s(?:и|and|или|or|и/или|و|یا)\s)\s*")
_UNNAMED = re.compile(r"(unnamed|column|столбец|колонка|колона|поле|field|ستون)\d*")
_LEGAL_FORM = re.compile(
	r"\b(ооо|оао|зао|пао|ао|ип|тоо|чп|гк|еоод|оод|еад|ад|ет|llc|ltd|inc|gmbh|corp|plc|co|s\.?a|شرکت)\b",
	re.IGNORECASE,
)
_WAYS_TO_REACH = frozenset(
	{
		"Contact.phone",
		"Contact.email",
		"Contact.additional_email",
		"Contact.pcrm_messenger",
		"Contact.contacts",
	}
)


@dataclass(frozen=True, slots=True)
class Repeated:
	"""A column for a fact that another column, before it, already holds."""

	index: int
	first: int


@dataclass(frozen=True, slots=True)
class Columns:
	"""What was understood. Indexes count from 0 in `headings`.

	`facts`: index -> fact. `unknown`: headings that were not understood. `repeated`: columns that say what
	another one says. `currencies`: index -> ISO code that the heading names. `languages`: how many
	headings are words of each language.
	"""

	headings: tuple[str, ...]
	facts: Mapping[int, str]
	unknown: tuple[str, ...] = ()
	repeated: tuple[Repeated, ...] = ()
	currencies: Mapping[int, str] = field(default_factory=dict)
	languages: Mapping[str, int] = field(default_factory=dict)


def recognise(headings: Sequence[str], sample_rows: Sequence[Sequence[object]] = ()) -> Columns:
	"""Find the fact of every column. `sample_rows` are some rows of cells, for the columns that need them.

	A heading matches whatever its case, punctuation, line breaks, ё/е, look-alike letters, units in
	brackets and numbers at its end; then with a typo in a long word. Where headings leave a column
	nameless its cells decide.
	"""
	candidates = [candidate_facts(heading) or _near(heading) for heading in headings]
	named = {fact for found in candidates if len(found) == 1 for fact in found}
	facts: dict[int, str] = {}
	by_fact: dict[str, int] = {}
	unknown: list[str] = []
	repeated: list[Repeated] = []
	for index, heading in enumerate(headings):
		cells = [row[index] for row in sample_rows if index < len(row) and row[index] != ""]
		fact = _choose(candidates[index], cells, named) if candidates[index] else _by_cells(heading, cells)
		if fact is None or fact == NOT_OURS:
			if heading or cells:
				unknown.append(one_line(heading) or column_letters(index))
		elif fact == NO_FACT:
			continue
		elif fact in by_fact and FACTS[fact] not in UNITED:
			repeated.append(Repeated(index, by_fact[fact]))
		else:
			facts[index] = fact
			by_fact.setdefault(fact, index)
	return Columns(
		headings=tuple(headings),
		facts=facts,
		unknown=tuple(unknown),
		repeated=tuple(repeated),
		currencies={
			index: code
			for index, fact in facts.items()
			if FACTS[fact] == "money" and (code := _currency_in(headings[index]))
		},
		languages=_languages(headings),
	)


@lru_cache(maxsize=8192)
def candidate_facts(heading: str) -> tuple[str, ...]:
	"""The facts that a heading can stand for, the likeliest first; empty if it is not in `columns.csv`."""
	if len(heading) > LONGEST_HEADING:
		return ()
	table = _headings()
	if found := table.get(key(heading)):
		return found
	group, _, rest = heading.partition(PART)
	entity = group_of(group) if rest else None
	if entity:
		return _facts_of(entity, candidate_facts(rest))
	parts = [table.get(key(part), ()) for part in _PARTS.split(heading) if part]
	if len(parts) > 1 and all(_WAYS_TO_REACH.intersection(part) for part in parts):
		return ("Contact.contacts",)
	for spelling in _plainer(heading):
		if found := table.get(spelling):
			return found
	return candidate_facts(rest) if rest else ()


def group_of(heading: str) -> str | None:
	"""The entity that a heading over several columns names: "Contact", "Counterparty" ..., or None."""
	return _groups().get(key(heading))


def column_letters(index: int) -> str:
	"""The name of a column in a spreadsheet: 0 is A, 26 is AA."""
	letters = ""
	index += 1
	while index:
		index, letter = divmod(index - 1, 26)
		letters = chr(65 + letter) + letters
	return letters


def _plainer(heading: str) -> tuple[str, str]:
	"""The heading without its units, and without a number at its end: "Amount (EUR)", "Phone 2"."""
	without_units = _UNITS.sub(" ", heading)
	return key(without_units), key(_TRAILING_NUMBER.sub("", without_units))


def _facts_of(entity: str, found: tuple[str, ...]) -> tuple[str, ...]:
	"""The same fields of the entity that the upper heading names: "Phone" under "Company" is the company's."""
	own = tuple(fact for name in found if (fact := f"{entity}.{name.partition('.')[2]}") in FACTS)
	return own or found


@cache
def _headings() -> Mapping[str, tuple[str, ...]]:
	"""Key of a heading -> its facts in the order of the table. The app's own fieldnames are headings too."""
	found: dict[str, list[str]] = {}
	for line in shipped("columns.csv"):
		if not line["fact"].endswith(WHOLE_ENTITY):
			facts = found.setdefault(key(line["heading"]), [])
			if line["fact"] not in facts:
				facts.append(line["fact"])
	for fact in FACTS:
		found.setdefault(key(fact), [fact])
		found.setdefault(key(fact.partition(".")[2]), [fact])
	return {heading: tuple(facts) for heading, facts in found.items()}


@cache
def _groups() -> Mapping[str, str]:
	return {
		key(line["heading"]): line["fact"].partition(".")[0]
		for line in shipped("columns.csv")
		if line["fact"].endswith(WHOLE_ENTITY)
	}


@cache
def _languages_of() -> Mapping[str, frozenset[str]]:
	found: dict[str, set[str]] = {}
	for line in shipped("columns.csv"):
		found.setdefault(key(line["heading"]), set()).add(line["language"])
	return {heading: frozenset(languages) for heading, languages in found.items()}


def _languages(headings: Sequence[str]) -> Mapping[str, int]:
	"""A heading that one language alone has counts for more than one that several share."""
	counts: Counter[str] = Counter()
	for heading in headings:
		for spelling in (key(part) for part in heading.split(PART)):
			languages = _languages_of().get(spelling, frozenset())
			for language in languages:
				counts[language] += 3 if len(languages) == 1 else 1
	return counts


def _near(heading: str) -> tuple[str, ...]:
	"""The facts of the one heading that differs by a typo; nothing if headings of other facts are as near."""
	spelling = _plainer(heading)[-1]
	if len(spelling) < LONG_ENOUGH:
		return ()
	typos = 2 if len(spelling) >= 2 * LONG_ENOUGH else 1
	found = process.extract(spelling, _headings().keys(), scorer=OSA.distance, score_cutoff=typos, limit=5)
	nearest = min((distance for _, distance, _ in found), default=0)
	facts = {_headings()[match] for match, distance, _ in found if distance == nearest}
	return facts.pop() if len(facts) == 1 else ()


def _choose(candidates: tuple[str, ...], cells: Sequence[object], named: Collection[str]) -> str:
	"""The first candidate that fits the cells and the other columns, or the last."""
	for fact in candidates[:-1]:
		if fact == "Contact.first_name":
			fits = "Contact.last_name" in named
		elif fact == "Contact.contacts":
			fits = _share(cells, _is_way_to_reach) >= 0.5
		elif fact == "Counterparty.title":
			fits = fact not in named and _share(cells, lambda text: bool(_LEGAL_FORM.search(text))) >= 0.5
		elif FACTS.get(fact) == "money":
			fits = _share(cells, lambda text: digits_in(text) > 0) >= 0.5
		else:
			fits = True
		if fits:
			return fact
	return candidates[-1]


def _by_cells(heading: str, cells: Sequence[object]) -> str | None:
	"""What a column with no heading of ours holds: e-mails under any heading, the rest only under none."""
	if _share(cells, lambda text: bool(EMAIL.search(text))) >= MOSTLY:
		crowded = _share(cells, lambda text: digits_in(EMAIL.sub("", text)) >= 7) >= 0.3
		return "Contact.contacts" if crowded else "Contact.email"
	if heading and not _UNNAMED.fullmatch(key(heading)):
		return None
	if _share(cells, _is_phone) >= MOSTLY:
		return "Contact.phone"
	return None


def _share(cells: Sequence[object], test) -> float:
	texts = [str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell) for cell in cells]
	return sum(map(test, texts)) / len(texts) if texts else 0.0


_PHONE = re.compile(r"[+(]?\d[\d\s().+\-–]{5,24}\d")
_DATE_LIKE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")


def _is_phone(text: str) -> bool:
	text = text.strip()
	return bool(_PHONE.fullmatch(text)) and 9 <= digits_in(text) <= 15 and not _DATE_LIKE.match(text)


def _is_way_to_reach(text: str) -> bool:
	return "@" in text or digits_in(text) >= 7


def _currency_in(heading: str) -> str | None:
	"""The currency that a heading names as its unit: "Сумма (руб.)", "Amount, EUR", "Budget $"."""
	for word in re.split(r"[\s,()\[\]/]+", one_line(heading))[::-1]:
		if word and (code := currency_of(word)):
			return code
	return None
