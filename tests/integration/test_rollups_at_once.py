"""The sums of reports while many write, read and reckon them at the same moment; the scheduler; the command."""

from __future__ import annotations

import time

import frappe
import pytest

from partner_crm import tasks
from partner_crm.patches import add_rollups
from partner_crm.services import rollups
from tests.bench.harness import HarnessError
from tests.factories import make_full_contact, make_full_counterparty, make_lead, make_row

pytestmark = pytest.mark.commits

SECONDS = 12


@pytest.fixture
def company() -> str:
	return frappe.defaults.get_global_default("company")


def work_beside(index: int, contact: str, counterparty: str) -> list[str]:
	"""One reckons, one reads, the others save leads: what the reader has found to differ, or how many were saved."""
	ends, found, saved = time.monotonic() + SECONDS, [], 0
	while time.monotonic() < ends:
		if index == 0:
			rollups.refresh()
		elif index == 1:
			frappe.db.rollback()  # a new view
			found += rollups.check()
		else:
			make_lead(contact=contact, counterparty=counterparty, potential_value=index)
			if saved % 3:
				frappe.db.commit()
			else:
				frappe.db.rollback()
			saved += 1
	return found if index < 2 else [str(saved)]


def test_whoever_reads_is_told_what_the_documents_tell(run_processes):
	cards = make_full_contact().name, make_full_counterparty().name
	make_lead(contact=cards[0])
	rollups.refresh()
	there = frappe.db.count("Partner Lead")

	outcomes = run_processes(5, work_beside, *cards)

	assert [outcome.error for outcome in outcomes] == [None] * 5, outcomes
	assert outcomes[1].value == []
	assert frappe.db.count("Partner Lead") > there + 10
	rollups.refresh()
	assert frappe.db.count(rollups.NOTE) == 0
	assert rollups.check() == []


def save_or_reckon(index: int, contact: str) -> None:
	"""One saves two leads in one transaction; the other reckons in between, and is not ready to wait for a lock."""
	if index == 0:
		make_lead(contact=contact)
		time.sleep(4)
		make_lead(contact=contact)
	else:
		time.sleep(2)
		frappe.db.sql("SET innodb_lock_wait_timeout = 1")
		rollups.refresh()


def test_neither_a_save_nor_the_reckoning_waits_for_the_other(run_processes):
	contact = make_full_contact().name
	for _ in range(4):
		make_lead(contact=contact)
	there = frappe.db.count("Partner Lead")
	frappe.db.delete("Error Log")

	outcomes = run_processes(2, save_or_reckon, contact)

	assert [outcome.error for outcome in outcomes] == [None] * 2, outcomes
	assert frappe.db.count("Error Log") == 0
	assert frappe.db.count("Partner Lead") == there + 2
	assert frappe.db.count(rollups.NOTE) == 2  # those that were saved meanwhile
	assert rollups.check() == []


def test_what_can_not_be_reckoned_does_not_keep_the_rest_from_it(monkeypatch):
	make_lead(contact=make_full_contact().name)
	rollups.distrust()
	reckon = rollups._reckon

	def fail(rollup, parts):
		if rollup.changes == "journeys":
			raise ValueError("Out of space")
		reckon(rollup, parts)

	monkeypatch.setattr(rollups, "_reckon", fail)
	frappe.db.delete("Error Log")
	rollups.refresh()
	assert {note.changes for note in frappe.get_all(rollups.NOTE, ["changes"])} == {"journeys"}
	assert frappe.get_last_doc("Error Log").method == "Sums of reports could not be reckoned"

	monkeypatch.undo()
	frappe.db.delete("Error Log")
	rollups.refresh()
	assert frappe.db.count(rollups.NOTE) == 0


