"""ICP scoring of a lead: by the profile of its region, of the nearest territory above, or of the whole company."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html
from frappe.utils.caching import redis_cache

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
	profiles = all_profiles()
	if not profiles:
		return None
	region = facts.counterparty_of(lead).get("region") or lead.region
	return stages.pick_profile(with_those_above(region) if region else (), profiles)


@redis_cache
def all_profiles() -> list[stages.IcpProfile]:
	"""The profiles in use, the oldest first."""
	profiles = frappe.get_all(
		"ICP Profile",
		filters={"disabled": 0},
		fields=["name", "region", "threshold"],
		order_by="creation asc",
	)
	criteria = defaultdict(list)
	for row in frappe.get_all(
		"ICP Criterion",
		filters={"parenttype": "ICP Profile", "parent": ("in", [profile.name for profile in profiles])},
		fields=["parent", "fieldname", "operator", "value", "weight"],
		order_by="idx asc",
	):
		criteria[row.parent].append(
			stages.Criterion(row.fieldname, row.operator, row.value or "", _decimal(row.weight))
		)
	return [
		stages.IcpProfile(
			profile.name, profile.region or "", _decimal(profile.threshold), tuple(criteria[profile.name])
		)
		for profile in profiles
	]


def _decimal(value: float | None) -> Decimal:
	return Decimal(str(value or 0))


def forget_profiles() -> None:
	"""Now, and again when others can see the change: they may have looked in between."""
	all_profiles.clear_cache()
	frappe.db.after_commit.add(all_profiles.clear_cache)


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
