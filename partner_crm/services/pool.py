"""Deals without a manager: released when a rule says so, and taken by another one."""

from __future__ import annotations

from collections.abc import Mapping

import frappe
from frappe import _

from partner_crm.rules import activity
from partner_crm.rules.activity import DEAL
from partner_crm.services import bulk, discipline
from partner_crm.services.refusals import name_of


def release(lost: Mapping[str, str]) -> Mapping[str, str]:
	"""Sends deals to the pool, each for the rule that was broken; a partner's payout is no matter of it.

	Whoever was responsible stays on the deal until somebody takes it: the history says whose it was.
	"""
	if lost:
		deal = frappe.qb.DocType(DEAL)
		(
			frappe.qb.update(deal)
			.set(deal.in_pool, 1)
			.set(deal.open_deal_key, None)
			.set(deal.activity_status, activity.CLOSED)
			.set(deal.active_until, None)
			.set(deal.announced, 0)
			.set(deal.announced_on, None)
			.where(deal.name.isin(list(lost)))
			.run()
		)
		discipline.append(discipline.released(name) for name in lost)
		bulk.insert("Comment", COMMENT, [_comment(name, rule) for name, rule in lost.items()])
	return lost


def take(name: str) -> None:
	"""Makes whoever is asking responsible for a deal in the pool; its clock starts anew."""
	deal = frappe.get_doc(DEAL, name, for_update=True)
	deal.check_permission("read")
	if not frappe.has_permission(DEAL, "create"):
		raise frappe.PermissionError(_("You can't work on deals."))
	if not deal.in_pool:
		frappe.throw(
			_("{0} is not in the pool any more: somebody has taken it.").format(name_of(deal)),
			title=_("Too late"),
		)
	deal.in_pool, deal.responsible = 0, frappe.session.user
	deal.flags.by_service = True
	# As long as it is in the pool nobody may write it; taking is what everybody who works on deals may do.
	deal.save(ignore_permissions=True)


COMMENT = ("name", "comment_type", "reference_doctype", "reference_name", "comment_email", "content")


def _comment(deal: str, rule: str) -> tuple:
	said = _("released the deal to the pool: {0}").format(_(rule))
	return (frappe.generate_hash(length=10), "Info", DEAL, deal, frappe.session.user, said)
