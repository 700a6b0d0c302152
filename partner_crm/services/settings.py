"""Partner CRM Settings as the rules want them: parsed once a request."""

from __future__ import annotations

import frappe

from partner_crm.rules import stages
from partner_crm.rules.comments import Phrases
from partner_crm.rules.identity import IdentitySettings


def get_settings():
	return frappe.get_cached_doc("Partner CRM Settings")


def stage_table() -> tuple[stages.StageField, ...]:
	"""The administrator's stage table, with what `identity_required_from` adds to it."""

	def load() -> tuple[stages.StageField, ...]:
		settings = get_settings()
		rows = tuple(
			stages.StageField(row.stage, row.when, row.entity, row.field, row.requirement, row.label_en or row.field, row.label_ru or "")
			for row in settings.stage_fields
		)
		return rows + stages.identity_fields(settings.identity_required_from or "")

	return _once("stage_table", load)


def phrases() -> Phrases:
	"""The shipped phrases that say nothing, and the administrator's."""
	return _once("phrases", lambda: Phrases.with_shipped(row.phrase for row in get_settings().stub_phrases))


def identity() -> IdentitySettings:
	"""What counts as the same person or company on this site."""
	return _once("identity", lambda: IdentitySettings(country=country()))


def country() -> str | None:
	"""The ISO code of the country in which numbers without a prefix are read."""
	name = get_settings().default_country or frappe.db.get_default("country")
	code = frappe.get_cached_value("Country", name, "code") if name else None
	return code.upper() if code else None


def activity_months() -> int:
	return get_settings().activity_months or 2


def _once(key: str, load):
	"""Per request, and gone when the settings are saved in it."""
	cache = _cache()
	modified = get_settings().modified
	if cache.get("modified") != modified:
		cache.clear()
		cache["modified"] = modified
	if key not in cache:
		cache[key] = load()
	return cache[key]


def _cache() -> dict:
	if not hasattr(frappe.local, "partner_crm_settings"):
		frappe.local.partner_crm_settings = {}
	return frappe.local.partner_crm_settings
