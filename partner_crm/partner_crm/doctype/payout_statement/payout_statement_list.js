frappe.listview_settings["Payout Statement"] = {
	add_fields: ["status", "currency"],
	get_indicator(doc) {
		const colours = {
			Draft: "orange",
			Invoiced: "blue",
			"Partly Paid": "yellow",
			Paid: "green",
			Cancelled: "gray",
		};
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
};
