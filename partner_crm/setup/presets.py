"""What a new site starts with. Made at install and never again: what an administrator edits or deletes stays so."""

import frappe

from partner_crm.rules.activity import shipped_penalty_rules
from partner_crm.rules.identity import COMPANY_PAIRS, PERSON_PAIRS
from partner_crm.rules.stages import shipped_stage_fields
from partner_crm.services.settings import IDENTITY_LABELS
from partner_crm.setup.letters import make_letters

TWO_WAY_KINDS = ("Call", "Email", "Messenger", "Meeting")
OTHER_KINDS = (
	"Webinar",
	"Article",
	"Social Comment",
	"Need Found",
	"Brief",
	"Debrief",
	"Proposal",
	"Strategy Defence",
	"Awaiting Decision",
	"Negotiation",
	"Handover",
)
NOT_REACHED = "No answer"
OUTCOMES = (
	"Reached",
	NOT_REACHED,
	"Call back later",
	"Interested",
	"Meeting agreed",
	"Sent information",
	"Decision postponed",
	"Not interested",
)
CHANNELS = {
	"Website": "Inbound",
	"Incoming call": "Inbound",
	"Advertising": "Inbound",
	"Social networks": "Inbound",
	"Recommendation": "Inbound",
	"Partner": "Inbound",
	"Cold call": "Outbound",
	"Mailing": "Outbound",
	"Event": "Outbound",
}


def make_presets() -> None:
	make_interaction_kinds()
	make_interaction_outcomes()
	make_channels()
	fill_stage_table()
	fill_penalty_rules()
	fill_identity_pairs()
	make_letters()


def make_interaction_kinds() -> None:
	for title in TWO_WAY_KINDS + OTHER_KINDS:
		_make_where_missing("Interaction Kind", title, can_be_two_way=int(title in TWO_WAY_KINDS))


def make_interaction_outcomes() -> None:
	for title in OUTCOMES:
		_make_where_missing("Interaction Outcome", title, not_reached=int(title == NOT_REACHED))


def make_channels() -> None:
	for title, direction in CHANNELS.items():
		_make_where_missing("Acquisition Channel", title, direction=direction)


def fill_stage_table() -> None:
	settings = frappe.get_doc("Partner CRM Settings")
	if settings.stage_fields:
		return
	for row in shipped_stage_fields():
		settings.append(
			"stage_fields",
			{
				"stage": row.stage,
				"when": row.when,
				"entity": row.entity,
				"field": row.field,
				"requirement": row.requirement,
				"label_en": row.label_en,
				"label_ru": row.label_ru,
			},
		)
	settings.save()


def fill_identity_pairs() -> None:
	settings = frappe.get_doc("Partner CRM Settings")
	if settings.identity_pairs:
		return
	labels = {field: label for label, field in IDENTITY_LABELS.items()}
	for card, pairs in (("Contact", PERSON_PAIRS), ("Counterparty", COMPANY_PAIRS)):
		for field, *and_field in pairs:
			row = {
				"card": card,
				"field": labels[field],
				"and_field": "".join(labels[name] for name in and_field),
			}
			settings.append("identity_pairs", row)
	settings.save()


def fill_penalty_rules() -> None:
	settings = frappe.get_doc("Partner CRM Settings")
	if settings.penalty_rules:
		return
	for rule in shipped_penalty_rules():
		settings.append("penalty_rules", {"rule": rule.rule, "enabled": 1, "amount": 0})
	settings.save()


def _make_where_missing(doctype: str, title: str, **values) -> None:
	if not frappe.db.exists(doctype, title):
		frappe.get_doc({"doctype": doctype, "title": title, **values}).insert()
