"""Nobody is entered twice: a card's identity keys, written in the card's own transaction.

"Two of the identity fields match" is the same as "one pair key is equal" (`rules.identity`). Each key is the primary key of an
`Identity Key` row, so the database refuses the second card, whichever door it came through. Before keys are written their
buckets are locked in one order: a unique index alone makes processes that write the same keys wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_link_to_form, getdate, now

from partner_crm.rules.identity import Company, Person, Values, company_values, keys_of, matching_fields, person_values
from partner_crm.services import settings

BUCKETS = 4096
SAVEPOINT = "partner_crm_identity"

FIELD_LABELS = {
	"full_name": "name",
	"phone": "phone",
	"email": "e-mail",
	"birth_date": "birth date",
	"tax_id": "tax ID",
	"title": "company title",
	"domain": "internet domain",
}


class DuplicateCard(frappe.DuplicateEntryError):
	"""Two or more identity fields match an existing card (Rules of discipline, rule 5)."""


def is_managed(doc: Document) -> bool:
	"""Whether our rules apply to this card: every counterparty, and the contacts that are linked to our documents or marked."""
	return doc.doctype == "Counterparty" or bool(doc.get("pcrm_managed"))


def begin(doc: Document) -> None:
	"""Called from `before_save`: where to return to if a key turns out to be another card's."""
	if is_managed(doc):
		frappe.db.savepoint(SAVEPOINT)


def claim(doc: Document) -> None:
	"""Called from `on_update`: gives the card the keys that its fields now make, and takes away those they made before.

	Raises `DuplicateCard` with nothing written, neither keys nor card.
	"""
	wanted = wanted_keys(doc)
	held = set() if doc.flags.in_insert else held_keys(doc.doctype, doc.name)
	fresh = {digest: fields for digest, fields in wanted.items() if digest not in held}
	stale = held - wanted.keys()
	if not fresh and not stale:
		return
	_lock(fresh.keys() | stale)
	_delete(stale)
	try:
		_insert(doc, fresh)
	except Exception as error:
		if not frappe.db.is_duplicate_entry(error):
			raise
		frappe.db.rollback(save_point=SAVEPOINT)
		refuse(doc, find_by_keys(fresh, excluding=doc.name))


def release(doc: Document) -> None:
	"""Called from `on_trash`: the keys of a deleted or merged card may be used again."""
	held = held_keys(doc.doctype, doc.name)
	if held:
		_lock(held)
		_delete(held)


def follow_rename(doctype: str, old: str, new: str) -> None:
	key = frappe.qb.DocType("Identity Key")
	frappe.qb.update(key).set(key.card, new).where((key.card_doctype == doctype) & (key.card == old)).run()


def wanted_keys(doc: Document) -> dict[str, tuple[str, ...]]:
	"""The digests that the card's fields make, with the fields of each."""
	if not is_managed(doc):
		return {}
	identity = settings.identity()
	pairs = identity.company_pairs if doc.doctype == "Counterparty" else identity.person_pairs
	return {key.digest: key.fields for key in keys_of(values_of(doc), pairs)}


def values_of(doc: Document) -> Values:
	"""The normalised identity values of a Contact or Counterparty document."""
	if doc.doctype == "Counterparty":
		return company_values(_company(doc), settings.identity())
	values = person_values(_person(doc), settings.identity())
	return _without_shared(values, doc.get("pcrm_counterparty"))


def _person(doc: Document) -> Person:
	return Person(
		first_name=doc.first_name or "",
		middle_name=doc.middle_name or "",
		last_name=doc.last_name or "",
		phones=tuple(row.phone for row in doc.phone_nos if row.phone),
		emails=tuple(row.email_id for row in doc.email_ids if row.email_id),
		birth_date=getdate(doc.pcrm_birth_date) if doc.get("pcrm_birth_date") else None,
	)


def _company(doc: Document) -> Company:
	return Company(
		titles=tuple(filter(None, (doc.title, *(row.title for row in doc.additional_titles)))),
		tax_id=doc.tax_id or "",
		websites=tuple(filter(None, (doc.website,))),
		emails=tuple(filter(None, (doc.email, *(row.email for row in doc.additional_emails)))),
		phones=tuple(filter(None, (doc.phone,))),
	)


