from __future__ import annotations

import frappe

from tests.factories import make_user


def test_a_sales_manager_finds_the_list_of_leads(desk):
	user = make_user(roles=["Partner CRM User"])

	page = desk.login(user.name).open("partner-lead")

	assert page.locator(".page-head .title-text").first.inner_text() == frappe.get_meta("Partner Lead").name
