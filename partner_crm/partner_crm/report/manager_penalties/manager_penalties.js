frappe.query_reports["Manager Penalties"] = partner_crm.reports.settings({
	filters: ["company", "from_date", "to_date", "responsible", "compare_with"],
	groups: ["responsible", "company", "month"],
});
