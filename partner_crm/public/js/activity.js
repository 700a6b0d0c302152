// How long a deal stays active, as a badge: on the form, in the list and on the cards of the board.
frappe.provide("partner_crm");

partner_crm.activity_badge = function (deal) {
	if (deal.in_pool) {
		return [__("In the pool"), "purple"];
	}
	if (!deal.activity_status || deal.activity_status === "Closed") {
		return [__("Closed", null, "Partner Deal"), "gray"];
	}
	if (!cint(deal.is_correct)) {
		return [__("Incorrect"), "red"];
	}
	return partner_crm.days_left_badge(deal.active_until, deal.activity_status);
};

partner_crm.days_left_badge = function (active_until, status) {
	if (!active_until) {
		return status === "Inactive"
			? [__("Inactive", null, "Partner Deal"), "red"]
			: [__("Active, paused"), "blue"];
	}
	const days_left = frappe.datetime.get_day_diff(active_until, frappe.datetime.get_today());
	if (days_left < 0) {
		return [__("Inactive, days since: {0}", [-days_left]), "red"];
	}
	return [__("Active, days left: {0}", [days_left]), days_left > 14 ? "green" : "orange"];
};

partner_crm.badge_as_html = function ([text, colour]) {
	return `<span class="indicator-pill no-indicator-dot ${colour}">${text}</span>`;
};

// The board formats each field by itself, without the deal that it belongs to.
partner_crm.show_days_left = function () {
	const field = frappe.meta.get_docfield("Partner Deal", "active_until");
	if (field) {
		field.formatter = (value) =>
			value ? partner_crm.badge_as_html(partner_crm.days_left_badge(value)) : "";
	}
};

partner_crm.show_activity = function (frm) {
	if (frm.is_new()) {
		return;
	}
	frm.dashboard.add_indicator(...partner_crm.activity_badge(frm.doc));
	if (frm.doc.in_pool) {
		frm.add_custom_button(__("Take this deal"), async () => {
			await frappe.xcall("partner_crm.api.take_deal", { deal: frm.doc.name });
			frm.reload_doc();
		});
	} else if (frm.doc.activity_status !== "Closed" && frm.has_perm("write")) {
		frm.add_custom_button(__("Ask for a pause"), () =>
			frappe.new_doc("Deal Pause", { deal: frm.doc.name })
		);
	}
};
