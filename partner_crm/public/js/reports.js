// What the script reports share: their filters, how a row of totals looks, and the way from a number to its documents.
frappe.provide("partner_crm.reports");

partner_crm.reports.settings = function ({ filters, groups = [], group_by = "", then_by = "" }) {
	return {
		filters: [
			...filters.map((name) => partner_crm.reports.filter(name)),
			...partner_crm.reports.groupings(groups, group_by, then_by),
		].map((filter) =>
			filter.fieldtype === "Select" ? { ...filter, formatter: partner_crm.reports.chosen } : filter
		),
		formatter: partner_crm.reports.format,
		get_pdf_format: () => partner_crm.reports.paper,
	};
};

// What was chosen as the filter shows it: Frappe prints the value that stands for it.
partner_crm.reports.chosen = function (value, { options }) {
	return options.find((option) => option.value === value)?.label ?? value;
};

partner_crm.reports.filter = function (fieldname) {
	const filters = {
		company: {
			label: __("Company"),
			fieldtype: "Link",
			options: "Company",
			default: frappe.defaults.get_user_default("Company"),
		},
		from_date: { label: __("From", null, "Partner CRM"), fieldtype: "Date" },
		to_date: { label: __("To", null, "Partner CRM"), fieldtype: "Date" },
		responsible: { label: __("Manager"), fieldtype: "Link", options: "User" },
		channel: { label: __("Channel"), fieldtype: "Link", options: "Acquisition Channel" },
		program: { label: __("Programme"), fieldtype: "Link", options: "Partner Program" },
		partner: { label: __("Partner"), fieldtype: "Link", options: "Sales Partner" },
		region: { label: __("Region"), fieldtype: "Link", options: "Territory" },
		source: { label: __("Source"), fieldtype: "Data" },
		direction: {
			label: __("Direction"),
			fieldtype: "Select",
			options: [
				"",
				{ value: "Payable", label: __("Payable", null, "Partner Program") },
				{ value: "Receivable", label: __("Receivable", null, "Partner Program") },
			],
		},
		card_doctype: {
			label: __("Document type"),
			fieldtype: "Select",
			options: [
				"",
				{ value: "Contact", label: __("Contact") },
				{ value: "Counterparty", label: __("Counterparty") },
			],
		},
		kind: {
			label: __("What it is"),
			fieldtype: "Select",
			options: [
				"",
				{ value: "Duplicate", label: __("Duplicate", null, "Possible Duplicate") },
				{ value: "Possible", label: __("Possible") },
			],
		},
		status: {
			label: __("Status"),
			fieldtype: "Select",
			options: [
				{ value: "Open", label: __("Open") },
				{ value: "Not a Duplicate", label: __("Not a Duplicate") },
			],
			default: "Open",
		},
		lowest_score: { label: __("Likeness of at least (%)"), fieldtype: "Int", default: 50 },
		compare_with: {
			label: __("Compare with"),
			fieldtype: "Select",
			options: [
				"",
				{ value: "Previous Period", label: __("Previous Period") },
				{ value: "Previous Year", label: __("Previous Year") },
			],
		},
	};
	return { fieldname, ...filters[fieldname] };
};

partner_crm.reports.groupings = function (groups, group_by, then_by) {
	const labels = {
		month: __("Month"),
		day: __("Day"),
		company: __("Company"),
		responsible: __("Manager"),
		channel: __("Channel"),
		program: __("Programme"),
		partner: __("Partner"),
		region: __("Region"),
		source: __("Source"),
		medium: __("Medium", null, "Partner CRM"),
		campaign: __("Campaign"),
		product_group: __("Product Group"),
		stage: __("Stage"),
		direction: __("Direction"),
		client: __("Client"),
		lost_reason: __("Reason of the Loss"),
		segment: __("Segment"),
		card_doctype: __("Document type"),
		kind: __("What it is"),
		status: __("Status"),
	};
	const options = ["", ...groups.map((value) => ({ value, label: labels[value] }))];
	const grouping = (fieldname, label, value) => ({
		fieldname,
		label,
		fieldtype: "Select",
		options,
		default: value,
	});
	return [
		...(groups.length ? [grouping("group_by", __("Group by"), group_by)] : []),
		...(groups.length > 1 ? [grouping("then_by", __("Then by"), then_by)] : []),
	];
};

partner_crm.reports.format = function (value, row, column, data, default_formatter) {
	if (!data) {
		return default_formatter(value, row, column, data);
	}
	if (data.is_total && typeof value === "string") {
		return `<b>${frappe.utils.escape_html(value)}</b>`;
	}
	let shown = column.names
		? partner_crm.reports.titled(value, column, data)
		: default_formatter(value, row, column, data);
	if (column.behind && value) {
		const [name, key] = [column.fieldname, JSON.stringify(data.key)].map(encodeURIComponent);
		shown = `<a class="pcrm-behind" data-column="${name}" data-key="${key}">${shown}</a>`;
	}
	if (["Currency", "Date"].includes(column.fieldtype)) {
		// On paper a narrow column would part an amount from its currency, and a day from its year.
		shown = `<span style="white-space: nowrap">${shown}</span>`;
	}
	return data.is_total ? `<b>${shown}</b>` : shown;
};

