frappe.ui.form.on("Deal Pause", {
	refresh(frm) {
		const is_head = frappe.user.has_role("Partner CRM Manager");
		frm.set_df_property("status", "read_only", 1);
		frm.set_df_property("answer", "read_only", is_head && frm.doc.status === "Asked" ? 0 : 1);
		if (frm.doc.status !== "Asked") {
			frm.set_read_only();
			frm.refresh_fields();
		} else if (!frm.is_new() && is_head) {
			frm.add_custom_button(__("Refuse"), () => decide(frm, "Refused"));
			frm.add_custom_button(__("Approve"), () => decide(frm, "Approved")).addClass("btn-primary");
		}
	},
});

async function decide(frm, status) {
	await frm.set_value("status", status);
	frm.save();
}
