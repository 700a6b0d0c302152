// What a lead or deal needs for its next stage, before anybody tries; and the buttons that try.
// Which moves there are, the server says (`funnel.offer_moves`).
frappe.provide("partner_crm");

// The move forward: {stage, goal}. `goal` is what the requirements are asked for.
partner_crm.next_move = function (frm) {
	const forward = partner_crm.moves(frm).find((move) => move.kind === "Forward");
	if (forward) {
		return { ...forward, goal: forward.stage === "Converted" ? "SQL" : forward.stage };
	}
	const { stage, handed_over_on, is_historical } = frm.doc;
	const is_won_deal = frm.doctype === "Partner Deal" && stage === "Client" && !is_historical;
	return is_won_deal && !handed_over_on ? { goal: "Handed Over" } : null;
};

partner_crm.moves = function (frm) {
	return (!frm.is_new() && frm.doc.__onload?.moves) || [];
};

partner_crm.show_stages = async function (frm, convert) {
	const next = partner_crm.next_move(frm);
	frm.toggle_display("missing_section", Boolean(next));
	if (frm.has_perm("write")) {
		partner_crm.add_next_button(frm, next, convert);
		partner_crm.add_other_moves(frm);
	}
	if (next) {
		const { doctype, name } = frm.doc;
		const question = { doctype, name, stage: next.goal };
		const missing = await frappe.xcall("partner_crm.api.missing_for_stage", question);
		if (frm.doc.name === name) {
			frm.get_field("missing_html").html(partner_crm.missing_as_html(frm, next.goal, missing));
		}
	}
};

// What is missing

partner_crm.missing_as_html = function (frm, stage, missing) {
	const next = frappe.utils.escape_html(__(stage));
	if (!missing.length) {
		return `<p class="text-success">${__("Nothing is missing for {0}.", [next])}</p>`;
	}
	const entities = [...new Set(missing.map((gap) => gap.entity))];
	const lists = entities.map((entity) => {
		const gaps = missing.filter((gap) => gap.entity === entity).map(partner_crm.gap_as_html);
		return `<div>${partner_crm.card_link(frm, entity)}<ul>${gaps.join("")}</ul></div>`;
	});
	return `<p>${__("Still missing for {0}:", [next])}</p>${lists.join("")}`;
};

partner_crm.gap_as_html = function (gap) {
	const [label, reason] = [gap.label, gap.reason].map(frappe.utils.escape_html);
	const bold = `<b>${label}</b>`;
	return `<li>${reason.includes(label) ? reason.replace(label, () => bold) : `${bold} – ${reason}`}</li>`;
};

partner_crm.card_link = function (frm, entity) {
	const card = frm.doc[{ Contact: "contact", Counterparty: "counterparty" }[entity]];
	return card ? frappe.utils.get_form_link(entity, card, true, __(entity)) : __(entity);
};

// Buttons

partner_crm.add_next_button = function (frm, next, convert) {
	if (next?.stage === "Converted") {
		frm.add_custom_button(__("Convert to Deal"), convert);
	} else if (next?.stage) {
		frm.add_custom_button(__("Move to {0}", [__(next.stage)]), () =>
			partner_crm.move(frm, { stage: next.stage })
		);
	} else if (next) {
		frm.add_custom_button(__("Hand Over"), () =>
			partner_crm.move(frm, { handed_over_on: frappe.datetime.get_today() })
		);
	}
};

partner_crm.add_other_moves = function (frm) {
	for (const { stage, kind } of partner_crm.moves(frm)) {
		const label = partner_crm.label_of_move(stage, kind, frm.doc.__onload.may_except);
		if (label) {
			const ask = () => partner_crm.ask_why(frm, stage, label, kind === "Exit");
			frm.add_custom_button(label, ask, __("Other Moves"));
		}
	}
};

partner_crm.label_of_move = function (stage, kind, may_except) {
	switch (kind) {
		case "Exit":
			return stage === "Lost" ? __("Close as Lost") : __("Close as Unqualified");
		case "Back":
			return __("Step back to {0}", [__(stage)]);
		case "Reopen":
			return __("Reopen at {0}", [__(stage)]);
		case "Forward":
			return may_except && stage !== "Converted" ? __("Move to {0} with gaps", [__(stage)]) : null;
	}
};

partner_crm.REASONS = { Lost: "lost_reason", Unqualified: "disqualification_reason" };

partner_crm.ask_why = function (frm, stage, title, is_exit) {
	const reason = is_exit ? partner_crm.REASONS[stage] : "move_reason";
	const field = {
		fieldname: "reason",
		fieldtype: "Small Text",
		label: __(frappe.meta.get_label(frm.doctype, reason)),
		default: frm.doc[reason],
		reqd: 1,
	};
	frappe.prompt(
		field,
		(given) => partner_crm.move(frm, { stage, [reason]: given.reason }),
		title,
		__("Move")
	);
};

// A refusal has said what is missing: the form goes on where it was.
partner_crm.move = async function (frm, values) {
	const before = Object.fromEntries(Object.keys(values).map((field) => [field, frm.doc[field]]));
	await frm.set_value(values);
	frm.save("Save", null, null, () => frm.set_value(before));
};

partner_crm.add_log_button = function (frm) {
	if (partner_crm.log_interaction && frappe.model.can_create("Client Interaction")) {
		frm.add_custom_button(__("Log Interaction"), () => partner_crm.log_interaction(frm));
	}
};
