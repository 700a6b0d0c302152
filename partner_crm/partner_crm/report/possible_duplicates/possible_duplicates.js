frappe.query_reports["Possible Duplicates"] = {
	...partner_crm.reports.settings({
		filters: [
			"card_doctype",
			"kind",
			"status",
			"lowest_score",
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
		groups: ["card_doctype", "kind", "month"],
	}),

	onload(report) {
		report.page.add_inner_button(__("Look for Duplicates Now"), () => partner_crm.duplicates.scan());
	},

	get_datatable_options(options) {
		return Object.assign(options, { checkboxColumn: true, events: { onCheckRow: show_actions } });
	},
};

function show_actions() {
	const report = frappe.query_report;
	const [row, ...more] = report.datatable.rowmanager
		.getCheckedRows()
		.map((position) => report.data[position]);
	report.page.clear_actions_menu();
	if (!row || !row.card || more.length) {
		return;
	}
	const done = () => report.refresh();
	report.page.add_action_item(__("Merge"), () =>
		partner_crm.duplicates.merge(row.card_doctype, row.card, row.other_card, done)
	);
	if (frappe.model.can_write("Possible Duplicate")) {
		const status = report.get_filter_value("status");
		partner_crm.duplicates.add_decision({ ...row, status }, (label, decide) =>
			report.page.add_action_item(label, () => decide(done))
		);
	}
}
