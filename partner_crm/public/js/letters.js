frappe.provide("partner_crm.letters");

// A button that opens Frappe's composer with the letter to a programme; `program` tells which, as far as that is known.
partner_crm.letters.add_button = (place, program) => {
	if (!frappe.model.can_email("Payout")) {
		return;
	}
	const open = async () => {
		const chosen = program() || (await partner_crm.letters.ask());
		partner_crm.letters.compose(chosen);
	};
	const add = place.add_custom_button ? place.add_custom_button : place.add_inner_button;
	add.call(place, __("Letter to the Programme"), open);
};

partner_crm.letters.compose = async (program) => {
	const letter = await frappe.xcall("partner_crm.api.letter_to_programme", { program });
	const Composer = partner_crm.letters.composer();
	// On the programme everybody who may read it would see the letter, and the amounts in it.
	new Composer({ doc: {}, ...letter });
};

// Frappe's own looks for a signature among the Email Accounts, and stays empty for whoever may not read them.
partner_crm.letters.composer = () =>
	class extends frappe.views.CommunicationComposer {
		async get_signature(sender) {
			const may_look = frappe.boot.user.email_signature || frappe.model.can_read("Email Account");
			return may_look ? super.get_signature(sender) : "";
		}
	};

// The programme of the rows that are ticked, else of the filter.
partner_crm.letters.chosen = (report) => {
	const ticked = (report.get_checked_items() || []).map((row) => row.program).filter(Boolean);
	return ticked[0] || report.get_filter_value("program");
};

partner_crm.letters.ask = () =>
	new Promise((resolve) =>
		frappe.prompt(
			{
				fieldname: "program",
				label: __("Programme"),
				fieldtype: "Link",
				options: "Partner Program",
				reqd: 1,
				get_query: () => ({ filters: { direction: "Receivable" } }),
			},
			({ program }) => resolve(program),
			__("Letter to the Programme"),
		),
	);
