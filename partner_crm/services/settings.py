"""Partner CRM Settings as the rules want them, read from Frappe's cache and understood once per process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import frappe
from frappe import _
from frappe.model import no_value_fields, table_fields
from frappe.model.document import Document
from frappe.utils import cint, escape_html, flt

from partner_crm.rules import activity, comments, stages
from partner_crm.rules.identity import PLACEHOLDER_DATES, IdentitySettings, normalise_domain
from partner_crm.services.refusals import bullets

DOCTYPE = "Partner CRM Settings"


@dataclass(frozen=True)
class Understood:
	"""The settings of one site as they were at `version`."""

	version: tuple
	stage_table: tuple[stages.StageField, ...]
	stub_phrases: tuple[str, ...]
	identity: IdentitySettings
	chances: dict[str, Decimal]
	discipline: activity.Discipline


_understood: dict[str, Understood] = {}


def get_settings() -> Document:
	return frappe.get_cached_doc(DOCTYPE)


def stage_table() -> tuple[stages.StageField, ...]:
	"""The administrator's stage table, with what `identity_required_from` adds to it."""
	return _settings().stage_table


def phrases() -> comments.Phrases:
	"""The shipped phrases that say nothing, and the administrator's."""
	return comments.compiled_phrases(_settings().stub_phrases)


def identity() -> IdentitySettings:
	"""What counts as the same person or company on this site."""
	return _settings().identity


def probability(stage: str) -> Decimal:
	"""The chance in percent that a deal at this stage is won."""
	return _settings().chances[stage]


def discipline() -> activity.Discipline:
	"""What the nightly review goes by: the rules with their consequences, the months of activity, the notices."""
	return _settings().discipline


def identity_required_from() -> str:
	return get_settings().identity_required_from or stages.STAGE_TABLE


def activity_months() -> int:
	return get_settings().activity_months or 2


def company_email_domains() -> frozenset[str]:
	"""The internet domains on which every address is one of ours."""
	lines = (get_settings().company_email_domains or "").replace(",", " ").split()
	return frozenset(filter(None, (normalise_domain(line.lstrip("@")) for line in lines)))


def requires_evidence() -> bool:
	"""Whether only interactions that a Call Log or a letter proves can be two-way."""
	return bool(get_settings().require_evidence)


def stage_rows(settings: Document) -> tuple[stages.StageField, ...]:
	"""The rows of the stage table as an administrator sees them."""
	return tuple(
		stages.StageField(
			row.stage,
			row.when,
			row.entity,
			row.field,
			row.requirement,
			row.label_en or row.field,
			row.label_ru or "",
		)
		for row in settings.stage_fields
	)


def fields_of_entities() -> dict[str, set[str]]:
	"""The fieldnames that the stage table and ICP criteria may name, as they are on this site."""
	return {
		stages.CONTACT: _fieldnames("Contact"),
		stages.COUNTERPARTY: _fieldnames("Counterparty"),
		stages.DEAL: _fieldnames("Partner Lead") | _fieldnames("Partner Deal"),
	}


def check(settings: Document) -> None:
	"""Names everything that can't be used, row by row."""
	problems = [
		_(problem.reason).format(row=problem.row, value=escape_html(problem.value))
		for problem in stages.check_table(stage_rows(settings), fields_of_entities())
	]
	for line in (settings.placeholder_dates or "").split():
		try:
			date.fromisoformat(line)
		except ValueError:
			problems.append(_("{0} is not a day: write it like 1900-01-01.").format(escape_html(line)))
	problems += _problems_of_discipline(settings)
	if problems:
		frappe.throw(bullets(problems), title=_("Settings not accepted"))


def _problems_of_discipline(settings: Document) -> Iterator[str]:
	try:
		_announce_days(settings)
	except ValueError:
		sentence = _("{0} are not days before a deal lapses: write them like 14, 7, 1.")
		yield sentence.format(escape_html(settings.announce_days))
	rules = [row.rule for row in settings.penalty_rules]
	for rule in dict.fromkeys(rule for rule in rules if rules.count(rule) > 1):
		yield _("The rule {0} is there more than once.").format(_(rule))
	for row in settings.penalty_rules:
		if flt(row.amount) < 0 or cint(row.grace_days) < 0 or cint(row.repeat_months) < 0:
			yield _("The rule {0}: the amount, the days and the months can't be negative.").format(
				_(row.rule)
			)


def _announce_days(settings: Document) -> tuple[int, ...]:
	"""Raises `ValueError` for anything but whole days from 1 on."""
	if settings.announce_days is None:
		return activity.Discipline(()).announce_days
	days = [int(word) for word in settings.announce_days.replace(",", " ").split()]
	if any(day < 1 for day in days):
		raise ValueError
	return tuple(sorted(set(days), reverse=True))


def _discipline(settings: Document) -> activity.Discipline:
	"""A site that has no rules yet goes by the shipped ones."""
	rules = tuple(
		activity.PenaltyRule(
			row.rule,
			bool(row.enabled),
			Decimal(str(row.amount or 0)),
			row.currency or "",
			row.grace_days or 0,
			row.repeat_months or 0,
			bool(row.releases_to_pool),
			bool(row.opens_case),
		)
		for row in settings.penalty_rules
	)
	return activity.Discipline(
		rules or activity.shipped_penalty_rules(), settings.activity_months or 2, _announce_days(settings)
	)


def _fieldnames(doctype: str) -> set[str]:
	fields = frappe.get_meta(doctype).fields
	return {field.fieldname for field in fields if field.fieldtype not in no_value_fields} | {
		field.fieldname for field in fields if field.fieldtype in table_fields
	}


def placeholder_dates(settings: Document) -> frozenset[date]:
	"""The birth dates that people enter when nobody was asked, one a line. Raises `ValueError` for anything else."""
	lines = (settings.placeholder_dates or "").split()
	return PLACEHOLDER_DATES | {date.fromisoformat(line) for line in lines}


def _settings() -> Understood:
	settings, country = get_settings(), _country()
	version = (settings.modified, country)
	known = _understood.get(frappe.local.site)
	if known is None or known.version != version:
		known = _understood[frappe.local.site] = _understand(settings, country, version)
	return known


def _understand(settings: Document, country: str | None, version: tuple) -> Understood:
	return Understood(
		version,
		stage_rows(settings) + stages.identity_fields(settings.identity_required_from or ""),
		tuple(row.phrase for row in settings.stub_phrases if row.phrase),
		IdentitySettings(country=country, placeholder_dates=placeholder_dates(settings)),
		{
			stages.SQL: Decimal(str(settings.sql_probability or 0)),
			stages.NEGOTIATION: Decimal(str(settings.negotiation_probability or 0)),
			stages.CLIENT: Decimal(100),
			stages.LOST: Decimal(0),
		},
		_discipline(settings),
	)


def _country() -> str | None:
	"""The ISO code of the country in which numbers without a prefix are read."""
	name = get_settings().default_country or frappe.db.get_default("country")
	code = frappe.get_cached_value("Country", name, "code") if name else None
	return code.upper() if code else None
