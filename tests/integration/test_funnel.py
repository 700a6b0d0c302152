"""Every change of stage of a lead or deal: which are let pass, what the others say, and what is logged."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_days

from partner_crm.api import missing_for_stage
from partner_crm.reports import journeys
from partner_crm.rules.stages import stages_in
from partner_crm.services.refusals import StageRefused
from tests.factories import (
	FOR_CLIENT,
	FOR_MQL,
	FOR_NEGOTIATION,
	make_contact,
	make_deal,
	make_full_contact,
	make_full_counterparty,
	make_icp_profile,
	make_lead,
	make_mql,
	make_program,
	make_ready_mql,
	make_region,
	make_user_row,
)


def stage_of(doc) -> str:
	return frappe.db.get_value(doc.doctype, doc.name, "stage")


def changes_of(doc) -> list:
	return frappe.get_all(
		"Stage Change",
		filters={"reference_doctype": doc.doctype, "reference_name": doc.name},
		fields=["from_stage", "to_stage", "kind", "changed_by", "seconds_in_stage", "reason", "gaps"],
		order_by="changed_at asc",
	)


def refused(doc, **fields) -> str:
	"""What the refusal says of a save that must leave the database as it is."""
	before = frappe.get_doc(doc.doctype, doc.name).as_dict()
	tried = frappe.get_doc(doc.doctype, doc.name)
	tried.update(fields)
	with pytest.raises(frappe.ValidationError) as refusal:
		tried.save()
	assert frappe.get_doc(doc.doctype, doc.name).as_dict() == before
	return str(refusal.value)


def moved(doc, stage: str, **fields):
	doc = frappe.get_doc(doc.doctype, doc.name)
	doc.update({"stage": stage, **fields})
	return doc.save()


# A lead's own sale


def test_a_lead_with_a_name_and_an_email_is_saved_as_a_cold_lead():
	lead = make_lead(first_name="Anna", email="anna@client.example")

	assert (lead.stage, lead.partner_status) == ("Cold Lead", "New")
	assert [(c.from_stage, c.to_stage, c.kind) for c in changes_of(lead)] == [(None, "Cold Lead", "Start")]


def test_a_refused_inquiry_names_everything_it_lacks_at_once():
	with pytest.raises(StageRefused) as refusal:
		frappe.get_doc({"doctype": "Partner Lead", "responsible": ""}).insert()

	for missing in ("Name", "Email and/or phone", "Acquisition channel"):
		assert missing in str(refusal.value)
	assert not frappe.db.count("Partner Lead")


def test_qualifying_names_every_missing_thing_by_entity_and_label():
	lead = make_lead(first_name="Anna", email="anna@client.example", company_name="Acme")

	said = refused(lead, stage="MQL")

	for missing in (
		"Contact: <strong>Last name</strong>",
		"Contact: <strong>Information about the contact</strong>",
		"Contact: <strong>Role</strong>",
		"Counterparty: <strong>Region</strong>",
		"Counterparty: <strong>Industry</strong>",
		"Counterparty: <strong>Site</strong>",
		"Counterparty: <strong>Category (A, B, C)</strong>",
		"Deal: <strong>Information about the lead</strong>",
		"Deal: <strong>Service (the need that was found)</strong>",
		"Deal: <strong>Interest</strong>",
	):
		assert missing in said
	assert "<strong>First name</strong>" not in said


def test_a_refusal_speaks_the_language_of_its_reader():
	lead = make_lead(first_name="Anna", email="anna@client.example", company_name="Acme")
	frappe.local.lang = "ru"

	assert "<strong>Фамилия</strong>" in refused(lead, stage="MQL")


def test_the_api_tells_what_a_refusal_would():
	lead = make_lead(first_name="Anna", email="anna@client.example", is_individual=1)

	missing = missing_for_stage("Partner Lead", lead.name, "MQL")

	assert {(row["entity"], row["fieldname"]) for row in missing} == {
		("Contact", "last_name"),
		("Contact", "pcrm_additional_information"),
		("Contact", "designation"),
		("Deal", "additional_information"),
		("Deal", "product_group"),
		("Deal", "interest|needs"),
	}
	assert all(row["label"] and row["reason"] for row in missing)


def test_a_complete_lead_is_qualified_and_the_log_says_how_long_it_was_cold():
	lead = make_mql()

	assert (stage_of(lead), lead.partner_status) == ("MQL", "In Progress")
	_start, forward = changes_of(lead)
	assert (forward.from_stage, forward.to_stage, forward.kind) == ("Cold Lead", "MQL", "Forward")
	assert forward.changed_by == "Administrator"


def test_the_log_counts_the_seconds():
	lead = make_lead(contact=make_full_contact().name, counterparty=make_full_counterparty().name, **FOR_MQL)
	hour_ago = frappe.utils.add_to_date(frappe.utils.now_datetime(), hours=-1)
	frappe.db.set_value("Partner Lead", lead.name, "stage_entered_at", hour_ago)

	moved(lead, "MQL")

	assert 3600 <= changes_of(lead)[-1].seconds_in_stage < 3660


def test_no_stage_is_skipped():
	deal = make_deal()

	assert "no stage is skipped" in refused(deal, stage="Client", **FOR_NEGOTIATION, **FOR_CLIENT)


def test_a_new_document_begins_at_the_beginning():
	with pytest.raises(StageRefused, match="can't begin at"):
		make_lead(stage="MQL")


def test_an_unknown_stage_is_refused():
	assert "is not a stage of this document" in refused(make_lead(), stage="Won <b>")


def test_an_unknown_track_is_refused():
	with pytest.raises(StageRefused, match="is not a track"):
		make_lead(track="Barter")


def test_converted_is_no_stage_to_be_set_by_hand():
	assert "Convert to Deal" in refused(make_ready_mql(), stage="Converted")


def test_a_converted_lead_is_moved_by_its_deal_only():
	deal = make_deal()

	assert "has become a deal" in refused(frappe.get_doc("Partner Lead", deal.lead), stage="MQL")


def test_unqualifying_needs_the_reason_and_nothing_else():
	lead = make_lead()

	assert "The reason of disqualification is not given." in refused(lead, stage="Unqualified")

	lead = moved(lead, "Unqualified", disqualification_reason="No budget")
	assert lead.partner_status == "Rejected"
	assert changes_of(lead)[-1].reason == "No budget"


def test_a_private_person_buys_without_a_company():
	lead = make_mql(is_individual=1)

	assert (stage_of(lead), lead.counterparty) == ("MQL", None)


# Referral


def test_a_referral_goes_the_short_way():
	lead = make_lead(track="Referral")
	assert "Partner program" in refused(lead, stage="Handed Over")

	lead = moved(lead, "Handed Over", program=make_program(direction="Receivable").name)
	assert lead.partner_status == "In Progress"
	assert moved(lead, "Client").partner_status == "Client"


def test_the_track_is_chosen_at_the_start():
	assert "The track can be changed at Cold Lead only." in refused(make_mql(), track="Referral")


# A deal


def test_a_deal_goes_on_to_negotiation_and_to_client():
	deal = make_deal()
	frappe.db.set_value("Counterparty", deal.counterparty, "client_group", "Commercial")
	assert deal.probability == 20

	said = refused(deal, stage="Negotiation")
	for missing in ("The proposal is not sent.", "Media plan", "Documents folder"):
		assert missing in said

	deal = moved(deal, "Negotiation", **FOR_NEGOTIATION)
	assert deal.probability == 50

	said = refused(deal, stage="Client")
	for missing in (
		"The contract is not signed.",
		"neither attached nor linked",
		"what helped to win",
	):
		assert missing in said

	deal = moved(deal, "Client", **FOR_CLIENT)
	today = frappe.utils.getdate()
	assert (deal.won_on, deal.closed_on, deal.probability) == (today, today, 100)
	assert frappe.db.get_value("Partner Lead", deal.lead, "partner_status") == "Client"


def test_losing_needs_the_reason_and_nothing_else():
	deal = make_deal()
	assert "The reason of the loss is not given." in refused(deal, stage="Lost")

	deal = moved(deal, "Lost", lost_reason="They chose another agency")

	assert (deal.probability, deal.won_on) == (0, None)
	assert deal.closed_on == frappe.utils.getdate()
	assert frappe.db.get_value("Partner Lead", deal.lead, "partner_status") == "Rejected"


# What only the head of sales may do


@pytest.fixture
def manager() -> str:
	return make_user_row("manager@staff.example").name


@pytest.fixture
def head() -> str:
	return make_user_row("head@staff.example", roles=("Partner CRM Manager",)).name


def test_a_manager_can_not_step_back(manager):
	lead = make_mql(responsible=manager)
	frappe.set_user(manager)

	with pytest.raises(frappe.PermissionError, match="Only the head of sales"):
		moved(lead, "Cold Lead", move_reason="A slip")
	assert stage_of(lead) == "MQL"


def test_the_head_of_sales_steps_back_with_a_reason(head):
	lead = make_mql()
	frappe.set_user(head)
	assert "Say why" in refused(lead, stage="Cold Lead")

	lead = moved(lead, "Cold Lead", move_reason="Qualified by mistake")

	last = changes_of(lead)[-1]
	assert (last.kind, last.reason, last.changed_by) == ("Back", "Qualified by mistake", head)
	assert not lead.move_reason


def test_the_head_of_sales_reopens_where_it_was_closed(head):
	deal = make_deal()
	deal = moved(deal, "Negotiation", **FOR_NEGOTIATION)
	deal = moved(deal, "Lost", lost_reason="No budget")
	frappe.set_user(head)

	deal = moved(deal, "Negotiation", move_reason="They found the money")

	assert (deal.lost_reason, deal.closed_on) == (None, None)
	assert changes_of(deal)[-1].kind == "Reopen"
	assert changes_of(deal)[-2].reason == "No budget"
	assert deal.activity_status == "Inactive"


def test_a_deal_is_not_reopened_farther_than_it_had_come(head):
	deal = moved(make_deal(), "Lost", lost_reason="No budget")
	frappe.set_user(head)

	assert "no stage is skipped" in refused(deal, stage="Negotiation", move_reason="Again")


def test_the_head_of_sales_lets_a_gap_pass_with_a_reason(head):
	deal = make_deal()
	frappe.set_user(head)

	fields = FOR_NEGOTIATION | {"media_plan": "", "move_reason": "The plan follows"}
	deal = moved(deal, "Negotiation", **fields)

	last = changes_of(deal)[-1]
	assert (last.reason, last.gaps) == ("The plan follows", "Deal: Media plan")


def test_a_manager_s_reason_lets_nothing_pass(manager):
	deal = make_deal(lead=make_ready_mql(responsible=manager), responsible=manager)
	frappe.set_user(manager)

	assert "Media plan" in refused(deal, stage="Negotiation", move_reason="The plan follows")


# History


def test_past_sales_are_entered_at_any_stage_by_the_head_of_sales(head):
	contact = make_contact(first_name="Old", last_name="Client")
	frappe.set_user(head)
	fields = {
		"doctype": "Partner Deal",
		"is_historical": 1,
		"stage": "Client",
		"contact": contact.name,
		"won_on": "2024-05-05",
	}
	deal = frappe.get_doc(fields | {"product_group": "Services"}).insert()

	assert (stage_of(deal), str(deal.won_on), str(deal.closed_on)) == ("Client", "2024-05-05", "2024-05-05")
	assert [c.kind for c in changes_of(deal)] == ["History"]
	lead = make_lead(stage="Unqualified", is_historical=1)
	assert lead.partner_status == "Rejected"


def test_a_manager_enters_no_history(manager):
	frappe.set_user(manager)

	with pytest.raises(StageRefused, match="can't begin at"):
		make_lead(stage="MQL", is_historical=1)


def test_history_ends_with_its_next_move(head):
	lead = make_mql(responsible=head)
	frappe.set_user(head)
	fields = {"product_group": "Services", "stage": "Negotiation", "is_historical": 1, "lost_reason": "Old"}
	first = make_deal(lead=lead, **fields)
	assert (first.is_historical, first.open_deal_key) == (1, None)

	first = moved(first, "Lost")
	first = moved(first, "SQL", move_reason="They are back", **FOR_NEGOTIATION)

	assert not first.is_historical
	assert first.open_deal_key


# What a stage needs stays


def test_a_lead_keeps_what_its_stage_needs():
	said = refused(make_mql(), product_group=None, additional_information="-")

	assert "is at <strong>MQL</strong>, which needs what would be emptied" in said
	assert "Service (the need that was found)" in said
	assert "Information about the lead" in said


def test_what_no_stage_has_asked_for_may_be_emptied():
	lead = make_mql(needs="A website")
	lead.update({"needs": "", "region": None})
	lead.save()

	assert not lead.needs


def test_gaps_of_old_stop_nobody_from_saving_something_else():
	lead = make_mql()
	frappe.db.set_value("Partner Lead", lead.name, "additional_information", "")

	lead.reload()
	lead.utm_source = "newsletter"
	lead.save()

	assert frappe.db.get_value("Partner Lead", lead.name, "utm_source") == "newsletter"


def test_a_contact_keeps_what_an_open_deal_needs():
	deal = make_deal()
	contact = frappe.get_doc("Contact", deal.contact)

	said = refused(contact, designation="", pcrm_is_decision_maker="")

	assert "Role" in said and "Decision maker or not" in said
	assert deal.deal_title in said


def test_a_contact_of_closed_deals_may_be_emptied():
	deal = moved(make_deal(), "Lost", lost_reason="No budget")
	contact = frappe.get_doc("Contact", deal.contact)
	contact.designation = ""
	contact.save()

	assert not frappe.db.get_value("Contact", contact.name, "designation")


def test_a_counterparty_keeps_what_an_open_lead_needs():
	lead = make_mql()
	company = frappe.get_doc("Counterparty", lead.counterparty)

	said = refused(company, website="", category="")

	assert "Site" in said and "Category (A, B, C)" in said and lead.lead_title in said


def test_a_manager_is_not_told_whose_lead_is_in_the_way(manager):
	lead = make_mql()
	contact = frappe.get_doc("Contact", lead.contact)
	frappe.db.set_value("Contact", contact.name, "owner", manager)
	frappe.set_user(manager)

	said = refused(contact, designation="")

	assert "Partner Lead of another manager" in said and lead.lead_title not in said


def test_the_last_address_of_an_open_lead_s_contact_stays():
	lead = make_lead(first_name="Anna", email="anna@client.example")
	contact = frappe.get_doc("Contact", lead.contact)

	assert "Email and/or phone" in refused(contact, email_ids=[])


# What the app computes


def test_nobody_types_what_the_app_computes():
	lead, others = make_lead(), make_deal().name
	lead.update(
		{"partner_status": "Client", "deal": others, "icp_passed": 0, "stage_entered_at": "2001-01-01"}
	)
	lead.save()
	lead.reload()

	assert (lead.partner_status, lead.deal, lead.icp_passed) == ("New", None, 1)
	assert lead.stage_entered_at.year != 2001


def test_a_stage_change_is_never_changed():
	lead = make_lead()
	change = frappe.get_doc("Stage Change", {"reference_name": lead.name})

	change.reason = "Another"
	for attempt in (change.save, change.delete, lambda: change.db_set("reason", "Another")):
		with pytest.raises(frappe.ValidationError, match="stay as they are"):
			attempt()
	assert frappe.db.get_value("Stage Change", change.name, "reason") is None


def test_the_log_of_a_deleted_lead_goes_with_it():
	lead = make_lead()
	lead.delete()

	assert not changes_of(lead)


# ICP scoring


def scored(**fields) -> tuple:
	lead = make_lead(
		contact=make_full_contact().name,
		counterparty=make_full_counterparty(category="B", region=make_region("Almaty", "Kazakhstan")).name,
		**(FOR_MQL | fields),
	)
	return lead.icp_profile, lead.icp_score, lead.icp_passed


CATEGORY_A = {"fieldname": "Counterparty.category", "operator": "=", "value": "A", "weight": 2}
CATEGORY_B = {"fieldname": "category", "operator": "=", "value": "B", "weight": 3}


def test_without_a_profile_everybody_passes():
	assert scored() == (None, 0, 1)


def test_the_nearest_territory_above_has_the_profile():
	make_icp_profile("World", region=None, criteria=[CATEGORY_A])
	make_icp_profile(
		"Country", region=make_region("Kazakhstan"), threshold=3, criteria=[CATEGORY_A, CATEGORY_B]
	)
	make_icp_profile("Elsewhere", region=make_region("Bulgaria"), criteria=[CATEGORY_A])

	assert scored() == ("Country", 3, 1)


def test_the_company_s_profile_is_the_last_resort_and_failing_it_is_a_gap():
	make_icp_profile("World", region=None, criteria=[CATEGORY_A])
	company = make_full_counterparty(category="B")
	lead = make_lead(contact=make_full_contact().name, counterparty=company.name, **FOR_MQL)

	assert (lead.icp_profile, lead.icp_passed) == ("World", 0)
	assert "ICP scoring is not passed." in refused(lead, stage="MQL")


def test_a_profile_names_every_row_that_can_not_be_scored():
	with pytest.raises(frappe.ValidationError) as refusal:
		make_icp_profile(
			"Odd", criteria=[CATEGORY_A | {"fieldname": "Counterparty.colour"}, CATEGORY_B | {"value": ""}]
		)
	assert "Row 1" in str(refusal.value) and "Row 2" in str(refusal.value)


# The administrator's table


def test_the_table_is_data():
	settings = frappe.get_doc("Partner CRM Settings")
	settings.stage_fields = [row for row in settings.stage_fields if row.stage != "MQL"]
	settings.append(
		"stage_fields",
		{
			"stage": "MQL",
			"when": "enter",
			"entity": "Deal",
			"field": "utm_source",
			"requirement": "set",
			"label_en": "Source",
		},
	)
	settings.save()
	lead = make_lead(contact=make_full_contact(designation="").name, is_individual=1, **FOR_MQL)

	said = refused(lead, stage="MQL")

	assert "<strong>Source</strong>" in said and "Role" not in said


def test_the_settings_name_every_row_that_can_not_be_used():
	settings = frappe.get_doc("Partner CRM Settings")
	settings.stage_fields[0].field = "colour"
	settings.append("stage_fields", settings.stage_fields[3].as_dict(no_default_fields=True))
	settings.placeholder_dates = "1900-01-01 never"

	with pytest.raises(frappe.ValidationError) as refusal:
		settings.save()

	for problem in (
		"Row 1: Contact has no field colour.",
		"asks for the same as row 4",
		"never is not a day",
	):
		assert problem in str(refusal.value)


def test_the_strict_preset_asks_for_the_whole_card_at_once():
	settings = frappe.get_doc("Partner CRM Settings")
	settings.identity_required_from = "At Creation"
	settings.save()

	with pytest.raises(StageRefused) as refusal:
		make_lead(first_name="Anna", email="anna@client.example")
	for missing in ("Last name", "Phone", "Birth date", "Mobile phone"):
		assert missing in str(refusal.value)
	with pytest.raises(frappe.ValidationError, match="Birth date"):
		make_contact()
	assert make_contact(pcrm_managed=0).name


@pytest.mark.parametrize("value", ["NaN", float("inf"), "a lot"])
def test_amounts_are_numbers(value):
	with pytest.raises(frappe.ValidationError, match="is not a number"):
		make_lead(potential_value=value)


# What the funnel counts by


def test_leads_deals_and_the_log_say_what_the_changes_of_stage_tell():
	"""Whatever way a journey goes, saving keeps in the columns what the log would give."""
	deal = moved(make_deal(), "Lost", lost_reason="Too dear")
	deal = moved(deal, "SQL", move_reason="They came back")
	assert stages_in(deal.stages_entered) == {"Cold Lead", "MQL", "SQL", "Lost"}
	assert stages_in(deal.stages_lost_from) == {"SQL"}
	lead = moved(make_mql(), "Unqualified", disqualification_reason="No budget")
	assert stages_in(lead.stages_lost_from) == {"MQL"}
	again = make_ready_mql()
	frappe.delete_doc("Partner Deal", make_deal(again).name)
	again = moved(again, "Unqualified", disqualification_reason="Silence")
	again = moved(again, "MQL", move_reason="They called")
	deal = make_deal(again)
	assert stages_in(deal.stages_entered) == {"Cold Lead", "MQL", "Unqualified", "SQL"}
	assert stages_in(deal.stages_lost_from) == {"MQL"}
	make_lead(track="Referral", stage="Client", is_historical=1)

	kept = _all_kept()
	for statement in journeys.statements(frappe.qb):
		statement.run()
	assert _all_kept() == kept


def test_the_log_follows_the_journey_to_its_deal_and_back():
	deal = make_deal()
	lead = frappe.get_doc("Partner Lead", deal.lead)
	other = frappe.copy_doc(frappe.get_doc("Company", lead.company))
	other.update({"company_name": "Beta Trade", "abbr": "BT"})
	other.db_insert()

	deal.company = other.name
	deal.save()
	assert _logged_of(lead, deal) == {(other.name, lead.registered_on)}

	frappe.delete_doc("Partner Deal", deal.name)
	assert _logged_of(lead) == {(lead.company, lead.registered_on)}

	lead.reload()
	lead.registered_on = add_days(lead.registered_on, -3)
	lead.save()
	assert _logged_of(lead) == {(lead.company, lead.registered_on)}


def _logged_of(*docs) -> set:
	names = ("in", [doc.name for doc in docs])
	return set(
		frappe.get_all("Stage Change", {"reference_name": names}, ["company", "registered_on"], as_list=True)
	)


def _all_kept() -> dict[str, list]:
	sets = ["name", "stages_entered", "stages_lost_from"]
	columns = {
		"Partner Lead": sets,
		"Partner Deal": sets,
		"Stage Change": ["name", "company", "registered_on"],
	}
	return {
		doctype: frappe.get_all(doctype, fields=names, order_by="name") for doctype, names in columns.items()
	}
