const RESULT_COLOURS = {
	Matched: "green",
	"Amount Differs": "orange",
	"Unknown Client": "red",
	Twice: "red",
	"Not Listed": "red",
	Refused: "gray",
};

frappe.ui.form.on("Program Statement", {
	setup(frm) {
		frm.set_query("program", () => ({ filters: { direction: "Receivable" } }));
		frm.set_query("payout", "lines", () => ({
			filters: { program: frm.doc.program, company: frm.doc.company, status: ["!=", "Rejected"] },
		}));
		frm.set_indicator_formatter("result", (line) => RESULT_COLOURS[line.result] || "gray", (line) => __(line.result));
	},
	refresh(frm) {
		frm.get_field("lines").grid.cannot_add_rows = true;
		frm.set_df_property("lines", "cannot_delete_rows", 1);
		if (frm.is_new()) {
			return;
		}
		show_counts(frm);
		if (frm.doc.status === "Reading") {
			frm.dashboard.set_headline(__("The file is being read in the background."));
		}
		if (frm.perm[0]?.write && frm.doc.file) {
			const button = frm.add_custom_button(__("Read the File"), () => read(frm));
			button.toggleClass("btn-primary", frm.doc.status === "Not Read");
		}
	},
});

function show_counts(frm) {
	const counts = {};
	for (const { result } of frm.doc.lines || []) {
		counts[result] = (counts[result] || 0) + 1;
	}
	for (const [result, colour] of Object.entries(RESULT_COLOURS)) {
		if (counts[result]) {
			frm.dashboard.add_indicator(`${__(result)}: ${counts[result]}`, colour);
		}
	}
}

async function read(frm) {
	if (frm.is_dirty()) {
		await frm.save();
	}
	await frappe.xcall("partner_crm.api.read_program_statement", { statement: frm.doc.name });
	await frm.reload_doc();
}
