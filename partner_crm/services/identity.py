"""Nobody is entered twice: a card's identity keys, written in the card's own transaction.

"Two of the identity fields match" is the same as "one pair key is equal" (`rules.identity`). Each pair key is the
primary key of an `Identity Key` row, so the database refuses the second card, whichever door it came through.

A row's name begins with the number of the scheme, that is, of the settings by which it was made (`services.schemes`):

    0001.<digest>          a pair key, which one card can hold
    0001.<digest>+<card>   the same pair, held beside the card that holds the key: by a duplicate that was there before
                           the app, or by a card that is "not a duplicate" of any other that holds it
    0001.<digest>-<card>   a single value: it can't collide, and finds the cards that share one field (`find`),
                           which is a warning and no refusal

Whoever writes pair keys has locked their buckets, so what he reads of their holders stays so until he has written. Cards
come first and buckets afterwards, in every save: Frappe locks a card that is changed, and the gaps between its rows, before
it asks us anything; who held a bucket while he waits for such a gap would wait for whoever waits for his bucket.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, reduce
from hashlib import blake2b

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, get_link_to_form, getdate
from pypika.queries import QueryBuilder
from pypika.terms import Parameter

from partner_crm.permissions import access, seen
from partner_crm.rules.identity import (
	BIRTH_DATE,
	DOMAIN,
	EMAIL,
	FULL_NAME,
	IDENTITY_FIELDS,
	PHONE,
	TAX_ID,
	TITLE,
	Company,
	IdentitySettings,
	Person,
	Values,
	company_values,
	keys_of,
	normalise_email,
	normalise_phone,
	person_values,
)
from partner_crm.services import buckets, bulk, pairs, savepoints, settings
from partner_crm.services.refusals import bullets
from partner_crm.setup.identity_buckets import CARD_KEYS
from partner_crm.setup.roles import SALES_HEAD

MOST_FOUND = 20
"""Cards that share one value, or hold one pair."""

KEY_COLUMNS = ("name", "card_doctype", "card", "matched_fields")

BESIDE = "+"
SINGLE = "-"
SINGLE_FIELDS = tuple((name,) for name in IDENTITY_FIELDS)
PAIR_LENGTH = len("0001.") + 32

FIELD_LABELS = {
	FULL_NAME: "name",
	PHONE: "phone",
	EMAIL: "e-mail",
	BIRTH_DATE: "birth date",
	TAX_ID: "tax ID",
	TITLE: "company title",
	DOMAIN: "internet domain",
}

Keys = Mapping[str, tuple[str, ...]]
"""Names of `Identity Key` rows, each with the identity fields that it stands for."""


class DuplicateCard(frappe.DuplicateEntryError):
	"""Two or more identity fields match those of existing cards, `cards` (Rules of discipline, rule 5)."""

	cards: tuple[str, ...] = ()


@dataclass(slots=True)
class Match:
	"""An existing card that shares identity fields with another."""

	card: str
	fields: set[str] = field(default_factory=set)
	is_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Change:
	"""The keys that a card gains and loses."""

	fresh: Keys
	stale: frozenset[str]

	@property
	def pairs(self) -> tuple[str, ...]:
		"""The pair keys that it gains."""
		return tuple(filter(is_pair, self.fresh))


# Writing


def begin(card: Document) -> None:
	"""In `before_save`: refuses what is known to be a duplicate, and notes where to return to if the keys can't be had.

	So mostly nothing is written and no other app is told of a card that is refused: most duplicates have been there
	for long. The look takes no lock and does not see what is a moment old; that, the database refuses in `claim`.
	"""
	card.flags.savepoint = None
	if not is_managed(card):
		return
	change = change_of(card)
	if _is_known(card, change):
		_refuse_unless_told_apart(card, change.fresh, _holders(change.fresh, lock=False))
	if change.fresh or change.stale:
		savepoints.begin(card)


def claim(card: Document) -> None:
	"""In `on_update`: gives the card the keys that its fields make now, and frees those that they made before.

	Raises `DuplicateCard` with nothing of this save written, neither keys nor card.
	"""
	change = change_of(card)
	card.flags.key_change = None  # from now on it holds them
	with savepoints.all_or_nothing(card):
		if change.stale:
			lock((*change.fresh, *change.stale))
			free(change.stale)
		try:
			with savepoints.statement():
				_insert(card, change.fresh)
		except Exception as error:
			if not frappe.db.is_duplicate_entry(error):
				raise
			_insert_beside(card, change.fresh)


def release(card: Document) -> None:
	"""In `on_trash`: the keys of a deleted card may be used again."""
	held = held_keys(card.doctype, card.name)
	if held:
		lock(held)
		free(held)


def hand_over(lost: Document, kept: Document) -> None:
	"""Before a merge: what the lost card holds, alone or beside others, the kept one will hold in the same way."""
	own, others = held_keys(kept.doctype, kept.name), held_keys(lost.doctype, lost.name)
	lock(own | others)
	roots = set(map(root_of, own))
	moved = {name for name in others if is_pair(name) and root_of(name) not in roots}
	free(others - moved)
	if moved:
		key = frappe.qb.DocType("Identity Key")
		frappe.qb.update(key).set(key.card, kept.name).where(key.name.isin(sorted(moved))).run()


def follow_rename(card: Document) -> None:
	"""In `after_rename`: Frappe has moved the keys with the name, which some of them bear in their own."""
	claim(card)


def refresh_people(company: Document) -> None:
	"""The numbers and mailboxes of a company don't tell its people apart: when they change, so do their keys."""
	before = company.get_doc_before_save()
	if before and _mailboxes(before) != _mailboxes(company):
		frappe.enqueue(
			"partner_crm.services.existing_cards.settle_people",
			queue="long",
			job_id=f"partner_crm_people_{company.name}",
			deduplicate=True,
			enqueue_after_commit=True,
			counterparty=company.name,
		)


