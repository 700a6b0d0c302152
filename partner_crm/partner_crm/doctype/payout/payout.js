frappe.ui.form.on("Payout", {
	refresh(frm) {
		const { waits_for } = frm.doc.__onload || {};
		frm.dashboard.clear_headline();
		if (waits_for) {
			frm.dashboard.set_headline(waits_for);
		}
		const is_accountant = frappe.user.has_role("Partner CRM Accountant");
		const may_decide = is_accountant || frappe.user.has_role("Partner CRM Manager");
		const is_open = ["Expected", "Confirmed"].includes(frm.doc.status) && !frm.doc.statement;
		frm.disable_save();
		frm.set_read_only();
		if (may_decide && is_open) {
			frm.add_custom_button(__("Reject"), () => reject(frm));
		}
		if (may_decide && frm.doc.status === "Expected" && frm.doc.hold_until <= frappe.datetime.get_today()) {
			frm.add_custom_button(__("Confirm"), () => save(frm, { status: "Confirmed" }));
		}
		const is_payable = ["Expected", "Confirmed", "Partly Paid", "Paid"].includes(frm.doc.status);
		if (is_accountant && is_payable && !frm.doc.statement) {
			frm.add_custom_button(__("Record Payment"), () => record_payment(frm));
		}
	},
});

function reject(frm) {
	const { label } = frm.get_docfield("reason");
	frappe.prompt(
		{ fieldname: "reason", fieldtype: "Small Text", label: __(label), reqd: 1 },
		({ reason }) => save(frm, { status: "Rejected", reason }),
		__("Reject"),
		__("Reject")
	);
}

function record_payment(frm) {
	const field = (fieldname, value) => {
		const { fieldtype, label } = frm.get_docfield(fieldname);
		return { fieldname, fieldtype, label: __(label), default: value };
	};
	frappe.prompt(
		[
			field("paid_on", frm.doc.paid_on || frappe.datetime.get_today()),
			field("paid_amount", frm.doc.paid_amount || frm.doc.amount),
		],
		({ paid_on, paid_amount }) =>
			save(frm, { paid_on: paid_on || null, paid_amount: paid_amount || 0 }),
		__("Record Payment"),
		__("Save")
	);
}

async function save(frm, values) {
	await frappe.xcall("frappe.client.set_value", {
		doctype: frm.doctype,
		name: frm.doc.name,
		fieldname: values,
	});
	frm.reload_doc();
}
