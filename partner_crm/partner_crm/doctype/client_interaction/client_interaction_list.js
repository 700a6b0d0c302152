frappe.listview_settings["Client Interaction"] = {
	hide_name_column: true,
	add_fields: ["qualifies", "without_right"],
	get_indicator(doc) {
		if (doc.without_right) {
			return [__("Without the right to this client"), "red", "without_right,=,1"];
		}
		if (doc.qualifies) {
			return [__("Prolongs the deal"), "green", "qualifies,=,1"];
		}
		return [__("Does not prolong"), "gray", "qualifies,=,0"];
	},
	formatters: {
		direction: (direction) => __(direction), // without the dot that an empty one would have
	},
};
