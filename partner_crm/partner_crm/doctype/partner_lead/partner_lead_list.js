frappe.listview_settings["Partner Lead"] = {
	hide_name_column: true,
	add_fields: ["stage", "next_contact_on"],
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
	formatters: {
		responsible: (user) => frappe.utils.escape_html(frappe.user.full_name(user)),
	},
};
