// One small dialog for the interactions that do not arise by themselves: on a lead, a deal or a contact.
frappe.provide("partner_crm");

partner_crm.log_interaction = function (frm) {
	const dialog = new frappe.ui.Dialog({
		title: __("Log Interaction"),
		fields: partner_crm.interaction_fields(frm),
		primary_action_label: __("Log"),
		primary_action(values) {
			dialog.disable_primary_action();
			frappe.db
				.insert({
					doctype: "Client Interaction",
					...partner_crm.interaction_links(frm),
					...values,
				})
				.then((interaction) => {
					dialog.hide();
					partner_crm.show_verdict(interaction);
					frm.reload_doc();
				})
				.catch(() => dialog.enable_primary_action());
		},
	});
	dialog.show();
	if (frm.doctype === "Contact") {
		partner_crm.suggest_deal(dialog, frm.doc.name);
	}
};

// The deal that is meant, where there is only one open: nobody should forget to choose it.
partner_crm.suggest_deal = function (dialog, contact) {
	const filters = { contact, stage: ["in", ["SQL", "Negotiation"]] };
	frappe.db.get_list("Partner Deal", { filters, limit: 2 }).then((deals) => {
		if (deals.length === 1) {
			dialog.set_value("deal", deals[0].name);
		}
	});
};

partner_crm.interaction_links = function (frm) {
	const { name, lead, contact } = frm.doc;
	switch (frm.doctype) {
		case "Partner Lead":
			return { lead: name, contact };
		case "Partner Deal":
			return { deal: name, contact };
		default:
			return { contact: name };
	}
};

partner_crm.interaction_fields = function (frm) {
	const of_contact = frm.doctype === "Contact";
	const open = (doctype) => ({
		fieldtype: "Link",
		options: doctype,
		get_query: () => ({ filters: { contact: frm.doc.name } }),
	});
	return [
		{
			fieldname: "kind",
			fieldtype: "Link",
			options: "Interaction Kind",
			label: __("Kind"),
			default: "Call",
			reqd: 1,
			only_select: 1,
		},
		{
			fieldname: "direction",
			fieldtype: "Select",
			options: [
				{ value: "Outgoing", label: __("Outgoing") },
				{ value: "Incoming", label: __("Incoming") },
			],
			label: __("Direction"),
			default: "Outgoing",
		},
		{
			fieldname: "outcome",
			fieldtype: "Link",
			options: "Interaction Outcome",
			label: __("Outcome"),
			only_select: 1,
		},
		{ fieldtype: "Column Break" },
		{
			fieldname: "occurred_at",
			fieldtype: "Datetime",
			label: __("Happened at"),
			description: __("Now, if left empty"),
		},
		{
			fieldname: "duration",
			fieldtype: "Duration",
			label: __("Duration"),
			hide_days: 1,
			depends_on: "eval:doc.kind === 'Call'",
		},
		{
			fieldname: "client_replied",
			fieldtype: "Check",
			label: __("The client took part"),
			depends_on: "eval:doc.kind !== 'Call'",
		},
		...(of_contact
			? [
					{ fieldtype: "Section Break" },
					{ fieldname: "deal", label: __("Deal"), ...open("Partner Deal") },
					{ fieldtype: "Column Break" },
					{ fieldname: "lead", label: __("Lead"), ...open("Partner Lead") },
				]
			: []),
		{ fieldtype: "Section Break" },
		{
			fieldname: "discussed",
			fieldtype: "Small Text",
			label: __("What was talked about"),
			max_height: "6em",
		},
		{
			fieldname: "agreed",
			fieldtype: "Small Text",
			label: __("What was agreed"),
			max_height: "6em",
		},
	];
};

// Says at once what the comment lacks, as long as the talk is fresh in mind.
partner_crm.show_verdict = function (interaction) {
	if (interaction.qualifies) {
		frappe.show_alert({ message: __("Interaction logged."), indicator: "green" });
	} else if (!interaction.is_detailed) {
		frappe.msgprint({
			title: __("Interaction logged, but its comment says too little"),
			message: interaction.comment_problems
				.split("\n")
				.map((problem) => frappe.utils.escape_html(problem))
				.join("<br>"),
			indicator: "orange",
		});
	} else {
		frappe.show_alert({
			message: __("Interaction logged. It was not two-way, so it does not prolong the deal."),
			indicator: "orange",
		});
	}
};
