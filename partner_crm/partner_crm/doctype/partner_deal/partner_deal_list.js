frappe.listview_settings["Partner Deal"] = {
	hide_name_column: true,
	add_fields: ["stage", "activity_status", "active_until", "is_correct", "in_pool"],
	get_indicator(doc) {
		if (doc.in_pool) {
			return [__("In the pool"), "purple", "in_pool,=,1"];
		}
		const colours = { SQL: "light-blue", Negotiation: "orange", Client: "green", Lost: "gray" };
		return [__(doc.stage), colours[doc.stage], `stage,=,${doc.stage}`];
	},
	formatters: {
		activity_status(status, df, doc) {
			const [text, colour] = this.badge(status, doc);
			return `<span class="indicator-pill no-indicator-dot ${colour}">${text}</span>`;
		},
		badge(status, doc) {
			if (!status || status === "Closed") {
				return [__("Closed"), "gray"];
			}
			if (!doc.is_correct) {
				return [__("Incorrect"), "red"];
			}
			if (status === "Inactive") {
				return [__("Inactive"), "red"];
			}
			if (!doc.active_until) {
				return [__("Active"), "green"];
			}
			const until = __("until {0}", [frappe.datetime.str_to_user(doc.active_until)]);
			const days_left = frappe.datetime.get_day_diff(doc.active_until, frappe.datetime.get_today());
			return [until, days_left > 14 ? "green" : "orange"];
		},
	},
};
