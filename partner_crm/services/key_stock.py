"""The keys of many cards at once: for cards that were there before, for changed settings, and to check what is stored.

Cards are taken by the hundred, each hundred in a transaction of its own: it locks the cards and then the buckets of
the keys that it changes, as one card's save does. Duplicates that are there already keep their cards and are noted
as pairs (`services.pairs`); whoever saves such a card for another reason is not refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import frappe

from partner_crm.services import bulk, identity, pairs, settings

CHUNK = 500
"""Cards in a transaction: few enough that nobody who saves a card waits for more than a blink."""

_TABLES = {
	"Contact": {"phone_nos": ("Contact Phone", "phone"), "email_ids": ("Contact Email", "email_id")},
	"Counterparty": {
		"additional_titles": ("Counterparty Title", "title"),
		"additional_emails": ("Counterparty Email", "email"),
	},
}
_COLUMNS = {
	"Contact": (
		"first_name",
		"middle_name",
		"last_name",
		"pcrm_birth_date",
		"pcrm_counterparty",
		"pcrm_managed",
	),
	"Counterparty": ("title", "tax_id", "website", "email", "phone"),
}


@dataclass(slots=True)
class Settled:
	"""What became of some cards."""

	cards: int = 0
	corrected: list[str] = field(default_factory=list)
	"""Cards that did not hold exactly the keys that their fields make."""
	duplicates: list[pairs.Pair] = field(default_factory=list)


def read(doctype: str, names: Sequence[str], lock: bool = False) -> list[frappe._dict]:
	"""Cards with as much of them as identity asks for, in three queries."""
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.from_(table).select(table.name, *(table[column] for column in _COLUMNS[doctype]))
	query = query.where(table.name.isin(bulk.NAMES)).orderby(table.name)
	cards: dict[str, frappe._dict] = {}
	for name, *values in bulk.run(query.for_update() if lock else query, names):
		card = frappe._dict(zip(_COLUMNS[doctype], values, strict=True))
		cards[name] = card.update(
			{"doctype": doctype, "name": name} | {rows: [] for rows in _TABLES[doctype]}
		)
	for fieldname, (child, column) in _TABLES[doctype].items():
		part = frappe.qb.DocType(child)
		query = frappe.qb.from_(part).select(part.parent, part[column]).where(part.parent.isin(bulk.NAMES))
		for parent, value in bulk.run(query.where(part.parenttype == doctype).orderby(part.idx), names):
			if parent in cards:
				cards[parent][fieldname].append(frappe._dict({column: value}))
	return list(cards.values())


def shared_of(cards: Collection[frappe._dict]) -> dict[str, set[str]]:
	"""What the cards' companies' numbers and mailboxes are, in one query; see `identity.shared_at`."""
	companies = {card.pcrm_counterparty for card in cards if card.get("pcrm_counterparty")}
	return identity.shared_at(sorted(companies), settings.identity()) if companies else {}


def settle(doctype: str, names: Sequence[str]) -> Settled:
	"""Gives cards exactly the keys that their fields make.

	Raises what the database says when somebody else was writing the same keys: do it again, in a new transaction.
	"""
	cards = read(doctype, names, lock=True)
	changes = _changes(cards)
	identity.lock(name for change in changes.values() for name in (*change.fresh, *change.stale))
	settled = Settled(len(cards), [name for name, change in changes.items() if change.fresh or change.stale])
	identity.free([name for change in changes.values() for name in change.stale])
	_insert([card for card in cards if changes[card.name].fresh], changes, settled)
	pairs.record(doctype, settled.duplicates)
	return settled


def _changes(cards: Sequence[frappe._dict]) -> dict[str, identity.Change]:
	settings.refresh()
	schemes = settings.schemes()
	shared = shared_of(cards)
	held = _held([card.name for card in cards], cards[0].doctype) if cards else {}
	changes = {}
	for card in cards:
		wanted = identity.keys_for(card, shared.get(card.get("pcrm_counterparty"), ()), schemes)
		changes[card.name] = identity.change_between(held.get(card.name, ()), wanted)
	return changes


def _held(names: Sequence[str], doctype: str) -> dict[str, list[str]]:
	"""What the cards hold. A pair key held beside nobody does not count: it is to be had in full."""
	key = frappe.qb.DocType("Identity Key")
	query = frappe.qb.from_(key).select(key.name, key.card)
	rows = bulk.run(query.where((key.card_doctype == doctype) & key.card.isin(bulk.NAMES)), names)
	alone = _without_holder([name for name, _card in rows if identity.root_of(name) != name])
	bulk.run(frappe.qb.from_(key).delete().where(key.name.isin(bulk.NAMES)), sorted(alone))
	held: dict[str, list[str]] = {}
	for name, card in rows:
		if name not in alone:
			held.setdefault(card, []).append(name)
	return held


def _without_holder(beside: Collection[str]) -> set[str]:
	there = _owners({identity.root_of(name) for name in beside})
	return {name for name in beside if identity.root_of(name) not in there}


def _owners(names: Collection[str]) -> dict[str, str]:
	"""Whose the pair keys are, as far as somebody's."""
	key = frappe.qb.DocType("Identity Key")
	return dict(
		bulk.run(
			frappe.qb.from_(key).select(key.name, key.card).where(key.name.isin(bulk.NAMES)), sorted(names)
		)
	)


def _insert(cards: Sequence[frappe._dict], changes: dict[str, identity.Change], settled: Settled) -> None:
	owners = _owners({name for card in cards for name in changes[card.name].fresh if identity.is_pair(name)})
	rows, shared, matched = [], set(), {}
	for card in cards:
		for name, fields in changes[card.name].fresh.items():
			owner = owners.setdefault(name, card.name) if identity.is_pair(name) else card.name
			stored = name
			if owner != card.name:
				stored = identity.beside(name, card)
				shared.add(name)
				matched.setdefault((owner, card.name), set()).update(fields)
			rows.append((stored, card.doctype, card.name, ",".join(fields)))
	identity.insert_rows(rows)
	identity.share(shared)
	settled.duplicates += [
		pairs.by_the_rule(owner, card, fields) for (owner, card), fields in matched.items()
	]


def drop(names: Sequence[str]) -> None:
	"""Deletes keys, as one card's save does: whoever holds one of them beside gets it."""
	identity.lock(names)
	identity.free(names)
