frappe.listview_settings["Deal Pause"] = {
	hide_name_column: true,
	get_indicator(doc) {
		const colours = { Asked: "orange", Approved: "green", Refused: "gray" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
};
