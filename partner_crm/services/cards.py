"""The cards of persons and companies: what may not be written into them, whoever and whichever door it comes from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, getdate

from partner_crm.rules import stages
from partner_crm.rules.identity import (
	OLDEST_AGE,
	birth_date_error,
	normalise_email,
	normalise_phone,
	website_domain,
)
from partner_crm.services import facts, first_look, settings, staff
from partner_crm.services.refusals import as_list, bullets, name_of

NO_PHONE = "{0} is not a phone number."
NO_EMAIL = "{0} is not an e-mail address."
NO_SITE = "{0} is not a web address."


def check_typed_person(lead: Document) -> None:
	"""What instant capture was told, before any card is made of it."""
	typed = [lead.email] if lead.email and lead.has_value_changed("email") else []
	_refuse(
		[
			*_problems(NO_PHONE, is_phone, [lead.phone], ()),
			*_problems(NO_EMAIL, normalise_email, [lead.email], ()),
			*staff.problems(typed, staff.among(typed)),
			*_birth_date_problems(lead.birth_date, lead),
		]
	)


def check_contact(card: Document, before: Document | None) -> None:
	"""Only what this save brings in: what was in the card before stops nobody from saving something else.

	What instant capture makes a card of, it has checked already.
	"""
	if card.flags.pop("is_checked", False):
		return
	if card.pcrm_birth_date:
		card.pcrm_birth_date = getdate(card.pcrm_birth_date)  # understood once for all who ask for it
	is_new_date = not before or str(card.pcrm_birth_date) != str(before.pcrm_birth_date)
	added = _added(_emails(card), _emails(before) if before and before.pcrm_managed else ())
	_refuse(
		[
			*_problems(NO_PHONE, is_phone, _phones(card), _phones(before)),
			*_problems(NO_EMAIL, normalise_email, _emails(card), _emails(before)),
			*staff.problems(added, first_look.at(card, added)),
			*(_birth_date_problems(card.pcrm_birth_date, card) if is_new_date else ()),
		]
	)


def check_counterparty(card: Document, before: Document | None) -> None:
	added = _added(_company_emails(card), _company_emails(before))
	_refuse(
		[
			*_problems(NO_PHONE, is_phone, [card.phone], [before and before.phone]),
			*_problems(NO_EMAIL, normalise_email, _company_emails(card), _company_emails(before)),
			*staff.problems(added, first_look.at(card, added)),
			*_problems(NO_SITE, website_domain, [card.website], [before and before.website]),
		]
	)


def check_completeness(card: Document, before: Document | None) -> None:
	"""The strict preset wants the whole identity from the first day that a card is ours."""
	required_from = settings.identity_required_from()
	if required_from != stages.AT_CREATION or (before and before.pcrm_managed):
		return
	missing = stages.card_missing({stages.CONTACT: facts.contact_card(card)}, required_from)
	if missing:
		frappe.throw(
			_("{0} can't be saved yet:").format(name_of(card)) + as_list(missing),
			title=_("Something is missing"),
		)


# Contacts that are ours


def keep_managed(card: Document) -> None:
	"""A contact of a counterparty is ours, and one that a lead or deal rests on can't be let go."""
	if card.pcrm_managed:
		return
	before = card.get_doc_before_save()
	was_managed = before and before.pcrm_managed
	if card.pcrm_counterparty or _is_in_address_book(card) or (was_managed and _is_rested_on(card)):
		card.pcrm_managed = 1


def _is_in_address_book(card: Document) -> bool:
	return any(row.link_doctype == "Counterparty" for row in card.links)


def _is_rested_on(card: Document) -> bool:
	return any(
		frappe.db.exists(doctype, {"contact": card.name}) for doctype in ("Partner Lead", "Partner Deal")
	)


NO_PICTURE = "/assets/frappe/images/ui/avatar.png"


def ask_for_no_picture(card: Document) -> None:
	"""In `before_validate`: Frappe asks a web service for a picture where there is none, up to 5 seconds long.

	A card of ours shows it one meanwhile; `take_picture_out` removes it once Frappe has not asked.
	"""
	if not card.image:
		card.image = NO_PICTURE
		card.flags.has_no_picture = True


def take_picture_out(card: Document) -> None:
	if card.flags.pop("has_no_picture", False):
		card.image = None


def is_phone(text: str) -> bool:
	return normalise_phone(text, settings.identity().country) is not None


def _phones(card: Document | None) -> list[str]:
	return [row.phone for row in card.phone_nos] if card else []


def _emails(card: Document | None) -> list[str]:
	return [row.email_id for row in card.email_ids] if card else []


def _company_emails(card: Document | None) -> list[str]:
	return [card.email, *(row.email for row in card.additional_emails)] if card else []


def _added(values: Iterable[str], known: Collection[str]) -> list[str]:
	return [value for value in values if value and value not in known]


def _problems(
	sentence: str, accept: Callable[[str], object], values: Iterable[str], known: Collection[str]
) -> list[str]:
	return [
		_(sentence).format(frappe.bold(escape_html(value)))
		for value in values
		if value and value not in known and not accept(value)
	]


def _birth_date_problems(birth_date, saved: Document) -> list[str]:
	"""On the day with which Frappe has just stamped what is saved: to ask it for today takes far longer than the rule."""
	if not birth_date:
		return []
	born, today = getdate(birth_date), date.fromisoformat(str(saved.modified)[:10])
	sentence = birth_date_error(born, today, settings.identity().placeholder_dates)
	if not sentence:
		return []
	return [_(sentence).format(birth_date=frappe.bold(frappe.format(born)), years=OLDEST_AGE)]


def _refuse(problems: list[str]) -> None:
	if problems:
		frappe.throw(bullets(problems) if len(problems) > 1 else problems[0], title=_("Not accepted"))
