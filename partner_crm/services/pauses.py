"""Pauses: the manager asks for them, the head of sales approves, and the deal's clock stands still meanwhile."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cstr, escape_html, format_date, getdate, now_datetime

from partner_crm.rules import activity
from partner_crm.rules.activity import DEAL
from partner_crm.services import deals, discipline
from partner_crm.services.cases import heads_of_sales
from partner_crm.services.funnel import is_head_of_sales
from partner_crm.services.notices import notify
from partner_crm.services.refusals import name_of

ASKED, APPROVED, REFUSED = "Asked", "Approved", "Refused"
WHAT_WAS_ASKED = ("deal", "from_date", "to_date", "reason")


# In validate


def guard_deal(pause: Document) -> None:
	"""A pause is asked for by whoever works on the deal, while there is something to pause."""
	pause.flags.deal = frappe.get_doc(DEAL, pause.deal)
	if not pause.is_new():
		return
	pause.flags.deal.check_permission("write")
	if discipline.is_out_of_play(pause.flags.deal, DEAL):
		frappe.throw(
			_("{0} is not open, so it has no clock to stop.").format(name_of(pause.flags.deal)),
			title=_("Not accepted"),
		)


def guard_days(pause: Document) -> None:
	if getdate(pause.to_date) < getdate(pause.from_date):
		frappe.throw(_("The pause ends before it begins."), title=_("Not accepted"))


def guard_decision(pause: Document) -> None:
	"""Asked -> Approved or Refused by the head of sales; what was decided stays."""
	before = pause.get_doc_before_save()
	was = before.status if before else None
	pause.status = pause.status or ASKED
	if was in (APPROVED, REFUSED):
		if any(
			cstr(pause.get(name)) != cstr(before.get(name)) for name in (*WHAT_WAS_ASKED, "status", "answer")
		):
			frappe.throw(
				_("This pause has been decided: it is {0} and stays so. Ask for another one.").format(_(was)),
				title=_("Decided already"),
			)
		return
	if pause.status != ASKED and not is_head_of_sales():
		frappe.throw(
			_("Only the head of sales can approve or refuse a pause."),
			frappe.PermissionError,
			title=_("For the head of sales"),
		)


def fill(pause: Document) -> None:
	pause.responsible, pause.company = pause.flags.deal.responsible, pause.flags.deal.company
	if pause.status == ASKED:
		pause.decided_by = pause.decided_on = None
	elif pause.has_value_changed("status"):
		pause.decided_by, pause.decided_on = frappe.session.user, now_datetime()


# In on_update and on_trash


def stop_clock(pause: Document) -> None:
	"""The deal's columns of activity follow at once; the deal itself is not saved, since nobody has changed it."""
	if pause.status != APPROVED or not pause.has_value_changed("status"):
		return
	deal = frappe.db.get_value(DEAL, pause.deal, _OF_THE_CLOCK, as_dict=True, for_update=True)
	deal.has_pause = 1
	values = {"has_pause": 1, "next_review_on": discipline.sooner(deal.next_review_on)}
	if not discipline.is_out_of_play(deal, DEAL):
		state = deals.activity_of(deal)
		status = state.status if deal.is_correct else activity.INACTIVE
		values |= {"activity_status": status, "active_until": state.active_until}
		values |= {"announced": 0, "announced_on": None}
	frappe.db.set_value(DEAL, deal.name, values, update_modified=False)


_OF_THE_CLOCK = (
	*("name", "stage", "in_pool", "is_correct", "clock_started_on", "last_interaction_on", "has_pause"),
	"next_review_on",
)


def tell(pause: Document) -> None:
	"""The heads of sales that a pause is asked for; the manager what was decided."""
	if not pause.has_value_changed("status"):
		return
	link = (pause.doctype, pause.name)
	title = escape_html(pause.flags.deal.deal_title or pause.deal)
	days = (format_date(pause.from_date), format_date(pause.to_date))
	if pause.status == ASKED:
		subject = _("A pause is asked for: {0}, {1} to {2}").format(title, *days)
		for user in heads_of_sales():
			if user != frappe.session.user:
				notify(user, subject, escape_html(pause.reason), document=link)
	elif pause.responsible and pause.responsible != frappe.session.user:
		sentence = _(_DECIDED[pause.status]).format(title, *days)
		notify(pause.responsible, sentence, escape_html(pause.answer or ""), document=link)


_DECIDED = {
	APPROVED: "The pause is approved: {0}, {1} to {2}",
	REFUSED: "The pause is refused: {0}, {1} to {2}",
}


def guard_deleting(pause: Document) -> None:
	if pause.status == APPROVED:
		frappe.throw(
			_("An approved pause is what past nights were judged by, so it stays."), title=_("Not accepted")
		)
