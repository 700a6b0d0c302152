frappe.ui.form.on("Possible Duplicate", {
	refresh(frm) {
		const reasons = (frm.doc.__onload?.reasons || []).map(frappe.utils.escape_html);
		frm.get_field("reasons_html").html(`<ul>${reasons.map((line) => `<li>${line}</li>`).join("")}</ul>`);
		frm.set_df_property("status", "read_only", 1);
		const { card_doctype, card, other_card } = frm.doc;
		frm.add_custom_button(__("Merge"), () =>
			partner_crm.duplicates.merge(card_doctype, card, other_card, () =>
				frappe.set_route("List", "Possible Duplicate")
			)
		);
		if (frm.perm[0].write) {
			partner_crm.duplicates.add_decision(frm.doc, (label, decide) =>
				frm.add_custom_button(label, () => decide(() => frm.reload_doc()))
			);
		}
	},
});
