"""The life of a claim as the head of sales lives it: found from the lead, extended, split, reassigned, released."""

from __future__ import annotations

import frappe
import pytest
from frappe.utils import add_days, getdate, nowdate

from tests.factories import make_lead, make_partner, make_program, make_user


@pytest.fixture
def head():
	return make_user(roles=["Partner CRM Manager"]).name


@pytest.fixture
def lead():
	return make_lead(program=make_program().name, partner=make_partner())


def decide(page, button: str, script: str = "") -> None:
	page.get_by_role("button", name=button, exact=True).click()
	page.wait_for_function("window.cur_dialog && cur_dialog.display")
	page.evaluate(
		f"async () => {{ {script}; await cur_dialog.set_value('reason', '{button}: they have agreed') }}"
	)
	page.locator(".modal.show .btn-modal-primary").click()
	page.locator(".new-timeline").get_by_text(f"{button}: they have agreed").first.wait_for()


def stored(claim: str):
	frappe.db.rollback()
	return frappe.get_doc("Partner Claim", claim)


def test_a_claim_from_registration_to_release(desk, head, lead):
	beta = make_partner()
	frappe.db.commit()
	page = desk.login(head).open(f"partner-claim/{lead.claim}")
	until = add_days(nowdate(), 300)

	decide(page, "Extend", f"await cur_dialog.set_value('protected_until', '{until}')")
	assert stored(lead.claim).protected_until == getdate(until)

	decide(
		page,
		"Split",
		"const grid = cur_dialog.fields_dict.shares; grid.df.data[0].share = 60;"
		f" grid.df.data.push({{ partner: '{beta}', share: 40, idx: 2 }}); grid.grid.refresh()",
	)
	assert [(row.partner, row.share) for row in stored(lead.claim).shares] == [(lead.partner, 60), (beta, 40)]

	decide(page, "Reassign", f"await cur_dialog.set_value('partner', '{beta}')")
	claim = stored(lead.claim)
	assert (claim.partner, claim.shares) == (beta, [])

	decide(page, "Release")
	assert stored(lead.claim).status == "Released"
	page.wait_for_function("cur_frm.doc.status === 'Released'")
	buttons = page.locator(".page-actions .custom-actions button").all_inner_texts()
	assert not {"Extend", "Release"} & {text.strip() for text in buttons}


def test_a_sales_manager_reads_the_claim_and_decides_nothing(desk, lead):
	anna = make_user(roles=["Partner CRM User"]).name
	frappe.db.set_value("Partner Claim", lead.claim, "responsible", anna)
	frappe.db.commit()
	page = desk.login(anna).open(f"partner-claim/{lead.claim}")
	page.wait_for_function("window.cur_frm && cur_frm.doc && cur_frm.doc.partner")
	assert page.get_by_role("button", name="Release", exact=True).count() == 0
