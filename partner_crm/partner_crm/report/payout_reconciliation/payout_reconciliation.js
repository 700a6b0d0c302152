frappe.query_reports["Payout Reconciliation"] = {
	...partner_crm.reports.settings({
		filters: ["company", "from_date", "to_date", "responsible", "channel", "program", "partner", "region"],
		groups: [],
	}),
	get_datatable_options: (options) => ({ ...options, checkboxColumn: true }),
	onload: (report) => partner_crm.letters.add_button(report.page, () => partner_crm.letters.chosen(report)),
};
