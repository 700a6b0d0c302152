"""A partner's story: 47 clients handed over to ten programmes, three of them forgotten, and three programmes that bring
80 % of the income.

What each programme brought is reckoned by hand in the table; everything goes through REST as people's scripts use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace

import frappe
import pytest
from frappe.utils import add_days, getdate, nowdate

from partner_crm import tasks
from partner_crm.reports import comparison, reconciliation
from partner_crm.reports.filters import Filters
from tests.factories import make_channel, make_counterparty, make_item, make_program, make_user
from tests.integration.test_lead_to_client import Rest
from tests.integration.test_statement_cycle import company, new_statement, pay

pytestmark = pytest.mark.commits

HOLD, DUE = 14, 30
REASON = "Chose another product"


@dataclass(frozen=True)
class Programme:
	"""One of the ten. `days` passed between handing a client over and his buying."""

	title: str
	channel: str
	reward: int
	clients: int
	rejected: int
	open: int
	days: int
	income: int
	share: str
	running_share: str

	@property
	def handed_over(self) -> int:
		return self.clients + self.rejected + self.open


# What the programme pays for a client; how many bought, were rejected, are still open; days to the client; what it all
# comes to, and its part of the 10,000 in percent, alone and with all above it.
PROGRAMMES = [
	Programme("Bookkeeping CRM", "Social Media", 500, 8, 2, 0, 20, 4000, "40", "40"),
	Programme("Hosting", "Own Site", 500, 5, 2, 0, 30, 2500, "25", "65"),
	Programme("Courses", "Social Media", 250, 6, 1, 1, 10, 1500, "15", "80"),
	Programme("Card Payments", "Own Site", 150, 4, 2, 0, 40, 600, "6", "86"),
	Programme("Accounting", "Friends", 100, 4, 0, 0, 5, 400, "4", "90"),
	Programme("Telephony", "Friends", 100, 3, 0, 1, 60, 300, "3", "93"),
	Programme("Mailing", "Friends", 50, 5, 0, 0, 15, 250, "2.5", "95.5"),
	Programme("Design", "Own Site", 200, 1, 0, 0, 7, 200, "2", "97.5"),
	Programme("Legal Help", "Own Site", 150, 1, 0, 0, 9, 150, "1.5", "99"),
	Programme("Insurance", "Own Site", 100, 1, 0, 0, 2, 100, "1", "100"),
]

# Clients of those handed over, in percent.
CHANNELS = {"Friends": (13, 12, 92.31), "Own Site": (16, 12, 75), "Social Media": (18, 14, 77.78)}

FORGOTTEN = "Telephony"
"""Nobody has entered what it pays."""
SILENT = "Insurance"
"""Its owner gets the invoice and doesn't pay."""


@pytest.fixture
def office(http) -> SimpleNamespace:
	"""The programmes with their owners, a manager who hands clients over, and an accountant."""
	settings = frappe.get_doc("Partner CRM Settings")
	settings.payout_item = make_item("Partner reward")
	settings.save()
	for channel in CHANNELS:
		make_channel(title=channel)
	for programme in PROGRAMMES:
		make_owned(programme)
	roles = ["Partner CRM Accountant", "Accounts User", "Accounts Manager"]
	return SimpleNamespace(
		manager=Rest(http.login(make_user(roles=["Partner CRM User"]).name)),
		accountant=Rest(http.login(make_user(roles=roles).name)),
	)


def make_owned(programme: Programme) -> None:
	customer = frappe.get_doc({"doctype": "Customer", "customer_name": f"{programme.title} Ltd"}).insert()
	owner = make_counterparty(title=f"{programme.title} Ltd", customer=customer.name)
	terms = [term_of(programme)] if programme.title != FORGOTTEN else []
	make_program(
		title=programme.title,
		direction="Receivable",
		counterparty=owner.name,
		hold_days=HOLD,
		due_days=DUE,
		terms=terms,
	)


def term_of(programme: Programme) -> dict:
	return {"basis": "Fixed", "value": programme.reward, "valid_from": "2020-01-01"}


def test_forty_seven_clients(office):
	leads = hand_over_all(office.manager)
	assert sum(map(len, leads.values())) == 47

	sell(office.manager, leads)
	assert statuses() == {"Client": 38, "Rejected": 7, "In Progress": 2}
	assert payouts("Expected") == (35, 9700)

	assert found("lead_without_payout") == sorted(leads[FORGOTTEN][:3])
	remember(office, leads[FORGOTTEN][:3])
	assert found("lead_without_payout") == []
	assert payouts("Expected") == (38, 10000)

	tasks.confirm_payouts(day(HOLD - 1))
	assert payouts("Confirmed") == (0, 0)
	tasks.confirm_payouts(day(HOLD))
	assert payouts("Confirmed") == (38, 10000)
	assert len(found("not_in_statement")) == 38

	settle_all(office.accountant)
	assert (payouts("Paid"), payouts("Confirmed")) == ((37, 9900), (1, 100))
	assert found("not_in_statement") == []
	late = frappe.get_all("Payout", {"program": SILENT}, pluck="name", order_by="name")
	assert (found("overdue", on=day(DUE)), found("overdue", on=day(HOLD + DUE + 1))) == ([], late)

	look_at_income(office.accountant)
	look_at_channels(office.manager)


