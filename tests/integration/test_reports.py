"""The reports on a real site: what each reader is shown, where each number leads, and what is mailed."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from types import MappingProxyType

import frappe
import pytest
from frappe.desk.query_report import build_xlsx_data
from frappe.desk.query_report import run as run_report

from partner_crm import api
from partner_crm.patches import drop_charts_of_before
from partner_crm.reports import base, journeys
from partner_crm.reports.filters import Filters
from partner_crm.reports.tables import TABLES
from partner_crm.services import reporting, rollups
from tests.factories import make_row, make_user_row
from tests.unit import reports_reference as reference

NUMBERS = ("Int", "Currency", "Float", "Percent")


CLIENTS = {"Partner Income": ("Payout", "client"), "Manager Work": ("Client Interaction", "contact")}


def load(site: reference.Site) -> reference.Site:
	"""The records of a random site as rows of MariaDB; the reports read them, not the sums."""
	insert(site)
	rollups.distrust()
	return site


def insert(site: reference.Site, already: Mapping[str, int] = MappingProxyType({})) -> None:
	"""Those that are not there already, in MariaDB, where a number is never unset; without a note."""
	for doctype, records in site.records.items():
		kinds, new = TABLES[doctype].columns, records[already.get(doctype, 0) :]
		for record in new:
			for name, kind in kinds.items():
				if record[name] is None and kind in ("money", "number", "int"):
					record[name] = 0
		frappe.db.bulk_insert(doctype, list(kinds), [tuple(record.values()) for record in new])
	for statement in journeys.statements(frappe.qb):
		statement.run()


def fetched(module: base.ReportModule, filters: Filters) -> base.Report:
	return base.run(module, lambda query: query.run(), frappe.qb, filters, reference.TODAY)


@pytest.mark.parametrize("module", reference.CHECKS)
def test_a_report_on_mariadb_equals_a_count_record_by_record(module):
	for seed in range(12):
		frappe.db.savepoint("empty")
		random = Random(seed)
		site = load(reference.a_site(random))
		for _ in range(4):
			chosen = reference.any_filters(random, module)
			reference.CHECKS[module](fetched(module, chosen), site, chosen)
		frappe.db.rollback(save_point="empty")


@pytest.fixture
def random_site() -> reference.Site:
	"""With something to tell in every report."""
	site = reference.a_site(Random(8), size=6)
	for number, status in enumerate(("Imposed", "Contested", "Confirmed", "Waived", "Imposed")):
		site.add(
			"Manager Penalty",
			company="Alpha",
			manager=reference.PEOPLE[number % 3],
			rule="Deal Lapsed",
			reference_doctype="Partner Deal",
			reference_name=site.records["Partner Deal"][0]["name"],
			status=status,
			currency=("USD", "KZT")[number % 2],
			violated_on=reference.DAYS[number],
			amount=10,
		)
	for number, kind in enumerate(("Duplicate", "Possible", "Possible")):
		one, other = (f"Card {number} {side}" for side in ("one", "other"))
		for name in (one, other):
			site.add("Contact", name=name, pcrm_region=reference.REGIONS[0])
		site.add(
			"Possible Duplicate",
			card_doctype="Contact",
			card=one,
			other_card=other,
			kind=kind,
			status="Open",
			score=0.9 - number / 10,
			reasons='[["phone_same", null]]',
			creation=reference.DAYS[number],
		)
	return load(site)


@pytest.mark.parametrize("report", reporting.REPORTS)
def test_every_report_is_shown_ungrouped_grouped_and_compared(random_site, report):
	module = reporting.REPORTS[report]
	for group in ("", *module.GROUPS):
		shown = run_report(report, {"group_by": group})
		names = {column["fieldname"] for column in shown["columns"]}
		assert len(names) == len(shown["columns"])
		for row in shown["result"]:
			assert names <= row.keys()
	period = {"from_date": "2024-03-01", "to_date": "2024-03-31"}
	grouping = next((name for name in module.GROUPS if name not in ("day",)), None)
	if not grouping:
		return  # a list of documents
	compared = run_report(report, {"group_by": grouping, **period, "compare_with": "Previous Year"})
	names = [column["fieldname"] for column in compared["columns"]]
	for column in run_report(report, {"group_by": grouping, **period})["columns"]:
		if column["fieldtype"] in NUMBERS:
			assert f"{column['fieldname']}_before" in names


@pytest.mark.parametrize("report", reporting.REPORTS)
def test_behind_every_number_are_as_many_documents_as_it_counts(random_site, report):
	"""Of counts; amounts, rates and times lead to the documents that they are reckoned from."""
	module = reporting.REPORTS[report]
	for filters in ({}, {"from_date": "2024-02-05", "to_date": "2024-04-30"}, {"company": "Alpha"}):
		for group in ("", *module.GROUPS):
			asked = {**filters, "group_by": group}
			shown = run_report(report, asked)
			for row in shown["result"]:
				for column in shown["columns"]:
					name = column["fieldname"]
					if column["fieldtype"] != "Int" or not column["behind"] or not row[name]:
						continue
					if row["key"] == {} and report == "Partner Funnel" and name != "now":
						continue  # totals of what no single list can show
					lists = api.documents_behind(report, name, row["key"], asked)
					found = [frappe.get_list(one["doctype"], one["filters"], pluck="name") for one in lists]
					if (
						name == "clients" and report in CLIENTS
					):  # each counts once, however many documents tell of him
						doctype, client = CLIENTS[report]
						assert row[name] == len(
							set(frappe.get_all(doctype, {"name": ["in", found[0]]}, pluck=client))
						)
					else:
						assert row[name] == sum(map(len, found)), (asked, row, name, lists)


# --- who reads ----------------------------------------------------------------------------------------------

HEAD, MANAGER, MARKETING, ACCOUNTANT = (
	"Partner CRM Manager",
	"Partner CRM User",
	"Partner CRM Marketing",
	"Partner CRM Accountant",
)


@pytest.fixture
def company() -> str:
	return frappe.defaults.get_global_default("company")


@pytest.fixture
def users() -> dict[str, str]:
	roles = {"head": HEAD, "anna": MANAGER, "pavel": MANAGER, "mark": MARKETING, "alice": ACCOUNTANT}
	return {
		name: make_user_row(f"{name}@reports.example", [role, "Sales User"], full_name=name.title()).name
		for name, role in roles.items()
	}


@pytest.fixture
def deals(users, company) -> None:
	"""A won and an open deal of anna's, two open ones of pavel's, and a payout for the won one."""
	for number, (name, stage, amount) in enumerate(
		(("anna", "Client", 1000), ("anna", "SQL", 10), ("pavel", "SQL", 200), ("pavel", "SQL", 300))
	):
		deal = make_row(
			"Partner Deal",
			deal_title=f"Deal {number}",
			stage=stage,
			responsible=users[name],
			company=company,
			base_amount=amount,
			registered_on="2026-03-01",
			won_on="2026-03-20" if stage == "Client" else None,
		)
		make_row("Stage Change", reference_doctype="Partner Deal", reference_name=deal.name, to_stage="SQL")
		if stage == "Client":
			make_row(
				"Payout",
				deal=deal.name,
				direction="Receivable",
				status="Confirmed",
				responsible=users[name],
				client="Client",
				company=company,
				base_amount=77,
				won_on="2026-03-20",
			)
	for statement in journeys.statements(frappe.qb):
		statement.run()


@pytest.mark.parametrize("role", [HEAD, MANAGER, MARKETING, ACCOUNTANT])
def test_each_role_by_itself_opens_its_reports(random_site, role):
	user = make_user_row("alone@reports.example", [role]).name
	frappe.set_user(user)
	for report in reporting.REPORTS:
		if not frappe.get_doc("Report", report).is_permitted():
			continue
		for group in ("", *reporting.REPORTS[report].GROUPS):
			assert run_report(report, {"group_by": group})["columns"]


def shown_to(user: str, report: str, **filters) -> dict:
	frappe.set_user(user)
	return run_report(report, filters)


def row_of(shown: dict, **key) -> dict:
	return next(row for row in shown["result"] if row["key"] == key)


def total_of(shown: dict) -> dict:
	return next(row for row in shown["result"] if row.get("is_total"))


@pytest.mark.parametrize(
	("name", "entered", "amount"),
	[("head", 4, 510), ("anna", 2, 10), ("pavel", 2, 500), ("mark", 4, 510)],
)
def test_a_reader_is_counted_what_his_lists_show(users, deals, name, entered, amount):
	row = row_of(shown_to(users[name], "Partner Funnel"), stage="SQL")

	assert (row["entered"], row["amount"]) == (entered, amount)


def test_user_permissions_reach_into_the_sums(users, deals):
	make_row("Company", name="Other Ltd", company_name="Other Ltd", abbr="OL", default_currency="USD")
	make_row("Partner Deal", stage="SQL", company="Other Ltd", base_amount=5000, registered_on="2026-03-01")
	assert total_of(shown_to(users["head"], "Partner Funnel"))["amount"] == 6510
	frappe.set_user("Administrator")
	frappe.get_doc(
		doctype="User Permission", user=users["head"], allow="Company", for_value="Other Ltd"
	).insert()
	assert total_of(shown_to(users["head"], "Partner Funnel"))["amount"] == 5000


def test_a_name_with_a_percent_sign_is_only_a_name(users, deals):
	name = "100%s Ltd"
	make_row("Company", name=name, company_name=name, abbr="PL", default_currency="USD")
	make_row("Partner Deal", stage="SQL", company=name, base_amount=5000, registered_on="2026-03-01")
	frappe.get_doc(doctype="User Permission", user=users["head"], allow="Company", for_value=name).insert()

	assert total_of(shown_to(users["head"], "Partner Funnel"))["amount"] == 5000


def test_the_accountant_has_no_report_on_deals_but_one_on_money(users, deals):
	with pytest.raises(frappe.PermissionError):
		shown_to(users["alice"], "Partner Funnel")

	assert shown_to(users["alice"], "Partner Income")["result"][0]["amount"] == 77


def test_marketing_has_no_report_on_payouts(users, deals):
	with pytest.raises(frappe.PermissionError):
		shown_to(users["mark"], "Partner Income")


def test_whom_an_administrator_shows_payouts_without_amounts_is_shown_no_sum_of_them(users, deals):
	frappe.permissions.add_permission("Payout", "Sales User", 0)
	frappe.set_user(users["mark"])
	columns, rows, message, chart, summary, _ = reporting.show("Partner Income", {"group_by": "channel"})

	assert {column["fieldname"] for column in columns} == {
		"channel",
		"channel_title",
		"claims",
		"clients",
		"conversion",
		"payouts",
		"days_to_client",
	}
	assert rows[0]["payouts"] == 1
	assert "77" not in str(rows)
	assert message.startswith("What partners' payouts are worth is not shown to you")
	assert (chart, [figure["label"] for figure in summary]) == (None, ["Clients"])


def test_marketing_has_no_payouts_in_the_revenue_of_a_channel(users, company):
	lead = make_row("Partner Lead", stage="Client", company=company, registered_on="2026-03-01")
	payout = {"lead": lead.name, "direction": "Receivable", "status": "Confirmed", "base_amount": 77}
	make_row("Payout", company=company, **payout)

	assert total_of(shown_to(users["head"], "Channel Performance", group_by="channel"))["revenue"] == 77
	shown = shown_to(users["mark"], "Channel Performance", group_by="channel")
	assert (total_of(shown)["revenue"], bool(shown["message"])) == (0, True)


def test_a_reader_given_as_a_filter_never_widens_what_is_shown(users, deals):
	shown = shown_to(users["anna"], "Partner Funnel", reader="Administrator")

	assert total_of(shown)["now"] == 2


def test_companies_with_different_currencies_are_not_added_up(users, deals, company):
	make_row("Company", name="Euro Ltd", company_name="Euro Ltd", abbr="EL", default_currency="EUR")
	with pytest.raises(frappe.ValidationError, match="The companies keep their books in EUR, USD"):
		shown_to(users["head"], "Partner Funnel")

	assert total_of(shown_to(users["head"], "Partner Funnel", company=company))["now"] == 4


def test_a_filter_that_cannot_be_meant_is_refused_in_the_readers_words(users):
	frappe.local.lang = "ru"
	with pytest.raises(frappe.ValidationError, match="Для сравнения укажите начало и конец периода"):
		shown_to(users["head"], "Partner Funnel", compare_with="Previous Year")


def test_documents_behind_a_number_are_for_whom_the_report_is_for(users, deals):
	frappe.set_user(users["alice"])
	with pytest.raises(frappe.PermissionError):
		api.documents_behind("Partner Funnel", "now", {"stage": "SQL"})
	with pytest.raises(frappe.ValidationError, match="There is no report Payouts"):
		api.documents_behind("Payouts", "now", {})
	frappe.set_user(users["anna"])
	(found,) = api.documents_behind("Partner Funnel", "entered", {"stage": "SQL"})
	names = frappe.get_list("Partner Deal", found["filters"], pluck="responsible")
	assert names == [users["anna"]] * 2


# --- what documents are called ------------------------------------------------------------------------------


def column_of(shown: dict, name: str) -> dict:
	return next(column for column in shown["columns"] if column["fieldname"] == name)


def test_people_are_told_by_their_full_names_and_counted_by_their_addresses(users, deals):
	shown = shown_to(users["head"], "Deal Activity", group_by="responsible")

	found = {row["responsible"]: row["responsible_title"] for row in shown["result"]}
	assert found == {users["anna"]: "Anna", users["pavel"]: "Pavel", "Total": "Total"}
	assert column_of(shown, "responsible")["hidden"]
	title = column_of(shown, "responsible_title")
	assert (title["label"], title["hidden"], title["fieldtype"]) == ("Manager", 0, "Data")
	assert [row["key"] for row in shown["result"][:2]] == [
		{"responsible": users["anna"]},
		{"responsible": users["pavel"]},
	]
	assert shown["chart"]["data"]["labels"] == ["Anna", "Pavel"]


def test_two_people_of_one_name_are_told_apart(users, deals):
	frappe.db.set_value("User", users["pavel"], "full_name", "Anna")

	shown = shown_to(users["head"], "Win Loss Analysis", group_by="responsible")
	make_row("Partner Deal", stage="Lost", responsible=users["pavel"], closed_on="2026-03-02")
	both = shown_to(users["head"], "Win Loss Analysis", group_by="responsible")

	assert shown["chart"]["data"]["labels"] == ["Anna"]
	assert both["chart"]["data"]["labels"] == [f"Anna ({users['anna']})", f"Anna ({users['pavel']})"]


@pytest.fixture
def handed_over(users, company) -> str:
	"""A client of anna's payout whose card is pavel's by now."""
	card = make_row("Counterparty", title="Acme Trading", owner=users["pavel"]).name
	make_row(
		"Payout", client=card, responsible=users["anna"], company=company, status="Confirmed", base_amount=5
	)
	return card


def test_clients_are_told_by_their_titles(users, handed_over):
	shown = shown_to(users["head"], "Partner Income", group_by="client")

	assert row_of(shown, client=handed_over)["client_title"] == "Acme Trading"
	assert shown["chart"]["data"]["labels"] == ["Acme Trading"]


def test_of_a_card_that_a_reader_may_not_see_no_title_is_told(users, handed_over):
	frappe.db.delete("Has Role", {"parent": users["anna"], "role": "Sales User"})
	shown = shown_to(users["anna"], "Partner Income", group_by="client")

	assert "Acme" not in frappe.as_json(shown)
	assert row_of(shown, client=handed_over)["client_title"] == handed_over


def test_what_ones_own_payout_calls_the_client_is_told(users, handed_over):
	frappe.db.set_value("Payout", {"client": handed_over}, "client_title", "Acme, as it was")
	shown = shown_to(users["anna"], "Partner Income", group_by="client")

	assert row_of(shown, client=handed_over)["client_title"] == "Acme, as it was"


def test_a_title_that_is_kept_from_the_reader_is_not_told(users, handed_over):
	frappe.db.set_value("Payout", {"client": handed_over}, "client_title", "Acme, as it was")
	frappe.make_property_setter(
		{"doctype": "Payout", "fieldname": "client_title", "property": "permlevel", "value": 9},
		validate_fields_for_doctype=False,
	)
	shown = shown_to(users["anna"], "Partner Income", group_by="client")

	assert row_of(shown, client=handed_over)["client_title"] == handed_over


def test_a_penalty_tells_the_deal_only_to_whom_it_may_be_shown(users, company):
	deal = make_row("Partner Deal", deal_title="Ivan · Acme", responsible=users["pavel"], stage="SQL").name
	make_row(
		"Manager Penalty",
		manager=users["anna"],
		status="Imposed",
		reference_doctype="Partner Deal",
		reference_name=deal,
		company=company,
		violated_on="2026-03-01",
	)
	told = {
		name: shown_to(users[name], "Manager Penalties")["result"][0]["reference_name_title"]
		for name in ("head", "anna")
	}
	assert told == {"head": "Ivan · Acme", "anna": deal}


def test_document_types_channels_and_directions_are_told_in_the_readers_language(users, deals):
	make_row("Partner Deal", stage="SQL", channel="Website", registered_on="2026-03-01")
	frappe.db.set_value("User", users["head"], "language", "ru")
	listed = shown_to(users["head"], "Deal Activity")
	by_channel = shown_to(users["head"], "Channel Performance", group_by="channel")
	by_direction = shown_to(users["head"], "Partner Income", group_by="direction")

	assert {row["doctype_title"] for row in listed["result"][:-1]} == {"Сделка"}
	assert {row["doctype"] for row in listed["result"][:-1]} == {"Partner Deal"}
	assert by_channel["chart"]["data"]["labels"] == ["Сайт", "Не указано"]
	assert by_direction["result"][0]["direction"] == "Платят нам"


def test_what_is_not_grouped_is_drawn_as_the_total(users, deals):
	assert shown_to(users["head"], "Deal Activity")["chart"]["data"]["labels"] == ["Total"]


def test_percentages_above_a_report_have_two_decimals(users, deals):
	shown = shown_to(users["head"], "Win Loss Analysis", group_by="responsible")
	(rate,) = [figure for figure in shown["report_summary"] if figure["label"] == "Win Rate"]

	assert (rate["value"], rate["datatype"]) == ("100.00%", "Data")


def test_a_column_is_as_wide_as_its_label_and_its_names(users, deals):
	shown = shown_to(users["head"], "Deal Activity", group_by="responsible")

	assert column_of(shown, "active_share")["width"] > len("Share of Active") * 7
	assert column_of(shown, "deals")["width"] < 130


# --- what is mailed and exported ----------------------------------------------------------------------------


def mailed(report: str, user: str, file_format: str = "HTML", **filters):
	return frappe.get_doc(
		doctype="Auto Email Report",
		report=report,
		report_type="Script Report",
		user=user,
		email_to="boss@reports.example",
		format=file_format,
		frequency="Daily",
		filters=frappe.as_json(filters) if filters else None,
	).insert()


@pytest.mark.parametrize("report", reporting.REPORTS)
@pytest.mark.parametrize("file_format", ["HTML", "XLSX", "CSV"])
def test_a_scheduled_mail_is_rendered(random_site, users, report, file_format):
	group = next(iter(reporting.REPORTS[report].GROUPS), "")
	doc = mailed(report, users["head"], file_format, group_by=group)

	content = doc.get_report_content()

	assert content
	if file_format == "HTML":
		assert ("Total" if group else "What Is Wrong") in content


def test_a_scheduled_mail_has_the_rights_of_its_user(users, deals):
	doc = mailed("Partner Funnel", users["anna"], group_by="responsible")

	content = doc.get_report_content()

	assert "anna@reports.example" not in content  # she is told by her name
	assert "Anna" in content
	assert "Pavel" not in content


def test_a_scheduled_mail_is_in_the_language_of_its_user(users, deals):
	frappe.db.set_value("User", users["anna"], "language", "ru")
	doc = mailed("Partner Funnel", users["anna"])

	content = doc.get_report_content()

	assert "Всего побывало" in content
	assert "Итого" in content or "Общая сумма" in content


def test_reports_of_others_are_mailed_as_before(users):
	doc = mailed("Sales Person-wise Transaction Summary", users["head"])

	assert not doc.filters


def test_a_mail_and_an_export_tell_people_by_their_names(users, deals):
	content = mailed("Partner Funnel", users["head"], "CSV", group_by="responsible").get_report_content()

	assert "Anna" in content
	assert "@reports.example" not in content


def test_an_export_has_numbers_as_numbers(users, deals):
	shown = frappe._dict(shown_to(users["head"], "Partner Funnel", group_by="responsible"))
	rows, _widths = build_xlsx_data(shown, [], 0, ignore_visible_idx=True)

	told = [column["fieldname"] for column in shown.columns if not column["hidden"]]
	column = told.index("entered_amount")
	assert {type(row[column]) for row in rows[1:]} == {float}


# --- edges --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", reporting.REPORTS)
def test_an_empty_site_has_empty_reports(report):
	for group in ("", *reporting.REPORTS[report].GROUPS[:1]):
		shown = run_report(report, {"group_by": group})
		numbers = [column["fieldname"] for column in shown["columns"] if column["fieldtype"] in NUMBERS]
		assert all(not row[name] for row in shown["result"] for name in numbers)


def test_a_report_writes_nothing(random_site):
	writes = frappe.db.transaction_writes
	for name in reporting.REPORTS:
		run_report(name, {})
	assert frappe.db.transaction_writes == writes


@pytest.mark.parametrize("report", reporting.REPORTS)
def test_a_report_and_what_is_behind_it_can_be_read_on_a_replica(report):
	"""The database itself refuses to write here."""
	frappe.db.sql("START TRANSACTION READ ONLY")
	with pytest.raises(frappe.InReadOnlyMode):
		frappe.db.sql("UPDATE `tabPartner Deal` SET stage = stage")
	for group in ("", *reporting.REPORTS[report].GROUPS):
		shown = run_report(report, {"group_by": group})
		for column in shown["columns"]:
			if column["behind"]:
				api.documents_behind(report, column["fieldname"], {}, {"group_by": group})


@pytest.mark.parametrize("doctype", TABLES)
def test_every_column_that_reports_read_is_stored(doctype):
	assert set(TABLES[doctype].columns) - set(frappe.db.get_table_columns(doctype)) == set()


def test_deleted_users_and_channels_keep_what_they_did(users, deals):
	frappe.db.delete("User", {"name": users["pavel"]})
	make_row("Partner Deal", stage="SQL", channel="Gone", base_amount=-5, registered_on="2026-03-01")
	frappe.set_user(users["head"])

	by_manager = run_report("Partner Funnel", {"group_by": "responsible"})
	by_channel = run_report("Channel Performance", {"group_by": "channel"})

	assert row_of(by_manager, responsible=users["pavel"], stage="SQL")["amount"] == 500
	assert row_of(by_channel, channel="Gone")["budgets"] == -5


def test_huge_and_negative_amounts_keep_their_cents(users, company):
	for amount in ("999999999999.99", "-0.01", "-888888888888.88"):
		make_row("Partner Deal", stage="SQL", company=company, base_amount=amount, registered_on="2099-12-31")

	shown = shown_to(users["head"], "Partner Funnel", from_date="2026-01-01", to_date="9999-12-31")

	assert total_of(shown)["amount"] == 111111111111.10


def test_a_chart_of_rows_is_given_no_totals(users, deals):
	asked = {"group_by": "responsible"}
	rows = shown_to(users["head"], "Win Loss Analysis", **asked)["result"]
	without = shown_to(users["head"], "Win Loss Analysis", **asked, without_totals=1)["result"]

	assert [row for row in rows if not row.get("is_total")] == without
	assert len(rows) == len(without) + 1


def test_filters_saved_for_a_chart_of_another_kind_are_no_filters(users, deals):
	frappe.set_user(users["head"])
	saved = [["Client Interaction", "occurred_at", "Timespan", "last month"]]

	assert reporting.show("Manager Work", saved)[1] == reporting.show("Manager Work", {})[1]


def test_charts_of_before_go_but_from_nobody_s_own_dashboard():
	for chart in drop_charts_of_before.CHARTS:
		make_row("Dashboard Chart", name=chart, chart_name=chart, is_standard=1, chart_type="Count")
	gone, kept = drop_charts_of_before.CHARTS
	own = make_row("Dashboard", dashboard_name="Mine", is_standard=0)
	for dashboard, chart in (("Money of Partners", gone), ("Money of Partners", kept), (own.name, kept)):
		shown = {"parent": dashboard, "parenttype": "Dashboard", "parentfield": "charts"}
		make_row("Dashboard Chart Link", chart=chart, **shown)

	drop_charts_of_before.execute()

	assert frappe.get_all("Dashboard Chart", {"name": ("in", (gone, kept))}, pluck="name") == [kept]
