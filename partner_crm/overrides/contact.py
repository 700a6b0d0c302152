"""Our rules for the persons that leads, deals and counterparties of ours rest on. Everybody else's contacts pass at once."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import cards, deals, identity, merging, needs, pairs, payout_names, staff_cards


def before_validate(card: Document, method: str | None = None) -> None:
	"""Frappe calls it also where the rest of the judging is switched off."""
	if card.flags.ignore_validate:
		return
	cards.keep_managed(card)
	if card.pcrm_managed:
		cards.ask_for_no_picture(card)


def validate(card: Document, method: str | None = None) -> None:
	cards.take_picture_out(card)
	if not card.pcrm_managed:
		return
	before = card.get_doc_before_save()
	cards.check_contact(card, before)
	cards.check_completeness(card, before)
	needs.guard_contact(card, before)


def before_save(card: Document, method: str | None = None) -> None:
	identity.begin(card)


def on_update(card: Document, method: str | None = None) -> None:
	if identity.is_managed(card):
		identity.claim(card)
	if card.pcrm_staff_email_since:
		staff_cards.judge(card)


def on_trash(card: Document, method: str | None = None) -> None:
	pairs.forget(card.doctype, card.name)
	if identity.is_managed(card):
		identity.release(card)


def before_rename(card: Document, method: str, old: str, new: str, merge: bool = False) -> None:
	if merge:
		merging.fold(card, new)


def after_rename(card: Document, method: str, old: str, new: str, merge: bool = False) -> None:
	pairs.follow_rename(card.doctype, new)
	if identity.is_managed(card):
		identity.follow_rename(card)
		deals.rekey("contact", new)
		payout_names.follow_card("contact", new)
