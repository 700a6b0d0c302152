frappe.ui.form.on("Payout Statement", {
	setup(frm) {
		frm.preview = frappe.utils.debounce(() => show_preview(frm), 300);
	},
	async refresh(frm) {
		frm.set_df_property("status", "read_only", 1);
		if (frm.is_new()) {
			set_currency(frm);
			frm.preview();
			return;
		}
		add_buttons(frm);
		if (frm.doc.invoice && frm.doc.status === "Draft") {
			frm.dashboard.set_headline_alert(
				__("{0} {1} is a draft: nothing is posted before it is submitted.", [
					__(frm.doc.invoice_type),
					frappe.utils.get_form_link(frm.doc.invoice_type, frm.doc.invoice, true),
				]),
				"orange"
			);
		}
	},
	party_type(frm) {
		frm.set_value("party", null);
		frm.preview();
	},
	company(frm) {
		set_currency(frm);
		frm.preview();
	},
	party: (frm) => frm.preview(),
	currency: (frm) => frm.preview(),
	until: (frm) => frm.preview(),
	take_all: (frm) => frm.preview(),
});

function set_currency(frm) {
	if (frm.is_new() && frm.doc.company && !frm.doc.currency) {
		frm.set_value("currency", erpnext.get_currency(frm.doc.company));
	}
}

function add_buttons(frm) {
	const { status, invoice, invoice_type, total, paid_amount } = frm.doc;
	if (invoice) {
		frm.add_custom_button(__("View Invoice"), () => frappe.set_route("Form", invoice_type, invoice));
	}
	if (!frm.perm[0]?.write || status === "Cancelled") {
		return;
	}
	if (!invoice && total && !paid_amount) {
		frm.add_custom_button(__("Make Invoice"), () => make_invoice(frm)).addClass("btn-primary");
	}
	if (!invoice && total) {
		frm.add_custom_button(__("Record Payment"), () => record_payment(frm));
	}
	if (status === "Draft" || !total) {
		frm.add_custom_button(__("Cancel Statement"), () => cancel(frm));
	}
}

async function make_invoice(frm) {
	const made = await frappe.xcall("partner_crm.api.make_invoice", { statement: frm.doc.name });
	await frm.reload_doc();
	if (frappe.model.can_read(made.doctype)) {
		frappe.set_route("Form", made.doctype, made.name);
	}
}

function record_payment(frm) {
	const { currency, total, paid_amount, paid_on } = frm.doc;
	frappe.prompt(
		[
			{
				fieldname: "paid_amount",
				fieldtype: "Currency",
				label: __("Paid amount"),
				options: currency,
				default: paid_amount || total,
			},
			{
				fieldname: "paid_on",
				fieldtype: "Date",
				label: __("Paid on"),
				default: paid_on || frappe.datetime.get_today(),
			},
		],
		async (values) => {
			await frm.set_value({ paid_amount: values.paid_amount || 0, paid_on: values.paid_on || null });
			await frm.save();
		},
		__("Record Payment"),
		__("Save")
	);
}

function cancel(frm) {
	frappe.confirm(__("Its payouts are set free for another statement. A draft of the invoice is deleted."), async () => {
		await frm.set_value("status", "Cancelled");
		await frm.save();
	});
}

async function show_preview(frm) {
	const field = frm.get_field("preview");
	if (!frm.is_new() || !field) {
		return;
	}
	const { party_type, party, company, currency, until, take_all } = frm.doc;
	if (!(party_type && party && company && currency && until)) {
		field.html(`<p class="text-muted">${__("Choose a party to see its payouts.")}</p>`);
		return;
	}
	const values = { party_type, party, company, currency, until, take_all };
	field.html(as_html(await frappe.xcall("partner_crm.api.preview_statement", { values })));
}

function as_html({ lines, left_out, total, currency, refusal }) {
	const claimed = lines.map(described);
	const others = left_out.map((line) => [...described(line), line.reason]);
	const sum = refusal
		? `<div class="alert alert-warning">${refusal}</div>`
		: `<p><b>${__("Total")}: ${format_currency(total, currency)}</b></p>`;
	return [
		sum,
		refusal && !lines.length ? "" : table(refusal ? __("Carried forward") : __("Claimed"), claimed),
		table(__("Left out"), others),
	].join("");
}

function described(line) {
	return [
		frappe.utils.escape_html(line.client_title || line.payout),
		frappe.utils.escape_html(line.program || ""),
		frappe.datetime.str_to_user(line.won_on) || "",
		format_currency(line.amount, line.currency),
	];
}

function table(title, rows) {
	if (!rows.length) {
		return "";
	}
	const cells = (row) => row.map((cell) => `<td>${cell}</td>`).join("");
	return `<h6>${title}</h6><table class="table table-bordered table-sm">${rows
		.map((row) => `<tr>${cells(row)}</tr>`)
		.join("")}</table>`;
}
