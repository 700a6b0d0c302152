const PERSON = ["first_name", "middle_name", "last_name", "email", "phone", "birth_date"];

frappe.ui.form.on("Partner Lead", {
	refresh(frm) {
		partner_crm.show_stages(frm, () => ask_for_deal(frm));
		if (!frm.is_new()) {
			partner_crm.add_log_button(frm);
		}
	},
	...Object.fromEntries([...PERSON, "company_name"].map((field) => [field, warn_of_duplicates])),
});

// Conversion

function ask_for_deal(frm) {
	const dialog = new frappe.ui.Dialog({
		title: __("Convert to Deal"),
		fields: deal_fields(frm),
		primary_action_label: __("Convert"),
		async primary_action(values) {
			dialog.disable_primary_action();
			try {
				const deal = await convert(frm, values);
				dialog.hide();
				frappe.set_route("Form", "Partner Deal", deal);
			} catch {
				dialog.enable_primary_action();
			}
		},
	});
	dialog.show();
}

async function convert(frm, values) {
	if (frm.is_dirty()) {
		await frm.save();
	}
	const deal = await frappe.xcall("partner_crm.api.convert_lead", { lead: frm.doc.name, ...values });
	frappe.model.clear_doc("Partner Lead", frm.doc.name);
	return deal;
}

function deal_fields(frm) {
	const { potential_value, currency, brief_received_on } = frm.doc;
	return [
		{ fieldname: "amount", fieldtype: "Currency", label: __("Budget"), default: potential_value },
		{
			fieldname: "currency",
			fieldtype: "Link",
			options: "Currency",
			label: __("Currency"),
			default: currency,
			only_select: 1,
		},
		{ fieldtype: "Column Break" },
		{
			fieldname: "is_tender",
			fieldtype: "Select",
			label: __("Tender or not"),
			options: ["", { value: "Yes", label: __("Yes") }, { value: "No", label: __("No") }],
		},
		{
			fieldname: "brief_received_on",
			fieldtype: "Date",
			label: __("Brief received on"),
			default: brief_received_on,
		},
	];
}

// Duplicates

const look_for_duplicates = frappe.utils.debounce(async (frm) => {
	const { name } = frm.doc;
	const found = [...(await find_people(frm.doc)), ...(await find_companies(frm.doc))];
	if (frm.doc.name === name) {
		frm.set_intro("");
		frm.set_intro(found.join("<br>"), "orange");
	}
}, 500);

function warn_of_duplicates(frm) {
	if (!frm.doc.contact) {
		look_for_duplicates(frm);
	}
}

function find_people(doc) {
	const values = Object.fromEntries(PERSON.map((field) => [field, doc[field]]));
	return find("Contact", { ...values, pcrm_counterparty: doc.counterparty });
}

function find_companies(doc) {
	if (!doc.company_name || doc.counterparty || doc.is_individual) {
		return [];
	}
	return find("Counterparty", { title: doc.company_name, email: doc.email });
}

async function find(doctype, values) {
	const found = await frappe.xcall("partner_crm.api.find_duplicates", { doctype, values });
	return Promise.all(
		found.slice(0, 3).map((match) => partner_crm.duplicates.in_words(doctype, match, (card) =>
			__("{0} is this client's card: the lead will belong to it.", [card])
		))
	);
}
