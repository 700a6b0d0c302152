frappe.ui.form.on("Partner Claim", {
	refresh(frm) {
		if (frm.is_new() || !frappe.user.has_role("Partner CRM Manager")) {
			return;
		}
		for (const field of ["status", "partner", "protected_until", "shares", "reason"]) {
			frm.set_df_property(field, "read_only", 1);
		}
		const is_active = frm.doc.status === "Active";
		const is_payable = frm.doc.direction === "Payable";
		if (is_active) {
			add_decision(frm, __("Extend"), [until(frm)]);
		}
		if (is_payable) {
			add_decision(frm, __("Reassign"), [partner(frm)], { shares: [] });
			add_decision(frm, __("Split"), [shares(frm)]);
		}
		if (is_active) {
			add_decision(frm, __("Release"), [], { status: "Released" });
		}
	},
});

// A button that asks for `fields` and the reason, and saves them together with `others`.
function add_decision(frm, label, fields, others = {}) {
	const reason = { fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 };
	frm.add_custom_button(label, () => {
		const dialog = new frappe.ui.Dialog({
			title: label,
			fields: [...fields, reason],
			primary_action_label: label,
			async primary_action(values) {
				for (const [field, value] of Object.entries({ ...others, ...values })) {
					set_value(frm, field, value);
				}
				dialog.hide();
				await frm.save(undefined, undefined, undefined, () => frm.reload_doc());
			},
		});
		dialog.show();
	});
}

function set_value(frm, field, value) {
	if (field === "shares") {
		frm.clear_table("shares");
		value.forEach(({ partner, share }) => frm.add_child("shares", { partner, share }));
	} else {
		frm.doc[field] = value || null;
	}
	frm.dirty();
}

function until(frm) {
	return {
		fieldname: "protected_until",
		fieldtype: "Date",
		label: __("Holds until"),
		default: frm.doc.protected_until,
		description: __("Left empty, the claim has no end"),
	};
}

function partner(frm) {
	return {
		fieldname: "partner",
		fieldtype: "Link",
		options: "Sales Partner",
		label: __("Partner"),
		reqd: 1,
		get_query: () => ({ filters: { name: ["!=", frm.doc.partner] } }),
	};
}

function shares(frm) {
	const rows = frm.doc.shares?.length ? frm.doc.shares : [{ partner: frm.doc.partner, share: 100 }];
	return {
		fieldname: "shares",
		fieldtype: "Table",
		label: __("Shares"),
		description: __("Together 100 % at the most; what is left is paid to nobody"),
		data: rows.map(({ partner, share }) => ({ partner, share })),
		fields: [
			{
				fieldname: "partner",
				fieldtype: "Link",
				options: "Sales Partner",
				label: __("Partner"),
				in_list_view: 1,
				reqd: 1,
			},
			{ fieldname: "share", fieldtype: "Percent", label: __("Share"), in_list_view: 1, reqd: 1 },
		],
	};
}
