"""The small dialog on lead, deal and contact."""

from __future__ import annotations

import frappe
import pytest

from tests.factories import make_contact, make_row, make_user

DISCUSSED = "Stand design and the number of visitors in April"
AGREED = "Anna sends two drafts of the stand by Monday"


@pytest.fixture
def anna():
	return make_user(roles=["Partner CRM User"]).name


@pytest.fixture
def deal(anna):
	contact = make_contact().name
	return make_row("Partner Deal", contact=contact, responsible=anna, stage="SQL", deal_title="Stand")


def fill(page, **fields) -> None:
	page.wait_for_function("window.cur_dialog && cur_dialog.display")  # it fades in before it's there
	dialog = page.locator(".modal.show")
	for name, value in fields.items():
		dialog.locator(f"[data-fieldname={name}] input, [data-fieldname={name}] textarea").first.fill(value)


def logged(**filters):
	frappe.db.rollback()
	return frappe.get_last_doc("Client Interaction", filters)


def test_a_call_is_logged_from_the_contact_to_its_only_open_deal(desk, anna, deal):
	page = desk.login(anna).open(f"contact/{deal.contact}")
	page.get_by_role("button", name="Log Interaction").click()
	fill(page, discussed=DISCUSSED, agreed=AGREED)
	page.wait_for_function("cur_dialog.get_value('deal')")
	page.evaluate("cur_dialog.set_value('duration', 120)")
	page.locator(".modal.show .btn-modal-primary").click()
	page.get_by_text("Interaction logged.").wait_for()
	found = logged(contact=deal.contact)
	assert (found.kind, found.direction, found.deal, found.duration) == ("Call", "Outgoing", deal.name, 120)
	assert (found.discussed, found.agreed, found.qualifies, found.responsible) == (DISCUSSED, AGREED, 1, anna)


def test_a_stub_on_a_deal_is_logged_and_told_so(desk, anna, deal):
	page = desk.login(anna).open(f"partner-deal/{deal.name}")
	page.evaluate("partner_crm.log_interaction(cur_frm)")
	fill(page, discussed="перезвонить")
	page.evaluate("cur_dialog.set_values({ kind: 'Meeting', client_replied: 1 })")
	page.locator(".modal.show .btn-modal-primary").click()
	page.get_by_text("its comment says too little").wait_for()
	assert page.get_by_text("Say what was agreed.").is_visible()
	found = logged(deal=deal.name)
	assert (found.kind, found.contact, found.is_two_way, found.qualifies) == ("Meeting", deal.contact, 1, 0)


def test_what_is_refused_keeps_the_dialog_with_what_was_typed(desk, deal):
	other = make_user(roles=["Partner CRM User"]).name
	frappe.share.add("Partner Deal", deal.name, other, read=1)
	page = desk.login(other).open(f"partner-deal/{deal.name}")
	page.evaluate("partner_crm.log_interaction(cur_frm)")
	fill(page, discussed=DISCUSSED, agreed=AGREED)
	page.locator(".modal.show .btn-modal-primary").click()
	page.get_by_text("You have no open lead or deal with this contact").wait_for()
	assert (
		page.evaluate("cur_dialog.get_value('discussed') || $('.modal textarea').first().val()") == DISCUSSED
	)
	assert not frappe.db.exists("Client Interaction", {"deal": deal.name})
	desk.errors.clear()  # the browser notes the refusal itself, too


def test_contacts_that_are_not_ours_have_no_such_button(desk, anna):
	contact = make_contact(pcrm_managed=0).name
	frappe.share.add("Contact", contact, anna, read=1)
	page = desk.login(anna).open(f"contact/{contact}")
	assert page.get_by_role("button", name="Log Interaction").count() == 0
