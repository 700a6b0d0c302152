"""From lead to deal: saving a new Partner Deal with a lead is the move MQL -> SQL."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model import no_value_fields, table_fields
from frappe.model.document import Document

from partner_crm.rules import stages
from partner_crm.services.refusals import StageRefused, name_of

LEAD = "Partner Lead"
DEAL = "Partner Deal"

INHERITED = (
	"contact",
	"counterparty",
	"is_individual",
	"responsible",
	"region",
	"product_group",
	"currency",
	"channel",
	"direction",
	"utm_source",
	"utm_medium",
	"utm_campaign",
	"program",
	"partner",
	"additional_information",
	"brief_received_on",
	"tender_on",
	"campaign_starts_on",
	"next_contact_on",
)
"""What a deal takes over from its lead where it does not say otherwise itself."""

DECIDED_BY_CONVERSION = frozenset({"lead", "contact", "stage", "is_historical", "move_reason"})
TRANSPORT_KEYS = frozenset({"cmd", "csrf_token", "data", "sid", "_", "_lang"})


def convert(lead: str, fields: dict) -> str:
	"""Makes the deal of a lead at MQL and returns its name."""
	theirs = frappe.db.get_value(LEAD, lead, ["responsible", "currency"], as_dict=True) or {}
	deal = frappe.get_doc({"doctype": DEAL, "lead": lead, **theirs, **_accepted(fields)})
	return deal.insert().name


def take_over(deal: Document) -> None:
	"""A new deal comes from a lead; the lead is locked, so that nobody else converts it meanwhile."""
	if not deal.is_new():
		return
	if not deal.lead:
		_refuse_without_lead(deal)
		return
	lead = frappe.get_doc(LEAD, deal.lead, for_update=True)
	lead.check_permission("write")
	_guard_lead(deal, lead)
	deal.flags.origin = lead
	deal.company, deal.registered_on = lead.company, lead.registered_on
	if not (deal.amount or deal.items) and lead.potential_value:
		deal.amount, deal.currency = lead.potential_value, lead.currency
	for field in INHERITED:
		if not deal.get(field):
			deal.set(field, lead.get(field))


def finish(deal: Document) -> None:
	"""The lead is Converted as soon as its deal is saved."""
	lead = deal.flags.pop("origin", None)
	if lead is None:
		return
	lead.stage = stages.CONVERTED
	lead.flags.converting = deal.name
	lead.save()


def record_deal(lead: Document) -> None:
	"""The lead's link to its deal, which only conversion changes."""
	if lead.flags.converting is not None:
		lead.deal = lead.flags.converting or None


def follow(deal: Document) -> None:
	"""After conversion the partner sees the deal's progress on the lead."""
	before = deal.get_doc_before_save()
	if not deal.lead or (before and before.stage == deal.stage):
		return
	status = stages.partner_status(stages.OWN_SALE, stages.CONVERTED, deal.stage)
	frappe.db.set_value(LEAD, deal.lead, "partner_status", status, update_modified=False)


def undo(deal: Document) -> None:
	"""A deal that is deleted gives its lead back."""
	if not deal.lead:
		return
	lead = frappe.get_doc(LEAD, deal.lead)
	lead.stage = stages.MQL
	lead.move_reason = _("The deal was deleted.")
	lead.flags.converting = ""
	lead.save()


def _refuse_without_lead(deal: Document) -> None:
	if not deal.is_historical:
		frappe.throw(
			_("A deal comes from a lead. Save the inquiry as a lead first, qualify it and convert it."),
			title=_("No lead"),
		)


def _guard_lead(deal: Document, lead: Document) -> None:
	if lead.deal:
		frappe.throw(
			_("{0} has been converted already: go on with its deal {1}.").format(
				name_of(lead), frappe.utils.get_link_to_form(DEAL, lead.deal)
			),
			StageRefused,
			title=_("Converted already"),
		)
	if lead.track != stages.OWN_SALE:
		frappe.throw(
			_("{0} is a referral: the client buys elsewhere, so there is no deal.").format(name_of(lead)),
			StageRefused,
			title=_("No deal"),
		)
	if deal.contact and deal.contact != lead.contact:
		frappe.throw(
			_("A deal belongs to the contact of its lead, {0}.").format(name_of(lead)),
			title=_("Other contact"),
		)


def _accepted(fields: dict) -> dict:
	"""The fields of a deal among what a client has sent; anything else is refused."""
	sent = {name: value for name, value in fields.items() if name not in TRANSPORT_KEYS}
	known = {
		field.fieldname: field.fieldtype
		for field in frappe.get_meta(DEAL).fields
		if (field.fieldtype in table_fields or field.fieldtype not in no_value_fields) and not field.read_only
	}
	unknown = sorted(sent.keys() - known.keys() | sent.keys() & DECIDED_BY_CONVERSION)
	if unknown:
		frappe.throw(
			_("These can't be given for a conversion: {0}.").format(
				", ".join(frappe.utils.escape_html(name) for name in unknown)
			)
		)
	if isinstance(sent.get("items"), str):
		sent["items"] = frappe.parse_json(sent["items"])
	# A form sends "500" for 500.
	return {
		name: frappe.utils.cast(known[name], value) if isinstance(value, str) else value
		for name, value in sent.items()
	}
