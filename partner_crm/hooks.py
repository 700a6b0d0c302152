app_name = "partner_crm"
app_title = "Partner CRM"
app_publisher = "partner_crm developers"
app_description = (
	"Keeps sales and partners honest: stage gates, one card per client, no quiet deals, no forgotten payouts."
)
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

after_install = "partner_crm.setup.install.after_install"
after_uninstall = "partner_crm.setup.uninstall.after_uninstall"

app_include_js = [
	"/assets/partner_crm/js/activity.js",
	"/assets/partner_crm/js/duplicates.js",
	"/assets/partner_crm/js/letters.js",
	"/assets/partner_crm/js/log_interaction.js",
	"/assets/partner_crm/js/reports.js",
	"/assets/partner_crm/js/stage_panel.js",
	"/assets/partner_crm/js/statements.js",
]
doctype_js = {"Contact": "public/js/contact.js", "Sales Partner": "public/js/sales_partner.js"}
doctype_list_js = {"Contact": "public/js/contact_list.js"}

permission_query_conditions = {
	"Partner Lead": "partner_crm.permissions.access.query_conditions",
	"Partner Deal": "partner_crm.permissions.access.query_conditions",
	"Counterparty": "partner_crm.permissions.access.query_conditions",
	"Contact": "partner_crm.permissions.access.query_conditions",
	"Client Interaction": "partner_crm.permissions.access.query_conditions",
	"Deal Pause": "partner_crm.permissions.access.query_conditions",
	"Manager Penalty": "partner_crm.permissions.access.query_conditions",
	"Partner Claim": "partner_crm.permissions.access.query_conditions",
	"Payout": "partner_crm.permissions.access.query_conditions",
	"Stage Change": "partner_crm.permissions.access.query_conditions",
}

has_permission = {
	"Partner Lead": "partner_crm.permissions.access.has_permission",
	"Partner Deal": "partner_crm.permissions.access.has_permission",
	"Counterparty": "partner_crm.permissions.access.has_permission",
	"Contact": "partner_crm.permissions.access.has_contact_permission",
	"Client Interaction": "partner_crm.permissions.access.has_permission",
	"Deal Pause": "partner_crm.permissions.access.has_permission",
	"Manager Penalty": "partner_crm.permissions.access.has_permission",
	"Partner Claim": "partner_crm.permissions.access.has_permission",
	"Payout": "partner_crm.permissions.access.has_permission",
	"Stage Change": "partner_crm.permissions.access.has_permission",
}

standard_queries = {
	"Partner Lead": "partner_crm.permissions.link_search.link_query",
	"Partner Deal": "partner_crm.permissions.link_search.link_query",
	"Counterparty": "partner_crm.permissions.link_search.link_query",
	"Client Interaction": "partner_crm.permissions.link_search.link_query",
	"Deal Pause": "partner_crm.permissions.link_search.link_query",
	"Manager Penalty": "partner_crm.permissions.link_search.link_query",
	"Partner Claim": "partner_crm.permissions.link_search.link_query",
	"Payout": "partner_crm.permissions.link_search.link_query",
}

override_doctype_dashboards = {
	"Customer": "partner_crm.overrides.dashboards.customer",
	"Contact": "partner_crm.overrides.dashboards.contact",
	"Sales Partner": "partner_crm.overrides.dashboards.sales_partner",
	"Sales Invoice": "partner_crm.overrides.dashboards.sales_invoice",
}

doc_events = {
	"Auto Email Report": {"validate": "partner_crm.overrides.auto_email_report.validate"},
	"Contact": {
		"before_validate": "partner_crm.overrides.contact.before_validate",
		"validate": "partner_crm.overrides.contact.validate",
		"before_save": "partner_crm.overrides.contact.before_save",
		"on_update": "partner_crm.overrides.contact.on_update",
		"on_trash": "partner_crm.overrides.contact.on_trash",
		"before_rename": "partner_crm.overrides.contact.before_rename",
		"after_rename": "partner_crm.overrides.contact.after_rename",
	},
	"Contact Phone": {
		"before_save": "partner_crm.overrides.contact_rows.before_save",
		"on_update": "partner_crm.overrides.contact_rows.on_update",
		"on_trash": "partner_crm.overrides.contact_rows.on_trash",
		"after_delete": "partner_crm.overrides.contact_rows.after_delete",
	},
	"Contact Email": {
		"before_save": "partner_crm.overrides.contact_rows.before_save",
		"on_update": "partner_crm.overrides.contact_rows.on_update",
		"on_trash": "partner_crm.overrides.contact_rows.on_trash",
		"after_delete": "partner_crm.overrides.contact_rows.after_delete",
	},
	"Communication": {
		"on_update": "partner_crm.overrides.communication.on_update",
		"on_trash": "partner_crm.overrides.communication.on_trash",
	},
	"Call Log": {
		"on_update": "partner_crm.overrides.call_log.on_update",
		"on_trash": "partner_crm.overrides.call_log.on_trash",
	},
	"Employee": {"on_update": "partner_crm.overrides.employee.on_update"},
	"User": {
		"on_update": "partner_crm.overrides.user.on_update",
		"after_rename": "partner_crm.overrides.report_groups.after_rename",
	},
	"Purchase Invoice": {
		"validate": "partner_crm.overrides.statement_invoice.validate",
		"on_change": "partner_crm.overrides.statement_invoice.on_change",
	},
	"Sales Invoice": {
		"validate": "partner_crm.overrides.statement_invoice.validate",
		"on_change": [
			"partner_crm.overrides.statement_invoice.on_change",
			"partner_crm.overrides.sales_invoice.on_change",
		],
	},
	"Acquisition Channel": {"after_rename": "partner_crm.overrides.report_groups.after_rename"},
	"Company": {"after_rename": "partner_crm.overrides.report_groups.after_rename"},
	"Partner Program": {"after_rename": "partner_crm.overrides.report_groups.after_rename"},
	"Item Group": {"after_rename": "partner_crm.overrides.item_group.after_rename"},
	"Sales Partner": {"after_rename": "partner_crm.overrides.sales_partner.after_rename"},
}

scheduler_events = {
	"cron": {"*/10 * * * *": ["partner_crm.tasks.refresh_rollups"]},
	"hourly_long": ["partner_crm.tasks.resume_identity_runs"],
	"daily_long": [
		"partner_crm.tasks.review_deals",
		"partner_crm.tasks.confirm_payouts",
		"partner_crm.tasks.check_identity_keys",
		"partner_crm.tasks.find_possible_duplicates",
		"partner_crm.tasks.expire_claims",
		"partner_crm.tasks.check_rollups",
	],
	"weekly_long": ["partner_crm.tasks.reconcile_payouts"],
}

default_log_clearing_doctypes = {"Identity Run": 90}

# ERPNext's Transaction Deletion Record would delete every row with a Company, past all rules.
company_data_to_be_ignored = [
	"Client Interaction",
	"Deal Pause",
	"Manager Penalty",
	"Partner Claim",
	"Partner Deal",
	"Partner Lead",
	"Payout",
	"Payout Statement",
	"Program Statement",
	"Stage Change",
]
