"""What each role sees of the demonstration company. With SCREENSHOTS=1 the board of deals is kept in docs/images."""

from __future__ import annotations

import frappe
import pytest

from partner_crm.services import demo
from partner_crm.setup import roles
from tests.browser.test_lead_to_client import keep_picture

ROLES = {
	roles.SALES_HEAD: "helen",
	roles.SALES_MANAGER: "olga",
	roles.MARKETING: "mark",
	roles.ACCOUNTANT: "alice",
}
LISTS = ("partner-lead", "partner-deal", "counterparty")
MAY_ADD_LEADS = (roles.SALES_HEAD, roles.SALES_MANAGER)


@pytest.fixture(scope="module")
def company(harness, site) -> None:
	harness.frappe("--site", site.name, "partner-crm-demo")


def listed(page) -> int:
	"""How many documents the list says there are."""
	page.locator(".list-row-container").first.wait_for()
	page.wait_for_function("() => cur_list.total_count !== undefined")
	return page.evaluate("cur_list.total_count")


@pytest.mark.parametrize("role", ROLES)
def test_every_role_sees_its_lists(company, desk, role):
	user = demo.address(ROLES[role])
	desk.login(user)
	# what was said to a client is nothing for the accountant
	for path in LISTS if role == roles.ACCOUNTANT else (*LISTS, "client-interaction"):
		page = desk.open(path)
		doctype = page.evaluate("cur_list.doctype")
		frappe.set_user(user)
		visible = len(frappe.get_list(doctype, limit=0, order_by=None))
		frappe.set_user("Administrator")
		assert listed(page) == visible > 0
		is_all = visible == frappe.db.count(doctype)
		assert is_all == (role != roles.SALES_MANAGER)
	page = desk.open("partner-lead")
	listed(page)
	assert page.get_by_role("button", name="Add Partner Lead").count() == int(role in MAY_ADD_LEADS)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_finds_the_app_on_its_workspace(company, desk, role):
	page = desk.login(demo.address(ROLES[role])).open("partner-crm")

	page.locator(".shortcut-widget-box", has_text="Deals by stage").wait_for()
	page.locator(".links-widget-box", has_text="Counterparty").wait_for()
	if role == roles.SALES_HEAD:
		page.locator(".number-widget-box", has_text="Inactive Deals").locator(".number").wait_for()


def test_the_board_of_the_whole_company(company, desk):
	page = desk.login(demo.address(demo.HEAD)).open("partner-deal/view/kanban/Deals by stage")

	page.locator(".kanban-card", has_text="Rhodope Hotels").wait_for()
	keep_picture(page, "kanban")
