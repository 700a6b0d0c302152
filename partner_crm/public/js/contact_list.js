{
	const settings = (frappe.listview_settings["Contact"] = frappe.listview_settings["Contact"] || {});
	const { onload } = settings;

	settings.onload = function (listview) {
		onload && onload.call(this, listview);
		if (frappe.user.has_role(["Partner CRM Manager", "System Manager"])) {
			listview.page.add_actions_menu_item(__("Apply Partner CRM's Rules"), () =>
				partner_crm.duplicates.take_over(listview.get_checked_items(true))
			);
		}
	};
}
