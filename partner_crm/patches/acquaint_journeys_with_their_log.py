"""Leads and deals say themselves which stages they were ever at, so that the funnel need not read the log."""

import frappe

from partner_crm.reports import journeys
from partner_crm.setup.indexes import renew_indexes


def execute() -> None:
	for statement in journeys.statements(frappe.qb):
		statement.run()
	renew_indexes()
