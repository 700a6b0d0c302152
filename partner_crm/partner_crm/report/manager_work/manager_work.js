frappe.query_reports["Manager Work"] = partner_crm.reports.settings({
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
	groups: ["responsible", "day", "month", "company"],
	group_by: "responsible",
	then_by: "day",
});
