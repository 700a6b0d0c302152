"""The keys of many cards at once: for cards that were there before, for changed settings, and to check what is stored.

Cards are taken by the hundred, each hundred in a transaction of its own: it locks the cards and then the buckets of
the keys that it changes, as one card's save does. Duplicates that are there already keep their cards and are noted
as pairs (`services.pairs`); whoever saves such a card for another reason is not refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import frappe

from partner_crm.services import identity, pairs, settings

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
	"""Cards with as much of them as identity asks for, in four queries."""
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.from_(table).select(table.name, *(table[column] for column in _COLUMNS[doctype]))
	query = query.where(table.name.isin(names)).orderby(table.name)
	rows = (query.for_update() if lock else query).run(as_dict=True)
	cards = {row.name: row for row in rows}
	for row in rows:
		row.doctype = doctype
		row.update({name: [] for name in _TABLES[doctype]})
	for fieldname, (child, column) in _TABLES[doctype].items():
		part = frappe.qb.DocType(child)
		found = frappe.qb.from_(part).select(part.parent, part[column]).where(part.parent.isin(names))
		for parent, value in found.where(part.parenttype == doctype).orderby(part.idx).run():
			if parent in cards:
				cards[parent][fieldname].append(frappe._dict({column: value}))
	return rows


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
	shared = shared_of(cards)
	held = _held([card.name for card in cards], cards[0].doctype) if cards else {}
	return {
		card.name: identity.change_between(
			held.get(card.name, ()), identity.keys_for(card, shared.get(card.get("pcrm_counterparty"), ()))
		)
		for card in cards
	}


def _held(names: Sequence[str], doctype: str) -> dict[str, list[str]]:
	"""What the cards hold. A pair key held beside nobody does not count: it is to be had in full."""
	key = frappe.qb.DocType("Identity Key")
	query = frappe.qb.from_(key).select(key.name, key.card)
	rows = query.where((key.card_doctype == doctype) & key.card.isin(names)).run()
	alone = _without_holder([name for name, _card in rows if identity.root_of(name) != name])
	held: dict[str, list[str]] = {}
	for name, card in rows:
		if name in alone:
			frappe.db.delete("Identity Key", {"name": name})
		else:
			held.setdefault(card, []).append(name)
	return held


def _without_holder(beside: Collection[str]) -> set[str]:
	roots = {identity.root_of(name) for name in beside}
	there = set(_owners(roots))
	return {name for name in beside if identity.root_of(name) not in there}


def _owners(names: Collection[str]) -> dict[str, str]:
	"""Whose the pair keys are, as far as somebody's."""
	key = frappe.qb.DocType("Identity Key")
	if not names:
		return {}
	return dict(frappe.qb.from_(key).select(key.name, key.card).where(key.name.isin(sorted(names))).run())


def _insert(cards: Sequence[frappe._dict], changes: dict[str, identity.Change], settled: Settled) -> None:
	wanted = {name for card in cards for name in changes[card.name].fresh if identity.is_pair(name)}
	owners = _owners(wanted)
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
	if shared:
		identity.share(shared)
	settled.duplicates += [
		pairs.by_the_rule(owner, card, fields) for (owner, card), fields in matched.items()
	]


def drop(names: Sequence[str]) -> None:
	"""Deletes keys, as one card's save does: whoever holds one of them beside gets it."""
	identity.lock(names)
	identity.free(names)
