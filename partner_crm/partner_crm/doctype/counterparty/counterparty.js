frappe.ui.form.on("Counterparty", {
	refresh(frm) {
		partner_crm.duplicates.watch(frm);
		partner_crm.duplicates.add_merge_button(frm);
		frm.toggle_display(["people_tab", "address_section"], !frm.is_new());
		if (frm.is_new()) {
			frappe.contacts.clear_address_and_contact(frm);
		} else {
			frappe.contacts.render_address_and_contact(frm);
			show_people(frm);
		}
	},
});

async function show_people(frm) {
	const { name } = frm.doc;
	const [people, deals] = await Promise.all([people_of(name), deals_of(name)]);
	if (frm.doc.name === name) {
		const lists = [list_of(__("Contacts"), people), list_of(__("Deals"), deals)];
		frm.get_field("people_html").html(lists.join(""));
	}
}

async function people_of(counterparty) {
	const people = await frappe.db.get_list("Contact", {
		filters: { pcrm_counterparty: counterparty },
		fields: ["name", "full_name", "designation", "pcrm_is_decision_maker"],
		order_by: "pcrm_is_decision_maker desc, full_name asc",
		limit: 50,
	});
	return people.map((person) => [
		frappe.utils.get_form_link("Contact", person.name, true, escaped(person.full_name || person.name)),
		escaped(person.designation),
		person.pcrm_is_decision_maker === "Yes" ? __("Decision maker") : "",
	]);
}

async function deals_of(counterparty) {
	const deals = await frappe.db.get_list("Partner Deal", {
		filters: { counterparty },
		fields: ["name", "product_group", "stage", "responsible"],
		order_by: "creation desc",
		limit: 50,
	});
	return deals.map((deal) => [
		frappe.utils.get_form_link("Partner Deal", deal.name, true, escaped(deal.product_group || deal.name)),
		escaped(__(deal.stage)),
		escaped(frappe.user.full_name(deal.responsible)),
	]);
}

function list_of(heading, rows) {
	const lines = rows.map((parts) => `<li>${parts.filter(Boolean).join(", ")}</li>`);
	const none = `<p class="text-muted">${__("None yet")}</p>`;
	return `<h5>${heading}</h5>${lines.length ? `<ul>${lines.join("")}</ul>` : none}`;
}

function escaped(text) {
	return frappe.utils.escape_html(text || "");
}
