"""From lead to deal, what makes a deal correct, and that a client has one open deal per product group."""

from __future__ import annotations

import frappe
import pytest

from partner_crm import api
from partner_crm.services.deals import OpenDealExists
from partner_crm.services.refusals import StageRefused
from tests.factories import (
	FOR_SQL,
	make_contact,
	make_deal,
	make_interaction,
	make_item,
	make_lead,
	make_mql,
	make_program,
	make_ready_mql,
	make_row,
	make_user_row,
)

DETAILED = "Discussed the spring campaign and its budget; agreed to send a media plan on Friday"


@pytest.fixture
def manager() -> str:
	return make_user_row("manager@staff.example").name


def deals_of(lead) -> int:
	return frappe.db.count("Partner Deal", {"lead": lead.name})


# Converting


def test_a_lead_becomes_a_deal_with_all_that_is_known():
	lead = make_ready_mql(channel="Website", utm_source="ads", potential_value=900, currency="EUR")

	deal = frappe.get_doc("Partner Deal", api.convert_lead(lead.name, **{"is_tender": "No"}))

	lead.reload()
	assert (lead.stage, lead.deal, lead.partner_status) == ("Converted", deal.name, "In Progress")
	assert (deal.stage, deal.lead, deal.contact) == ("SQL", lead.name, lead.contact)
	inherited = ("counterparty", "channel", "utm_source", "product_group", "responsible", "company", "region")
	assert {field: deal.get(field) for field in inherited} == {field: lead.get(field) for field in inherited}
	assert (deal.amount, deal.currency) == (900, "EUR")
	log = frappe.get_all("Stage Change", filters={"reference_name": lead.name}, pluck="to_stage")
	assert set(log) == {"Cold Lead", "MQL", "Converted"}


def test_inserting_a_deal_with_a_lead_is_the_conversion():
	lead = make_ready_mql()
	deal = make_deal(lead)

	assert frappe.db.get_value("Partner Lead", lead.name, ["stage", "deal"]) == ("Converted", deal.name)


def test_what_is_missing_is_named_at_once_and_nothing_is_written():
	lead = make_mql()

	with pytest.raises(StageRefused) as refusal:
		api.convert_lead(lead.name)

	for missing in ("The brief is not received.", "no two-way interaction", "Budget", "Tender or not"):
		assert missing in str(refusal.value)
	assert not deals_of(lead)
	assert frappe.db.get_value("Partner Lead", lead.name, "stage") == "MQL"


@pytest.mark.parametrize(
	"fields", [{"qualifies": 0}, {"occurred_at": "2020-01-01 10:00:00"}, {"contact": "somebody else"}]
)
def test_conversion_needs_a_qualifying_interaction_with_the_contact_since_the_lead_began(fields):
	lead = make_mql(brief_received_on="2026-01-05")
	make_interaction(**({"contact": lead.contact} | fields))

	with pytest.raises(StageRefused, match="no two-way interaction"):
		make_deal(lead)


def test_an_interaction_on_the_day_of_the_handover_counts_although_the_lead_was_typed_in_later():
	yesterday = frappe.utils.add_days(frappe.utils.nowdate(), -1)
	lead = make_mql(brief_received_on="2026-01-05", registered_on=yesterday)
	make_interaction(contact=lead.contact, occurred_at=f"{yesterday} 12:00:00")

	assert make_deal(lead)


def test_a_cold_lead_is_not_converted():
	with pytest.raises(StageRefused, match="no stage is skipped"):
		make_deal(make_lead(last_name="Petrova"))


def test_a_lead_is_converted_once():
	lead = make_ready_mql()
	make_deal(lead)

	with pytest.raises(StageRefused, match="has been converted already"):
		make_deal(lead)
	assert deals_of(lead) == 1


def test_a_referral_has_no_deal():
	lead = make_lead(track="Referral", program=make_program(direction="Receivable").name)

	with pytest.raises(StageRefused, match="is a referral"):
		make_deal(lead)


def test_a_deal_comes_from_a_lead_only():
	with pytest.raises(frappe.ValidationError, match="A deal comes from a lead"):
		frappe.get_doc({"doctype": "Partner Deal", "contact": make_contact().name} | FOR_SQL).insert()


def test_a_deal_belongs_to_the_contact_of_its_lead():
	with pytest.raises(frappe.ValidationError, match="belongs to the contact of its lead"):
		make_deal(make_ready_mql(), contact=make_contact().name)


def test_a_deal_never_loses_its_contact():
	deal = make_deal()
	deal.contact = None

	with pytest.raises(frappe.ValidationError):
		deal.save()
	assert frappe.db.get_value("Partner Deal", deal.name, "contact")


