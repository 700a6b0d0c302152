frappe.ui.form.on("Contact", {
	refresh(frm) {
		partner_crm.duplicates.watch(frm);
		partner_crm.duplicates.add_merge_button(frm);
		if (frm.doc.pcrm_managed && !frm.is_new() && frappe.model.can_create("Client Interaction")) {
			frm.add_custom_button(__("Log Interaction"), () => partner_crm.log_interaction(frm));
		}
	},
});
