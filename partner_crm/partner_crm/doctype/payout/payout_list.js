frappe.listview_settings["Payout"] = {
	hide_name_column: true,
	add_fields: ["status", "due_on", "statement", "company", "currency", "partner", "program"],
	get_indicator(doc) {
		const colours = {
			Expected: "orange",
			Confirmed: "blue",
			"Partly Paid": "yellow",
			Paid: "green",
			Rejected: "gray",
			"Clawed Back": "gray",
		};
		const is_late =
			["Confirmed", "Partly Paid"].includes(doc.status) && doc.due_on < frappe.datetime.get_today();
		const colour = is_late ? "red" : colours[doc.status];
		return [__(doc.status), colour, `status,=,${doc.status}`];
	},
	onload(listview) {
		partner_crm.statements.add_button(listview.page, () =>
			partner_crm.statements.of_payout(listview.get_checked_items()[0])
		);
		listview.page.add_inner_button(__("Past their day"), () => {
			listview.filter_area.add([
				["Payout", "status", "in", ["Confirmed", "Partly Paid"]],
				["Payout", "due_on", "<", frappe.datetime.get_today()],
			]);
		});
	},
};
