"""Each report through the door of the desk, in turn with its floor, and with the report of ERPNext nearest to it.

The floor of a report is the bare statements that give the same counts and sums in the same groups, as somebody writes
them who needs nothing else: without comparison, rights, cents and documents behind the numbers, with a mean for a median. They
read the columns and indexes that the reports have.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import frappe
from frappe.desk.query_report import run
from frappe.utils import add_months, getdate

from benchmarks.inside.sales import DAYS, FIRST_DAY
from partner_crm.reports import income
from partner_crm.reports import rollups as rollup
from partner_crm.reports.filters import Filters
from partner_crm.reports.sql import Reader
from partner_crm.services import rollups

GROUPED = {
	"Partner Funnel": None,
	"Partner Income": "program",
	"Channel Performance": "channel",
	"Win Loss Analysis": "responsible",
	"Deal Activity": "responsible",
	"Manager Penalties": "responsible",
	"Manager Work": "responsible",
	"Client Segments": "segment",
}

FLOORS = {
	"Partner Funnel": (
		"SELECT stage, stages_entered, stages_lost_from, COUNT(*), SUM(base_amount), SUM(base_amount * probability)"
		" FROM `tabPartner Deal` WHERE company = %(company)s GROUP BY stage, stages_entered, stages_lost_from",
		"SELECT stage, stages_entered, stages_lost_from, COUNT(*), SUM(base_potential_value)"
		" FROM `tabPartner Lead` WHERE company = %(company)s GROUP BY stage, stages_entered, stages_lost_from",
		"SELECT from_stage, COUNT(*), SUM(seconds_in_stage) FROM `tabStage Change` WHERE company = %(company)s GROUP BY from_stage",
	),
	"Partner Income": (
		"SELECT program, status, COUNT(*), SUM(base_amount), SUM(base_paid_amount), SUM(days_to_client)"
		" FROM `tabPayout` WHERE company = %(company)s GROUP BY program, status",
		"SELECT program, SUM(base_amount - base_paid_amount) FROM `tabPayout` WHERE company = %(company)s AND due_on < CURDATE() GROUP BY program",
		"SELECT program, COUNT(DISTINCT client) FROM `tabPayout` WHERE company = %(company)s GROUP BY program",
		"SELECT COUNT(DISTINCT client) FROM `tabPayout` WHERE company = %(company)s",
		"SELECT program, COUNT(*) FROM `tabPartner Claim` WHERE company = %(company)s GROUP BY program",
	),
	"Channel Performance": (
		"SELECT channel, stage, COUNT(*), SUM(base_amount) FROM `tabPartner Deal` WHERE company = %(company)s GROUP BY channel, stage",
		"SELECT channel, stage, stages_entered, COUNT(*) FROM `tabPartner Lead` WHERE company = %(company)s"
		" GROUP BY channel, stage, stages_entered",
		"SELECT channel, SUM(base_amount) FROM `tabPayout` WHERE company = %(company)s AND direction = 'Receivable' GROUP BY channel",
		"SELECT parent, SUM(amount) FROM `tabAcquisition Channel Cost` GROUP BY parent",
	),
	"Win Loss Analysis": (
		"SELECT responsible, stage, COUNT(*), SUM(base_amount), SUM(days_to_client) FROM `tabPartner Deal`"
		" WHERE company = %(company)s AND stage IN ('Client', 'Lost') GROUP BY responsible, stage",
		"SELECT responsible, lost_reason, COUNT(*) FROM `tabPartner Deal` WHERE company = %(company)s AND stage = 'Lost'"
		" GROUP BY responsible, lost_reason",
		"SELECT responsible, key_learnings, COUNT(*) FROM `tabPartner Deal` WHERE company = %(company)s AND stage = 'Client'"
		" GROUP BY responsible, key_learnings",
	),
	"Deal Activity": (
		"SELECT responsible, is_correct, active_until >= CURDATE(), COUNT(*), SUM(base_amount) FROM `tabPartner Deal`"
		" WHERE company = %(company)s AND stage IN ('SQL', 'Negotiation') GROUP BY responsible, is_correct, active_until >= CURDATE()",
	),
	"Manager Penalties": (
		"SELECT manager, currency, status, COUNT(*), SUM(amount) FROM `tabManager Penalty` WHERE company = %(company)s"
		" GROUP BY manager, currency, status",
	),
	"Manager Work": (
		"SELECT responsible, kind, qualifies, COUNT(*), SUM(duration) FROM `tabClient Interaction` WHERE company = %(company)s"
		" GROUP BY responsible, kind, qualifies",
		"SELECT responsible, COUNT(DISTINCT contact) FROM `tabClient Interaction` WHERE company = %(company)s GROUP BY responsible",
		"SELECT COUNT(DISTINCT contact) FROM `tabClient Interaction` WHERE company = %(company)s",
	),
	"Client Segments": (
		"SELECT customer, COUNT(*), SUM(base_grand_total), MIN(transaction_date), MAX(transaction_date)"
		" FROM `tabSales Order` WHERE company = %(company)s AND docstatus = 1 GROUP BY customer",
		"SELECT customer, COUNT(*), SUM(base_grand_total), MIN(posting_date), MAX(posting_date)"
		" FROM `tabSales Invoice` WHERE company = %(company)s AND docstatus = 1 GROUP BY customer",
		"SELECT sales_order IS NULL, COUNT(*) FROM `tabSales Invoice Item` GROUP BY sales_order IS NULL",
		"SELECT customer, SUM(outstanding_amount) FROM `tabSales Invoice` WHERE company = %(company)s AND outstanding_amount <> 0 GROUP BY customer",
		"SELECT customer, COUNT(*) FROM `tabSales Order` WHERE company = %(company)s AND docstatus = 1 AND status = 'To Bill' GROUP BY customer",
		"SELECT customer_name, territory, account_manager FROM `tabCustomer`",
	),
}

PEERS = {
	"Opportunity Summary by Sales Stage": {"based_on": "Source", "data_based_on": "Amount"},
	"Sales Partner Commission Summary": {"doctype": "Sales Order"},
}


MONTHS, CLIENTS = 6, 30
"""Of how many the documents have changed since sums were last reckoned, ten minutes ago at most."""
OF_THIS_MONTH = (rollup.DECISIONS, rollup.CLAIMS)
"""What is decided or claimed now belongs to this month; what moves on or is paid began some months ago."""


def reckon() -> float:
	"""Seconds it takes to reckon all sums anew."""
	return _seconds(rollups.rebuild)


def check() -> float:
	"""Seconds it takes to hold all sums against the documents, as is done every night."""

	def checked() -> None:
		if differing := rollups.check():
			raise AssertionError("\n".join(differing))

	return _seconds(checked)


def reckon_noted() -> float:
	"""Seconds it takes to reckon what `note` has noted."""
	return _seconds(rollups.refresh)


def note() -> None:
	"""That documents of the last months and of some clients have changed."""
	last = add_months(getdate(FIRST_DAY), DAYS // 30)
	months = [f"{add_months(last, -back):%Y-%m}" for back in range(MONTHS)]
	clients = frappe.get_all("Payout", pluck="client", distinct=True, limit=CLIENTS, order_by="client")
	for changes, kind in rollup.PARTS_OF.items():
		parts = clients if kind == rollup.CLIENTS else months[: 1 if changes in OF_THIS_MONTH else MONTHS]
		rollups._note((changes, part) for part in parts)
	frappe.db.commit()


def distrust() -> None:
	"""From here on the documents are read."""
	rollups.distrust()
	frappe.db.commit()


def time_report(report: str, rounds: int) -> list[tuple[float, float]]:
	"""Seconds of the report and of its floor, in turn, after a first time of each that doesn't count."""
	times = [(_seconds(_show, report), _seconds(_floor, report)) for _round in range(rounds + 1)]
	return times[1:]