// The title of a document, as a link to it where the reader may open such documents.
partner_crm.reports.titled = function (title, column, data) {
	const shown = frappe.utils.escape_html(title ?? "");
	const [doctype, name] = [column.is_dynamic ? data[column.of] : column.of, data[column.names]];
	return name && doctype && frappe.model.can_read(doctype)
		? frappe.utils.get_form_link(doctype, name, true, shown)
		: shown;
};

// On paper: Frappe's own table, in letters so small that all columns stay on the sheet. PDFs are made of it, too, and
// are not shrunk by themselves.
partner_crm.reports.paper = `
	<style>
		@page { size: {{ print_settings.orientation }}; }
		.print-format table { width: 100%; font-size: {{ partner_crm.reports.letter_size(report, print_settings) }}px; }
		.print-format table th, .print-format table td { padding: 0.4em 0.5em !important; }
		.print-format table th { min-width: 0 !important; }
		.print-format table tr { height: auto !important; page-break-inside: avoid; }
	</style>
	{{ frappe.render_template("print_grid", { ...obj, columns: report.get_visible_columns() }) }}`;

// In pixels: what a sheet is wide within its margins, and letters at their largest. In parts of their size: how wide
// a letter is, and the padding of a cell.
const SHEET = { Landscape: 1000, Portrait: 640 };
const [LARGEST, OF_A_LETTER, OF_A_CELL] = [12, 0.58, 1.1];
const LONGEST_WORD = 45; // longer ones Frappe parts

partner_crm.reports.letter_size = function (report, { orientation }) {
	const widths = report
		.get_visible_columns()
		.map((column) => partner_crm.reports.letters_on_a_line(column, report.data) * OF_A_LETTER + OF_A_CELL);
	const of_numbers = String(report.data.length).length * OF_A_LETTER + OF_A_CELL;
	const fitting = (SHEET[orientation] || SHEET.Landscape) / widths.reduce((sum, width) => sum + width, of_numbers);
	return Math.min(LARGEST, Math.floor(fitting * 10) / 10);
};

// So many have to stand side by side in a column: an amount or a date is not parted, words are where they are long.
partner_crm.reports.letters_on_a_line = function (column, data) {
	const greatest = (numbers) => numbers.reduce((most, number) => Math.max(most, number), 0);
	const longest = (texts) => greatest(texts.map((text) => text.length));
	const words = (text) => cstr(text).split(/\s+/);
	const label = longest(words(column.label));
	const values = data.map((row) => row[column.fieldname]).filter((value) => value != null);
	if (frappe.model.is_numeric_field(column.fieldtype)) {
		const shown = [greatest(values), -greatest(values.map((value) => -value))].map((value) =>
			strip_html(frappe.format(value, column, { only_value: true }, data[0]))
		);
		return Math.max(label, longest(shown));
	}
	const told = column.fieldtype === "Date" ? ["00-00-0000"] : values.flatMap(words);
	return Math.max(label, Math.min(LONGEST_WORD, longest(told)));
};

partner_crm.reports.show_documents = async function (column, key) {
	const report = frappe.query_report;
	const lists = await frappe.xcall("partner_crm.api.documents_behind", {
		report: report.report_name,
		filters: report.get_filter_values(),
		column,
		key,
	});
	if (lists.some((list) => list.is_cut)) {
		frappe.show_alert(__("There are too many documents to list them all; the first of them are shown."));
	}
	if (!lists.length) {
		frappe.show_alert(__("There is no document behind this number that you may see."));
	} else if (lists.length === 1) {
		partner_crm.reports.open_list(lists[0]);
	} else {
		partner_crm.reports.choose_list(lists);
	}
};

partner_crm.reports.choose_list = function (lists) {
	const dialog = new frappe.ui.Dialog({ title: __("Documents behind this number") });
	for (const list of lists) {
		$(`<p><a>${__(list.doctype)}</a></p>`)
			.appendTo(dialog.body)
			.on("click", "a", () => {
				dialog.hide();
				partner_crm.reports.open_list(list);
			});
	}
	dialog.show();
};

partner_crm.reports.open_list = function ({ doctype, filters }) {
	const by_field = {};
	for (const [field, ...narrowing] of filters) {
		(by_field[field] = by_field[field] || []).push(narrowing);
	}
	frappe.route_options = {};
	for (const [field, narrowings] of Object.entries(by_field)) {
		// The list takes one narrowing of a field as it is, and several as texts.
		frappe.route_options[field] =
			narrowings.length === 1 ? narrowings[0] : narrowings.map((one) => JSON.stringify(one));
	}
	frappe.set_route("List", doctype, "List");
};

$(document).on("click", ".pcrm-behind", function (event) {
	event.preventDefault();
	const { column, key } = this.dataset;
	partner_crm.reports.show_documents(decodeURIComponent(column), JSON.parse(decodeURIComponent(key)));
});
