frappe.listview_settings["Manager Penalty"] = {
	hide_name_column: true,
	add_fields: ["status", "manager"],
	get_indicator(doc) {
		const colours = { Imposed: "orange", Contested: "yellow", Confirmed: "red", Waived: "gray" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
	formatters: {
		manager: (user) => frappe.utils.escape_html(frappe.user.full_name(user)),
	},
	onload(listview) {
		listview.page.add_inner_button(__("My penalties"), () =>
			listview.filter_area.add([["Manager Penalty", "manager", "=", frappe.session.user]])
		);
	},
	button: {
		show(doc) {
			return doc.status === "Imposed" && doc.manager === frappe.session.user;
		},
		get_label() {
			return __("Contest");
		},
		get_description() {
			return __("Say why you don't agree");
		},
		action(doc) {
			frappe.prompt(
				{
					fieldname: "objection",
					fieldtype: "Small Text",
					label: __("The manager's objection"),
					reqd: 1,
				},
				async ({ objection }) => {
					await frappe.xcall("partner_crm.api.contest_penalty", { penalty: doc.name, objection });
					cur_list.refresh();
				},
				__("Contest"),
				__("Contest")
			);
		},
	},
};
