app_name = "partner_crm"
app_title = "Partner CRM"
app_publisher = "partner_crm developers"
app_description = "Keeps sales and partners honest: stage gates, one card per client, no quiet deals, no forgotten payouts."
app_email = "partner-crm@example.com"
app_license = "mit"
required_apps = ["frappe/erpnext"]

# Only what may be overwritten on every migrate: the roles themselves. Everything an administrator edits is inserted by setup/ where missing.
fixtures = [
	{
		"dt": "Role",
		"filters": [
			[
				"name",
				"in",
				[
					"Partner CRM Manager",
					"Partner CRM User",
					"Partner CRM Marketing",
					"Partner CRM Accountant",
					"Partner Portal User",
				],
			]
		],
	}
]
