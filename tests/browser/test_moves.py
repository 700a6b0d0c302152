"""The moves besides the next one: closing with a reason; for the head of sales also back, again, and in spite of gaps."""

from __future__ import annotations

import frappe
import pytest

from tests.browser.test_lead_to_client import open_form, press, wait_for_panel
from tests.factories import make_deal, make_lead, make_mql, make_ready_mql, make_user

BUTTONS = ".page-actions .custom-actions"
WHY = "The client has asked for it"


@pytest.fixture
def anna():
	return make_user(roles=["Partner CRM User"]).name


@pytest.fixture
def head():
	return make_user(roles=["Partner CRM Manager"]).name


def other_moves(page) -> list[str]:
	page.locator(f"{BUTTONS} button").first.wait_for(state="attached")
	return page.locator(f"{BUTTONS} .dropdown-item").all_inner_texts()


def choose(page, move, why=WHY) -> None:
	"""One of the other moves, and its reason."""
	page.locator(BUTTONS).get_by_role("button", name="Other Moves").click()
	page.locator(f"{BUTTONS} .dropdown-item", has_text=move).click()
	page.wait_for_function("() => window.cur_dialog && cur_dialog.display")
	dialog = page.locator(".modal.show")
	dialog.locator("textarea").fill(why)
	dialog.locator(".btn-modal-primary").click()


def wait_for_stage(page, stage) -> None:
	page.wait_for_function("stage => cur_frm.doc.stage === stage && !cur_frm.is_dirty()", arg=stage)
	page.wait_for_load_state("networkidle")


def last_change(doc):
	frappe.db.rollback()
	return frappe.get_last_doc("Stage Change", {"reference_name": doc.name}, order_by="changed_at desc")


def test_a_deal_is_closed_as_lost_with_its_reason(desk, anna):
	deal = make_deal(make_ready_mql(responsible=anna))
	page = open_form(desk.login(anna), f"partner-deal/{deal.name}")
	assert other_moves(page) == ["Close as Lost"]

	choose(page, "Close as Lost", "They buy from another agency")
	wait_for_stage(page, "Lost")

	assert last_change(deal).reason == "They buy from another agency"
	assert frappe.db.get_value("Partner Deal", deal.name, "lost_reason") == "They buy from another agency"
	assert other_moves(page) == []


def test_the_head_of_sales_reopens_a_lost_deal(desk, head):
	deal = make_deal()
	deal.update({"stage": "Lost", "lost_reason": "No money"})
	deal.save()
	page = open_form(desk.login(head), f"partner-deal/{deal.name}")

	choose(page, "Reopen at SQL")
	wait_for_stage(page, "SQL")

	assert (last_change(deal).kind, last_change(deal).reason) == ("Reopen", WHY)
	assert not frappe.db.get_value("Partner Deal", deal.name, "lost_reason")


def test_the_head_of_sales_steps_back(desk, head):
	lead = make_mql()
	page = open_form(desk.login(head), f"partner-lead/{lead.name}")
	assert other_moves(page) == ["Step back to Cold Lead", "Close as Unqualified"]

	choose(page, "Step back to Cold Lead")
	wait_for_stage(page, "Cold Lead")

	assert (last_change(lead).kind, last_change(lead).reason) == ("Back", WHY)


def test_the_head_of_sales_lets_gaps_pass(desk, head):
	lead = make_lead()
	page = open_form(desk.login(head), f"partner-lead/{lead.name}")

	choose(page, "Move to MQL with gaps")
	wait_for_stage(page, "MQL")

	assert last_change(lead).reason == WHY
	assert "Deal: Service (the need that was found)" in last_change(lead).gaps


def test_a_refused_move_leaves_the_form_as_it_was(desk, anna):
	lead = make_lead(responsible=anna)
	page = open_form(desk.login(anna), f"partner-lead/{lead.name}")
	assert other_moves(page) == ["Close as Unqualified"]

	press(page, "Move to MQL")
	page.locator(".modal.show .msgprint li").first.wait_for()

	page.wait_for_function("() => cur_frm.doc.stage === 'Cold Lead'")
	desk.errors.clear()  # the browser notes the refusal itself, too


def test_a_won_deal_shows_what_account_management_needs(desk, head):
	deal = make_deal()
	frappe.db.set_value("Partner Deal", deal.name, {"stage": "Client", "won_on": frappe.utils.nowdate()})
	page = open_form(desk.login(head), f"partner-deal/{deal.name}")

	wait_for_panel(page, "Still missing for Handed Over:")
	press(page, "Hand Over")
	page.locator(".modal.show .msgprint", has_text="can't be handed over yet").wait_for()

	page.wait_for_function("() => !cur_frm.doc.handed_over_on")
	desk.errors.clear()  # the browser notes the refusal itself, too
