"""Nobody is paid for bringing himself (Partners' money, "Claim"): the partner's own identity keys.

ERPNext says who a partner is: his name and site, his Supplier, and the contacts linked to either. A client's card is
his when it is one of those contacts, when it is the company of that Supplier, or when two identity fields match, as
with duplicates. What the head of sales has declared "not a duplicate" is told apart here, too.

Where a programme has an owner, neither the partner nor the client can be that owner: his money would go in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import frappe
from frappe import _
from frappe.utils import escape_html

from partner_crm.rules.identity import Company, company_values
from partner_crm.services import identity, key_stock, pairs, settings
from partner_crm.services.refusals import bullets

CONTACT, COMPANY = "Contact", "Counterparty"
PARTNER, SUPPLIER = "Sales Partner", "Supplier"


class SelfReferral(frappe.ValidationError):
	"""The client, or the programme's owner, is the partner himself."""


@dataclass(slots=True)
class Known:
	"""Who the partners are, as far as ERPNext says."""

	suppliers: dict[str, str] = field(default_factory=dict)
	people: dict[str, str] = field(default_factory=dict)
	"""The partner of each contact."""
	keys: dict[str, list[tuple[str, str | None, tuple[str, ...]]]] = field(default_factory=dict)
	"""By pair key: the partner, his contact (None for his company), and the fields that match."""


def refuse(
	partners: Collection[str], contact: str | None, counterparty: str | None, owner: str | None
) -> None:
	"""Raises `SelfReferral` with all that makes one of the partners the client, or anybody of them the owner."""
	problems = []
	if owner and owner == counterparty:
		problems.append(
			_("{0} owns the programme, and can't be brought to it as a client.").format(_card(COMPANY, owner))
		)
	if partners:
		known = _known(sorted(partners))
		problems += _same_cards(known, contact, (counterparty, owner))
		problems += _same_keys(known, contact, (counterparty, owner))
	if problems:
		frappe.throw(
			bullets(dict.fromkeys(problems)) + _("Nobody is paid for bringing himself."),
			SelfReferral,
			title=_("The partner's own card"),
		)


# Cards that are the partner's


def _same_cards(known: Known, contact: str | None, companies: Iterable[str | None]) -> Iterator[str]:
	sentence = _("{0} is a card of the partner {1}.")
	if contact in known.people:
		yield sentence.format(_card(CONTACT, contact), _bold(known.people[contact]))
	companies = [name for name in companies if name]
	if not known.suppliers or not companies:
		return
	for row in frappe.get_all(
		COMPANY,
		filters={"name": ("in", companies), "supplier": ("in", list(known.suppliers))},
		fields=["name", "supplier"],
		order_by="name asc",
	):
		yield sentence.format(_card(COMPANY, row.name), _bold(known.suppliers[row.supplier]))


# Cards that say the same


def _same_keys(known: Known, contact: str | None, companies: Iterable[str | None]) -> Iterator[str]:
	matched = [
		(card_doctype, card, *found)
		for card_doctype, card, key in _held((contact, *companies))
		for found in known.keys.get(key, ())
	]
	theirs = {person for card_doctype, _name, _partner, person, _fields in matched if person}
	apart = pairs.told_apart(CONTACT, contact, theirs) if theirs else set()
	sentence = _("{0} and the partner {1} have the same {2}.")
	for card_doctype, card, partner, person, fields in matched:
		if person not in (*apart, card):
			yield sentence.format(_card(card_doctype, card), _bold(partner), identity.in_words(fields))


def _held(cards: Iterable[str | None]) -> list[tuple[str, str, str]]:
	"""The pair keys of these cards: the card's DocType, the card, the key."""
	key = frappe.qb.DocType("Identity Key")
	rows = (
		frappe.qb.from_(key)
		.select(key.card_doctype, key.card, key.name)
		.where(key.card_doctype.isin([CONTACT, COMPANY]) & key.card.isin([card for card in cards if card]))
		.orderby(key.name)
		.run()
	)
	return [(doctype, card, identity.root_of(name)) for doctype, card, name in rows if identity.is_pair(name)]


# Who the partners are


def _known(partners: list[str]) -> Known:
	companies = _companies(partners)
	known = Known(suppliers={row.supplier: row.partner for row in companies if row.supplier})
	known.people = _people(partners, known.suppliers)
	scheme = settings.schemes()[0]
	people = key_stock.read(CONTACT, sorted(known.people)) if known.people else []
	shared = key_stock.shared_of(people)
	for person in people:
		values = identity.values_of(person, scheme.rules, shared.get(person.pcrm_counterparty, ()))
		_note(known, CONTACT, known.people[person.name], person.name, values, scheme)
	for row in companies:
		mine = [person for person in people if known.people[person.name] == row.partner]
		_note(known, COMPANY, row.partner, None, company_values(_company(row, mine), scheme.rules), scheme)
	return known


def _note(known: Known, doctype: str, partner: str, person: str | None, values, scheme) -> None:
	for name, fields in identity.keys_from(doctype, person or partner, values, scheme).items():
		if identity.is_pair(name):
			known.keys.setdefault(name, []).append((partner, person, fields))


def _company(row: frappe._dict, people: Iterable[frappe._dict]) -> Company:
	return Company(
		titles=tuple(filter(None, dict.fromkeys((row.partner, row.supplier_name)))),
		tax_id=row.tax_id or "",
		websites=tuple(filter(None, (row.partner_website, row.website))),
		emails=tuple(line.email_id for person in people for line in person.email_ids if line.email_id),
		phones=tuple(line.phone for person in people for line in person.phone_nos if line.phone),
	)


def _companies(partners: list[str]) -> list[frappe._dict]:
	partner, supplier = frappe.qb.DocType(PARTNER), frappe.qb.DocType(SUPPLIER)
	return (
		frappe.qb.from_(partner)
		.left_join(supplier)
		.on(supplier.name == partner.pcrm_supplier)
		.select(
			partner.name.as_("partner"),
			partner.partner_website,
			supplier.name.as_("supplier"),
			supplier.supplier_name,
			supplier.tax_id,
			supplier.website,
		)
		.where(partner.name.isin(partners))
		.orderby(partner.name)
		.run(as_dict=True)
	)


def _people(partners: list[str], suppliers: dict[str, str]) -> dict[str, str]:
	link = frappe.qb.DocType("Dynamic Link")
	is_his = (link.link_doctype == PARTNER) & link.link_name.isin(partners)
	if suppliers:
		is_his |= (link.link_doctype == SUPPLIER) & link.link_name.isin(list(suppliers))
	rows = (
		frappe.qb.from_(link)
		.select(link.parent, link.link_doctype, link.link_name)
		.where((link.parenttype == CONTACT) & is_his)
		.orderby(link.parent)
		.run()
	)
	return {
		parent: name if doctype == PARTNER else suppliers.get(name, name) for parent, doctype, name in rows
	}


def _card(doctype: str, name: str) -> str:
	return _bold(frappe.db.get_value(doctype, name, "title" if doctype == COMPANY else "full_name") or name)


def _bold(text: str) -> str:
	return frappe.bold(escape_html(text))