def change_of(card: Document) -> Change:
	"""What this save changes of a card's keys: reckoned once, and again where another app has changed the card meanwhile."""
	source = _source(card)
	if not card.flags.key_change or card.flags.key_source != source:
		held = set() if card.is_new() else held_keys(card.doctype, card.name)
		card.flags.update({"key_change": change_between(held, keys_for(card)), "key_source": source})
	return card.flags.key_change


def is_managed(card: Document) -> bool:
	"""Whether our rules hold for a card: every counterparty, and contacts that are ours or were until this save."""
	if card.doctype == "Counterparty" or card.get("pcrm_managed"):
		return True
	before = card.get_doc_before_save()
	return bool(before and before.get("pcrm_managed"))


def held_keys(doctype: str, card: str) -> set[str]:
	values = {"doctype": doctype, "card": card}
	return set(frappe.db.sql(_held_statement(frappe.db.db_type), values, pluck=True))


@cache
def _held_statement(db_type: str) -> str:
	"""Built once, as each save of a card asks it: putting it together takes longer than running it."""
	key = frappe.qb.DocType("Identity Key")
	query = frappe.qb.from_(key).select(key.name).where(key.card_doctype == Parameter("%(doctype)s"))
	return query.where(key.card == Parameter("%(card)s")).get_sql()


def keys_for(
	card: Document,
	shared: Collection[str] | None = None,
	schemes: Sequence[settings.Scheme] | None = None,
) -> Keys:
	"""The keys that a card's fields make: none for a contact that is not ours.

	While keys are being made by changed settings, those of the new scheme too. `shared`: see `values_of`; `schemes`:
	for those who ask for many cards.
	"""
	if card.doctype == "Contact" and not card.get("pcrm_managed"):
		return {}
	keys: dict[str, tuple[str, ...]] = {}
	for scheme in schemes or settings.schemes():
		keys |= keys_from(card.doctype, card.name, values_of(card, scheme.rules, shared), scheme)
	return keys


def keys_from(doctype: str, name: str, values: Values, scheme: settings.Scheme) -> dict[str, tuple[str, ...]]:
	"""The keys that a card of ours has with these values."""
	own = _mark_of(doctype, name)
	singles = {
		f"{prefix}{own}": fields for prefix, fields in _single_prefixes(doctype, values, scheme).items()
	}
	return _pair_keys(doctype, values, scheme) | singles


