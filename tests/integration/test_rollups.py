"""The sums of reports on a real site: kept right by whatever changes documents, whoever works beside."""

from __future__ import annotations

from collections import Counter
from random import Random

import frappe
import pytest
from frappe.desk.query_report import run as run_report

from partner_crm.reports import base, channels, funnel, income, win_loss
from partner_crm.services import rollups
from tests.bench.sums import reckon_all
from tests.factories import (
	FOR_NEGOTIATION,
	make_channel,
	make_deal,
	make_full_contact,
	make_full_counterparty,
	make_lead,
	make_program,
	make_row,
	make_user_row,
)
from tests.integration.test_reports import insert
from tests.sql import statements
from tests.unit import reports_reference as reference

KEEPING = (funnel, channels, win_loss, income)
OPENED = {
	"Partner Funnel": None,
	"Channel Performance": "channel",
	"Win Loss Analysis": "responsible",
	"Partner Income": "program",
}


@pytest.fixture
def company() -> str:
	return frappe.defaults.get_global_default("company")


def notes() -> list[tuple[str, str]]:
	return sorted(
		(note.changes, note.part or "") for note in frappe.get_all(rollups.NOTE, fields=["changes", "part"])
	)


def told_of_parts() -> dict[str, Counter]:
	return {name: Counter(rollup.of_parts(frappe.qb).run()) for name, rollup in rollups.ROLLUPS.items()}


@pytest.mark.parametrize("module", KEEPING)
def test_whatever_has_changed_the_report_equals_a_count_record_by_record(module):
	for seed in range(6):
		frappe.db.savepoint("empty")
		random = Random(seed)
		site = reference.a_site(random)
		insert(site)
		reckon_all()
		before = told_of_parts()
		already = {doctype: len(records) for doctype, records in site.records.items()}
		reference.add_documents(site, random)
		insert(site, already)
		for name, after in told_of_parts().items():
			changed = (before[name] - after) + (after - before[name])
			rollups._note((rollups.ROLLUPS[name].changes, row[0]) for row in changed)
		kept = rollups.kept(module.ROLLUPS)
		assert kept.keys() == {rollup.name for rollup in module.ROLLUPS}
		for _ in range(4):
			filters = reference.kept_filters(random, module)
			report = base.run(
				module, lambda query: query.run(), frappe.qb, filters, reference.TODAY, kept=kept
			)
			reference.CHECKS[module](report, site, filters)
		frappe.db.rollback(save_point="empty")


def test_a_report_as_it_opens_reads_no_document_that_has_not_changed(company):
	make_row("Partner Deal", stage="Client", company=company, registered_on="2026-03-01", won_on="2026-03-02")
	make_row("Payout", status="Paid", company=company, won_on="2026-03-02", client="C", program="P")
	reckon_all()
	for report, group_by in OPENED.items():
		with statements() as sent:
			shown = run_report(report, {"company": company, "group_by": group_by})
		assert shown["result"]
		for statement in sent:
			assert not statement.startswith("SELECT") or not any(
				f"FROM `tab{doctype}`" in statement
				for doctype in ("Partner Deal", "Partner Lead", "Partner Claim", "Payout")
				if "NOT `lead` IS NULL" not in statement  # what programme owners pay for leads is not kept
				and "`due_on`" not in statement  # of this month
			), statement


def test_a_manager_is_told_of_his_own_deals_only(company):
	for name, amount in (("anna@staff.example", 100), ("pavel@staff.example", 7)):
		make_user_row(name)
		make_row(
			"Partner Deal",
			stage="SQL",
			company=company,
			responsible=name,
			registered_on="2026-03-01",
			base_amount=amount,
		)
	reckon_all()
	filters = {"company": company, "from_date": "2026-03-01", "to_date": "2026-03-31"}

	def amounts() -> list[float]:
		return [row["amount"] for row in run_report("Partner Funnel", filters)["result"] if row["amount"]]

	assert amounts() == [107, 107]  # and the totals
	frappe.set_user("anna@staff.example")
	assert amounts() == [100, 100]


# What is noted


def test_what_each_change_notes():
	lead = make_lead(contact=make_full_contact().name, counterparty=make_full_counterparty().name)
	month = str(lead.registered_on)[:7]
	assert notes() == [("journeys", month)]

	frappe.db.delete(rollups.NOTE)
	lead = frappe.get_doc("Partner Lead", lead.name)
	lead.additional_information = "A plan"
	lead.save()
	assert notes() == []

	deal = make_deal()
	frappe.db.delete(rollups.NOTE)
	deal.update({"stage": "Negotiation", **FOR_NEGOTIATION}).save()
	assert set(notes()) == {("journeys", month)}
	frappe.db.delete(rollups.NOTE)
	deal.update({"stage": "Lost", "lost_reason": "They chose somebody else"}).save()
	assert set(notes()) == {("decisions", month), ("journeys", month)}


def test_what_moves_to_another_month_is_noted_in_both():
	deal = make_row("Partner Deal", stage="Lost", registered_on="2026-01-05", closed_on="2026-02-05")
	frappe.db.delete(rollups.NOTE)
	deal.load_doc_before_save()
	deal.registered_on, deal.closed_on = "2026-03-05", "2026-04-05"
	rollups.follow(deal)
	assert notes() == [
		*(("decisions", "2026-02"), ("decisions", "2026-04")),
		*(("journeys", "2026-01"), ("journeys", "2026-03")),
	]


