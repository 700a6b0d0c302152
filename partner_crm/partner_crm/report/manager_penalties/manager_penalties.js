frappe.query_reports["Manager Penalties"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{ fieldname: "from_date", label: __("From"), fieldtype: "Date" },
		{ fieldname: "to_date", label: __("To"), fieldtype: "Date" },
		{ fieldname: "responsible", label: __("Manager"), fieldtype: "Link", options: "User" },
		{
			fieldname: "group_by",
			label: __("Group by"),
			fieldtype: "Select",
			options: [
				"",
				{ value: "responsible", label: __("Manager") },
				{ value: "company", label: __("Company") },
				{ value: "month", label: __("Month") },
			],
		},
	],
};