def _without_shared(values: Values, counterparty: str | None) -> Values:
	"""The company's own switchboard and mailbox do not tell its people apart, so they do not count."""
	if not counterparty or not ("phone" in values or "email" in values):
		return values
	found = frappe.db.get_value("Counterparty", counterparty, ["phone", "email"], as_dict=True)
	if not found or not (found.phone or found.email):
		return values
	own = company_values(Company(phones=tuple(filter(None, (found.phone,)))), settings.identity()).get("phone", ())
	mailbox = person_values(Person(emails=tuple(filter(None, (found.email,)))), settings.identity()).get("email", ())
	kept = {
		**values,
		"phone": tuple(value for value in values.get("phone", ()) if value not in own),
		"email": tuple(value for value in values.get("email", ()) if value not in mailbox),
	}
	return {field: found for field, found in kept.items() if found}


def held_keys(doctype: str, name: str) -> set[str]:
	key = frappe.qb.DocType("Identity Key")
	rows = frappe.qb.from_(key).select(key.name).where((key.card_doctype == doctype) & (key.card == name)).run()
	return {row[0] for row in rows}


def find_by_keys(digests: Iterable[str], excluding: str | None = None) -> dict[str, set[str]]:
	"""The cards that hold any of these keys, each with the fields that match."""
	digests = list(digests)
	if not digests:
		return {}
	key = frappe.qb.DocType("Identity Key")
	rows = frappe.qb.from_(key).select(key.card, key.matched_fields).where(key.name.isin(digests)).run()
	found: dict[str, set[str]] = {}
	for card, fields in rows:
		if card != excluding:
			found.setdefault(card, set()).update(fields.split(","))
	return found


def refuse(doc: Document, found: dict[str, set[str]]) -> None:
	"""The one refusal: which card it is and what matches, for those who may see it; for others only whom to ask."""
	lines = []
	for card, fields in found.items():
		matched = ", ".join(_(FIELD_LABELS[field]) for field in matching_order(fields))
		if frappe.has_permission(doc.doctype, "read", card):
			title = frappe.db.get_value(doc.doctype, card, frappe.get_meta(doc.doctype).get_title_field()) or card
			lines.append(_("{0} (the same: {1})").format(get_link_to_form(doc.doctype, card, title), matched))
		else:
			lines.append(_("A card that you may not see. Ask {0}.").format(whom_to_ask()))
	frappe.throw(
		_("This client is here already. Use the existing card, or have the head of sales merge the two:")
		+ "<ul>"
		+ "".join(f"<li>{line}</li>" for line in sorted(lines))
		+ "</ul>",
		DuplicateCard,
		title=_("Duplicate"),
	)


def matching_order(fields: Iterable[str]) -> list[str]:
	return [field for field in FIELD_LABELS if field in set(fields)]


def whom_to_ask() -> str:
	"""The heads of sales, by name."""
	from frappe.utils.user import get_users_with_role

	heads = get_users_with_role("Partner CRM Manager")
	names = frappe.get_all("User", filters={"name": ("in", heads or [""]), "enabled": 1}, pluck="full_name", order_by="full_name asc", limit=3)
	return ", ".join(frappe.utils.escape_html(name) for name in names) or _("the head of sales")


def shared_fields(one: Values, other: Values) -> tuple[str, ...]:
	return matching_fields(one, other)


def _lock(digests: Iterable[str]) -> None:
	buckets = sorted({int(digest[:8], 16) % BUCKETS for digest in digests})
	bucket = frappe.qb.DocType("Identity Bucket")
	frappe.qb.from_(bucket).select(bucket.name).where(bucket.name.isin([bucket_name(number) for number in buckets])).orderby(bucket.name).for_update().run()


def bucket_name(number: int) -> str:
	return f"{number:04d}"


def _delete(digests: Iterable[str]) -> None:
	digests = sorted(digests)
	if digests:
		key = frappe.qb.DocType("Identity Key")
		frappe.qb.from_(key).delete().where(key.name.isin(digests)).run()


def _insert(doc: Document, keys: dict[str, tuple[str, ...]]) -> None:
	if not keys:
		return
	key, moment, user = frappe.qb.DocType("Identity Key"), now(), frappe.session.user
	query = frappe.qb.into(key).columns("name", "creation", "modified", "owner", "modified_by", "card_doctype", "card", "matched_fields")
	for digest in sorted(keys):
		query = query.insert(digest, moment, moment, user, user, doc.doctype, doc.name, ",".join(keys[digest]))
	query.run()
