frappe.listview_settings["Deal Review"] = {
	hide_name_column: true,
	add_fields: ["status", "failures"],
	get_indicator(doc) {
		if (doc.status === "Done" && doc.failures) {
			return [__("Done, with failures"), "orange", "failures,>,0"];
		}
		const colours = { Running: "blue", Done: "green", Failed: "red" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
};
