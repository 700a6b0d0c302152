"""What the head of sales decides about a claim: to extend, reassign, split or release it, each with a reason.

Saving the claim is the way. The state before stays readable in its versions, the reason in its timeline.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, escape_html, flt, format_date, getdate

from partner_crm.rules import claims as rules
from partner_crm.rules import stages
from partner_crm.rules.claims import ACTIVE, EXPIRED, RELEASED
from partner_crm.services import computed, self_referral
from partner_crm.services.claims import PAYABLE, PROGRAM, WHOLE, key_of
from partner_crm.services.funnel import is_head_of_sales
from partner_crm.services.leads import title_of
from partner_crm.services.refusals import bullets

OPEN_STATUSES = ("New", "In Progress")
"""Of a lead as its partner sees it: it follows the deal after conversion."""


# In before_validate and validate


def restore(claim: Document) -> None:
	computed.restore(claim)


def fill(claim: Document) -> None:
	"""What follows from the programme and the cards; a claim that is entered by hand has no lead to say the rest."""
	program = frappe.get_cached_doc(PROGRAM, claim.program)
	claim.direction = program.direction
	claim.client = claim.counterparty or claim.contact
	claim.client_title = claim.client_title or title_of(claim)
	claim.company = claim.company or frappe.defaults.get_user_default("company")
	if claim.is_new() and not claim.flags.by_service:
		days = cint(program.attribution_days)
		claim.registered_on = getdate(claim.registered_on)
		claim.protected_until = claim.protected_until or rules.protected_until(claim.registered_on, days)
		claim.status = claim.status or ACTIVE
		if claim.status == ACTIVE and claim.protected_until and getdate(claim.protected_until) < getdate():
			claim.status = EXPIRED
	claim.claim_key = key_of(claim.program, claim.client) if claim.status == ACTIVE else None


def check(claim: Document) -> None:
	"""Names all that is wrong with what was typed."""
	if claim.flags.by_service:
		return
	if problems := list(_problems(claim)):
		frappe.throw(bullets(problems), title=_("Not accepted"))


def _problems(claim: Document) -> Iterator[str]:
	if not claim.client:
		yield _("A claim is to a client: choose the contact or the counterparty.")
	if getdate(claim.registered_on) > getdate():
		yield _("A client can't have been handed over in the future: {0}.").format(
			frappe.bold(format_date(claim.registered_on))
		)
	if claim.direction != PAYABLE:
		if claim.partner or claim.shares:
			yield _("Under this programme we are the partner ourselves: leave partner and shares empty.")
	elif not claim.partner:
		yield _("Whose claim it is has to be said: choose the partner.")
	else:
		yield from _share_problems(claim)
	if claim.protected_until and getdate(claim.protected_until) < getdate(claim.registered_on):
		yield _("The claim ends before it begins.")


def _share_problems(claim: Document) -> Iterator[str]:
	partners = [row.partner for row in claim.shares]
	for row in claim.shares:
		if flt(row.share) <= 0:
			yield _("Row {0}: a share has to be above 0 %.").format(row.idx)
	for partner in dict.fromkeys(partners):
		if partners.count(partner) > 1:
			yield _("{0} has more than one share.").format(_bold(partner))
	if partners and claim.partner not in partners:
		yield _("{0} holds the claim and has no share: give a share, or reassign the claim.").format(
			_bold(claim.partner)
		)
	total = sum((Decimal(str(row.share or 0)) for row in claim.shares), Decimal(0))
	if total > WHOLE:
		yield _("The shares are {0} % together: 100 % is all there is.").format(
			frappe.bold(f"{total.normalize():f}")
		)


def guard_decision(claim: Document) -> None:
	"""Refuses what is not the head of sales' to decide, what a claim's state does not allow, and what has no reason."""
	before = claim.get_doc_before_save()
	claim.flags.decided = list(_decided(claim, before)) if before else []
	if claim.flags.by_service or not (claim.flags.decided or not before):
		return
	if not is_head_of_sales():
		frappe.throw(
			_("Only the head of sales decides about claims."),
			frappe.PermissionError,
			title=_("For the head of sales"),
		)
	if before:
		_guard_state(claim, before)
		_guard_reason(claim, before)


def _guard_state(claim: Document, before: Document) -> None:
	has_new_end = _end(claim) != _end(before)
	if before.status != ACTIVE and (claim.status != before.status or has_new_end):
		frappe.throw(
			_("This claim is {0} and stays so: who brings the client again gets a new one.").format(
				_(before.status)
			),
			title=_("Not accepted"),
		)
	if claim.status == EXPIRED and before.status == ACTIVE:
		frappe.throw(
			_("A claim expires by itself, after its last day. To end it before, release it."),
			title=_("Not accepted"),
		)
	if has_new_end and _end(claim) and _end(claim) < getdate():
		frappe.throw(
			_("A claim can't be made to end in the past. To end it at once, release it."),
			title=_("Not accepted"),
		)


def _guard_reason(claim: Document, before: Document) -> None:
	reason = (claim.reason or "").strip()
	if not reason or reason == (before.reason or "").strip():
		frappe.throw(
			_("Say why: write the reason of this decision, not of the one before."), title=_("No reason")
		)


def guard_self_referral(claim: Document) -> None:
	"""Of whoever gets the claim or a share of it now; what leads register is checked there."""
	before = claim.get_doc_before_save()
	if claim.flags.by_service or claim.direction != PAYABLE:
		return
	partners = _partners(claim) - (_partners(before) if before else set())
	owner = frappe.get_cached_value(PROGRAM, claim.program, "counterparty")
	if partners or not before:
		self_referral.refuse(partners, claim.contact, claim.counterparty, owner)


def _partners(claim: Document) -> set[str]:
	return set(filter(None, (claim.partner, *(row.partner for row in claim.shares))))


def _end(claim: Document):
	return getdate(claim.protected_until) if claim.protected_until else None


def _decided(claim: Document, before: Document) -> Iterator[str]:
	"""What changes, as the timeline tells it."""
	if (claim.partner or None) != (before.partner or None):
		yield _("Reassigned from {0} to {1}.").format(_bold(before.partner), _bold(claim.partner))
	if _end(claim) != _end(before):
		yield _("Holds until {0}; before, until {1}.").format(_day(claim), _day(before))
	if _shares(claim) != _shares(before):
		yield _("Shares: {0}; before: {1}.").format(_in_words(claim), _in_words(before))
	if claim.status != before.status:
		yield _("Released.") if claim.status == RELEASED else _("Now {0}.").format(_(claim.status))


def _shares(claim: Document) -> list[tuple[str, float]]:
	return [(row.partner, flt(row.share, 6)) for row in claim.shares]


def _in_words(claim: Document) -> str:
	return ", ".join(f"{_bold(partner)} {share:g} %" for partner, share in _shares(claim)) or _("undivided")


def _day(claim: Document) -> str:
	return frappe.bold(format_date(claim.protected_until)) if claim.protected_until else _("no end")


def _bold(partner: str | None) -> str:
	return frappe.bold(escape_html(partner)) if partner else _("nobody")


# In on_update


def tell(claim: Document) -> None:
	"""In the timeline, for whoever reads it after years."""
	if decided := claim.flags.pop("decided", None):
		text = " ".join((*decided, _("Reason: {0}").format(escape_html(claim.reason or ""))))
		claim.add_comment("Info", text)


def hand_on(claim: Document) -> None:
	"""Leads and deals that are still open go to the partner to whom the claim was reassigned."""
	before = claim.get_doc_before_save()
	if not before or before.partner == claim.partner:
		return
	of_claim = {"claim": claim.name, "partner": before.partner}
	is_open = {"stage": ("not in", (stages.CLIENT, stages.LOST))}
	frappe.db.set_value("Partner Deal", of_claim | is_open, "partner", claim.partner)
	is_open = {"partner_status": ("in", OPEN_STATUSES)}
	frappe.db.set_value("Partner Lead", of_claim | is_open, "partner", claim.partner)
