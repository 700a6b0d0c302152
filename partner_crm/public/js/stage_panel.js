// What a lead or deal needs for its next stage, before anybody tries; and the button that tries.
frappe.provide("partner_crm");

partner_crm.NEXT_STAGE = {
	"Own Sale": { "Cold Lead": "MQL", MQL: "SQL", SQL: "Negotiation", Negotiation: "Client" },
	Referral: { "Cold Lead": "Handed Over", "Handed Over": "Client" },
};

partner_crm.next_stage = function (frm) {
	return partner_crm.NEXT_STAGE[frm.doc.track || "Own Sale"]?.[frm.doc.stage];
};

partner_crm.show_missing = async function (frm) {
	const stage = !frm.is_new() && partner_crm.next_stage(frm);
	frm.toggle_display("missing_section", Boolean(stage));
	if (!stage) {
		return;
	}
	const { doctype, name } = frm.doc;
	const missing = await frappe.xcall("partner_crm.api.missing_for_stage", { doctype, name, stage });
	if (frm.doc.name === name) {
		frm.get_field("missing_html").html(partner_crm.missing_as_html(frm, stage, missing));
	}
};

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
	return `<li><b>${label}</b> – ${reason}</li>`;
};

partner_crm.card_link = function (frm, entity) {
	const card = frm.doc[{ Contact: "contact", Counterparty: "counterparty" }[entity]];
	return card ? frappe.utils.get_form_link(entity, card, true, __(entity)) : __(entity);
};

partner_crm.add_stage_button = function (frm, stage) {
	const label = __("Move to {0}", [__(stage)]);
	frm.add_custom_button(label, async () => {
		const before = frm.doc.stage;
		await frm.set_value("stage", stage);
		// A refusal has said what is missing: the form goes on where it was.
		frm.save("Save", null, null, () => frm.set_value("stage", before));
	});
};

partner_crm.add_log_button = function (frm) {
	if (partner_crm.log_interaction && frappe.model.can_create("Client Interaction")) {
		frm.add_custom_button(__("Log Interaction"), () => partner_crm.log_interaction(frm));
	}
};
