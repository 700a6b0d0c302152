"""Possible duplicates: cards that nearly match.

A duplicate by rule shares all fields of a pair (`rules.identity`). This module finds what a person would
still take for the same client: a slip of the pen in a name, one wrong digit in a number, day and month
swapped, a number that has lost its prefix. It is advice for a human, so every finding carries its reasons.

How it decides. Each field of two cards gives *points*, decimal logarithms of odds: a birth date that
agrees is worth 4.5, since two strangers share one of some 30,000 days that rarely; one that contradicts
costs 2.5. A value that many clients bear is worth less: the logarithm of the number of its other bearers is
taken off, so that neither a reception's number nor the commonest name in town proves anything. At least
two fields must speak for a pair; one alone never does, however well it agrees. Members of a family share
a number and a name, and their birth dates contradict that they are one person.

How it stays linear. Cards are compared only where they share a block: a number, a birth date with the
beginning of a name, half a number with a name ... Of two fields of which one agrees and the other has a
slip, some block is left intact. Blocks that very many cards share are passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product, starmap
from math import exp, log10
from typing import NamedTuple

from rapidfuzz.distance import OSA

from .identity import (
	BIRTH_DATE,
	DIGITS_ONLY,
	DOMAIN,
	EMAIL,
	FULL_NAME,
	PARTIAL_NAME,
	PERSON_PAIRS,
	PHONE,
	TAX_ID,
	TITLE,
	Values,
	clients_of,
	mailbox_of,
	matching_fields,
	shared_keys,
)

LINKED = "linked"

REASONS = {
	"full_name_same": "The names are the same.",
	"full_name_near": "The names are nearly the same.",
	"full_name_partly": "One part of the names is the same.",
	"full_name_different": "The names are different.",
	"phone_same": "The phone numbers are the same.",
	"phone_near": "The phone numbers are nearly the same.",
	"phone_different": "The phone numbers are different.",
	"birth_date_same": "The birth dates are the same.",
	"birth_date_near": "The birth dates are nearly the same.",
	"birth_date_different": "The birth dates are different.",
	"email_same": "The e-mail addresses are the same.",
	"email_near": "The e-mail addresses are nearly the same.",
	"email_different": "The e-mail addresses are different.",
	"title_same": "The titles are the same.",
	"title_near": "The titles are nearly the same.",
	"title_different": "The titles are different.",
	"domain_same": "The internet domains are the same.",
	"domain_near": "The internet domains are nearly the same.",
	"domain_different": "The internet domains are different.",
	"tax_id_same": "The tax ids are the same.",
	"tax_id_near": "The tax ids are nearly the same.",
	"tax_id_different": "The tax ids are different.",
	LINKED: "Both belong together with card {card}.",
}
"""A sentence for each code of a reason, to be translated first and formatted afterwards."""


class Reason(NamedTuple):
	"""Why two cards may be one: a code of `REASONS`; for `LINKED` also the position of the card between."""

	code: str
	card: int | None = None


@dataclass(frozen=True, slots=True)
class Similar:
	"""Two cards, by their positions (`a` < `b`), that may be one client.

	`score` is 0.5 where the fields' voices balance and tends to 1. The reasons name each field that both
	cards fill, also those that contradict.
	"""

	a: int
	b: int
	score: float
	reasons: tuple[Reason, ...]


_Pair = tuple[int, int]


class _Link(NamedTuple):
	"""What a comparison of two cards came to."""

	score: float
	reasons: tuple[Reason, ...]


class _Points(NamedTuple):
	"""What a field says for two cards being one client, in decimal logarithms of odds."""

	same: float
	near: float
	different: float


_POINTS = {
	FULL_NAME: _Points(4.0, 2.5, -2.0),
	PHONE: _Points(4.5, 2.5, -0.5),  # a second number is nothing unusual
	BIRTH_DATE: _Points(4.5, 1.5, -2.5),
	EMAIL: _Points(4.5, 2.5, 0.0),  # nor is a second mailbox
	TITLE: _Points(4.0, 2.5, -2.0),
	DOMAIN: _Points(4.0, 1.0, -0.5),
	TAX_ID: _Points(5.0, 2.5, -3.0),
}
_OTHER_FIELDS = tuple(field for field in _POINTS if field != FULL_NAME)

_ONE_WORD = 2.5
"""Points of one word of a name that agrees ..."""
_SLIP_IN_WORD = -0.5
"""... if it does so but for a slip ..."""
_OTHER_WORD = -1.0
"""... and if the rest of the name is another."""

_AGAINST = -4.0
"""Points before anything is known: of 10,000 comparisons one is of two cards of one client."""

_NEAR_WORD = 0.7
"""Share of a word that slips leave intact: one slip in four letters, two in seven."""
_NEAR_TITLE = 0.8
_ESTABLISHED = 3
"""Bearers that make a name: where Мария and Марина have as many each, neither is a slip of the other.
Fewer make no value common, since two are the cards that are compared."""
_SHORTEST_NUMBER = 7
"""Digits of a number that is still one without its prefix."""

_PASSED_ON = 0.9
"""What is left of a score when it is passed on from one card of a client to another."""

_LARGEST_BLOCK = 50
"""Cards: what more of them share proves too little to look at each pair."""
_LARGEST_SPREAD = 64
"""Pairs of cards of two clients, up to which every pair is reported."""


def find_similar(
	cards: Sequence[Values],
	pairs: Iterable[tuple[str, ...]] = PERSON_PAIRS,
	threshold: float = 0.5,
	progress: Callable[[int, int], None] | None = None,
	client_of: Sequence[int] | None = None,
) -> list[Similar]:
	"""Pairs of cards that may be one client, ordered by position.

	`cards` are what `person_values` gives, or `company_values` (then `pairs` are `COMPANY_PAIRS`). Cards
	that match along one of `pairs` are duplicates by rule and are not reported; `keys_of` finds them. They
	count as one client: what resembles one of its cards is reported for the others too, as `LINKED`.
	`threshold` is the lowest score to report. `progress` is called with the steps done and in all.
	`client_of` is what `clients_of` says of the cards along these pairs, where that was asked already.
	"""
	pairs = tuple(pairs)
	copies = _copies(cards)
	distinct = [cards[positions[0]] for positions in copies]
	if client_of is None:
		client_of = clients_of(len(cards), shared_keys(cards, pairs))
	place = {positions[0]: card for card, positions in enumerate(copies)}
	client_of = [place[client_of[positions[0]]] for positions in copies]
	evidence = _Evidence(distinct, client_of)
	links: dict[_Pair, _Link] = {}

	def compare(a: int, b: int) -> None:
		link = evidence.compare(distinct[a], distinct[b])
		if link.score >= threshold:
			links[a, b] = link

	for step, (outer, inner) in enumerate(_BLOCKINGS, start=1):
		for a, b in _candidates(distinct, outer, inner):
			if client_of[a] != client_of[b] and (a, b) not in links:
				compare(a, b)
		if progress:
			progress(step, len(_BLOCKINGS))
	for pair, link in [*_between_clients(links, client_of), *_within_clients(distinct, client_of, pairs)]:
		if link.score >= threshold:
			links.setdefault(pair, link)
	for card, positions in enumerate(copies):
		if len(positions) > 1 and not _is_duplicate(distinct[card], distinct[card], pairs):
			compare(card, card)
	return _of_all_copies(links, copies)


def _of_all_copies(links: dict[_Pair, _Link], copies: Sequence[Sequence[int]]) -> list[Similar]:
	"""The links between distinct cards, as findings for every card that is equal to one of them."""
	found: dict[_Pair, Similar] = {}
	for (a, b), link in links.items():
		reasons = tuple(
			reason if reason.card is None else Reason(reason.code, copies[reason.card][0])
			for reason in link.reasons
		)
		for one, other in _spread(copies[a], copies[b], copies[a][0], copies[b][0]):
			if one != other:
				pair = _in_order(one, other)
				found[pair] = Similar(*pair, link.score, reasons)
	return [found[pair] for pair in sorted(found)]


_NO_LINK = _Link(0.0, ())


def _copies(cards: Sequence[Values]) -> list[list[int]]:
	"""The positions of cards with equal values, together: they need comparing only once."""
	copies: dict[tuple, list[int]] = {}
	for position, card in enumerate(cards):
		copies.setdefault(tuple(sorted(card.items())), []).append(position)
	return list(copies.values())


def _members(client_of: Sequence[int]) -> dict[int, list[int]]:
	"""The cards of each client that has more than one."""
	members: dict[int, list[int]] = {}
	for card, client in enumerate(client_of):
		if card != client:
			members.setdefault(client, [client]).append(card)
	return members


# Blocks.


_Keys = Callable[[Values], Sequence[str]]
"""What a card may have in common with others."""


def _candidates(cards: Sequence[Values], outer: _Keys, inner: _Keys | None) -> Iterator[_Pair]:
	"""Pairs of cards that share a block: an outer key, and an inner one where the blocking has two."""
	groups = _sharing(range(len(cards)), list(map(outer, cards)))
	if inner:
		keys = list(map(inner, cards))
		groups = chain.from_iterable(_sharing(group, keys) for group in groups)
	for block in groups:
		if len(block) <= _LARGEST_BLOCK:
			yield from combinations(block, 2)


def _sharing(positions: Iterable[int], keys: Sequence[Sequence[str]]) -> Iterable[list[int]]:
	"""For each key that two of the cards at `positions` or more have: the positions of these."""
	first: dict[str, int] = {}
	shared: dict[str, list[int]] = {}
	for position in positions:
		for key in keys[position]:
			other = first.setdefault(key, position)
			if other != position:
				shared.setdefault(key, [other]).append(position)
	return shared.values()


def _words(card: Values) -> list[str]:
	"""The words of a person's names, without initials."""
	names = card.get(FULL_NAME) or card.get(PARTIAL_NAME, ())
	return list({word: None for name in names for word in name.split() if len(word) > 1})