def test_what_is_deleted_is_noted():
	lead = make_lead(contact=make_full_contact().name)
	frappe.db.delete(rollups.NOTE)
	lead.delete()
	assert notes() == [("journeys", str(lead.registered_on)[:7])]


def test_a_renamed_channel_is_told_by_its_new_name(company):
	channel = make_channel().name
	make_row("Partner Deal", stage="SQL", company=company, channel=channel, registered_on="2026-03-01")
	reckon_all()
	frappe.rename_doc("Acquisition Channel", channel, "Another Name")
	rows = run_report("Channel Performance", {"company": company, "group_by": "channel"})["result"]
	assert ("Another Name", 1) in {(row["channel"], row["leads"]) for row in rows}
	assert channel not in {row["channel"] for row in rows}


def test_a_merged_programme_has_the_money_of_both(company):
	one, other = make_program().name, make_program().name
	for program, amount in ((one, 10), (other, 5)):
		make_row(
			"Payout",
			status="Confirmed",
			company=company,
			program=program,
			client="C",
			won_on="2026-03-02",
			base_amount=amount,
		)
	reckon_all()
	frappe.rename_doc("Partner Program", one, other, merge=True)
	rows = run_report("Partner Income", {"company": company, "group_by": "program"})["result"]
	assert {row["program"]: (row["amount"], row["clients"]) for row in rows if row["key"]} == {other: (15, 1)}


# What is kept


def test_sums_of_another_definition_are_not_read():
	reckon_all()
	assert rollups.kept(funnel.ROLLUPS).keys() == {rollup.name for rollup in funnel.ROLLUPS}
	frappe.db.set_value(
		rollups.DOCTYPE, {"rollup": rollups.DEFINED, "part": "funnel.deals"}, "kept_by", "as it was once"
	)
	assert "funnel.deals" not in rollups.kept(funnel.ROLLUPS)
	assert rollups._due() == ["journeys"]


def test_reasons_that_are_all_different_are_not_kept(company, monkeypatch):
	for reason in ("Price", "Time", "Taste"):
		make_row("Partner Deal", stage="Lost", company=company, closed_on="2026-03-01", lost_reason=reason)
	monkeypatch.setattr(rollups, "MOST_ROWS", 2)
	reckon_all()
	assert "win_loss.reasons" not in rollups.kept(win_loss.ROLLUPS)
	assert rollups._due() == []  # nor tried again every ten minutes
	shown = run_report("Win Loss Analysis", {"company": company})
	assert {figure["label"] for figure in shown["report_summary"]} > {"Price", "Time", "Taste"}


def test_reasons_that_the_database_takes_for_one_are_one(company):
	for day, reason in (("2026-03-01", "Price"), ("2026-04-01", "price"), ("2026-05-01", "Time")):
		make_row("Partner Deal", stage="Lost", company=company, closed_on=day, lost_reason=reason)

	def told() -> list[tuple]:
		shown = run_report("Win Loss Analysis", {"company": company})
		row = shown["result"][0]
		return [row["top_reason"].lower(), row["top_reason_deals"], len(shown["report_summary"])]

	reckon_all()
	from_sums = told()
	rollups.distrust()
	assert from_sums == told() == ["price", 2, 6]


def test_long_reasons_that_begin_alike_are_told_apart(company):
	"""MariaDB orders by the first thousand bytes of a text."""
	begins = "Слишком дорого. " * 40
	for ends in ("Раз", "Раз", "Раз", "Два", "Два"):
		make_row(
			"Partner Deal", stage="Lost", company=company, closed_on="2026-03-01", lost_reason=begins + ends
		)
	for is_reckoned in (False, True):
		if is_reckoned:
			reckon_all()
		shown = run_report("Win Loss Analysis", {"company": company})
		figures = {figure["label"]: figure["value"] for figure in shown["report_summary"]}
		assert (figures[begins + "Раз"], figures[begins + "Два"]) == (3, 2)
		assert shown["result"][0]["top_reason"] == begins + "Раз"


def test_not_set_is_one_group_whatever_the_database_has_for_it(company):
	"""NULL and "", in the documents as in the sums."""
	for group, reason in (
		(None, "Price"),
		(None, "Price"),
		*[(None, "Budget")] * 3,
		("", "Price"),
		("", "Price"),
	):
		make_row(
			"Partner Deal",
			stage="Lost",
			company=company,
			closed_on="2026-03-01",
			lost_reason=reason,
			product_group=group,
			responsible=group,
		)
	reckon_all()
	for group_by in ("product_group", "responsible"):  # from the documents, and from the sums
		row = run_report("Win Loss Analysis", {"company": company, "group_by": group_by})["result"][0]
		assert (row["lost"], row["top_reason"], row["top_reason_deals"]) == (7, "Price", 4)


def test_a_payout_without_a_client_is_no_client(company):
	for client in ("C", None, ""):
		make_row("Payout", status="Paid", company=company, won_on="2026-03-02", client=client, program="P")
	reckon_all()
	assert rollups.check() == []
	rows = run_report("Partner Income", {"company": company})["result"]
	assert rows[0]["clients"] == 1


def test_more_notes_than_are_quick_to_read_leave_the_documents_to_tell():
	reckon_all()
	rollups._note(("clients", f"Client {number}") for number in range(1100))
	assert income.CLIENTS.name not in rollups.kept(income.ROLLUPS)
	assert income.CLAIMS.name not in rollups.kept(income.ROLLUPS)
	assert funnel.DEALS.name in rollups.kept(funnel.ROLLUPS)