def change_between(held: Collection[str], wanted: Keys) -> Change:
	roots = set(map(root_of, held))
	fresh = {name: fields for name, fields in wanted.items() if name not in roots}
	return Change(fresh, frozenset(name for name in held if root_of(name) not in wanted))


def is_pair(name: str) -> bool:
	return name[PAIR_LENGTH : PAIR_LENGTH + 1] != SINGLE


def root_of(name: str) -> str:
	"""The pair key itself of one that is held beside another card; every other name as it is."""
	return name[:PAIR_LENGTH] if is_pair(name) else name


def beside(name: str, card: Document) -> str:
	"""What a card holds that has a pair which another card holds the key of."""
	return f"{name}{BESIDE}{_mark_of(card.doctype, card.name)}"


def lock(names: Iterable[str]) -> None:
	"""Pair keys only: nobody else can hold or want a card's single values."""
	buckets.lock(CARD_KEYS, _pair_keys_among(names))


def free(names: Collection[str]) -> None:
	"""Deletes keys. A pair key that other cards hold beside goes to the first of them."""
	if not names:
		return
	key = frappe.qb.DocType("Identity Key")
	those = key.name.isin(bulk.NAMES)
	pair_keys = sorted(filter(is_pair, names))
	inherited = bulk.run(
		frappe.qb.from_(key).select(key.name).where(those & (key.is_shared == 1)), pair_keys, pluck=True
	)
	bulk.run(frappe.qb.from_(key).delete().where(those), sorted(names))
	for name in inherited:
		heirs = frappe.qb.from_(key).select(key.name).where(key.name.like(f"{name}{BESIDE}%"))
		heir = heirs.orderby(key.name).limit(1).run(pluck=True)
		if heir:
			frappe.qb.update(key).set(key.name, name).set(key.is_shared, 1).where(key.name == heir[0]).run()


# Finding


def find(doctype: str, values: Values, excluding: str | None = None) -> list[Match]:
	"""The cards that share identity values: duplicates, those with most fields in common, those with the rarest field.

	However many namesakes there are, it is told of the first few of them, and of everybody else.
	"""
	scheme = settings.schemes()[0]
	keys = _pair_keys(doctype, values, scheme)
	prefixes = (*keys, *_single_prefixes(doctype, values, scheme))
	if not prefixes:
		return []
	look = {f"prefix{place}": f"{prefix}%" for place, prefix in enumerate(prefixes)}
	rows = frappe.db.sql(
		_look_statement(len(prefixes), frappe.db.db_type),
		look | {"doctype": doctype, "excluding": excluding or ""},
	)
	found: dict[str, Match] = {}
	for name, card, fields in rows:
		match = found.setdefault(card, Match(card))
		match.fields.update(fields.split(","))
		match.is_duplicate |= root_of(name) in keys
	sharing = Counter(name for match in found.values() for name in match.fields)

	def order(match: Match) -> tuple:
		rarest = min(sharing[name] for name in match.fields)
		return not match.is_duplicate, -len(match.fields), rarest, match.card

	return sorted(found.values(), key=order)


@lru_cache(maxsize=64)
def _look_statement(prefixes: int, db_type: str) -> str:
	"""So many rows at most for each prefix: those of a common name would leave no room for the number and the address."""
	key = frappe.qb.DocType("Identity Key")
	looks = []
	for place in range(prefixes):
		part = frappe.qb.from_(key).select(key.name, key.card, key.matched_fields)
		part = part.where(key.name.like(Parameter(f"%(prefix{place})s")))
		part = part.where(
			(key.card_doctype == Parameter("%(doctype)s")) & (key.card != Parameter("%(excluding)s"))
		)
		bounded = part.orderby(key.name).limit(MOST_FOUND).as_(f"look{place}")
		looks.append(frappe.qb.from_(bounded).select(bounded.name, bounded.card, bounded.matched_fields))
	return reduce(operator.mul, looks).get_sql()


