frappe.ui.form.on("Partner Program", {
	refresh(frm) {
		if (!frm.is_new()) {
			partner_crm.statements.add_button(frm, () => partner_crm.statements.of_program(frm.doc));
			if (frm.doc.direction === "Receivable") {
				partner_crm.letters.add_button(frm, () => frm.doc.name);
			}
		}
	},
});
