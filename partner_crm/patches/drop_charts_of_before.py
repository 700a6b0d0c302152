"""Charts that are shipped no longer go, unless somebody shows them on a dashboard of his own.

The shipped dashboards still show them when this runs: they are renewed after the patches.
"""

import frappe

CHARTS = ("Leads by Channel", "Payouts by Status")


def execute() -> None:
	own = frappe.get_all("Dashboard", filters={"is_standard": 0}, pluck="name", order_by="name asc")
	links = {"parenttype": "Dashboard", "parent": ("in", own), "chart": ("in", CHARTS)}
	shown = frappe.get_all("Dashboard Chart Link", filters=links, pluck="chart", order_by="chart asc")
	shipped = {"name": ("in", CHARTS), "is_standard": 1}
	for chart in frappe.get_all("Dashboard Chart", filters=shipped, pluck="name", order_by="name asc"):
		if chart not in shown:
			frappe.delete_doc("Dashboard Chart", chart, force=True)
