"""Nobody is entered twice: a card's identity keys, written in the card's own transaction.

"Two of the identity fields match" is the same as "one pair key is equal" (`rules.identity`). Each pair key is the
primary key of an `Identity Key` row, so the database refuses the second card, whichever door it came through.

Beside its pair keys a card keeps a row for each single value, named by the value's digest and the card. They can't
collide; they find the cards that share one field (`find`), which is a warning and no refusal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, get_link_to_form, getdate, now

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
	Person,
	Values,
	company_values,
	keys_of,
	normalise_email,
	normalise_phone,
	person_values,
)
from partner_crm.services import buckets, savepoints, settings
from partner_crm.services.refusals import bullets
from partner_crm.setup.roles import SALES_HEAD

MOST_FOUND = 20

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


# Writing


def begin(card: Document) -> None:
	"""In `before_save`: locks the keys that this save changes, and notes where to return to if they can't be had."""
	card.flags.key_change = card.flags.savepoint = None
	if not is_managed(card):
		return
	card.flags.key_change = change = _change(card)
	if change.fresh or change.stale:
		savepoints.begin(card)


def claim(card: Document) -> None:
	"""In `on_update`: gives the card the keys that its fields make now, and frees those that they made before.

	Raises `DuplicateCard` with nothing of this save written, neither keys nor card.
	"""
	change = card.flags.pop("key_change", None) or _change(card)
	with savepoints.all_or_nothing(card):
		_delete(change.stale)
		try:
			_insert(card, change.fresh)
		except Exception as error:
			if not frappe.db.is_duplicate_entry(error):
				raise
			_refuse(card, change.fresh)


def release(card: Document) -> None:
	"""In `on_trash`: the keys of a deleted or merged card may be used again."""
	held = held_keys(card.doctype, card.name)
	if held:
		_lock(held)
		_delete(held)


def follow_rename(card: Document, merge: bool) -> None:
	"""In `after_rename`: Frappe has moved the keys with the name; of a merged card's only those stay that still hold."""
	if merge:
		claim(card)


def refresh_people(company: Document) -> None:
	"""The numbers and mailboxes of a company don't tell its people apart: when they change, so do their keys."""
	before = company.get_doc_before_save()
	if before and _mailboxes(before) != _mailboxes(company):
		frappe.enqueue(
			claim_for_people,
			queue="long",
			job_id=f"partner_crm_people_{company.name}",
			deduplicate=True,
			enqueue_after_commit=True,
			counterparty=company.name,
		)


def claim_for_people(counterparty: str) -> None:
	"""The job. Who turns out to be a duplicate keeps the keys he had, and shows among the possible duplicates."""
	filters = {"pcrm_counterparty": counterparty, "pcrm_managed": 1}
	for name in frappe.get_all("Contact", filters=filters, pluck="name", order_by="name asc"):
		card = frappe.get_doc("Contact", name)
		savepoints.begin(card)
		try:
			claim(card)
		except DuplicateCard:
			frappe.clear_last_message()


def is_managed(card: Document) -> bool:
	"""Whether our rules hold for a card: every counterparty, and contacts that are ours or were until this save."""
	if card.doctype == "Counterparty" or card.get("pcrm_managed"):
		return True
	before = card.get_doc_before_save()
	return bool(before and before.get("pcrm_managed"))


def held_keys(doctype: str, card: str) -> set[str]:
	key = frappe.qb.DocType("Identity Key")
	query = frappe.qb.from_(key).select(key.name)
	return set(query.where((key.card_doctype == doctype) & (key.card == card)).run(pluck=True))


def keys_for(card: Document) -> Keys:
	"""The keys that a card's fields make: none for a contact that is not ours."""
	if card.doctype == "Contact" and not card.get("pcrm_managed"):
		return {}
	values = values_of(card)
	own = blake2b(f"{card.doctype}:{card.name}".encode(), digest_size=8).hexdigest()
	singles = {f"{prefix}{own}": fields for prefix, fields in _single_prefixes(values).items()}
	return {**_pair_keys(card.doctype, values), **singles}


# Finding


def find(doctype: str, values: Values, excluding: str | None = None) -> list[Match]:
	"""The cards that share identity values, duplicates first, then those with most fields in common."""
	pairs = _pair_keys(doctype, values)
	prefixes = _single_prefixes(values)
	if not prefixes:
		return []
	key = frappe.qb.DocType("Identity Key")
	wanted = key.name.isin(list(pairs)) if pairs else key.name == ""
	for prefix in prefixes:
		wanted |= key.name.like(f"{prefix}%")
	rows = (
		frappe.qb.from_(key)
		.select(key.name, key.card, key.matched_fields)
		.where(wanted & (key.card_doctype == doctype) & (key.card != (excluding or "")))
		.limit(MOST_FOUND * 10)
		.run()
	)
	found: dict[str, Match] = {}
	for name, card, fields in rows:
		match = found.setdefault(card, Match(card))
		match.fields.update(fields.split(","))
		match.is_duplicate |= name in pairs
	order = sorted(found.values(), key=lambda match: (not match.is_duplicate, -len(match.fields), match.card))
	return order[:MOST_FOUND]


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