def find_unmanaged(values: Values) -> str | None:
	"""A contact that is not ours yet and would be a duplicate: by its main e-mail, which Frappe has an index of."""
	if EMAIL not in values or FULL_NAME not in values:
		return None
	strangers = frappe.get_all(
		"Contact",
		filters={"email_id": ("in", values[EMAIL]), "pcrm_managed": 0},
		fields=["name", "first_name", "last_name"],
		order_by="creation asc",
		limit=MOST_FOUND,
	)
	for stranger in strangers:
		person = Person(first_name=stranger.first_name or "", last_name=stranger.last_name or "")
		names = person_values(person, settings.identity()).get(FULL_NAME, ())
		if not set(names).isdisjoint(values[FULL_NAME]):
			return stranger.name
	return None


def values_of(
	card: Document, rules: IdentitySettings | None = None, shared: Collection[str] | None = None
) -> Values:
	"""The normalised identity values of a Contact or Counterparty.

	`rules`: those in force unless said otherwise. `shared`: what is known already of `shared_at` the card's company.
	"""
	rules = rules or settings.identity()
	if card.doctype == "Counterparty":
		return company_values(_company(card), rules)
	return person_values_of(_person(card), card.get("pcrm_counterparty"), rules, shared)


def person_values_of(
	person: Person,
	counterparty: str | None,
	rules: IdentitySettings | None = None,
	shared: Collection[str] | None = None,
) -> Values:
	"""A person's values without the switchboard and the mailboxes of the company, which do not tell its people apart."""
	rules = rules or settings.identity()
	values = person_values(person, rules)
	if not counterparty or not (PHONE in values or EMAIL in values):
		return values
	if shared is None:
		shared = shared_at([counterparty], rules).get(counterparty, ())
	kept = {name: tuple(value for value in found if value not in shared) for name, found in values.items()}
	return {name: found for name, found in kept.items() if found}


def in_words(fields: Collection[str]) -> str:
	"""Identity fields as people call them."""
	return ", ".join(_(FIELD_LABELS[name]) for name in IDENTITY_FIELDS if name in fields)


def whom_to_ask() -> str:
	"""The heads of sales, by name."""
	has_role, user = frappe.qb.DocType("Has Role"), frappe.qb.DocType("User")
	names = (
		frappe.qb.from_(has_role)
		.join(user)
		.on(user.name == has_role.parent)
		.where(has_role.parenttype == "User")
		.where((has_role.role == SALES_HEAD) & (user.enabled == 1))
		.select(user.full_name)
		.orderby(user.full_name)
		.limit(3)
		.run(pluck=True)
	)
	return ", ".join(map(escape_html, filter(None, names))) or _("the head of sales")


# Details


def _is_known(card: Document, change: Change) -> bool:
	"""Whether another card holds one of the pair keys that a card gains, as far as this transaction sees."""
	if not change.pairs:
		return False
	if card.flags.looked_for is change:
		return card.flags.is_known
	return bool(frappe.db.sql(_look_for_pairs(frappe.db.db_type), {"keys": change.pairs}))


@cache
def _look_for_pairs(db_type: str) -> str:
	return of_pairs().limit(1).get_sql()


def of_pairs() -> QueryBuilder:
	"""The names of those of `%(keys)s` that a card holds, twice: as wide as the question after staff. Takes no lock."""
	key = frappe.qb.DocType("Identity Key")
	return (
		frappe.qb.from_(key).select(key.name, key.name.as_("key")).where(key.name.isin(Parameter("%(keys)s")))
	)


def _source(card: Document) -> tuple:
	"""All that the keys of a card are made of."""
	if card.doctype == "Counterparty":
		return (_company(card),)
	return _person(card), card.get("pcrm_counterparty"), card.get("pcrm_managed")


def _person(card: Document) -> Person:
	return Person(
		first_name=card.first_name or "",
		middle_name=card.middle_name or "",
		last_name=card.last_name or "",
		phones=tuple(row.phone for row in card.phone_nos if row.phone),
		emails=tuple(row.email_id for row in card.email_ids if row.email_id),
		birth_date=getdate(card.pcrm_birth_date) if card.get("pcrm_birth_date") else None,
	)


