frappe.listview_settings["Partner Claim"] = {
	hide_name_column: true,
	get_indicator(doc) {
		const colours = { Active: "green", Expired: "gray", Released: "orange" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
};
