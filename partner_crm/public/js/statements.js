frappe.provide("partner_crm.statements");

// A button that opens a new Payout Statement; `values` tells for whom, as far as that is known.
partner_crm.statements.add_button = (place, values) => {
	if (!frappe.model.can_create("Payout Statement")) {
		return;
	}
	const open = async () => frappe.new_doc("Payout Statement", await values());
	if (place.add_custom_button) {
		place.add_custom_button(__("New Statement"), open);
	} else {
		place.add_inner_button(__("New Statement"), open);
	}
};

partner_crm.statements.of_program = ({ direction, counterparty, currency }) =>
	direction === "Receivable"
		? { party_type: "Counterparty", party: counterparty, currency }
		: { party_type: "Sales Partner", currency };

partner_crm.statements.of_payout = async (payout) => {
	if (!payout) {
		return {};
	}
	const { company, currency, partner, program } = payout;
	if (partner) {
		return { party_type: "Sales Partner", party: partner, company, currency };
	}
	const { message } = await frappe.db.get_value("Partner Program", program, ["direction", "counterparty"]);
	return { ...partner_crm.statements.of_program({ ...message, currency }), company };
};
