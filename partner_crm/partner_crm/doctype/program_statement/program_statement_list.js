frappe.listview_settings["Program Statement"] = {
	add_fields: ["status"],
	get_indicator(doc) {
		const colours = {
			"Not Read": "gray",
			Reading: "blue",
			"Not Readable": "red",
			"Open Differences": "orange",
			Settled: "green",
		};
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
};
