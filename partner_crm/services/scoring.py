"""ICP scoring of a lead: by the profile of its region, of the nearest territory above, or of the whole company."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html

from partner_crm.rules import stages
from partner_crm.services import facts, settings
from partner_crm.services.refusals import bullets


def set_score(lead: Document) -> None:
	"""While the lead may still be qualified; afterwards it keeps the score that it was qualified with."""
	if lead.track != stages.OWN_SALE or lead.stage not in (stages.COLD_LEAD, stages.MQL):
		return
	profile = profile_for(lead)
	score = stages.icp_score(facts.facts_of(lead), profile)
	lead.icp_profile = profile.name if profile else None
	lead.icp_score = float(score.score)
	lead.icp_passed = int(score.passed)


def profile_for(lead: Document) -> stages.IcpProfile | None:
	found = frappe.get_all(
		"ICP Profile", filters={"disabled": 0}, fields=["name", "region"], order_by="creation asc"
	)
	if not found:
		return None
	region = facts.counterparty_of(lead).get("region") or lead.region
	regions = with_those_above(region) if region else ()
	picked = stages.pick_profile(
		regions,
		[stages.IcpProfile(row.name, row.region or "", Decimal(0), ()) for row in found],
	)
	return understood(frappe.get_cached_doc("ICP Profile", picked.name)) if picked else None


def understood(profile: Document) -> stages.IcpProfile:
	"""An ICP Profile as the rules want it."""
	return stages.IcpProfile(
		profile.name,
		profile.region or "",
		Decimal(str(profile.threshold or 0)),
		tuple(
			stages.Criterion(row.fieldname, row.operator, row.value or "", Decimal(str(row.weight or 0)))
			for row in profile.criteria
		),
	)


def with_those_above(region: str) -> list[str]:
	"""A territory and those that contain it, nearest first."""
	own, above = frappe.qb.DocType("Territory").as_("own"), frappe.qb.DocType("Territory").as_("above")
	return (
		frappe.qb.from_(own)
		.join(above)
		.on((above.lft <= own.lft) & (above.rgt >= own.rgt))
		.where(own.name == region)
		.select(above.name)
		.orderby(above.lft, order=frappe.qb.desc)
		.run(pluck=True)
	)


def check_profile(profile: Document) -> None:
	"""Names every criterion that can't be scored, and a second profile for the whole company."""
	problems = [*_criterion_problems(profile), *_scope_problems(profile)]
	if problems:
		frappe.throw(bullets(problems), title=_("Profile not accepted"))


def _criterion_problems(profile: Document) -> Iterator[str]:
	fields = settings.fields_of_entities()
	for row in profile.criteria:
		entity, _dot, fieldname = (row.fieldname or "").rpartition(".")
		shown = escape_html(row.fieldname or "")
		if fieldname not in fields.get(entity or stages.COUNTERPARTY, ()):
			yield _("Row {0}: there is no field {1}.").format(row.idx, shown)
		if row.operator not in ("is set", "is not set") and not row.value:
			yield _("Row {0}: say which value of {1} is meant.").format(row.idx, shown)


def _scope_problems(profile: Document) -> Iterator[str]:
	if profile.region or profile.disabled:
		return
	filters = {"region": ("is", "not set"), "disabled": 0, "name": ("!=", profile.name)}
	if other := frappe.db.get_value("ICP Profile", filters):
		yield _("{0} is for the whole company already: choose a region, or disable it.").format(
			escape_html(other)
		)
