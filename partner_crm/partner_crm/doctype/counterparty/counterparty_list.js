frappe.listview_settings["Counterparty"] = {
	hide_name_column: true,
	add_fields: ["customer"],
	get_indicator(doc) {
		if (doc.customer) {
			return [__("Client"), "green", "customer,is,set"];
		}
		return [__("Not a client yet"), "gray", "customer,is,not set"];
	},
	formatters: {
		category: (category) => category || "", // without the dot that an empty one would have
	},
};
