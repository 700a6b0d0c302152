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
		return [__("Inactive, days since: {0}", [-days_left]), "red", __("Days since: {0}", [-days_left])];
	}
	const colour = days_left > 14 ? "green" : "orange";
	return [__("Active, days left: {0}", [days_left]), colour, __("Days left: {0}", [days_left])];
};

// The colour says what a narrow column has no room for, and so does a look at it with the pointer.
partner_crm.badge_as_html = function ([text, colour, shorter]) {
	return `<span class="indicator-pill no-indicator-dot ${colour}" title="${text}">${shorter || text}</span>`;
};

// The board formats each field by itself, without the deal that it belongs to: an incorrect deal has days left, too.
// Forms and report views format as the board does.
partner_crm.format_deals = function () {
	const format = (fieldname, as_html) => {
		const field = frappe.meta.get_docfield("Partner Deal", fieldname);
		if (field) {
			field.formatter = (value) => (value ? as_html(value) : "");
		}
	};
	const colours = { Active: "green", Inactive: "red", Closed: "gray" };
	format("activity_status", (status) =>
		partner_crm.badge_as_html([__(status, null, "Partner Deal"), colours[status]])
	);
	format("active_until", (active_until) => {
		const [, colour, days] = partner_crm.days_left_badge(active_until);
		const badge = partner_crm.badge_as_html([days, colour === "green" ? "gray" : colour]);
		return `${frappe.datetime.str_to_user(active_until)} ${badge}`;
	});
	format("correctness_errors", partner_crm.say_errors);
};

// What is wrong with a deal is kept in English, whoever has saved it: a line an error, a product's with its number.
partner_crm.say_errors = function (errors) {
	const said = errors.split("\n").map((line) => {
		const [, number] = line.match(/^Product (\d+): /) || [];
		return number
			? __(line.replace(`Product ${number}:`, "Product {row}:")).replace("{row}", number)
			: __(line);
	});
	return said.map((line) => frappe.utils.escape_html(line)).join("<br>");
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
