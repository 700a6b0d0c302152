"""Charts that are shipped no longer go, unless somebody shows them on a dashboard of his own."""

import frappe

CHARTS = ("Leads by Channel", "Payouts by Status")


def execute() -> None:
	for chart in CHARTS:
		is_shown = frappe.db.exists("Dashboard Chart Link", {"chart": chart})
		if not is_shown and frappe.db.get_value("Dashboard Chart", chart, "is_standard"):
			frappe.delete_doc("Dashboard Chart", chart, force=True)