def _company(card: Document) -> Company:
	return Company(
		titles=tuple(filter(None, (card.title, *(row.title for row in card.additional_titles)))),
		tax_id=card.tax_id or "",
		websites=tuple(filter(None, (card.website,))),
		emails=tuple(filter(None, (card.email, *(row.email for row in card.additional_emails)))),
		phones=tuple(filter(None, (card.phone,))),
	)


def _mailboxes(company: Document) -> set[str]:
	return {company.phone, company.email, *(row.email for row in company.additional_emails)}


def shared_at(counterparties: Collection[str], rules: IdentitySettings) -> dict[str, set[str]]:
	"""The normalised numbers and mailboxes of companies, by company."""
	company = frappe.qb.DocType("Counterparty")
	more = frappe.qb.DocType("Counterparty Email")
	query = (
		frappe.qb.from_(company)
		.left_join(more)
		.on((more.parent == company.name) & (more.parenttype == "Counterparty"))
		.where(company.name.isin(bulk.NAMES))
		.select(company.name, company.phone, company.email, more.email)
	)
	shared: dict[str, set[str]] = {}
	for name, phone, *emails in bulk.run(query, counterparties):
		values = {
			phone and normalise_phone(phone, rules.country),
			*map(normalise_email, filter(None, emails)),
		}
		shared.setdefault(name, set()).update(filter(None, values))
	return shared


def _pair_keys(doctype: str, values: Values, scheme: settings.Scheme) -> dict[str, tuple[str, ...]]:
	rules = scheme.rules
	wanted = rules.company_pairs if doctype == "Counterparty" else rules.person_pairs
	return {f"{scheme.prefix}{key.digest(doctype)}": key.fields for key in keys_of(values, wanted)}


def _single_prefixes(doctype: str, values: Values, scheme: settings.Scheme) -> dict[str, tuple[str, ...]]:
	keys = keys_of(values, SINGLE_FIELDS)
	return {f"{scheme.prefix}{key.digest(doctype)}{SINGLE}": key.fields for key in keys}


def _mark_of(doctype: str, name: str) -> str:
	return blake2b(f"{doctype}:{name}".encode(), digest_size=8).hexdigest()


def _pair_keys_among(names: Iterable[str]) -> Iterator[str]:
	return (root_of(name) for name in names if is_pair(name))


def _insert(card: Document, keys: Keys) -> None:
	"""Locks the buckets of a card's keys and writes the keys, in one statement: a round trip is felt in every save."""
	if not keys:
		return
	names = sorted(keys)
	values = {
		"doctype": card.doctype,
		"card": card.name,
		"buckets": buckets.names_of(CARD_KEYS, _pair_keys_among(names)),
	}
	for place, name in enumerate(names):
		values[f"name{place}"], values[f"fields{place}"] = name, ",".join(keys[name])
	frappe.db.sql(_insert_statement(len(names), bool(values["buckets"]), frappe.db.db_type), values)


@lru_cache(maxsize=64)
def _insert_statement(rows: int, is_locking: bool, db_type: str) -> str:
	"""Nobody else holds a new key yet: `is_shared` is 0, and the first row's is known once the buckets are locked."""
	doctype, card = Parameter("%(doctype)s"), Parameter("%(card)s")
	is_shared = [0] * rows
	if is_locking:
		is_shared[0] = buckets.zero_once_locked(Parameter("%(buckets)s"))
	values = [
		(Parameter(f"%(name{place})s"), doctype, card, Parameter(f"%(fields{place})s"), is_shared[place])
		for place in range(rows)
	]
	key = frappe.qb.DocType("Identity Key")
	return frappe.qb.into(key).columns(*KEY_COLUMNS, "is_shared").insert(*values).get_sql()


def insert_rows(rows: Sequence[tuple[str, str, str, str]]) -> None:
	"""Rows of `Identity Key`: name, card_doctype, card, matched_fields; in the order of their names.

	Who has written them, and when, the card itself tells: a million cards have six million keys, which are kept narrow.
	"""
	bulk.insert_narrow("Identity Key", KEY_COLUMNS, sorted(rows))


