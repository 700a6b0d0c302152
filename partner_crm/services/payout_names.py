"""Other names of cards, programmes and partners, as far as payouts have them put down besides their links."""

from __future__ import annotations

import frappe
from pypika.functions import Coalesce, NullIf
from pypika.terms import Function, PseudoColumn

from partner_crm.rules.agreements import renamed
from partner_crm.services import rollups
from partner_crm.services.agreements import PAYOUT
from partner_crm.services.payouts import LINK


def follow_card(link: str, name: str) -> None:
	"""After the card that `link` points to got the name `name`, or was merged into it."""
	payout = frappe.qb.DocType(PAYOUT)
	client = Coalesce(NullIf(payout.counterparty, ""), payout.contact)
	of_card = payout[link] == name
	clients = frappe.qb.from_(payout).select(payout.client).where(of_card).distinct()
	rollups.follow_clients(clients.run(pluck=True))
	frappe.qb.update(payout).set(payout.client, client).where(of_card).run()
	rollups.follow_clients(clients.run(pluck=True))


def follow_party(link: str, old: str, new: str, merge: bool) -> None:
	"""After a programme or partner got another name, or was merged into another: what is put down of it follows.

	The keys of a merged one stay as they are: nobody else can come to have his name in them.
	"""
	payout = frappe.qb.DocType(PAYOUT)
	old_text, new_text = _quoted(renamed(link, old)), _quoted(renamed(link, new))
	own = frappe.qb.from_(payout).where(payout[link] == new)
	for doctype, column in LINK.items():
		table = frappe.qb.DocType(doctype)
		its_own = (table[link] == new) | table.name.isin(own.select(payout[column]))
		follows = Function("REPLACE", table.payout_terms, old_text, new_text)
		frappe.qb.update(table).set(table.payout_terms, follows).where(
			table.payout_terms.isnotnull() & its_own
		).run()
	query = frappe.qb.update(payout).set(payout.terms, Function("REPLACE", payout.terms, old_text, new_text))
	if not merge:
		parts = _quoted(f"|{old}|"), _quoted(f"|{new}|")
		query = query.set(payout.payout_key, Function("REPLACE", payout.payout_key, *parts))
	query.where(payout[link] == new).run()


def _quoted(text: str) -> PseudoColumn:
	"""Quoted by Frappe: PyPika leaves a backslash as it is, and the driver formats what has a percent sign."""
	return PseudoColumn(frappe.db.escape(text))
