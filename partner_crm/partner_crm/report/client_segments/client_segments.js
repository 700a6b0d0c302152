frappe.query_reports["Client Segments"] = partner_crm.reports.settings({
	filters: [
		"company",
		"from_date",
		"to_date",
		"responsible",
		"channel",
		"program",
		"partner",
		"region",
		"compare_with",
	],
	groups: ["segment", "region", "responsible"],
});