def _insert_beside(card: Document, keys: Keys) -> None:
	"""Some of the keys are other cards'. A card may hold them too if it was declared to be none of those.

	Keys of a scheme that is not in force yet refuse nobody.
	"""
	lock(keys)  # where a savepoint has taken the refused statement back, its locks are gone too
	holders = _holders(keys, lock=True)
	_refuse_unless_told_apart(card, keys, holders)
	_insert(card, {beside(name, card) if name in holders else name: keys[name] for name in keys})
	share(holders)


def _refuse_unless_told_apart(card: Document, keys: Keys, holders: Mapping[str, Collection[str]]) -> None:
	in_force = settings.schemes()[0].prefix
	matched: dict[str, set[str]] = {}
	for name, others in holders.items():
		for other in others if name.startswith(in_force) else ():
			matched.setdefault(other, set()).update(keys[name])
	refused = matched.keys() - pairs.told_apart(card.doctype, card.name, matched)
	if refused:
		_refuse(card, {other: matched[other] for other in sorted(refused)})


def share(names: Collection[str]) -> None:
	"""Notes on pair keys that other cards hold them too."""
	key = frappe.qb.DocType("Identity Key")
	bulk.run(frappe.qb.update(key).set(key.is_shared, 1).where(key.name.isin(bulk.NAMES)), sorted(names))


def _holders(keys: Collection[str], lock: bool) -> dict[str, set[str]]:
	"""The cards that hold each of these pair keys.

	`lock`: reads past the transaction's own view, since one may be a moment old; for those who have locked the buckets.
	"""
	key = frappe.qb.DocType("Identity Key")
	query = frappe.qb.from_(key).select(key.name, key.card, key.is_shared)
	query = query.for_update() if lock else query
	found: dict[str, set[str]] = {}
	for name, card, is_shared in query.where(key.name.isin(list(filter(is_pair, keys)))).run():
		found[name] = {card}
		if is_shared:
			found[name].update(row[1] for row in query.where(key.name.like(f"{name}{BESIDE}%")).run())
	return found


def _refuse(card: Document, matched: Mapping[str, Collection[str]]) -> None:
	"""The one refusal: which cards they are and what matches, for those who may see them; else whom to ask."""
	if card.flags.savepoint:
		frappe.db.rollback(save_point=card.flags.savepoint)
	titles = seen.titles(card.doctype, matched)
	titles |= _titles_of_newest(card.doctype, matched.keys() - titles.keys())
	ask = whom_to_ask() if len(titles) < len(matched) else ""
	refusal = DuplicateCard(
		_("There is a card of this client already. Use it, or have the head of sales merge the two:")
		+ bullets(
			_named(card.doctype, other, titles[other], fields)
			if other in titles
			else _("One that you may not see. Ask {0}.").format(ask)
			for other, fields in matched.items()
		)
	)
	refusal.cards = tuple(matched)
	frappe.throw(str(refusal), refusal, title=_("Duplicate", context=pairs.DOCTYPE))


def _named(doctype: str, name: str, title: str, fields: Collection[str]) -> str:
	link = get_link_to_form(doctype, name, escape_html(title))
	return _("{0} (the same {1})").format(link, in_words(fields))


def _titles_of_newest(doctype: str, names: set[str]) -> dict[str, str]:
	"""Of cards that are a moment old and not in our own view yet. By our criterion, which asks that view, nobody sees them.

	The others are read without a lock, since whoever saves such a card may wait for ours.
	"""
	if not names or access.is_bounded(doctype, "read", frappe.session.user):
		return {}
	known = frappe.get_all(doctype, {"name": ("in", sorted(names))}, pluck="name", order_by="name asc")
	there = [name for name in sorted(names - set(known)) if _is_there(doctype, name)]
	cards = [frappe.get_doc(doctype, name, for_update=True) for name in there]
	return {card.name: card.get_title() or card.name for card in cards if card.has_permission("read")}


def _is_there(doctype: str, name: str) -> bool:
	"""Not so if a card was deleted behind our back; until the nightly check finds that, its keys are nobody's to tell of."""
	return bool(frappe.db.get_value(doctype, name, "name", for_update=True))
