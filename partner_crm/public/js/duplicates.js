// Who is there already: told while somebody types, and two cards of one client merged into one.

frappe.provide("partner_crm.duplicates");

// Nothing of this file is a name that another app's could clash with.
(() => {
	const WAIT = 500; // milliseconds after the last key
	const WATCHED = {
		Contact: ["first_name", "middle_name", "last_name", "pcrm_birth_date", "pcrm_counterparty", "phone", "email_id"],
		Counterparty: ["title", "tax_id", "website", "email", "phone"],
	};
	const FIELDS = {
		full_name: __("name"),
		phone: __("phone"),
		email: __("e-mail"),
		birth_date: __("birth date"),
		tax_id: __("tax ID"),
		title: __("company title"),
		domain: __("internet domain"),
	};

	// In the refresh of a form of Contact or Counterparty
	partner_crm.duplicates.watch = (frm) => {
		frm.duplicates_shown = "";
		if (frm.watches_duplicates) {
			return;
		}
		frm.watches_duplicates = true;
		const check = frappe.utils.debounce(() => show_matches(frm), WAIT);
		const selector = WATCHED[frm.doctype].map((field) => `[data-fieldname="${field}"] input`).join(", ");
		$(frm.wrapper).on("input change awesomplete-selectcomplete", selector, check);
	};

	async function show_matches(frm) {
		if (frm.doctype === "Contact" && !frm.doc.pcrm_managed && !frm.doc.pcrm_counterparty) {
			return;
		}
		const { name } = frm.doc;
		const found = await frappe.xcall("partner_crm.api.find_duplicates", {
			doctype: frm.doctype,
			values: values_of(frm),
		});
		const is_same = (card, fields) => __("{0} is the same client: the {1} match.", [card, fields]);
		const told = await Promise.all(
			found.slice(0, 5).map((match) => partner_crm.duplicates.in_words(frm.doctype, match, is_same))
		);
		const text = told.join("<br>");
		if (frm.doc.name === name && frm.duplicates_shown !== text) {
			frm.duplicates_shown = text;
			frm.set_intro("");
			if (text) {
				frm.set_intro(text, found.some((match) => match.is_duplicate) ? "red" : "orange");
			}
		}
	}

	// As they are typed, also where the form has not heard of it yet
	function values_of(frm) {
		const values = { ...frm.doc };
		const active = document.activeElement;
		const typed = $(active).closest("[data-fieldname]").attr("data-fieldname");
		const row = $(active).closest(".grid-row").attr("data-name");
		if (typed && !row && WATCHED[frm.doctype].includes(typed)) {
			values[typed] = read(frm.get_field(typed), active);
		}
		for (const table of ["phone_nos", "email_ids"]) {
			values[table] = (values[table] || []).map((line) =>
				line.name === row && typed in line ? { ...line, [typed]: active.value } : line
			);
		}
		return values;
	}

	function read(field, input) {
		return field.df.fieldtype === "Date" ? field.get_value() : input.value;
	}

	// `is_same` words what it means that the card is the same client's.
	partner_crm.duplicates.in_words = async (doctype, match, is_same) => {
		const fields = match.matched.map((field) => FIELDS[field]).join(", ");
		if (!match.name) {
			return __("There is a card with the same {0} that you may not see. Ask {1}.", [fields, match.ask]);
		}
		const title = (await frappe.utils.fetch_link_title(doctype, match.name)) || match.name;
		const link = frappe.utils.get_form_link(doctype, match.name, true, frappe.utils.escape_html(title));
		return match.is_duplicate ? is_same(link, fields) : __("{0} has the same {1}.", [link, fields]);
	};

	// Merging

	partner_crm.duplicates.add_merge_button = (frm) => {
		if (frm.is_new() || !frm.perm[0]?.write) {
			return;
		}
		frm.page.add_menu_item(__("Merge with Another Card"), () =>
			frappe.prompt(
				{ fieldname: "other", label: __("Other card"), fieldtype: "Link", options: frm.doctype, reqd: 1 },
				({ other }) => partner_crm.duplicates.merge(frm.doctype, frm.doc.name, other, () => frm.reload_doc()),
				__("Merge with Another Card"),
				__("Compare")
			)
		);
	};

	partner_crm.duplicates.merge = async (doctype, kept, lost, done) => {
		const preview = await frappe.xcall("partner_crm.api.merge_preview", { doctype, kept, lost });
		const dialog = new frappe.ui.Dialog({
			title: __("Merge two cards"),
			size: "large",
			fields: [{ fieldname: "comparison", fieldtype: "HTML" }],
			primary_action_label: __("Merge"),
			async primary_action() {
				const take = dialog.$wrapper
					.find("input[value=lost]:checked")
					.toArray()
					.map((input) => input.name);
				await frappe.xcall("partner_crm.api.merge_cards", { doctype, kept, lost, take });
				dialog.hide();
				frappe.show_alert({ message: __("The cards are one now."), indicator: "green" });
				done && done();
			},
			secondary_action_label: __("Keep the Other One"),
			secondary_action() {
				dialog.hide();
				partner_crm.duplicates.merge(doctype, lost, kept, done);
			},
		});
		dialog.fields_dict.comparison.html(comparison(doctype, preview));
		dialog.get_primary_btn().prop("disabled", preview.clashes.length > 0);
		dialog.show();
	};

	function comparison(doctype, { kept, lost, fields, tables, links, clashes, consequences }) {
		const escape = frappe.utils.escape_html;
		const heading = (card, label) =>
			`<th>${label}<br>${frappe.utils.get_form_link(doctype, card.name, true, escape(card.title))}</th>`;
		const choice = (field, side, checked) =>
			`<td><label><input type="radio" name="${field.fieldname}" value="${side}" ${checked ? "checked" : ""}>
			${escape(field[side]) || `<span class="text-muted">${__("Nothing")}</span>`}</label></td>`;
		const rows = fields.map(
			(field) =>
				`<tr><td>${escape(field.label)}</td>${choice(field, "kept", !field.take)}${choice(field, "lost", field.take)}</tr>`
		);
		const parts = [];
		if (clashes.length) {
			parts.push(`<div class="alert alert-danger">${clashes.join("<br>")}</div>`);
		}
		if (consequences.length) {
			parts.push(`<div class="alert alert-warning">${consequences.join("<br>")}</div>`);
		}
		parts.push(`<table class="table table-bordered">
			<thead><tr><th></th>${heading(kept, __("This card stays"))}${heading(lost, __("This one goes into it"))}</tr></thead>
			<tbody>${rows.join("")}</tbody></table>`);
		for (const table of tables) {
			parts.push(`<p>${__("Added to {0}:", [escape(table.label)])} ${table.rows.map(escape).join(", ")}</p>`);
		}
		if (links.length) {
			const moved = links.map((link) => `${escape(link.label)}: ${link.count}`).join(", ");
			parts.push(`<p>${__("What moves to the card that stays:")} ${moved}</p>`);
		}
		return parts.join("");
	}

	// Deciding

	// `add(label, decide)`: makes a button for what can be decided of a pair
	partner_crm.duplicates.add_decision = (pair, add) => {
		const about = { doctype: pair.card_doctype, card: pair.card, other: pair.other_card };
		if (pair.status === "Not a Duplicate") {
			add(__("Take Back: Possible Duplicate"), (done) =>
				frappe.xcall("partner_crm.api.take_back", about).then(done)
			);
			return;
		}
		add(__("Not a Duplicate"), (done) =>
			frappe.prompt(
				{ fieldname: "reason", label: __("Why they are two"), fieldtype: "Small Text", reqd: 1 },
				({ reason }) => frappe.xcall("partner_crm.api.tell_apart", { ...about, reason }).then(done),
				__("Not a Duplicate")
			)
		);
	};

	// In the background

	partner_crm.duplicates.scan = () => started("partner_crm.api.scan_for_duplicates");
	partner_crm.duplicates.take_over = (names) => started("partner_crm.api.take_over_contacts", { names });

	async function started(method, args) {
		const run = await frappe.xcall(method, args);
		const link = frappe.utils.get_form_link("Identity Run", run, true, __("See how far it is"));
		frappe.show_alert({ message: `${__("It goes on in the background.")} ${link}`, indicator: "blue" }, 10);
	}
})();
