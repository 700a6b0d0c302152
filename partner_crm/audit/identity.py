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
	Person,
	Values,
	clients_of,
	company_values,
	person_values,
	shared_keys,
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
		seen: set[Person | Company] = set()
		for record in base.records_of(FACTS_OF_PERSONS if names_people else FACTS_OF_COMPANIES):
			card = _person(record) if names_people else _company(record)
			if rows_are_deals:
				if card in seen:
					continue
				seen.add(card)
			self._rows.append(record.row)
			self._values.append(
				person_values(card, settings) if names_people else company_values(card, settings)
			)
		self._shared = shared_keys(self._values, self._pairs)
		self._client_of = clients_of(len(self._values), self._shared)

	def duplicates(self) -> list[Duplicate]:
		"""Groups of cards that hang together by shared keys, and the fields by which they do."""
		fields: dict[int, set[str]] = defaultdict(set)
		members: dict[int, set[int]] = defaultdict(set)
		for key, cards in self._shared.items():
			client = self._client_of[cards[0]]
			fields[client].update(key.fields)
			members[client].update(cards)
		found = [
			Duplicate(
				tuple(sorted(self._rows[card] for card in cards)),
				tuple(sorted(fields[client], key=IDENTITY_FIELDS.index)),
			)
			for client, cards in members.items()
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
			for similar in find_similar(self._values, self._pairs, client_of=self._client_of)
		]
		return sorted(found, key=lambda possible: (-possible.score, possible.rows))


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