def test_two_who_reckon_at_once(run_processes):
	make_lead(contact=make_full_contact().name)
	rollups.distrust()
	outcomes = run_processes(3, refresh)
	assert [outcome.error for outcome in outcomes] == [None] * 3, outcomes
	rollups.refresh()  # whoever was not alone has left it to the other
	assert frappe.db.count(rollups.NOTE) == 0
	assert rollups.check() == []


def refresh(index: int) -> None:
	rollups.refresh()


def test_the_scheduler_has_a_worker_reckon_what_has_changed(work):
	make_lead(contact=make_full_contact().name)
	assert frappe.db.count(rollups.NOTE) > 0
	tasks.refresh_rollups()
	work()
	assert frappe.db.count(rollups.NOTE) == 0
	assert rollups.check() == []


def test_what_was_written_past_the_documents_is_found_at_night_and_said(company):
	lead = make_row("Partner Lead", stage="MQL", company=company, registered_on="2020-02-03")
	rollups.refresh()
	frappe.db.set_value("Partner Lead", lead.name, "base_potential_value", 12345)
	frappe.db.commit()
	frappe.db.delete("Error Log")

	tasks.check_rollups()

	log = frappe.get_last_doc("Error Log")
	assert log.method == "Sums of reports differed from the documents"
	assert log.error == (
		f"funnel.leads: {company} 2020-02 MQL 0 0 0 1 0; {company} MQL 0 0 0 1 0"
		f" instead of {company} 2020-02 MQL 0 0 0 1 12345; {company} MQL 0 0 0 1 12345"
	)
	assert rollups.check() == []
	frappe.db.delete("Error Log")
	tasks.check_rollups()
	assert not frappe.db.count("Error Log")


def test_a_site_of_an_earlier_version_gets_the_indexes_and_then_the_sums():
	frappe.db.sql_ddl("ALTER TABLE `tabStage Change` DROP INDEX `pcrm_begun`")
	frappe.db.delete(rollups.DOCTYPE)
	frappe.db.commit()
	assert rollups.kept(rollups.ROLLUPS.values()) == {}

	add_rollups.execute()
	rollups.refresh()

	assert frappe.db.has_index("tabStage Change", "pcrm_begun")
	assert rollups.kept(rollups.ROLLUPS.values()).keys() == rollups.ROLLUPS.keys()
	assert rollups.check() == []


def test_a_reason_changed_by_sql_is_found_at_night(company):
	deal = make_row(
		"Partner Deal", stage="Lost", company=company, closed_on="2020-03-01", lost_reason="Price"
	)
	rollups.refresh()
	frappe.db.set_value("Partner Deal", deal.name, "lost_reason", "Ещё дороже")
	frappe.db.commit()
	found = rollups.check()
	assert [line.partition(":")[0] for line in found] == ["win_loss.reasons", "win_loss.all_reasons"]
	assert all("price" in line and "ещедороже" in line for line in found)
	frappe.db.delete("Error Log")
	tasks.check_rollups()
	assert "ещедороже" in frappe.get_last_doc("Error Log").error
	assert rollups.check() == []


def test_the_command_says_when_it_could_not(harness, site):
	rollups.refresh()
	frappe.db.sql(
		"SELECT name FROM `tabReport Rollup` WHERE name = 'lock' FOR UPDATE"
	)  # as who reckons holds it

	with pytest.raises(
		HarnessError, match="Not reckoned: journeys, decisions, income, dues, claims, clients"
	):
		harness.frappe("--site", site.name, "partner-crm-rebuild-rollups")


def test_the_command_reckons_everything_anew(harness, site):
	lead = make_lead(contact=make_full_contact().name)
	rollups.refresh()
	frappe.db.set_value("Partner Lead", lead.name, "base_potential_value", 777)
	frappe.db.commit()
	assert rollups.check()

	printed = harness.frappe("--site", site.name, "partner-crm-rebuild-rollups")

	assert "Reckoned: funnel.leads, funnel.deals" in printed
	frappe.db.rollback()
	assert rollups.check() == []