def hand_over_all(manager: Rest) -> dict[str, list[str]]:
	"""Each client is written down the moment he is handed over; the leads by programme."""
	leads, number = {}, 0
	for programme in PROGRAMMES:
		leads[programme.title] = names = []
		for _client in range(programme.handed_over):
			number += 1
			lead = manager.create("Partner Lead", client(number, programme))
			names.append(manager.change("Partner Lead", lead["name"], stage="Handed Over")["name"])
	return leads


def client(number: int, programme: Programme) -> dict:
	return {
		"track": "Referral",
		"direction": "Outbound",
		"first_name": "Maria",
		"last_name": f"Client{number}",
		"email": f"client{number}@story.example",
		"phone": f"+7701222{number:04}",
		"channel": programme.channel,
		"registered_on": day(-programme.days),
		"program": programme.title,
	}


def sell(manager: Rest, leads: dict[str, list[str]]) -> None:
	"""The owners tell what became of the clients: the first of each programme have bought, the next were rejected."""
	for programme in PROGRAMMES:
		names = leads[programme.title]
		for name in names[: programme.clients]:
			assert manager.change("Partner Lead", name, stage="Client")["partner_status"] == "Client"
		for name in names[programme.clients :][: programme.rejected]:
			said = manager.refusal("Partner Lead", name, stage="Unqualified")
			assert "The reason of disqualification is not given." in said
			manager.change("Partner Lead", name, stage="Unqualified", disqualification_reason=REASON)


def remember(office: SimpleNamespace, forgotten: list[str]) -> None:
	"""The accountant enters the terms, and the manager saves the clients again."""
	[programme] = [programme for programme in PROGRAMMES if programme.title == FORGOTTEN]
	office.accountant.change("Partner Program", FORGOTTEN, terms=[term_of(programme)])
	for lead in forgotten:
		office.manager.change("Partner Lead", lead, needs="They ask for more lines")


def settle_all(accountant: Rest) -> None:
	"""A statement and an invoice for each owner; all but one pay."""
	for programme in PROGRAMMES:
		owner = frappe.db.get_value("Partner Program", programme.title, "counterparty")
		what = new_statement("Counterparty", owner) | {"until": day(HOLD)}
		statement = accountant.create("Payout Statement", what)
		assert (statement["total"], len(statement["payouts"])) == (programme.income, programme.clients)
		made = accountant.call("partner_crm.api.make_invoice", statement=statement["name"])
		invoice = accountant.change(made["doctype"], made["name"], docstatus=1)
		if programme.title != SILENT:
			pay(accountant, invoice, programme.income)


def look_at_income(accountant: Rest) -> None:
	"""Which few programmes bring 80 % of the income."""
	rows, total = shown(accountant, "Partner Income", "program")

	assert [
		(row["program"], row["clients"], row["amount"], row["share"], row["running_share"]) for row in rows
	] == [
		(one.title, one.clients, one.income, float(one.share), float(one.running_share)) for one in PROGRAMMES
	]
	assert [row["days_to_client"] for row in rows] == [one.days for one in PROGRAMMES]
	assert [row["claims"] for row in rows] == [one.handed_over for one in PROGRAMMES]
	assert sum(row["running_share"] <= 80 for row in rows) == 3
	assert (total["claims"], total["clients"], total["payouts"]) == (47, 38, 38)
	assert (total["amount"], total["paid"], total["confirmed"], total["expected"]) == (10000, 9900, 100, 0)
	assert total["average"] == 263.16  # 10,000 by 38 clients
	assert round(total["days_to_client"], 1) == 21.7  # 823 days by 38 clients


def look_at_channels(manager: Rest) -> None:
	"""Which channel turns most of those handed over into clients."""
	rows, _total = shown(manager, "Channel Performance", "channel")

	assert {row["channel"]: (row["leads"], row["won"], row["conversion"]) for row in rows} == CHANNELS


def shown(rest: Rest, report: str, group_by: str) -> tuple[list[dict], dict]:
	"""The rows of a report, and its totals."""
	filters = {"group_by": group_by, "company": company()}
	result = rest.call("frappe.desk.query_report.run", report_name=report, filters=filters)["result"]
	return [row for row in result if not row.get("is_total")], result[-1]


def found(kind: str, on: str | None = None) -> list[str]:
	"""The documents that the reconciliation of a day finds of one kind."""
	report = comparison.run(
		reconciliation, lambda query: query.run(), frappe.qb, Filters(), getdate(on or nowdate()), None
	)
	label = reconciliation.FINDINGS[kind].label
	return sorted(row["document"] for row in report.rows if row["finding"] == label)


def statuses() -> dict[str, int]:
	counted: dict[str, int] = {}
	for status in frappe.get_all("Partner Lead", pluck="partner_status", order_by="name"):
		counted[status] = counted.get(status, 0) + 1
	return counted


def payouts(status: str) -> tuple[int, Decimal]:
	"""How many have this status, and what they are worth."""
	amounts = frappe.get_all("Payout", {"status": status}, pluck="amount", order_by="name")
	return len(amounts), sum(amounts)


def day(number: int) -> str:
	"""So many days from today."""
	return str(add_days(nowdate(), number))
