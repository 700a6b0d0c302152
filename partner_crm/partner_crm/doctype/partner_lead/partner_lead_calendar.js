frappe.views.calendar["Partner Lead"] = {
	field_map: {
		id: "name",
		title: "lead_title",
		start: "next_contact_on",
		end: "next_contact_on",
		allDay: "allDay",
		// A day is the same day in every time zone; Frappe converts unless a field answers for it.
		convertToUserTz: "convert_to_user_tz",
	},
	fields: ["name", "lead_title", "next_contact_on", "stage"],
	get_css_class(event) {
		return { Client: "green", Converted: "green", Unqualified: "gray" }[event.stage] || "blue";
	},
	get_events_method: "frappe.desk.calendar.get_events",
};
