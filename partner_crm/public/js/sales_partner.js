frappe.ui.form.on("Sales Partner", {
	refresh(frm) {
		if (!frm.is_new()) {
			partner_crm.statements.add_button(frm, () => ({
				party_type: "Sales Partner",
				party: frm.doc.name,
			}));
		}
	},
});
