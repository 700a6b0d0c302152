"""Pair keys: "two or more of these fields match" as the equality of one key.

Rules of discipline, rule 5: a card is a duplicate when the fields of an allowed pair match. A card gets
one key for each allowed pair and each choice of its values, so two cards match along a pair exactly when
they share a key, and a unique index can refuse the second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import blake2b
from itertools import product
from typing import NamedTuple

from .birth_dates import PLACEHOLDER_DATES
from .companies import SHARED_SITES, normalise_tax_id, normalise_title, website_domain
from .emails import FREE_MAIL_DOMAINS, SHARED_MAILBOXES, domain_of, mailbox_of, normalise_email
from .names import normalise_name
from .phones import normalise_phone

FULL_NAME = "full_name"
PARTIAL_NAME = "partial_name"
PHONE = "phone"
BIRTH_DATE = "birth_date"
EMAIL = "email"
TAX_ID = "tax_id"
TITLE = "title"
DOMAIN = "domain"

IDENTITY_FIELDS = (FULL_NAME, PHONE, BIRTH_DATE, EMAIL, TAX_ID, TITLE, DOMAIN)
"""The fields that may stand in a pair, in the order in which they are named to people."""

PERSON_PAIRS = ((FULL_NAME, PHONE), (FULL_NAME, BIRTH_DATE), (PHONE, BIRTH_DATE), (FULL_NAME, EMAIL))
COMPANY_PAIRS = ((TAX_ID,), (TITLE, DOMAIN), (TITLE, PHONE), (DOMAIN, PHONE))

Values = Mapping[str, tuple[str, ...]]
"""Normalised values by field, without the fields that have none."""

_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Person:
	"""What a card says about a person, as typed. A full name in one line, or first and last name apart."""

	full_name: str = ""
	first_name: str = ""
	middle_name: str = ""
	last_name: str = ""
	phones: tuple[str, ...] = ()
	emails: tuple[str, ...] = ()
	birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class Company:
	"""What a card says about a company, as typed. The first title and the additional ones count alike."""

	titles: tuple[str, ...] = ()
	tax_id: str = ""
	websites: tuple[str, ...] = ()
	emails: tuple[str, ...] = ()
	phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentitySettings:
	"""Which fields make a pair, and which values say nothing.

	`country` is the ISO code of the country whose phone numbers are written without a prefix; without one,
	or with one that has no numbers of its own, only numbers with a prefix are understood. It, and shared
	phones and e-mails, may be given as typed.
	"""

	country: str | None = None
	person_pairs: tuple[tuple[str, ...], ...] = PERSON_PAIRS
	company_pairs: tuple[tuple[str, ...], ...] = COMPANY_PAIRS
	placeholder_dates: frozenset[date] = PLACEHOLDER_DATES
	shared_phones: frozenset[str] = frozenset()
	shared_emails: frozenset[str] = frozenset()
	shared_mailboxes: frozenset[str] = SHARED_MAILBOXES
	free_mail_domains: frozenset[str] = FREE_MAIL_DOMAINS

	def __post_init__(self):
		object.__setattr__(self, "country", self.country.upper() if self.country else None)
		phones = (normalise_phone(phone, self.country) for phone in self.shared_phones)
		object.__setattr__(self, "shared_phones", frozenset(filter(None, phones)))
		object.__setattr__(
			self, "shared_emails", frozenset(filter(None, map(normalise_email, self.shared_emails)))
		)


class PairKey(NamedTuple):
	"""The key of one pair: its fields, and a value for each. Equal keys are equal in both."""

	fields: tuple[str, ...]
	values: tuple[str, ...]

	def digest(self, kind: str = "") -> str:
		"""32 hexadecimal digits that are the same on every machine, for a database to hold the key by.

		`kind`, of 16 letters at most, parts cards that are never compared: a company's number is nobody's duplicate.
		"""
		return _digest(self.fields, self.values, kind)


def person_values(person: Person, settings: IdentitySettings) -> dict[str, tuple[str, ...]]:
	"""The values of a person's card that can match, by field.

	Placeholder dates, shared numbers and shared mailboxes are left out, since they don't count. A middle
	name never counts. `partial_name` stands in no pair; it only supports a possible duplicate.
	"""
	full_names, partial_names = normalise_name(person.full_name, person.first_name, person.last_name)
	born = person.birth_date
	known = born is not None and born not in settings.placeholder_dates
	return _filled(
		{
			FULL_NAME: full_names,
			PARTIAL_NAME: partial_names,
			PHONE: _phones(person.phones, settings),
			BIRTH_DATE: (born.isoformat(),) if known else (),
			EMAIL: _personal_emails(person.emails, settings),
		}
	)


def company_values(company: Company, settings: IdentitySettings) -> dict[str, tuple[str, ...]]:
	"""The values of a company's card that can match, by field.

	Its domains are those of its sites and e-mail addresses, but for free-mail providers and for sites
	where anybody has a page.
	"""
	tax_id = normalise_tax_id(company.tax_id)
	domains = [website_domain(site) for site in company.websites]
	domains += [domain_of(email) for email in map(normalise_email, company.emails) if email]
	return _filled(
		{
			TITLE: _distinct([value for title in company.titles for value in normalise_title(title)]),
			TAX_ID: (tax_id,) if tax_id else (),
			DOMAIN: _distinct(
				[
					domain
					for domain in domains
					if domain and domain not in settings.free_mail_domains and domain not in SHARED_SITES
				]
			),
			PHONE: _phones(company.phones, settings),
		}
	)


def keys_of(values: Values, pairs: Iterable[tuple[str, ...]]) -> tuple[PairKey, ...]:
	"""The keys of a card: for each pair whose fields are all filled, one for each choice of values.

	Two cards match along one of the pairs if and only if their keys intersect. Neither the order of the
	fields in a pair nor that of the pairs makes a difference to a key. Raises `ValueError` for a pair
	that is empty or names a field that can't be matched.
	"""
	found: list[PairKey] = []
	for fields in _all_ordered(tuple(pairs)):
		choices = [values.get(field) for field in fields]
		if all(choices):
			found += [PairKey(fields, choice) for choice in product(*choices)]
	return tuple(found)


def shared_keys(cards: Sequence[Values], pairs: Iterable[tuple[str, ...]]) -> dict[PairKey, list[int]]:
	"""The keys under which two cards or more meet, and the positions of these cards, in their order.

	The same as asking `keys_of` of every card, in half the time: few of all the keys are shared.
	"""
	shared: dict[PairKey, list[int]] = {}
	for fields in dict.fromkeys(map(_ordered, pairs)):
		first: dict[tuple[str, ...], int] = {}
		for position, card in enumerate(cards):
			for choice in product(*[card.get(field, ()) for field in fields]):
				other = first.setdefault(choice, position)
				if other != position:
					shared.setdefault(PairKey(fields, choice), [other]).append(position)
	return shared


def clients_of(count: int, shared: Mapping[PairKey, Sequence[int]]) -> list[int]:
	"""For each of `count` cards the first card of its client: the same for all that `shared` keys hold together."""
	parents = list(range(count))

	def client(card: int) -> int:
		while parents[card] != card:
			parents[card] = card = parents[parents[card]]
		return card

	for first, *others in shared.values():
		for other in others:
			one, another = sorted((client(first), client(other)))
			parents[another] = one
	return [client(card) for card in range(count)]


def matching_fields(one: Values, other: Values) -> tuple[str, ...]:
	"""The fields in which two cards share a value, in the order of `IDENTITY_FIELDS`.

	For the refusal, which names them, and for the warning when only one matches.
	"""
	return tuple(
		field for field in IDENTITY_FIELDS if not set(one.get(field, ())).isdisjoint(other.get(field, ()))
	)


@cache
def _all_ordered(pairs: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
	return tuple(dict.fromkeys(map(_ordered, pairs)))


@cache
def _ordered(pair: tuple[str, ...]) -> tuple[str, ...]:
	try:
		fields = tuple(sorted(set(pair), key=IDENTITY_FIELDS.index))
	except ValueError:
		fields = ()
	if not fields:
		raise ValueError(f"A pair must name one or more of {', '.join(IDENTITY_FIELDS)}, not {pair}")
	return fields


def _digest(fields: tuple[str, ...], choice: tuple[str, ...], kind: str) -> str:
	"""32 hexadecimal digits. Each part is framed by its length, so that no two choices run together."""
	framed = _framed(fields) + "".join([f"{len(part)}:{part}" for part in choice])
	return blake2b(framed.encode(), digest_size=_DIGEST_BYTES, person=kind.encode()).hexdigest()


@cache
def _framed(fields: tuple[str, ...]) -> str:
	return "".join(f"{len(part)}:{part}" for part in fields)


def _phones(texts: Iterable[str], settings: IdentitySettings) -> tuple[str, ...]:
	phones = [normalise_phone(text, settings.country) for text in texts]
	return _distinct([phone for phone in phones if phone and phone not in settings.shared_phones])


def _personal_emails(texts: Iterable[str], settings: IdentitySettings) -> tuple[str, ...]:
	return _distinct(
		[
			email
			for email in map(normalise_email, texts)
			if email
			and email not in settings.shared_emails
			and mailbox_of(email) not in settings.shared_mailboxes
		]
	)


def _distinct(values: list[str]) -> tuple[str, ...]:
	return tuple(values) if len(values) < 2 else tuple(dict.fromkeys(values))


def _filled(values: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
	return {field: found for field, found in values.items() if found}
