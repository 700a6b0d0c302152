"""The ledger of penalties: written by the nightly review, contested by the manager, decided by the head of sales.

A penalty's name is made of rule, document and day, so the database itself takes each violation once. Nothing of it is
ever rewritten; only its status goes on, each step with a text and kept in the timeline.
"""

from __future__ import annotations

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cstr, escape_html, now_datetime

from partner_crm.rules.activity import DEAL, INTERACTION, Penalty
from partner_crm.services import computed, exchange, payroll
from partner_crm.services.funnel import is_head_of_sales

PENALTY = "Manager Penalty"
IMPOSED, CONTESTED, CONFIRMED, WAIVED = "Imposed", "Contested", "Confirmed", "Waived"
DECIDED = (CONFIRMED, WAIVED)

COLUMNS = (
	*("name", "creation", "modified", "owner", "modified_by", "docstatus", "idx", "status"),
	*("rule", "manager", "reference_doctype", "reference_name", "deal", "company", "violated_on"),
	*("amount", "currency", "imposed_on", "nth"),
)
OF_THE_STEPS = ("status", "objection", "reason")


class NotTheirs(frappe.PermissionError):
	"""Only the manager contests a penalty, and only the head of sales decides on it."""


# By the nightly review


def impose(found: Iterable[tuple[frappe._dict, Penalty]]) -> int:
	"""Writes the penalties that are not in the ledger yet, each with the row of its document; returns how many.

	A key that somebody else has written meanwhile is refused by the database: nothing is ignored where money is.
	"""
	by_name = {penalty.key: (row, penalty) for row, penalty in found}
	if not by_name:
		return 0
	table = frappe.qb.DocType(PENALTY)
	known = frappe.qb.from_(table).select(table.name).where(table.name.isin(list(by_name))).run(pluck=True)
	for name in known:
		del by_name[name]
	now, user = now_datetime(), frappe.session.user
	frappe.db.bulk_insert(
		PENALTY,
		COLUMNS,
		[
			(name, now, now, user, user, 0, 0, IMPOSED, *_copied(row, penalty))
			for name, (row, penalty) in by_name.items()
		],
	)
	return len(by_name)


def _copied(row: frappe._dict, penalty: Penalty) -> tuple:
	company = row.get("company") or frappe.defaults.get_global_default("company")
	return (
		penalty.rule,
		penalty.manager,
		penalty.reference_doctype,
		penalty.reference_name,
		_deal_of(row, penalty),
		company,
		penalty.violated_on,
		penalty.amount,
		penalty.currency or exchange.company_currency(company),
		penalty.imposed_on,
		penalty.nth,
	)


def _deal_of(row: frappe._dict, penalty: Penalty) -> str | None:
	if penalty.reference_doctype == DEAL:
		return penalty.reference_name
	return row.get("deal") if penalty.reference_doctype == INTERACTION else None


# In validate


def guard_ledger(penalty: Document) -> None:
	"""Penalties come from the review alone, and what they say stays."""
	if not penalty.get_doc_before_save():
		frappe.throw(
			_("Penalties are imposed by the nightly review. Nobody writes one by hand."),
			frappe.PermissionError,
			title=_("Not accepted"),
		)
	computed.keep_all(penalty, but=OF_THE_STEPS)


def guard_status(penalty: Document) -> None:
	"""Imposed -> Contested by the manager; Imposed or Contested -> Confirmed or Waived by the head of sales."""
	before = penalty.get_doc_before_save()
	if before.status in DECIDED and _has_moved(penalty, before):
		sentence = _("This penalty has been decided: it is {0} and stays so.")
		frappe.throw(sentence.format(frappe.bold(_(before.status))), title=_("Decided already"))
	if penalty.status == before.status:
		_guard_texts(penalty, before)
	elif penalty.status == CONTESTED and before.status == IMPOSED:
		_guard_contesting(penalty)
	elif penalty.status in DECIDED:
		_guard_deciding(penalty, before)
	else:
		sentence = _("A penalty can't go from {0} to {1}.")
		to_status = frappe.bold(escape_html(_(penalty.status or "")))
		frappe.throw(sentence.format(frappe.bold(_(before.status)), to_status), title=_("Not accepted"))


def _has_moved(penalty: Document, before: Document) -> bool:
	return any(cstr(penalty.get(name)) != cstr(before.get(name)) for name in OF_THE_STEPS)


def _guard_texts(penalty: Document, before: Document) -> None:
	"""The texts belong to the steps."""
	penalty.objection, penalty.reason = before.objection, before.reason


def _guard_contesting(penalty: Document) -> None:
	before = penalty.get_doc_before_save()
	if penalty.manager != frappe.session.user:
		frappe.throw(
			_("Only {0}, whom it was imposed on, can contest this penalty.").format(
				frappe.bold(escape_html(frappe.utils.get_fullname(penalty.manager)))
			),
			NotTheirs,
			title=_("For the manager"),
		)
	if not (penalty.objection or "").strip():
		frappe.throw(_("Say why you contest it: fill in {0}.").format(_label(penalty, "objection")))
	penalty.reason = before.reason


def _guard_deciding(penalty: Document, before: Document) -> None:
	if not is_head_of_sales():
		frappe.throw(
			_("Only the head of sales can confirm or waive a penalty."),
			NotTheirs,
			title=_("For the head of sales"),
		)
	if penalty.manager == frappe.session.user:
		frappe.throw(
			_("Nobody decides on a penalty of his own. Ask another head of sales."),
			NotTheirs,
			title=_("For the head of sales"),
		)
	if not (penalty.reason or "").strip():
		frappe.throw(_("Say why you decide so: fill in {0}.").format(_label(penalty, "reason")))
	penalty.objection = before.objection


def _label(penalty: Document, field: str) -> str:
	return frappe.bold(_(penalty.meta.get_label(field)))


def stamp(penalty: Document) -> None:
	if not penalty.has_value_changed("status"):
		return
	if penalty.status == CONTESTED:
		penalty.contested_on = now_datetime()
	else:
		penalty.decided_by, penalty.decided_on = frappe.session.user, now_datetime()


def refuse_rewriting(_penalty: Document) -> None:
	frappe.throw(
		_("The ledger of penalties is never rewritten. A penalty can be contested, waived or confirmed.")
	)


# In on_update


def tell_timeline(penalty: Document) -> None:
	if not penalty.has_value_changed("status"):
		return
	text = penalty.objection if penalty.status == CONTESTED else penalty.reason
	said = _(_IN_THE_TIMELINE[penalty.status]).format(escape_html(text))
	penalty.add_comment("Info", said)


_IN_THE_TIMELINE = {
	CONTESTED: "contested it: {0}",
	CONFIRMED: "confirmed it: {0}",
	WAIVED: "waived it: {0}",
}


def hand_to_payroll(penalty: Document) -> None:
	if penalty.status == CONFIRMED and penalty.has_value_changed("status"):
		payroll.hand_over(penalty)


# From the buttons


def contest(name: str, objection: str) -> None:
	penalty = frappe.get_doc(PENALTY, name, for_update=True)
	penalty.status, penalty.objection = CONTESTED, objection
	penalty.save()


def decide(name: str, status: str, reason: str) -> None:
	if status not in DECIDED:
		frappe.throw(_("A penalty is confirmed or waived."))
	penalty = frappe.get_doc(PENALTY, name, for_update=True)
	penalty.status, penalty.reason = status, reason
	penalty.save()
