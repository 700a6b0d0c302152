frappe.listview_settings["Partner Deal"] = {
	hide_name_column: true,
	add_fields: ["stage", "activity_status", "active_until", "is_correct", "in_pool", "next_contact_on"],
	get_indicator(doc) {
		if (doc.in_pool) {
			return [__("In the pool"), "purple", "in_pool,=,1"];
		}
		const colours = { SQL: "light-blue", Negotiation: "orange", Client: "green", Lost: "gray" };
		return [__(doc.stage), colours[doc.stage], `stage,=,${doc.stage}`];
	},
	formatters: {
		responsible: (user) => frappe.utils.escape_html(frappe.user.full_name(user)),
		activity_status(status, df, doc) {
			return partner_crm.badge_as_html(partner_crm.activity_badge(doc));
		},
	},
};

// At once, not in `onload`: boards read this file too, and have no such event.
partner_crm.format_deals();
