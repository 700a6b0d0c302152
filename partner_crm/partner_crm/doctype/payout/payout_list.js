frappe.listview_settings["Payout"] = {
	hide_name_column: true,
	add_fields: ["status", "direction", "partner", "program", "company", "currency"],
	get_indicator(doc) {
		const colours = {
			Expected: "gray",
			Confirmed: "blue",
			"Partly Paid": "yellow",
			Paid: "green",
			Rejected: "red",
			"Clawed Back": "red",
		};
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
	onload(listview) {
		partner_crm.statements.add_button(listview.page, () =>
			partner_crm.statements.of_payout(listview.get_checked_items()[0])
		);
	},
};