def values_of(card: Document) -> Values:
	"""The normalised identity values of a Contact or Counterparty."""
	if card.doctype == "Counterparty":
		return company_values(_company(card), settings.identity())
	return person_values_of(_person(card), card.get("pcrm_counterparty"))


def person_values_of(person: Person, counterparty: str | None) -> Values:
	"""A person's values without the switchboard and the mailboxes of the company, which do not tell its people apart."""
	values = person_values(person, settings.identity())
	if not counterparty or not (PHONE in values or EMAIL in values):
		return values
	shared = _shared_at(counterparty)
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


def _change(card: Document) -> Change:
	"""Locked from here on. Before the card itself is written, so that two of one person don't wait for each other."""
	held = set() if card.is_new() else held_keys(card.doctype, card.name)
	wanted = keys_for(card)
	fresh = {name: wanted[name] for name in wanted.keys() - held}
	stale = frozenset(held - wanted.keys())
	_lock(fresh.keys() | stale)
	return Change(fresh, stale)


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


def _shared_at(counterparty: str) -> set[str]:
	company = frappe.qb.DocType("Counterparty")
	more = frappe.qb.DocType("Counterparty Email")
	rows = (
		frappe.qb.from_(company)
		.left_join(more)
		.on((more.parent == company.name) & (more.parenttype == "Counterparty"))
		.where(company.name == counterparty)
		.select(company.phone, company.email, more.email)
		.run()
	)
	country = settings.identity().country
	phones = {normalise_phone(phone, country) for phone, _email, _more in rows if phone}
	emails = {normalise_email(email) for row in rows for email in row[1:] if email}
	return {value for value in phones | emails if value}


def _pair_keys(doctype: str, values: Values) -> dict[str, tuple[str, ...]]:
	rules = settings.identity()
	pairs = rules.company_pairs if doctype == "Counterparty" else rules.person_pairs
	return {key.digest: key.fields for key in keys_of(values, pairs)}


def _single_prefixes(values: Values) -> dict[str, tuple[str, ...]]:
	singles = [(name,) for name in IDENTITY_FIELDS if name in values]
	return {f"{key.digest}-": key.fields for key in keys_of(values, singles)}


def _lock(names: Iterable[str]) -> None:
	"""Pair keys only: nobody else can hold or want a card's single values."""
	buckets.lock(name for name in names if "-" not in name)


def _delete(names: Collection[str]) -> None:
	if names:
		key = frappe.qb.DocType("Identity Key")
		frappe.qb.from_(key).delete().where(key.name.isin(sorted(names))).run()


def _insert(card: Document, keys: Keys) -> None:
	if not keys:
		return
	key, moment, user = frappe.qb.DocType("Identity Key"), now(), frappe.session.user
	columns = (
		"name",
		"creation",
		"modified",
		"owner",
		"modified_by",
		"card_doctype",
		"card",
		"matched_fields",
	)
	rows = [
		(name, moment, moment, user, user, card.doctype, card.name, ",".join(fields))
		for name, fields in sorted(keys.items())
	]
	frappe.qb.into(key).columns(*columns).insert(*rows).run()


def _refuse(card: Document, keys: Keys) -> None:
	"""The one refusal: which cards they are and what matches, for those who may see them; else whom to ask.

	It reads past the transaction's own view: the other card may have been saved a moment ago.
	"""
	if card.flags.savepoint:
		frappe.db.rollback(save_point=card.flags.savepoint)
	key = frappe.qb.DocType("Identity Key")
	pairs = [name for name in keys if "-" not in name]
	rows = (
		frappe.qb.from_(key)
		.select(key.card, key.matched_fields)
		.where(key.name.isin(pairs) & (key.card != card.name))
		.for_update()
		.run()
	)
	found: dict[str, set[str]] = {}
	for other, fields in rows:
		found.setdefault(other, set()).update(fields.split(","))
	refusal = DuplicateCard(
		_("There is a card of this client already. Use it, or have the head of sales merge the two:")
		+ bullets(_describe(card.doctype, other, fields) for other, fields in sorted(found.items()))
	)
	refusal.cards = tuple(sorted(found))
	frappe.throw(str(refusal), refusal, title=_("Duplicate"))


def _describe(doctype: str, name: str, fields: Collection[str]) -> str:
	card = frappe.get_doc(doctype, name, for_update=True)
	if not card.has_permission("read"):
		return _("One that you may not see. Ask {0}.").format(whom_to_ask())
	link = get_link_to_form(doctype, name, escape_html(card.get_title() or name))
	return _("{0} (the same {1})").format(link, in_words(fields))