def test_converting_drops_what_the_transport_adds_and_refuses_what_is_no_field_of_a_deal():
	lead = make_ready_mql()

	with pytest.raises(frappe.ValidationError, match="docstatus, in_pool, owner, stage"):
		api.convert_lead(lead.name, owner="x", docstatus=1, stage="Client", in_pool=1, cmd="x", **FOR_SQL)
	assert not deals_of(lead)
	assert api.convert_lead(lead.name, cmd="partner_crm.api.convert_lead", csrf_token="x", **FOR_SQL)


def test_nobody_converts_another_manager_s_lead(manager):
	lead = make_ready_mql()
	frappe.set_user(manager)

	with pytest.raises(frappe.PermissionError):
		api.convert_lead(lead.name, **FOR_SQL)
	with pytest.raises(frappe.PermissionError):
		make_deal(lead, responsible=manager)
	frappe.set_user("Administrator")
	assert not deals_of(lead)


def test_a_manager_converts_his_own_lead(manager):
	lead = make_ready_mql(responsible=manager)
	frappe.set_user(manager)

	deal = api.convert_lead(lead.name, **FOR_SQL)

	assert frappe.db.get_value("Partner Deal", deal, "responsible") == manager


def test_the_head_of_sales_converts_for_the_one_responsible(manager):
	lead = make_ready_mql(responsible=manager)
	deal = api.convert_lead(lead.name, **FOR_SQL)

	assert frappe.db.get_value("Partner Deal", deal, "responsible") == manager


def test_a_deleted_deal_gives_its_lead_back():
	deal = make_deal()
	deal.delete()

	assert frappe.db.get_value("Partner Lead", deal.lead, ["stage", "deal"]) == ("MQL", None)
	assert make_deal(frappe.get_doc("Partner Lead", deal.lead))


# Amounts


def test_the_amount_is_the_sum_of_the_products():
	items = [
		{"item_code": make_item(), "qty": 2, "rate": 150.5},
		{"item_code": make_item(), "qty": 1, "rate": 99},
	]
	deal = make_deal(items=items, amount=5)

	assert [item.amount for item in deal.items] == [301, 99]
	assert (deal.amount, deal.base_amount) == (400, 400)


def test_amounts_are_kept_in_the_company_s_currency_by_the_rate_on_record():
	make_row(
		"Currency Exchange", date="2026-01-01", from_currency="USD", to_currency="EUR", exchange_rate=0.8
	)
	deal = make_deal(amount=100, currency="EUR")

	assert (deal.base_amount, deal.conversion_rate) == (125, 1.25)


def test_an_open_deal_counts_for_what_its_stage_makes_likely():
	changed = frappe.get_doc("Partner CRM Settings")
	changed.sql_probability = 15
	changed.save()

	assert make_deal(amount=1010.1).weighted_amount == 151.52


def test_a_missing_rate_is_said_and_nothing_is_invented():
	deal = make_deal(amount=100, currency="KZT")

	assert (deal.base_amount, deal.conversion_rate) == (0, 0)
	assert "no exchange rate from KZT to USD" in frappe.as_json(frappe.message_log)


def test_a_row_that_is_saved_or_deleted_alone_changes_the_deal():
	deal = make_deal(items=[{"item_code": make_item(), "qty": 1, "rate": 10}], comment=DETAILED)
	assert deal.is_correct
	alone = {"parent": deal.name, "parenttype": "Partner Deal", "parentfield": "items"}

	row = frappe.get_doc(
		{"doctype": "Partner Deal Item", "item_code": make_item(), "qty": 2, "rate": 20, **alone}
	).insert()
	assert frappe.db.get_value("Partner Deal", deal.name, "amount") == 50
	row.reload()
	row.rate = 30
	row.save()
	assert frappe.db.get_value("Partner Deal", deal.name, "amount") == 70
	row.delete()
	assert frappe.db.get_value("Partner Deal", deal.name, "amount") == 10


def test_a_deal_whose_last_product_is_deleted_alone_is_incorrect():
	deal = make_deal(items=[{"item_code": make_item(), "qty": 1, "rate": 10}], comment=DETAILED)

	frappe.delete_doc("Partner Deal Item", deal.items[0].name)

	assert frappe.db.get_value("Partner Deal", deal.name, ["is_correct", "amount"]) == (0, 10)


# Correct and incorrect


