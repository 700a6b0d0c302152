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
from frappe.utils import cint, escape_html, flt, get_datetime

from partner_crm.rules import activity, comments, stages
from partner_crm.rules.identity import (
	BIRTH_DATE,
	COMPANY_PAIRS,
	DOMAIN,
	EMAIL,
	FULL_NAME,
	PERSON_PAIRS,
	PHONE,
	PLACEHOLDER_DATES,
	TAX_ID,
	TITLE,
	IdentitySettings,
	normalise_domain,
)
from partner_crm.services.refusals import bullets

DOCTYPE = "Partner CRM Settings"

IDENTITY_LABELS = {
	"Full name": FULL_NAME,
	"Phone": PHONE,
	"Birth date": BIRTH_DATE,
	"E-mail": EMAIL,
	"Tax ID": TAX_ID,
	"Title": TITLE,
	"Internet domain": DOMAIN,
}
FIELDS_OF_CARDS = {
	"Contact": {FULL_NAME, PHONE, BIRTH_DATE, EMAIL},
	"Counterparty": {TAX_ID, TITLE, DOMAIN, PHONE},
}
ALONE = {PHONE, EMAIL, TAX_ID}
"""Fields that an administrator may take for proof without a second one."""


@dataclass(frozen=True)
class Scheme:
	"""What counts as the same person or company, under the number that the keys made by it begin with."""

	number: int
	rules: IdentitySettings

	@property
	def prefix(self) -> str:
		return f"{self.number:04d}."


@dataclass(frozen=True)
class Understood:
	"""The settings of one site as they were at `version`."""

	version: tuple
	stage_table: tuple[stages.StageField, ...]
	stub_phrases: tuple[str, ...]
	schemes: tuple[Scheme, ...]
	chances: dict[str, Decimal]
	discipline: activity.Discipline
	company_email_domains: frozenset[str]


_understood: dict[str, tuple[Document, Understood]] = {}
"""By site: the document that was understood last, and what it says."""


def get_settings() -> Document:
	return frappe.get_cached_doc(DOCTYPE)


def refresh() -> None:
	"""In a long job: what is asked next is to be as others have saved it meanwhile."""
	which = {"doctype": DOCTYPE, "field": "modified"}
	stored = frappe.db.get_value("Singles", which, "value", order_by=None)
	if stored and get_datetime(stored) > get_datetime(get_settings().modified):
		frappe.clear_document_cache(DOCTYPE, DOCTYPE)


def lock() -> None:
	"""Until the end of the transaction nobody else saves the settings, or begins a run. Whoever saves them has done so."""
	frappe.db.get_singles_dict(DOCTYPE, for_update=True)


def stage_table() -> tuple[stages.StageField, ...]:
	"""The administrator's stage table, with what `identity_required_from` adds to it."""
	return _settings().stage_table


def phrases() -> comments.Phrases:
	"""The shipped phrases that say nothing, and the administrator's."""
	return comments.compiled_phrases(_settings().stub_phrases)


def identity() -> IdentitySettings:
	"""What counts as the same person or company on this site."""
	return _settings().schemes[0].rules


def schemes() -> tuple[Scheme, ...]:
	"""The scheme in force; and behind it, while keys are being made by changed settings, the next one."""
	return _settings().schemes


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


def payout_minimum(party_type: str, party: str, currency: str) -> Decimal:
	"""The least that is paid out to this party in this currency: its own row before the one for everybody."""
	rows = [row for row in get_settings().payout_minimums if row.currency == currency]
	for whose in ((party_type, party), ("", "")):
		for row in rows:
			if (row.party_type or "", row.party or "") == whose:
				return Decimal(str(flt(row.amount)))
	return Decimal(0)


def company_email_domains() -> frozenset[str]:
	"""The internet domains on which every address is one of ours."""
	return _settings().company_email_domains


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
	problems += _problems_of_pairs(settings)
	problems += _problems_of_discipline(settings)
	problems += _problems_of_minimums(settings)
	problems += _problems_of_owner(settings)
	if problems:
		frappe.throw(bullets(problems), title=_("Settings not accepted"))


def _problems_of_minimums(settings: Document) -> Iterator[str]:
	rows = [(row.party_type or "", row.party or "", row.currency) for row in settings.payout_minimums]
	for row in settings.payout_minimums:
		if bool(row.party_type) != bool(row.party):
			yield _(
				"Least to pay out, row {0}: choose both the kind of party and the party, or neither."
			).format(row.idx)
	for _party_type, party, currency in dict.fromkeys(row for row in rows if rows.count(row) > 1):
		yield _("Least to pay out: there is more than one row for {0} in {1}.").format(
			escape_html(party or _("everybody")), currency
		)


