frappe.ui.form.on("Partner Deal", {
	refresh(frm) {
		partner_crm.show_stages(frm);
		if (!frm.is_new()) {
			partner_crm.add_log_button(frm);
			partner_crm.show_activity(frm);
		}
	},
});
