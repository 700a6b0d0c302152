"""Possible duplicates among all cards: those by the rule that are there already, and near matches.

Contacts that are not ours are looked at too, so that they can be put in order before they are taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import frappe
from frappe import _
from frappe.model.document import Document

from partner_crm.rules import similarity
from partner_crm.rules.identity import PairKey, Values, clients_of, shared_keys
from partner_crm.services import identity, key_stock, pairs, runs, settings

DOCTYPES = ("Contact", "Counterparty")
READ_AT_ONCE = 2000
THRESHOLD = 0.5


def scan(run: Document) -> None:
	"""The run: it is over in minutes, so one that was killed begins again."""
	found = total = 0
	for step, doctype in enumerate(DOCTYPES):

		def tell(done: int, steps: int, step: int = step) -> None:
			runs.note(run, progress=min(99, 100 * (step * steps + done) // (steps * len(DOCTYPES))))

		names, cards = read(doctype)
		pairs_found = find(doctype, names, cards, tell)
		frappe.db.commit()  # to see which cards were deleted or merged meanwhile
		found += pairs.replace(doctype, _of_cards_still_there(doctype, pairs_found))
		total += len(names)
	runs.note(run, found=found, cards_done=total, cards_total=total)
	runs.note(run, message=_("Pairs of cards that wait for a decision: {0}.").format(found))


def read(doctype: str) -> tuple[list[str], list[Values]]:
	"""The names of all cards, and their identity values."""
	names = frappe.get_all(doctype, pluck="name", order_by="name asc")
	values = values_of(doctype, names)
	return [name for name, known in zip(names, values, strict=True) if known], list(filter(None, values))


def values_of(doctype: str, names: Sequence[str]) -> list[Values]:
	"""In the order of `names`; nothing for a card that has just been deleted."""
	values: dict[str, Values] = {}
	rules = settings.identity()
	for start in range(0, len(names), READ_AT_ONCE):
		cards = key_stock.read(doctype, names[start : start + READ_AT_ONCE])
		shared = key_stock.shared_of(cards)
		for card in cards:
			company = shared.get(card.get("pcrm_counterparty"), ())
			values[card.name] = identity.values_of(card, rules, company)
	return [values.get(name, {}) for name in names]


def find(
	doctype: str,
	names: Sequence[str],
	cards: Sequence[Values],
	progress: Callable[[int, int], None] | None = None,
) -> list[pairs.Pair]:
	rules = settings.identity()
	fields_of_pairs = rules.company_pairs if doctype == "Counterparty" else rules.person_pairs
	shared = shared_keys(cards, fields_of_pairs)
	similar = similarity.find_similar(
		cards, fields_of_pairs, THRESHOLD, progress, clients_of(len(cards), shared)
	)
	near = [
		pairs.Pair(
			names[found.a],
			names[found.b],
			pairs.POSSIBLE,
			found.score,
			tuple((code, None if card is None else names[card]) for code, card in found.reasons),
		)
		for found in similar
	]
	return near + _by_the_rule(names, shared)


def _by_the_rule(names: Sequence[str], shared: Mapping[PairKey, Sequence[int]]) -> list[pairs.Pair]:
	"""Each duplicate with the first card that has the same key."""
	matched: dict[tuple[int, int], set[str]] = {}
	for key, (first, *others) in shared.items():
		for other in others:
			matched.setdefault((first, other), set()).update(key.fields)
	return [pairs.by_the_rule(names[a], names[b], fields) for (a, b), fields in matched.items()]


def _of_cards_still_there(doctype: str, found: list[pairs.Pair]) -> list[pairs.Pair]:
	asked = sorted({card for pair in found for card in (pair.card, pair.other)})
	there: set[str] = set()
	for start in range(0, len(asked), READ_AT_ONCE):
		batch = asked[start : start + READ_AT_ONCE]
		there.update(frappe.get_all(doctype, {"name": ("in", batch)}, pluck="name", order_by=None))
	return [pair for pair in found if pair.card in there and pair.other in there]