def test_an_incorrect_deal_is_saved_and_flagged():
	deal = make_deal(comment="перезвонить")

	assert not deal.is_correct
	assert deal.correctness_errors.splitlines() == [
		"The comment does not say what was discussed and what was agreed.",
		"There is no product with an amount above zero.",
	]
	assert deal.incorrect_since == frappe.utils.getdate()
	assert deal.activity_status == "Inactive"


def test_what_is_wrong_is_kept_in_one_language_whoever_saves():
	frappe.local.lang = "ru"

	deal = make_deal(comment="перезвонить", items=[])

	assert deal.correctness_errors.splitlines()[-1] == "There is no product with an amount above zero."


def test_a_correct_deal_is_active_for_two_months():
	deal = make_deal(comment=DETAILED, items=[{"item_code": make_item(), "qty": 1, "rate": 10}])

	assert (deal.is_correct, deal.correctness_errors, deal.incorrect_since) == (1, "", None)
	assert deal.activity_status == "Active"
	assert deal.active_until > frappe.utils.getdate()


def test_a_deal_stays_incorrect_since_it_was():
	deal = make_deal()
	frappe.db.set_value("Partner Deal", deal.name, "incorrect_since", "2026-01-01")
	deal.reload()
	deal.comment = DETAILED
	deal.save()

	assert str(deal.incorrect_since) == "2026-01-01"


def test_an_earlier_comment_pasted_again_is_none():
	lead = make_ready_mql()
	spoken = frappe.get_last_doc("Client Interaction")
	deal = make_deal(lead, comment=f"{spoken.discussed} {spoken.agreed}")

	assert not deal.comment_is_detailed


def test_a_comment_is_judged_when_it_is_written():
	deal = make_deal(comment=DETAILED)
	make_interaction(deal=deal.name, contact=deal.contact, discussed=DETAILED, agreed="")

	deal.reload()
	deal.utm_source = "x"
	deal.save()

	assert deal.comment_is_detailed


# One open deal per client and product group


def another_mql_of(deal, **fields):
	return make_ready_mql(contact=deal.contact, counterparty=deal.counterparty, **fields)


def test_open_deals_of_a_client_with_one_product_group_do_not_repeat():
	deal = make_deal()
	lead = another_mql_of(deal)

	with pytest.raises(OpenDealExists) as refusal:
		make_deal(lead)

	assert deal.name in str(refusal.value) and "Services" in str(refusal.value)
	assert not deals_of(lead)
	assert frappe.db.get_value("Partner Lead", lead.name, "stage") == "MQL"
	assert "open_deal_key" not in frappe.as_json(frappe.message_log)


def test_another_product_group_is_another_deal():
	deal = make_deal()

	assert make_deal(another_mql_of(deal, product_group="Products"))


def test_a_closed_deal_makes_room():
	deal = make_deal()
	deal.update({"stage": "Lost", "lost_reason": "No budget"})
	deal.save()

	assert make_deal(another_mql_of(deal))


def test_a_deal_that_turns_to_the_same_group_is_refused_too():
	deal = make_deal()
	other = make_deal(another_mql_of(deal, product_group="Products"))
	other.product_group = "Services"

	with pytest.raises(OpenDealExists):
		other.save()
	assert frappe.db.get_value("Partner Deal", other.name, "product_group") == "Products"


def test_private_persons_are_told_apart():
	contact = make_deal(make_ready_mql(is_individual=1)).contact
	assert make_deal(make_ready_mql(is_individual=1))

	with pytest.raises(OpenDealExists):
		make_deal(make_ready_mql(is_individual=1, contact=contact))


def test_who_may_not_see_the_other_deal_learns_whom_to_ask(manager):
	deal = make_deal()
	lead = another_mql_of(deal, responsible=manager)
	frappe.set_user(manager)

	with pytest.raises(OpenDealExists) as refusal:
		make_deal(lead, responsible=manager)
	assert deal.name not in str(refusal.value) and "Administrator" in str(refusal.value)


def test_a_renamed_client_or_group_keeps_its_open_deal():
	deal = make_deal()
	frappe.rename_doc("Counterparty", deal.counterparty, "renamed", force=True)
	frappe.rename_doc("Item Group", "Services", "Consulting", force=True)

	deal.reload()
	assert deal.open_deal_key == "renamed|Consulting"
	with pytest.raises(OpenDealExists):
		make_deal(another_mql_of(deal, product_group="Consulting"))


def test_merging_two_clients_with_open_deals_is_refused():
	one, other = make_deal(), make_deal()

	with pytest.raises(OpenDealExists, match="two open deals"):
		frappe.rename_doc("Counterparty", one.counterparty, other.counterparty, merge=True, force=True)
