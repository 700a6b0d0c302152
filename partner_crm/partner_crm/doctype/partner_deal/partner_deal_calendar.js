frappe.views.calendar["Partner Deal"] = {
	field_map: {
		id: "name",
		title: "deal_title",
		start: "next_contact_on",
		end: "next_contact_on",
		allDay: "allDay",
		// A day is the same day in every time zone; Frappe converts unless a field answers for it.
		convertToUserTz: "convert_to_user_tz",
	},
	fields: ["name", "deal_title", "next_contact_on", "activity_status"],
	get_css_class(event) {
		return { Active: "green", Inactive: "red", Closed: "gray" }[event.activity_status] || "blue";
	},
	get_events_method: "frappe.desk.calendar.get_events",
};
