frappe.ui.form.on("Partner Program", {
	refresh(frm) {
		if (!frm.is_new()) {
			partner_crm.statements.add_button(frm, () => partner_crm.statements.of_program(frm.doc));
		}
	},
});