def _words_of_name(card: Values) -> Sequence[str]:
	return card.get(TITLE) or _words(card)


def _beginnings(card: Values) -> list[str]:
	return [word[:2] for word in _words(card)]


def _numbers(card: Values) -> Sequence[str]:
	return card.get(PHONE, ()) + card.get(EMAIL, ()) + card.get(TAX_ID, ()) + card.get(DOMAIN, ())


def _dates(card: Values) -> Sequence[str]:
	return card.get(BIRTH_DATE, ())


def _names(card: Values) -> Sequence[str]:
	return card.get(FULL_NAME, ())


def _halves(card: Values) -> list[str]:
	"""Beginnings and ends of numbers and mailboxes: wherever the slip is, one of the two is intact."""
	halves = []
	for number in map(_bare, card.get(PHONE, ()) + card.get(TAX_ID, ())):
		halves += (f"{number[: min(6, len(number) - 4)]}-", f"-{number[-4:]}")
	for mailbox in map(mailbox_of, card.get(EMAIL, ())):
		halves += (f"{mailbox[:4]}-", f"-{mailbox[-4:]}")
	return halves


def _halves_of_dates(card: Values) -> list[str]:
	return [half for day in card.get(BIRTH_DATE, ()) for half in (day[:4], day[5:])]


