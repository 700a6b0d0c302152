"""Interactions logged by hand: who may, what they prove, and what they do to the lead and the deal."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import frappe
import pytest
from frappe.utils import add_days, add_to_date, getdate, now_datetime
from freezegun import freeze_time

from partner_crm.services.interactions import NoRightToClient
from tests.factories import (
	make_contact,
	make_counterparty,
	make_deal,
	make_item,
	make_ready_mql,
	make_row,
	make_sales_person,
	make_user_row,
)
from tests.sql import statements

ANNA, BORIS, HEAD = "anna@staff.example", "boris@staff.example", "head@staff.example"
DISCUSSED = "Stand design and the number of visitors in April"
AGREED = "Anna sends two drafts of the stand by Monday"


@pytest.fixture(autouse=True)
def people():
	make_user_row(ANNA)
	make_user_row(BORIS)
	make_user_row(HEAD, roles=("Partner CRM Manager",))


@pytest.fixture
def contact() -> str:
	return make_contact().name


def a_lead(contact: str, responsible: str = ANNA, **fields) -> str:
	lead = {
		"contact": contact,
		"responsible": responsible,
		"stage": "Cold Lead",
		"track": "Own Sale",
	} | fields
	return make_row("Partner Lead", **lead).name


def a_deal(contact: str, responsible: str = ANNA, **fields) -> str:
	"""A correct deal that was made forty days ago."""
	made_on = add_days(getdate(), -40)
	defaults = {
		"contact": contact,
		"responsible": responsible,
		"stage": "SQL",
		"is_correct": 1,
		"clock_started_on": made_on,
		"active_until": frappe.utils.add_months(made_on, 2),
		"activity_status": "Active",
	}
	return make_row("Partner Deal", **(defaults | fields)).name


def log(user: str | None = ANNA, **fields):
	"""Logs a call of two minutes with a detailed comment, as `user` would by the form."""
	defaults = {"kind": "Call", "duration": 120, "discussed": DISCUSSED, "agreed": AGREED}
	if user:
		frappe.set_user(user)
	try:
		return frappe.get_doc({"doctype": "Client Interaction", **(defaults | fields)}).insert()
	finally:
		frappe.set_user("Administrator")


def days_of(doctype: str, name: str) -> tuple:
	fields = ["last_interaction_on"]
	if doctype == "Partner Deal":
		fields += ["active_until", "activity_status"]
	return frappe.db.get_value(doctype, name, fields)


def set_up(**settings) -> None:
	for field, value in settings.items():
		frappe.db.set_single_value("Partner CRM Settings", field, value)
	frappe.clear_document_cache("Partner CRM Settings")


# The right to log


@pytest.mark.parametrize("stage", ["Cold Lead", "MQL", "Handed Over", "Client"])
def test_a_lead_of_ones_own_gives_the_right(contact, stage):
	a_lead(contact, stage=stage)
	assert not log(contact=contact).without_right


@pytest.mark.parametrize("stage", ["SQL", "Negotiation", "Client"])
def test_a_deal_of_ones_own_gives_the_right(contact, stage):
	a_deal(contact, stage=stage)
	assert not log(contact=contact).without_right


@pytest.mark.parametrize(
	("make", "fields"),
	[
		(a_lead, {"responsible": BORIS}),
		(a_lead, {"stage": "Unqualified"}),
		(a_lead, {"stage": "Converted"}),
		(a_deal, {"responsible": BORIS}),
		(a_deal, {"stage": "Lost"}),
		(a_deal, {"in_pool": 1}),
	],
)
def test_anothers_or_a_closed_one_does_not(contact, make, fields):
	make(contact, **fields)
	with pytest.raises(NoRightToClient, match="no open lead or deal with this contact"):
		log(contact=contact)
	assert not frappe.db.exists("Client Interaction", {"contact": contact})


def test_a_colleagues_deal_on_the_same_contact_may_be_worked_on_by_whoever_has_the_right(contact):
	deal = a_deal(contact, responsible=BORIS)
	a_lead(contact, responsible=ANNA)
	assert log(contact=contact, deal=deal).qualifies == 1


def test_the_refusal_says_whom_to_ask_and_nothing_of_the_client(contact):
	frappe.db.set_value("User", HEAD, "full_name", "Helena Head")
	deal = a_deal(contact, responsible=BORIS, counterparty=make_counterparty(title="Secret Ltd").name)
	with pytest.raises(NoRightToClient) as refusal:
		log(contact=contact, deal=deal)
	assert "Helena Head" in str(refusal.value)
	assert "Secret" not in str(refusal.value)
	assert contact not in str(refusal.value)


def test_the_head_of_sales_has_every_right(contact):
	assert log(HEAD, contact=contact).name


def test_who_leads_a_team_has_the_rights_of_its_members(contact):
	leader = make_sales_person(ANNA)
	make_sales_person(BORIS, above=leader.name)
	a_lead(contact, responsible=BORIS)
	assert log(contact=contact).name


def test_the_account_manager_of_the_counterpartys_customer_has_the_right():
	customer = make_row("Customer", customer_name="Big", account_manager=ANNA).name
	company = make_counterparty(customer=customer).name
	contact = make_contact(pcrm_counterparty=company).name
	assert log(contact=contact).name
	with pytest.raises(NoRightToClient):
		log(BORIS, contact=contact)


def test_the_account_manager_of_the_contacts_customer_has_the_right():
	customer = make_row("Customer", customer_name="Big", account_manager=ANNA).name
	contact = make_contact(links=[{"link_doctype": "Customer", "link_name": customer}]).name
	assert log(contact=contact).name
	with pytest.raises(NoRightToClient):
		log(BORIS, contact=contact)


def test_the_account_manager_of_a_won_deals_customer_has_the_right(contact):
	customer = make_row("Customer", customer_name="Big", account_manager=ANNA).name
	a_deal(contact, responsible=BORIS, stage="Client", customer=customer)
	assert log(contact=contact).name


def test_nobody_gets_the_right_by_moving_an_interaction_to_another_contact(contact):
	a_lead(contact)
	interaction = log(contact=contact)
	interaction.contact = make_contact().name
	frappe.set_user(ANNA)
	with pytest.raises(NoRightToClient):
		interaction.save()


def test_what_the_app_computes_is_not_typed(contact):
	a_lead(contact)
	forged = log(
		contact=contact,
		duration=0,
		agreed="",
		is_two_way=1,
		is_detailed=1,
		qualifies=1,
		qualified_at="2020-01-01",
		is_automatic=1,
		without_right=1,
		source_key="mine",
	)
	forged.reload()
	assert (forged.is_two_way, forged.is_detailed, forged.qualifies, forged.qualified_at) == (0, 0, 0, None)
	assert (forged.is_automatic, forged.without_right, forged.source_key) == (0, 0, None)


# Whose it is


def test_what_the_deal_says_need_not_be_typed():
	counterparty = make_counterparty().name
	contact = make_contact(pcrm_counterparty=counterparty).name
	company = frappe.get_all("Company", pluck="name", limit=1)[0]
	deal = a_deal(contact, counterparty=counterparty, company=company)
	interaction = log(deal=deal)
	assert (interaction.contact, interaction.counterparty, interaction.company) == (
		contact,
		counterparty,
		company,
	)
	assert interaction.responsible == ANNA


def test_what_is_logged_on_a_converted_lead_is_about_its_deal(contact):
	lead = a_lead(contact, stage="Converted")
	deal = a_deal(contact, lead=lead)
	frappe.db.set_value("Partner Lead", lead, "deal", deal)
	assert log(lead=lead).deal == deal


@pytest.mark.parametrize("make", [a_lead, a_deal])
def test_lead_and_deal_are_of_the_contact(contact, make):
	other = make(make_contact().name)
	a_lead(contact)
	field = "lead" if make is a_lead else "deal"
	with pytest.raises(frappe.ValidationError, match=f"not the client of the {field}"):
		log(contact=contact, **{field: other})


def test_a_colleague_at_the_same_company_is_of_the_same_client():
	company = make_counterparty().name
	first, second = (make_contact(pcrm_counterparty=company).name for _ in range(2))
	deal = a_deal(first, counterparty=company)
	assert log(contact=second, deal=deal).qualifies == 1


def test_a_deal_of_another_lead_is_refused(contact):
	deal = a_deal(contact, lead=a_lead(contact, stage="Converted"))
	with pytest.raises(frappe.ValidationError, match="another lead"):
		log(deal=deal, lead=a_lead(contact))


def test_without_anybody_it_is_no_interaction():
	with pytest.raises(frappe.MandatoryError):
		log("Administrator")


# What it proves


@pytest.mark.parametrize(
	("fields", "two_way"),
	[
		({"kind": "Call", "duration": 1}, 1),
		({"kind": "Call", "duration": 0}, 0),
		({"kind": "Call", "duration": 30, "outcome": "No answer"}, 0),
		({"kind": "Call", "duration": 30, "outcome": "Reached"}, 1),
		({"kind": "Email", "client_replied": 1}, 1),
		({"kind": "Email", "client_replied": 0}, 0),
		({"kind": "Messenger", "client_replied": 1}, 1),
		({"kind": "Meeting", "client_replied": 1}, 1),
		({"kind": "Meeting", "client_replied": 0, "duration": 3600}, 0),
		({"kind": "Webinar", "client_replied": 1}, 0),
		({"kind": "Brief", "client_replied": 1}, 0),
	],
)
def test_two_way(contact, fields, two_way):
	interaction = log("Administrator", contact=contact, **fields)
	assert (interaction.is_two_way, interaction.qualifies) == (two_way, two_way)


def test_a_kind_that_was_added_can_be_two_way(contact):
	frappe.get_doc({"doctype": "Interaction Kind", "title": "Video Call", "can_be_two_way": 1}).insert()
	assert log("Administrator", contact=contact, kind="Video Call", client_replied=1).is_two_way == 1


def test_where_evidence_is_required_a_call_logged_by_hand_proves_nothing(contact):
	set_up(require_evidence=1)
	assert log("Administrator", contact=contact).is_two_way == 0


def test_evidence_is_not_typed_either(contact):
	set_up(require_evidence=1)
	call = make_row("Call Log", id="call-1", status="Completed", duration=60).name
	assert log("Administrator", contact=contact, call_log=call).is_two_way == 0


@pytest.mark.parametrize(
	("discussed", "agreed", "lacks"),
	[
		("перезвонить", AGREED, "says nothing of what was talked about"),
		(DISCUSSED, "думает", "says nothing of what was agreed"),
		("", "", "Say what was agreed."),
		(DISCUSSED, DISCUSSED, "only repeats what was talked about"),
	],
)
def test_a_stub_is_kept_with_what_it_lacks_and_proves_nothing(contact, discussed, agreed, lacks):
	deal = a_deal(contact)
	before = days_of("Partner Deal", deal)
	interaction = log(deal=deal, discussed=discussed, agreed=agreed)
	interaction.reload()
	assert (interaction.is_two_way, interaction.is_detailed, interaction.qualifies) == (1, 0, 0)
	assert lacks in interaction.comment_problems
	assert days_of("Partner Deal", deal) == before


def test_an_earlier_comment_pasted_again_proves_nothing(contact):
	deal = a_deal(contact)
	assert log(deal=deal).qualifies == 1
	again = log(deal=deal)
	assert (again.is_detailed, again.qualifies) == (0, 0)
	assert "repeats an earlier comment" in again.comment_problems


def test_nor_does_the_comment_of_the_deal_or_of_its_lead(contact):
	lead = a_lead(contact, stage="Converted")
	log("Administrator", lead=lead)
	deal = a_deal(
		contact, lead=lead, comment="Prices of outdoor banners for summer. They compare us with Media One."
	)
	assert log(deal=deal).is_detailed == 0
	pasted = log(
		deal=deal, discussed="Prices of outdoor banners for summer.", agreed="They compare us with Media One."
	)
	assert pasted.is_detailed == 0


def test_the_same_words_on_another_deal_are_no_copy(contact):
	assert log(deal=a_deal(contact)).is_detailed == 1
	assert log(deal=a_deal(make_contact().name)).is_detailed == 1


def test_what_was_said_first_is_no_copy_of_what_came_later(contact):
	deal = a_deal(contact)
	first = log(deal=deal)
	log(deal=deal)
	first.agreed = f"{AGREED}."
	first.save()
	assert first.is_detailed == 1


def test_a_comment_is_judged_when_it_is_written(contact):
	deal = a_deal(contact)
	first = log(deal=deal)
	settings = frappe.get_doc("Partner CRM Settings")
	settings.append("stub_phrases", {"phrase": DISCUSSED})
	settings.save()
	first.outcome = "Interested"
	first.save()
	assert first.is_detailed == 1


def test_it_is_kept_since_when_it_proves_something(contact):
	deal = a_deal(contact)
	interaction = log(deal=deal, agreed="")
	assert interaction.qualified_at is None
	with freeze_time(datetime.now() + timedelta(days=1), ignore=["pymysql", "redis"]):
		interaction.agreed = AGREED
		interaction.save()
	assert getdate(interaction.qualified_at) > getdate(interaction.occurred_at)
	interaction.agreed = "НД"
	interaction.save()
	assert interaction.qualified_at is None


# What can't be


def test_the_future_has_not_happened(contact):
	with pytest.raises(frappe.ValidationError, match="is in the future"):
		log("Administrator", contact=contact, occurred_at=add_to_date(None, hours=1))


def test_a_clock_that_is_a_little_ahead_is_forgiven(contact):
	interaction = log("Administrator", contact=contact, occurred_at=add_to_date(None, minutes=2))
	assert interaction.occurred_at <= now_datetime()


def test_no_call_is_shorter_than_nothing(contact):
	with pytest.raises(frappe.ValidationError, match="negative"):
		log("Administrator", contact=contact, duration=-1)


def test_an_unknown_kind_is_refused(contact):
	with pytest.raises(frappe.LinkValidationError):
		log("Administrator", contact=contact, kind="Telepathy")


@pytest.mark.parametrize("text", ["🙂" * 50, "שלום וברכה לכולם כאן היום", "x " * 5000])
def test_strange_texts_are_kept_as_they_are(contact, text):
	interaction = log("Administrator", contact=contact, discussed=text.strip())
	assert frappe.db.get_value("Client Interaction", interaction.name, "discussed") == text.strip()


# What it does to the lead and the deal


def test_what_qualifies_prolongs_its_deal(contact):
	deal = a_deal(contact)
	log(deal=deal)
	today = getdate()
	assert days_of("Partner Deal", deal) == (today, getdate(frappe.utils.add_months(today, 2)), "Active")


def test_months_are_clamped(contact):
	with freeze_time(datetime(2027, 1, 2, 12), ignore=["pymysql", "redis"]):
		deal = a_deal(contact)
		log(deal=deal, occurred_at="2026-12-31 10:00:00")
		assert days_of("Partner Deal", deal) == (date(2026, 12, 31), date(2027, 2, 28), "Active")


def test_an_old_talk_told_late_does_not_shorten(contact):
	deal = a_deal(contact)
	before = days_of("Partner Deal", deal)
	log(deal=deal, occurred_at=add_days(now_datetime(), -60))
	last, *rest = days_of("Partner Deal", deal)
	assert (last, tuple(rest)) == (add_days(getdate(), -60), before[1:])
	log(
		deal=deal,
		discussed="Budget for outdoor banners in June",
		agreed="They choose the districts themselves",
	)
	log(
		deal=deal,
		occurred_at=add_days(now_datetime(), -3),
		discussed="Who signs the contract on their side",
		agreed="The lawyer calls us after the holidays",
	)
	assert days_of("Partner Deal", deal)[0] == getdate()


def test_a_lapsed_deal_wakes_up(contact):
	long_ago = add_days(getdate(), -100)
	deal = a_deal(
		contact,
		clock_started_on=long_ago,
		active_until=frappe.utils.add_months(long_ago, 2),
		activity_status="Inactive",
	)
	log(deal=deal)
	assert days_of("Partner Deal", deal)[2] == "Active"


def test_an_incorrect_deal_stays_inactive_while_its_clock_runs(contact):
	deal = a_deal(contact, is_correct=0, activity_status="Inactive")
	log(deal=deal)
	today = getdate()
	assert days_of("Partner Deal", deal) == (today, getdate(frappe.utils.add_months(today, 2)), "Inactive")


@pytest.mark.parametrize("status", ["Closed", "Active"])
def test_a_deal_without_a_clock_gets_none(contact, status):
	deal = a_deal(
		contact, stage="Client" if status == "Closed" else "SQL", active_until=None, activity_status=status
	)
	log(deal=deal)
	assert days_of("Partner Deal", deal) == (getdate(), None, status)


def test_any_interaction_touches_its_lead(contact):
	lead = a_lead(contact)
	log(lead=lead, kind="Call", duration=0, discussed="НД", agreed="")
	assert days_of("Partner Lead", lead) == getdate()


def test_a_deleted_interaction_prolongs_no_more(contact):
	deal, lead = a_deal(contact), a_lead(contact)
	before = days_of("Partner Deal", deal)
	first = log(deal=deal, occurred_at=add_days(now_datetime(), -10))
	after_first = days_of("Partner Deal", deal)
	second = log(
		deal=deal, discussed="Budget for outdoor banners in June", agreed="They choose the districts"
	)
	touched = log(lead=lead)
	frappe.delete_doc("Client Interaction", second.name)
	assert days_of("Partner Deal", deal) == after_first
	frappe.delete_doc("Client Interaction", first.name)
	assert days_of("Partner Deal", deal) == before
	frappe.delete_doc("Client Interaction", touched.name)
	assert days_of("Partner Lead", lead) is None


def test_a_corrected_day_moves_the_clock_back(contact):
	deal = a_deal(contact)
	interaction = log(deal=deal)
	interaction.occurred_at = add_days(now_datetime(), -5)
	interaction.save()
	day = add_days(getdate(), -5)
	assert days_of("Partner Deal", deal) == (day, getdate(frappe.utils.add_months(day, 2)), "Active")


def test_an_interaction_moved_to_another_deal_takes_its_proof_along(contact):
	first, second = a_deal(contact), a_deal(contact)
	before = days_of("Partner Deal", first)
	interaction = log(deal=first)
	interaction.deal = second
	interaction.save()
	assert days_of("Partner Deal", first) == before
	assert days_of("Partner Deal", second)[0] == getdate()


def test_a_stub_that_is_mended_prolongs_from_the_day_of_the_talk(contact):
	deal = a_deal(contact)
	interaction = log(deal=deal, agreed="думает", occurred_at=add_days(now_datetime(), -2))
	interaction.agreed = AGREED
	interaction.save()
	assert days_of("Partner Deal", deal)[0] == add_days(getdate(), -2)


def test_upkeep_does_not_save_the_deal(contact):
	deal = a_deal(contact)
	before = frappe.db.get_value("Partner Deal", deal, ["modified", "modified_by"])
	log(deal=deal)
	assert frappe.db.get_value("Partner Deal", deal, ["modified", "modified_by"]) == before


def test_upkeep_is_one_statement_by_the_primary_key(contact):
	deal = a_deal(contact)
	log(deal=deal)
	with statements() as sent:
		log(
			None,
			deal=deal,
			discussed="Budget for outdoor banners in June",
			agreed="They choose the districts",
		)
	kept_up = [sql for sql in sent if sql.upper().startswith("UPDATE `TABPARTNER DEAL`")]
	assert len(kept_up) == 1
	assert f"WHERE `name`='{deal}'" in kept_up[0]


def test_a_real_lead_is_converted_by_a_real_call():
	"""The whole way: nothing but what a manager would do."""
	lead = make_ready_mql()
	frappe.db.delete("Client Interaction", {"lead": lead.name})
	with pytest.raises(frappe.ValidationError, match="two-way"):
		make_deal(lead)
	log("Administrator", lead=lead.name)
	deal = make_deal(
		lead,
		comment="Outdoor advertising in three cities for summer; the contract is agreed with their lawyer",
		items=[{"item_code": make_item(), "qty": 1, "rate": 1000}],
	)
	log(
		"Administrator",
		deal=deal.name,
		discussed="Proposal in two parts",
		agreed="They answer after the board meets",
	)
	deal.reload()
	assert (deal.activity_status, deal.last_interaction_on) == ("Active", getdate())
	deal.save()
	assert (deal.activity_status, deal.last_interaction_on) == ("Active", getdate())
