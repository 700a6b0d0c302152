frappe.listview_settings["Partner Lead"] = {
	hide_name_column: true,
	add_fields: ["stage"],
	get_indicator(doc) {
		const colours = {
			"Cold Lead": "light-blue",
			MQL: "orange",
			"Handed Over": "purple",
			Converted: "blue",
			Client: "green",
			Unqualified: "gray",
		};
		return [__(doc.stage), colours[doc.stage], `stage,=,${doc.stage}`];
	},
};
