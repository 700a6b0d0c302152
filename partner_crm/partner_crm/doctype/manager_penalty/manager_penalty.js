frappe.ui.form.on("Manager Penalty", {
	refresh(frm) {
		frm.disable_save();
		frm.set_read_only();
		frm.refresh_fields();
		const is_open = ["Imposed", "Contested"].includes(frm.doc.status);
		if (frm.doc.status === "Imposed" && frm.doc.manager === frappe.session.user) {
			frm.add_custom_button(__("Contest"), () => contest(frm)).addClass("btn-primary");
		}
		if (is_open && frappe.user.has_role("Partner CRM Manager")) {
			frm.add_custom_button(__("Waive"), () => decide(frm, "Waived"));
			frm.add_custom_button(__("Confirm"), () => decide(frm, "Confirmed"));
		}
	},
});

function contest(frm) {
	ask(frm, "objection", __("Contest"), (objection) =>
		frappe.xcall("partner_crm.api.contest_penalty", { penalty: frm.doc.name, objection })
	);
}

function decide(frm, status) {
	ask(frm, "reason", status === "Waived" ? __("Waive") : __("Confirm"), (reason) =>
		frappe.xcall("partner_crm.api.decide_penalty", { penalty: frm.doc.name, status, reason })
	);
}

function ask(frm, fieldname, action, then) {
	const { label } = frm.get_docfield(fieldname);
	frappe.prompt(
		{ fieldname, fieldtype: "Small Text", label: __(label), reqd: 1 },
		async (values) => {
			await then(values[fieldname]);
			frm.reload_doc();
		},
		action,
		action
	);
}