# The keys of the blocks in which a card stands. One kind after another, since a block of one kind is nothing to
# the next, and all their keys at once would be most of the memory. Of two keys the outer one parts the cards
# first: many small tables of the inner ones are made in half the time of a large one of both together.
_BLOCKINGS: tuple[tuple[_Keys, _Keys | None], ...] = (
	(_numbers, None),
	(_dates, _beginnings),
	(_dates, _halves),
	(_words_of_name, _halves),
	(_names, _halves_of_dates),
)


# Evidence.


class _Evidence:
	"""Compares cards, knowing how many clients bear each value."""

	def __init__(self, cards: Sequence[Values], client_of: Sequence[int]):
		members = _members(client_of)

		def bearers(values_of: Callable[[Values], Iterable[str]]) -> dict[str, int]:
			counts = Counter(
				value
				for card, client in zip(cards, client_of, strict=True)
				if client not in members
				for value in values_of(card)
			)
			for group in members.values():
				counts.update({value for card in group for value in values_of(cards[card])})
			return {value: count for value, count in counts.items() if count >= _ESTABLISHED}

		filled = set(chain.from_iterable(cards))
		self._fields = [field for field in _OTHER_FIELDS if field in filled]
		self._bearers = {
			field: bearers(lambda card, field=field: card.get(field, ())) if field in filled else {}
			for field in _POINTS
		}
		self._word_bearers = bearers(_words)

	def compare(self, one: Values, other: Values) -> _Link:
		"""What speaks for two cards being one client. Score 0 unless two fields do.

		Names take the longest to compare, so they are asked only where another field speaks already.
		"""
		found = {
			field: self._field(field, one, other) for field in self._fields if field in one and field in other
		}
		if not any(points > 0 for _agreement, points in found.values()):
			return _NO_LINK
		if names := self._names(one, other):
			found = {FULL_NAME: names, **found}
		if sum(points > 0 for _agreement, points in found.values()) < 2:
			return _NO_LINK
		total = _AGAINST + sum(points for _agreement, points in found.values())
		reasons = tuple(Reason(f"{field}_{agreement}") for field, (agreement, _points) in found.items())
		return _Link(round(1 / (1 + exp(-total)), 3), reasons)

	def _field(self, field: str, one: Values, other: Values) -> tuple[str, float]:
		ones, others = one[field], other[field]
		points = _POINTS[field]
		shared = set(ones).intersection(others)
		if shared:
			bearers = self._bearers[field]
			return "same", points.same - min(_commonness(bearers, value) for value in shared)
		if any(starmap(_NEAR[field], product(ones, others))):
			return "near", points.near
		return "different", points.different

	def _names(self, one: Values, other: Values) -> tuple[str, float] | None:
		ones, others = one.get(FULL_NAME, ()), other.get(FULL_NAME, ())
		shared = set(ones).intersection(others)
		if shared:
			bearers = self._bearers[FULL_NAME]
			return "same", _POINTS[FULL_NAME].same - min(_commonness(bearers, name) for name in shared)
		ones, others = ones or one.get(PARTIAL_NAME, ()), others or other.get(PARTIAL_NAME, ())
		if not ones or not others:
			return None
		return max((self._two_names(*names) for names in product(ones, others)), key=lambda found: found[1])

	def _two_names(self, one: str, other: str) -> tuple[str, float]:
		"""Two names that are not the same: are they nearly, or do they share a word?"""
		ones, others = one.split(), other.split()
		alike = [(i, j) for i, u in enumerate(ones) for j, v in enumerate(others) if self._are_alike(u, v)]
		if any(i != k and j != m for (i, j), (k, m) in combinations(alike, 2)) or (
			len(ones) > 1 < len(others) and "".join(ones) == "".join(others)
		):
			bearers = self._bearers[FULL_NAME]
			common = max(_commonness(bearers, one), _commonness(bearers, other))
			return "near", _POINTS[FULL_NAME].near - common
		if alike:
			return "partly", max(self._word_points(ones, others, i, j) for i, j in alike)
		return "different", _POINTS[FULL_NAME].different

	def _word_points(self, ones: list[str], others: list[str], i: int, j: int) -> float:
		one, other = ones[i], others[j]
		bearers = self._word_bearers
		points = _ONE_WORD - max(_commonness(bearers, one), _commonness(bearers, other))
		if one != other:
			points += _SLIP_IN_WORD
		rest, other_rest = ones[:i] + ones[i + 1 :], others[:j] + others[j + 1 :]
		if rest and other_rest and not any(starmap(_fits_initial, product(rest, other_rest))):
			points += _OTHER_WORD
		return points

	def _are_alike(self, one: str, other: str) -> bool:
		"""Whether two words of names are the same, or the same but for slips.

		Slips seldom hit the first letter. Established names and the two genders of a name are no slips.
		"""
		if len(one) == 1 or len(other) == 1:
			return False
		if one == other:
			return True
		if one[0] != other[0] or OSA.normalized_similarity(one, other) < _NEAR_WORD:
			return False
		if one in self._word_bearers and other in self._word_bearers:
			return False
		return not _are_genders(one, other)


