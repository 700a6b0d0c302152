"""Our rules for the persons that leads, deals and counterparties of ours rest on. Everybody else's contacts pass at once."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import cards, identity, needs


def validate(card: Document, method: str | None = None) -> None:
	if not identity.is_managed(card) and not card.get("pcrm_counterparty"):
		return
	cards.take_picture_out(card)
	cards.keep_managed(card)
	cards.check_contact(card)
	cards.check_completeness(card)
	needs.guard_contact(card)


def before_save(card: Document, method: str | None = None) -> None:
	identity.begin(card)


def on_update(card: Document, method: str | None = None) -> None:
	if identity.is_managed(card):
		identity.claim(card)


def on_trash(card: Document, method: str | None = None) -> None:
	if identity.is_managed(card):
		identity.release(card)
