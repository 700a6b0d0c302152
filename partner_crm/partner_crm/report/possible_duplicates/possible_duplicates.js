frappe.query_reports["Possible Duplicates"] = {
	filters: [
		{
			fieldname: "card_doctype",
			label: __("Document type"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				{ value: "Contact", label: __("Contact") },
				{ value: "Counterparty", label: __("Counterparty") },
			],
		},
		{
			fieldname: "kind",
			label: __("What it is"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				{ value: "Duplicate", label: __("Duplicate", null, "Possible Duplicate") },
				{ value: "Possible", label: __("Possible") },
			],
		},
		{
			fieldname: "status",
			label: __("Status"),
			fieldtype: "Select",
			options: [
				{ value: "Open", label: __("Open") },
				{ value: "Not a Duplicate", label: __("Not a Duplicate") },
			],
			default: "Open",
		},
		{ fieldname: "lowest_score", label: __("Likeness of at least (%)"), fieldtype: "Int", default: 50 },
	],

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
	if (!row || more.length) {
		return;
	}
	const done = () => report.refresh();
	report.page.add_action_item(__("Merge"), () =>
		partner_crm.duplicates.merge(row.card_doctype, row.card, row.other_card, done)
	);
	if (frappe.model.can_write("Possible Duplicate")) {
		partner_crm.duplicates.add_decision(row, (label, decide) =>
			report.page.add_action_item(label, () => decide(done))
		);
	}
}