def _commonness(bearers: dict[str, int], value: str) -> float:
	"""What a value loses for its other bearers, beside the two cards that are compared."""
	return log10(bearers.get(value, 2) - 1)


def _are_genders(one: str, other: str) -> bool:
	"""Александр and Александра, Petrovski and Petrovskaia: they differ in the vowels at the end only."""
	longer = max(one, other, key=len)
	return longer.endswith("a") and one.rstrip("aeiy") == other.rstrip("aeiy")


def _fits_initial(one: str, other: str) -> bool:
	return (len(one) == 1 or len(other) == 1) and one[0] == other[0]


def _is_one_slip(one: str, other: str) -> bool:
	"""One letter or digit wrong, missing or too many, or two neighbours swapped."""
	return OSA.distance(one, other, score_cutoff=1) <= 1


def _are_near_numbers(one: str, other: str) -> bool:
	one, other = _bare(one), _bare(other)
	if _is_one_slip(one, other):
		return True
	shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
	shorter = shorter.lstrip("0")
	return len(shorter) >= _SHORTEST_NUMBER and longer.endswith(shorter)


def _bare(number: str) -> str:
	"""The digits of a phone number; a tax id as it is."""
	return number.removeprefix(DIGITS_ONLY).removeprefix("+")


def _are_near_dates(one: str, other: str) -> bool:
	return _is_one_slip(one, other) or (other[:4], other[5:7], other[8:]) == (one[:4], one[8:], one[5:7])