def _problems_of_owner(settings: Document) -> Iterator[str]:
	owner = settings.payout_owner
	if owner and not frappe.has_permission("Payout", "read", user=owner):
		yield _("{0} may not see payouts, so follow-ups can't go there.").format(escape_html(owner))


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
			Decimal(str(flt(row.amount))),
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


def identity_rules(settings: Document) -> IdentitySettings:
	"""What the settings say of identity, whether or not it is in force yet. Without pairs the shipped ones count."""
	return IdentitySettings(
		country=country(settings),
		person_pairs=_pairs(settings, "Contact") or PERSON_PAIRS,
		company_pairs=_pairs(settings, "Counterparty") or COMPANY_PAIRS,
		placeholder_dates=placeholder_dates(settings),
	)


def dump_rules(rules: IdentitySettings) -> str:
	return frappe.as_json(
		{
			"country": rules.country,
			"person_pairs": rules.person_pairs,
			"company_pairs": rules.company_pairs,
			"placeholder_dates": sorted(day.isoformat() for day in rules.placeholder_dates),
		},
		indent=None,
	)


def _load_rules(text: str) -> IdentitySettings:
	stored = frappe.parse_json(text)
	return IdentitySettings(
		country=stored["country"],
		person_pairs=tuple(map(tuple, stored["person_pairs"])),
		company_pairs=tuple(map(tuple, stored["company_pairs"])),
		placeholder_dates=frozenset(map(date.fromisoformat, stored["placeholder_dates"])),
	)


def _pairs(settings: Document, card: str) -> tuple[tuple[str, ...], ...]:
	rows = [row for row in settings.identity_pairs if row.card == card]
	return tuple(tuple(IDENTITY_LABELS[name] for name in (row.field, row.and_field) if name) for row in rows)


def _problems_of_pairs(settings: Document) -> list[str]:
	problems = []
	for row in settings.identity_pairs:
		fields = [IDENTITY_LABELS.get(name) for name in (row.field, row.and_field) if name]
		if not set(fields) <= FIELDS_OF_CARDS.get(row.card, set()):
			sentence = _("Row {0}: a card of this kind has no such identity field.")
		elif len(set(fields)) < 2 and not ALONE.issuperset(fields):
			sentence = _("Row {0}: this field alone makes no duplicate. Choose a second one.")
		else:
			continue
		problems.append(sentence.format(row.idx))
	return problems


def schemes_of(settings: Document) -> tuple[Scheme, ...]:
	live = identity_rules(settings)
	number = settings.identity_scheme or 1
	if not settings.identity_next_scheme:
		return (Scheme(number, live),)
	in_force = Scheme(number, _load_rules(settings.identity_in_force))
	return (in_force, Scheme(settings.identity_next_scheme, live))


def _settings() -> Understood:
	"""Frappe hands out one and the same document until it changes, or the request ends."""
	settings = get_settings()
	document, known = _understood.get(frappe.local.site, (None, None))
	if document is settings:
		return known
	version = (settings.modified, country(settings))
	if known is None or known.version != version:
		known = _understand(settings, version)
	_understood[frappe.local.site] = (settings, known)
	return known


def _understand(settings: Document, version: tuple) -> Understood:
	return Understood(
		version,
		stage_rows(settings) + stages.identity_fields(settings.identity_required_from or ""),
		tuple(row.phrase for row in settings.stub_phrases if row.phrase),
		schemes_of(settings),
		{
			stages.SQL: Decimal(str(settings.sql_probability or 0)),
			stages.NEGOTIATION: Decimal(str(settings.negotiation_probability or 0)),
			stages.CLIENT: Decimal(100),
			stages.LOST: Decimal(0),
		},
		_discipline(settings),
		_company_email_domains(settings),
	)


def _company_email_domains(settings: Document) -> frozenset[str]:
	lines = (settings.company_email_domains or "").replace(",", " ").split()
	return frozenset(filter(None, (normalise_domain(line.lstrip("@")) for line in lines)))


def country(settings: Document) -> str | None:
	"""The ISO code of the country in which numbers without a prefix are read."""
	name = settings.default_country or frappe.db.get_default("country")
	code = frappe.get_cached_value("Country", name, "code") if name else None
	return code.upper() if code else None
