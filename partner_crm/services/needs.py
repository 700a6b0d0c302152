"""What an open lead or deal rests on can't be taken away from the contact or counterparty either."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, get_link_to_form

from partner_crm.rules import stages
from partner_crm.services import facts, settings
from partner_crm.services.refusals import StageRefused, as_list, bullets

OPEN_LEADS = (stages.COLD_LEAD, stages.MQL, stages.HANDED_OVER)
OPEN_DEALS = (stages.SQL, stages.NEGOTIATION)
MOST_NAMED = 10


def guard_contact(card: Document, before: Document | None) -> None:
	if before:
		guard(stages.CONTACT, card.name, facts.contact_card(before), facts.contact_card(card))


def guard_counterparty(card: Document, before: Document | None) -> None:
	if before:
		guard(stages.COUNTERPARTY, card.name, facts.counterparty_card(before), facts.counterparty_card(card))


def guard(entity: str, card: str, before: facts.Fields, after: facts.Fields) -> None:
	"""Refuses to empty what an open lead or deal of this card has passed a stage with.

	What stands open is asked only when something that the table names was emptied.
	"""
	emptied = _emptied(entity, before, after)
	if not emptied:
		return
	still_needed: dict[stages.Missing, list[str]] = {}
	for doc in _open_on(entity, card):
		for missing in _taken_from(doc, entity, before, after):
			still_needed.setdefault(missing, []).append(_link(doc))
	if still_needed:
		links = dict.fromkeys(link for found in still_needed.values() for link in found)
		frappe.throw(
			_("What would be emptied is still needed:")
			+ as_list(still_needed)
			+ _("It is needed by:")
			+ bullets(list(links)[:MOST_NAMED]),
			StageRefused,
			title=_("Still needed"),
		)


def _emptied(entity: str, before: facts.Fields, after: facts.Fields) -> bool:
	table = (
		*settings.stage_table(),
		*(row for track in stages.TRACKS for row in stages.stage_conditions(track)),
	)
	rows = [row for row in dict.fromkeys(table) if row.entity == entity]
	return any(
		stages.is_met(row, {entity: before}) and not stages.is_met(row, {entity: after}) for row in rows
	)


def _taken_from(
	doc: frappe._dict, entity: str, before: facts.Fields, after: facts.Fields
) -> tuple[stages.Missing, ...]:
	return stages.newly_emptied(
		{entity: before},
		{entity: after},
		doc.track,
		doc.stage,
		settings.stage_table(),
		is_individual=bool(doc.is_individual),
	)


def _open_on(entity: str, card: str) -> list[frappe._dict]:
	"""The leads and deals that rest on a card and are open, in one query."""
	lead, deal = frappe.qb.DocType("Partner Lead"), frappe.qb.DocType("Partner Deal")
	column = "contact" if entity == stages.CONTACT else "counterparty"
	leads = (
		frappe.qb.from_(lead)
		.select(lead.name, lead.lead_title, lead.stage, lead.track, lead.is_individual)
		.where((lead[column] == card) & lead.stage.isin(OPEN_LEADS))
	)
	deals = (
		frappe.qb.from_(deal)
		.select(deal.name, deal.deal_title, deal.stage, deal.is_individual)
		.where((deal[column] == card) & deal.stage.isin(OPEN_DEALS))
	)
	return [
		*(_described("Partner Lead", *row) for row in leads.run()),
		*(
			_described("Partner Deal", name, title, stage, stages.OWN_SALE, is_individual)
			for name, title, stage, is_individual in deals.run()
		),
	]


def _described(doctype: str, name: str, title: str, stage: str, track: str, is_individual: int):
	return frappe._dict(
		doctype=doctype, name=name, title=title, stage=stage, track=track, is_individual=is_individual
	)


def _link(doc: frappe._dict) -> str:
	"""Who may not see the lead or deal learns that there is one, and no more."""
	if not frappe.has_permission(doc.doctype, "read", doc.name):
		return _("{0} of another manager").format(_(doc.doctype))
	return get_link_to_form(doc.doctype, doc.name, escape_html(doc.title or doc.name))