def time_peer(peer: str, rounds: int) -> list[float]:
	"""Seconds of a report of ERPNext, after a first time that doesn't count."""
	return [_seconds(run, peer, {"company": _company(), **PEERS[peer]}) for _round in range(rounds + 1)][1:]


def time_clients(rounds: int, are_kept: bool) -> list[tuple[float, float]]:
	"""Seconds of counting clients by programme and altogether, as Partner Income does and by bare statements, in turn.

	Where they are kept the bare statement only groups the payouts, else it counts clients, too.
	"""
	reader = Reader(
		frappe.qb,
		Filters(company=_company(), group_by=("program",)),
		kept=rollups.kept(income.ROLLUPS) if are_kept else {},
	)
	bare = [statement for statement in FLOORS["Partner Income"] if "DISTINCT" in statement]
	if are_kept:
		bare = ["SELECT program, COUNT(*) FROM `tabPayout` WHERE company = %(company)s GROUP BY program"]

	def ours() -> None:
		queries = income.queries(reader, getdate())
		queries["clients"].run()
		queries["all_clients"].run()

	return [(_seconds(ours), _seconds(_run_all, bare)) for _round in range(rounds + 1)][1:]


def memory_of(report: str) -> float:
	"""By how many megabytes this process's peak grows while the report is made. In a process that has made it of nothing, and no other."""
	run(report, {"company": _company(), "from_date": "2090-01-01"})
	before = _status("VmRSS")
	Path("/proc/self/clear_refs").write_text("5")
	_show(report)
	return _status("VmHWM") - before


def _show(report: str) -> dict:
	filters = {"company": _company()}
	if GROUPED[report]:
		filters["group_by"] = GROUPED[report]
	shown = run(report, filters)
	if not shown["result"]:
		raise AssertionError(f"{report} shows nothing.")
	return shown


def _floor(report: str) -> None:
	_run_all(FLOORS[report])


def _run_all(statements: list[str] | tuple[str, ...]) -> None:
	for statement in statements:
		frappe.db.sql(statement, {"company": _company()})


def _seconds(work, *arguments) -> float:
	began = time.perf_counter()
	work(*arguments)
	return time.perf_counter() - began


def _company() -> str:
	return frappe.defaults.get_global_default("company")


def _status(what: str) -> float:
	kilobytes = re.search(rf"^{what}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
	return int(kilobytes[1]) / 1024
