frappe.ui.form.on("Partner CRM Settings", {
	refresh(frm) {
		const group = __("Duplicates");
		frm.add_custom_button(__("Look for Duplicates Now"), () => partner_crm.duplicates.scan(), group);
		frm.add_custom_button(
			__("Take Over All Contacts"),
			() =>
				frappe.confirm(
					__("Partner CRM's rules will hold for every contact of this site. Duplicates among them stay and are listed."),
					() => partner_crm.duplicates.take_over()
				),
			group
		);
		if (frm.doc.identity_next_scheme) {
			frm.set_intro(
				__("The changed rules of duplicates are being prepared. Until then the old ones hold."),
				"blue"
			);
		}
	},
});