def _are_near_titles(one: str, other: str) -> bool:
	return OSA.normalized_similarity(one, other) >= _NEAR_TITLE


def _are_near_emails(one: str, other: str) -> bool:
	"""A digit is never a slip: ivan1 and ivan2 are two mailboxes that somebody chose."""
	return _is_one_slip(one, other) and _digits(one) == _digits(other)


def _digits(text: str) -> str:
	return "".join(filter(str.isdigit, text))


_NEAR: dict[str, Callable[[str, str], bool]] = {
	PHONE: _are_near_numbers,
	BIRTH_DATE: _are_near_dates,
	EMAIL: _are_near_emails,
	TITLE: _are_near_titles,
	DOMAIN: _is_one_slip,
	TAX_ID: _is_one_slip,
}


# From the cards that were compared to all cards.


def _between_clients(links: dict[_Pair, _Link], client_of: Sequence[int]) -> Iterator[tuple[_Pair, _Link]]:
	"""For every two linked clients, all their other cards, linked through the best link between them."""
	members = _members(client_of)
	best: dict[_Pair, _Pair] = {}
	for pair, link in links.items():
		clients = _in_order(client_of[pair[0]], client_of[pair[1]])
		if link.score > links[best.setdefault(clients, pair)].score:
			best[clients] = pair
	for a, b in best.values():
		score = round(links[a, b].score * _PASSED_ON, 3)
		ones, others = members.get(client_of[a], [a]), members.get(client_of[b], [b])
		for one, other in _spread(ones, others, a, b):
			yield _in_order(one, other), _Link(score, (Reason(LINKED, b if one == a else a),))


def _within_clients(
	cards: Sequence[Values], client_of: Sequence[int], pairs: Sequence[tuple[str, ...]]
) -> Iterator[tuple[_Pair, _Link]]:
	"""Cards that the rule holds together only through a third."""

	def match(a: int, b: int) -> bool:
		return _is_duplicate(cards[a], cards[b], pairs)

	for group in _members(client_of).values():
		if len(group) * (len(group) - 1) // 2 <= _LARGEST_SPREAD:
			for a, b in combinations(group, 2):
				if not match(a, b):
					between = next(card for card in group if card != a and match(card, a))
					yield _in_order(a, b), _Link(_PASSED_ON, (Reason(LINKED, between),))


def _is_duplicate(one: Values, other: Values, pairs: Sequence[tuple[str, ...]]) -> bool:
	matching = set(matching_fields(one, other))
	return any(matching.issuperset(pair) for pair in pairs)


def _spread(ones: Sequence[int], others: Sequence[int], one: int, other: int) -> Iterable[_Pair]:
	"""Every pair of two lists; of long lists only those with `one` or `other`, so that none is left out."""
	if len(ones) * len(others) <= _LARGEST_SPREAD:
		return product(ones, others)
	return chain(product((one,), others), product(ones, (other,)))


def _in_order(a: int, b: int) -> _Pair:
	return (a, b) if a < b else (b, a)
