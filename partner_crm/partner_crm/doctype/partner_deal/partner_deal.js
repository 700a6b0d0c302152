frappe.ui.form.on("Partner Deal", {
	refresh(frm) {
		partner_crm.show_missing(frm);
		if (frm.is_new()) {
			return;
		}
		const next = partner_crm.next_stage(frm);
		if (next && frm.has_perm("write")) {
			partner_crm.add_stage_button(frm, next);
		}
		partner_crm.add_log_button(frm);
		partner_crm.show_activity(frm);
	},
});
