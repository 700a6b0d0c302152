"""What a lead's columns say besides what was typed: title, score, the partner's view, amounts in one currency."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt, get_datetime, getdate, now_datetime, nowdate

from partner_crm.rules import stages
from partner_crm.services import cards, exchange, facts

TITLE_LENGTH = 140
HISTORY_FIELDS = ("won_on",)
"""What the app knows of a lead at work, and has to be told of a past one."""


def set_defaults(lead: Document) -> None:
	"""Imports and scripts leave out what the form fills in."""
	lead.track = lead.track or stages.OWN_SALE
	lead.stage = lead.stage or stages.COLD_LEAD
	lead.registered_on = lead.registered_on or nowdate()
	lead.currency = lead.currency or exchange.company_currency(lead.company)


def check(lead: Document) -> None:
	cards.check_typed_person(lead)
	if getdate(lead.registered_on) > getdate():
		day = frappe.bold(frappe.format(lead.registered_on, "Date"))
		frappe.throw(_("A client can't have been handed over in the future: {0}.").format(day))


TITLE_FIELDS = ("contact", "counterparty", "is_individual", "first_name", "last_name", "company_name")


def set_title(lead: Document) -> None:
	if not lead.lead_title or any(map(lead.has_value_changed, TITLE_FIELDS)):
		lead.lead_title = title_of(lead)


def title_of(doc: Document) -> str:
	"""The person, and the company where there is one."""
	person = facts.contact_of(doc)
	company = None if doc.is_individual else facts.counterparty_of(doc).get("title")
	name = " ".join(filter(None, (person.get("first_name"), person.get("last_name"))))
	return " · ".join(filter(None, (name or _reachable_at(person), company)))[:TITLE_LENGTH]


def _reachable_at(person: facts.Fields) -> str | None:
	return next(filter(None, (*(person.get("email") or ()), *(person.get("phone") or ()))), None)


def set_beginning(lead: Document) -> None:
	"""A lead begins on the day the client was handed over, or when it is typed in if that is earlier."""
	handed_over = get_datetime(getdate(lead.registered_on))
	lead.lead_began_at = min(handed_over, get_datetime(lead.creation or now_datetime()))


def set_partner_status(lead: Document) -> None:
	"""As the partner sees it. After conversion it follows the deal (`conversion.follow`)."""
	if lead.flags.step.move.kind is not stages.Kind.STAY:
		lead.partner_status = stages.partner_status(lead.track, lead.stage)


def set_won_on(lead: Document) -> None:
	"""The day on which a referred client bought, as far as we know."""
	lead.won_on = getdate(lead.won_on) if lead.stage == stages.CLIENT else None


def set_base_value(lead: Document) -> None:
	currency = exchange.company_currency(lead.company)
	if not lead.potential_value or lead.currency == currency:
		lead.base_potential_value = lead.potential_value
		return
	rate = exchange.rate(lead.currency, currency, getdate())
	lead.base_potential_value = flt(lead.potential_value) * rate
	if not rate:
		exchange.warn_of_missing_rate(lead.currency, currency)
