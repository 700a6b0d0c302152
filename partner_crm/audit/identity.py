"""Who is who in a spreadsheet: the rows that are one client, and those that look like it."""

from __future__ import annotations

from collections import defaultdict

from partner_crm.audit.findings import Duplicate, PossibleDuplicate
from partner_crm.audit.judge import NAMES, TITLE
from partner_crm.audit.wording import Wording
from partner_crm.client_base import ClientBase, Record
from partner_crm.rules.identity import (
	COMPANY_PAIRS,
	IDENTITY_FIELDS,
	PERSON_PAIRS,
	Company,
	IdentitySettings,
	PairKey,
	Person,
	Values,
	company_values,
	keys_of,
	person_values,
)
from partner_crm.rules.similarity import REASONS, find_similar

FACTS_OF_PERSONS = NAMES | {
	"Contact.middle_name",
	"Contact.phone",
	"Contact.email",
	"Contact.pcrm_birth_date",
}
FACTS_OF_COMPANIES = frozenset(
	{
		TITLE,
		"Counterparty.additional_titles",
		"Counterparty.tax_id",
		"Counterparty.website",
		"Counterparty.email",
		"Counterparty.phone",
		"Contact.email",
		"Contact.phone",
	}
)


def who_is_who(base: ClientBase, wording: Wording) -> tuple[list[Duplicate], list[PossibleDuplicate]]:
	"""The duplicates by rule, in the order of the rows, and the possible ones, the likeliest first."""
	cards = _Cards(base)
	return cards.duplicates(), cards.possible_duplicates(wording)


class _Cards:
	"""The cards of a client base: persons where any column names them, else companies.

	In a file where every row is a deal with a number of its own, a card that is repeated to the letter is one card.
	"""

	def __init__(self, base: ClientBase) -> None:
		told = frozenset(base.columns)
		settings = IdentitySettings(country=base.country)
		names_people = bool(told & NAMES)
		rows_are_deals = "Deal.id" in told
		self._pairs = PERSON_PAIRS if names_people else COMPANY_PAIRS
		self._rows: list[int] = []
		self._values: list[Values] = []
		self._shared: dict[PairKey, list[int]] = {}
		first: dict[PairKey, int] = {}
		seen: set[Person | Company] = set()
		for record in base.records_of(FACTS_OF_PERSONS if names_people else FACTS_OF_COMPANIES):
			card = _person(record) if names_people else _company(record)
			if rows_are_deals:
				if card in seen:
					continue
				seen.add(card)
			values = person_values(card, settings) if names_people else company_values(card, settings)
			self._add(record.row, values, first)

	def _add(self, row: int, values: Values, first: dict[PairKey, int]) -> None:
		card = len(self._rows)
		self._rows.append(row)
		self._values.append(values)
		for key in keys_of(values, self._pairs):
			other = first.setdefault(key, card)
			if other != card:
				self._shared.setdefault(key, [other]).append(card)

	def duplicates(self) -> list[Duplicate]:
		"""Groups of cards that hang together by shared keys, and the fields by which they do."""
		groups = _Groups(len(self._rows))
		for first, *others in self._shared.values():
			for other in others:
				groups.join(first, other)
		fields: dict[int, set[str]] = defaultdict(set)
		members: dict[int, set[int]] = defaultdict(set)
		for key, cards in self._shared.items():
			group = groups.of(cards[0])
			fields[group].update(key.fields)
			members[group].update(cards)
		found = [
			Duplicate(
				tuple(sorted(self._rows[card] for card in cards)),
				tuple(sorted(fields[group], key=IDENTITY_FIELDS.index)),
			)
			for group, cards in members.items()
		]
		return sorted(found, key=lambda duplicate: duplicate.rows)

	def possible_duplicates(self, wording: Wording) -> list[PossibleDuplicate]:
		found = [
			PossibleDuplicate(
				(self._rows[similar.a], self._rows[similar.b]),
				round(similar.score, 3),
				tuple(
					wording.text(REASONS[code], card=card and self._rows[card])
					for code, card in similar.reasons
				),
			)
			for similar in find_similar(self._values, self._pairs)
		]
		return sorted(found, key=lambda possible: (-possible.score, possible.rows))


class _Groups:
	"""Sets that are joined pair by pair (union-find)."""

	def __init__(self, size: int) -> None:
		self._parents = list(range(size))

	def of(self, member: int) -> int:
		parents = self._parents
		while parents[member] != member:
			parents[member] = parents[parents[member]]
			member = parents[member]
		return member

	def join(self, one: int, other: int) -> None:
		first, second = sorted((self.of(one), self.of(other)))
		self._parents[second] = first


def _person(record: Record) -> Person:
	get = record.facts.get
	return Person(
		get("Contact.full_name", ""),
		get("Contact.first_name", ""),
		get("Contact.middle_name", ""),
		get("Contact.last_name", ""),
		get("Contact.phone", ()),
		get("Contact.email", ()),
		get("Contact.pcrm_birth_date"),
	)


def _company(record: Record) -> Company:
	get = record.facts.get
	title, site = get(TITLE), get("Counterparty.website")
	return Company(
		(*((title,) if title else ()), *get("Counterparty.additional_titles", ())),
		get("Counterparty.tax_id", ""),
		(site,) if site else (),
		(*get("Counterparty.email", ()), *get("Contact.email", ())),
		(*get("Counterparty.phone", ()), *get("Contact.phone", ())),
	)
