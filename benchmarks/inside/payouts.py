"""A ledger of payouts with statements and invoices, its reconciliation, and the loop over documents beside it.

Four payouts in five hang on a deal that has four of them, the fifth on a referral lead. Of a thousand payouts in a row
three are in no statement, three overdue, three off their terms and five of clients who are not won any more; one is
taken back in full, which the first run mends. Of a thousand statements five have no invoice, and five one that differs;
of a thousand clients two have no claim, and two no payouts. One programme in twenty has tiers, which only the copied
terms explain, and one has gone silent.

Clients whom no run can mend came from elsewhere: those who are lost have neither programme nor terms, and those without
payouts were won before there were any.
"""

from __future__ import annotations

import json
import time
from datetime import date
from decimal import Decimal
from hashlib import md5

import frappe

from benchmarks.inside import population
from benchmarks.inside.nights import peak
from benchmarks.inside.sales import (
	FIRST_DAY,
	PARTNERS,
	PROGRAMS,
	amount_of,
	any_of,
	insert,
	name_of,
	one_of,
	who,
)
from partner_crm.reports.reconciliation import DEAL, LEAD, PAYOUT, STATEMENT, UNPAID
from partner_crm.rules import agreements, commission
from partner_crm.rules.money import round_money
from partner_crm.rules.stages import CLIENT
from partner_crm.services import reconciliation
from partner_crm.services.numbers import decimal
from partner_crm.setup.roles import ACCOUNTANT
from tests.factories import make_row, make_user, make_user_row

TIERED, SILENT = 0, 3
DAYS = 3900
CLIENTS_PAYOUTS, STATEMENTS_PAYOUTS = 5, 20
UNMENDED = 500
"""One client in so many is without a payout, and one without a claim."""
CENT = Decimal("0.01")

# Payouts
_CLIENT = f"(seq DIV {CLIENTS_PAYOUTS})"
_IS_OF_LEAD = f"(seq %% {CLIENTS_PAYOUTS} = {CLIENTS_PAYOUTS - 1})"
_PLACE = "(seq %% 1000)"
_TAKEN_BACK = 50
_STATUS = (
	f"CASE WHEN {_PLACE} < 3 OR {_PLACE} BETWEEN 10 AND 12 OR {_PLACE} BETWEEN 35 AND 37 THEN 'Confirmed'"
	f" WHEN {_PLACE} IN (44, 49, {_TAKEN_BACK}) OR {_PLACE} BETWEEN 100 AND 149 THEN 'Expected'"
	f" WHEN {_PLACE} BETWEEN 150 AND 199 THEN 'Confirmed' WHEN {_PLACE} BETWEEN 200 AND 219 THEN 'Rejected'"
	" ELSE 'Paid' END"
)
_IS_PAID = f"({_STATUS} = 'Paid')"
_IS_OFF = f"({_PLACE} BETWEEN 20 AND 22)"
_IS_LATE = f"({_PLACE} BETWEEN 10 AND 12)"
_IS_CLAIMED = f"({_STATUS} IN ('Confirmed', 'Paid') AND {_PLACE} > 2)"

# Clients, by their numbers
_LOST_DEAL, _LOST_LEADS = "(seq %% 200 = 7)", "(seq %% 200 IN (8, 9))"


def _program(client: str) -> str:
	return any_of("program", PROGRAMS, client)


def _is_receivable(client: str) -> str:
	return f"({_program(client)} %% 4 = 3)"


def _won_on(client: str) -> str:
	return f"('{FIRST_DAY}' + INTERVAL {any_of('won', DAYS, client)} DAY)"


def _who(client: str) -> dict[str, str]:
	same = who(client)
	return same | {"partner": f"IF({_is_receivable(client)}, NULL, {same['partner']})"}


def _terms(client: str, template: str) -> str:
	"""What was agreed, with the names and the day of this client."""
	same = who(client)
	text = f"REPLACE(%({template})s, '@program', {same['program']})"
	text = f"REPLACE({text}, '@partner', IF({_is_receivable(client)}, '', {same['partner']}))"
	return f"REPLACE({text}, '{date.min}', {_won_on(client)})"


def _agreement() -> dict:
	"""Ten percent in four months, and for a partner's hundredth client more."""
	terms = tuple(
		commission.Term(
			basis=commission.PERCENT_OF_DEAL,
			value=Decimal(value),
			currency="USD",
			valid_from=date.fromisoformat(FIRST_DAY),
			tier_by=commission.COUNT,
			tier_from=Decimal(first),
			recurring_months=4,
		)
		for first, value in ((0, 10), (100, 12))
	)
	agreed = agreements.Agreement(
		*("@program", "Payable", "@partner", "", date.min, "USD", "USD", "USD"),
		*(Decimal(1), Decimal(1), 14, 30, ("@partner",), (Decimal(100),), terms, commission.Prior()),
	)
	return agreements.dump(agreed)


def fill_ledger(count: int) -> dict[str, int]:
	"""How many rows there are of each DocType. With a manager who wins deals, and an accountant whose the tasks are."""
	make_user(population.manager(0))
	make_user_row("accountant@staff.example", roles=(ACCOUNTANT,))
	_fill_programs()
	agreed = _agreement()
	values = {
		"company": frappe.defaults.get_global_default("company"),
		"agreed": agreements.text_of(agreed),
		"terms": agreements.text_of({"agreement": agreed}),
	}
	tables = _tables(count)
	for doctype, many, columns in tables:
		with population.empty(doctype):
			insert(doctype, many, columns, values)
			if doctype == PAYOUT:
				insert(doctype, count // 1000, _reversal(), values)
	frappe.clear_cache()
	found = {doctype: frappe.db.count(doctype) for doctype, _many, _columns in tables}
	frappe.db.commit()
	return found


def _fill_programs() -> None:
	for number in range(PROGRAMS):
		tiers = ((0, 10), (100, 12)) if number == TIERED else ((0, 10),)
		make_row(
			"Partner Program",
			name=f"Programme {number}",
			title=f"Programme {number}",
			direction="Receivable" if number % 4 == 3 else "Payable",
			currency="USD",
			terms=[
				{
					"doctype": "Partner Program Term",
					"parentfield": "terms",
					"idx": place,
					"basis": commission.PERCENT_OF_DEAL,
					"value": value,
					"valid_from": FIRST_DAY,
					"tier_by": commission.COUNT if len(tiers) > 1 else None,
					"tier_from": first,
					"recurring_months": 4,
				}
				for place, (first, value) in enumerate(tiers, 1)
			],
		)


def _tables(count: int) -> list[tuple[str, int, dict[str, str]]]:
	"""DocType, how many, and what stands in each column, as SQL."""
	clients = count // CLIENTS_PAYOUTS
	statements = count // STATEMENTS_PAYOUTS
	purchase = _invoice("PINV")
	return [
		(DEAL, clients + clients // UNMENDED, _deal(clients)),
		(LEAD, clients + clients // UNMENDED, _lead(clients)),
		(PAYOUT, count, _payout()),
		(STATEMENT, statements, _statement()),
		("Purchase Invoice", statements, purchase),
		("Sales Invoice", statements, purchase | {"name": _number("SINV")}),
	]


def _of_client(clients: int, stage: str) -> dict[str, str]:
	is_old = f"(seq >= {clients})"
	who = _who("seq")
	return {
		**who,
		"program": f"IF({stage} <> 'Client', NULL, {who['program']})",
		"stage": stage,
		"counterparty": f"CONCAT('Company ', {any_of('client', clients, 'seq')})",
		"contact": name_of("contact"),
		"claim": f"IF(seq %% {UNMENDED} = 3, NULL, {name_of('claim')})",
		"currency": "'USD'",
		"registered_on": f"{_won_on('seq')} - INTERVAL 20 DAY",
		"won_on": f"IF({is_old}, '2014-06-01', {_won_on('seq')})",
		"payout_terms": f"IF({is_old} OR {stage} <> 'Client', NULL, {_terms('seq', 'agreed')})",
	}


def _deal(clients: int) -> dict[str, str]:
	return {
		"name": name_of("deal"),
		**_of_client(clients, f"IF({_LOST_DEAL}, 'Lost', 'Client')"),
		"deal_title": "CONCAT('Deal ', seq)",
		"amount": amount_of(),
		"base_amount": amount_of(),
		"probability": "100",
		"is_correct": "1",
		"activity_status": "'Closed'",
	}


def _lead(clients: int) -> dict[str, str]:
	return {
		"name": name_of("lead"),
		**_of_client(clients, f"IF({_LOST_LEADS}, 'Unqualified', 'Client')"),
		"lead_title": "CONCAT('Lead ', seq)",
		"track": "'Referral'",
		"potential_value": amount_of(),
		"base_potential_value": amount_of(),
	}


def _payout() -> dict[str, str]:
	due = f"ROUND({amount_of(_CLIENT)} / 10, 2)"
	amount = f"({due} * IF({_IS_OFF}, 1.2, 1))"
	paid = f"IF({_IS_PAID}, {amount}, 0)"
	paid_on = f"({_won_on(_CLIENT)} + INTERVAL 30 DAY)"
	is_silent = f"({_program(_CLIENT)} = {SILENT})"
	return {
		"name": name_of("payout"),
		**_who(_CLIENT),
		"direction": f"IF({_is_receivable(_CLIENT)}, 'Receivable', 'Payable')",
		"status": _STATUS,
		"deal": f"IF({_IS_OF_LEAD}, NULL, {name_of('deal', _CLIENT)})",
		"lead": f"IF({_IS_OF_LEAD}, {name_of('lead', _CLIENT)}, NULL)",
		"client": f"CONCAT('Company ', {_CLIENT})",
		"client_title": f"CONCAT('Company ', {_CLIENT})",
		"counterparty": f"CONCAT('Company ', {_CLIENT})",
		"contact": name_of("contact", _CLIENT),
		"instalment": f"IF({_IS_OF_LEAD}, 1, 1 + seq %% {CLIENTS_PAYOUTS})",
		"currency": "'USD'",
		"basis": f"'{commission.PERCENT_OF_DEAL}'",
		"rate": "10",
		"share": "100",
		"basis_amount": amount_of(_CLIENT),
		"amount": amount,
		"base_amount": amount,
		"conversion_rate": "1",
		"paid_amount": paid,
		"base_paid_amount": paid,
		"statement": f"IF({_IS_CLAIMED}, {_number('PS', f'(seq DIV {STATEMENTS_PAYOUTS})')}, NULL)",
		"won_on": _won_on(_CLIENT),
		"hold_until": f"IF({_STATUS} = 'Expected', '2099-01-01', {_won_on(_CLIENT)})",
		"due_on": f"IF({_IS_PAID} OR {_IS_LATE}, {paid_on}, '2099-02-01')",
		"paid_on": f"IF({_IS_PAID}, IF({is_silent}, LEAST({paid_on}, '2024-01-01'), {paid_on}), NULL)",
		"terms": _terms(_CLIENT, "terms"),
		"root": name_of("payout"),
		"payout_key": name_of("key of a payout"),
	}


def _reversal() -> dict[str, str]:
	"""Of the payout in a thousand that is taken back."""
	taken, client = f"(seq * 1000 + {_TAKEN_BACK})", f"((seq * 1000 + {_TAKEN_BACK}) DIV {CLIENTS_PAYOUTS})"
	amount = f"-ROUND({amount_of(client)} / 10, 2)"
	return _who(client) | {
		"name": name_of("reversal"),
		"direction": f"IF({_is_receivable(client)}, 'Receivable', 'Payable')",
		"status": "'Expected'",
		"deal": name_of("deal", client),
		"instalment": f"1 + {taken} %% {CLIENTS_PAYOUTS}",
		"currency": "'USD'",
		"amount": amount,
		"base_amount": amount,
		"conversion_rate": "1",
		"won_on": _won_on(client),
		"hold_until": "'2099-01-01'",
		"reversal_of": name_of("payout", taken),
		"root": name_of("payout", taken),
		"payout_key": name_of("key of a reversal"),
	}


def _number(prefix: str, number: str = "seq") -> str:
	return f"CONCAT('{prefix}-', LPAD({number}, 9, '0'))"


def _statement() -> dict[str, str]:
	has_none = "(seq %% 200 = 0)"
	return {
		"name": _number("PS"),
		"direction": one_of("Payable", "Payable", "Payable", "Receivable", by="(seq %% 4)"),
		"party_type": "'Sales Partner'",
		"party": f"CONCAT('Partner ', {any_of('party', PARTNERS)})",
		"company": "%(company)s",
		"currency": "'USD'",
		"status": f"IF({has_none}, 'Draft', 'Paid')",
		"total": amount_of(),
		"base_total": amount_of(),
		"invoice_type": one_of(*["Purchase Invoice"] * 3, "Sales Invoice", by="(seq %% 4)"),
		"invoice": f"IF({has_none}, NULL, IF(seq %% 4 = 3, {_number('SINV')}, {_number('PINV')}))",
	}


def _invoice(prefix: str) -> dict[str, str]:
	total = f"{amount_of()} + IF(seq %% 200 = 1, 10, 0)"
	return {
		"name": _number(prefix),
		"company": "%(company)s",
		"docstatus": "1",
		"currency": "'USD'",
		"conversion_rate": "1",
		"net_total": total,
		"grand_total": total,
	}


def time_reconciliation(day: str) -> dict:
	"""Seconds, and those of this process's processor; gaps and open tasks afterwards; the process's peak in megabytes."""
	began, at_work = time.perf_counter(), time.process_time()
	gaps = reconciliation.run(date.fromisoformat(day))
	seconds, processor = time.perf_counter() - began, time.process_time() - at_work
	tasks = frappe.db.count("ToDo", {"status": "Open"})
	frappe.db.commit()
	return {"seconds": seconds, "processor": processor, "gaps": gaps, "tasks": tasks, "peak": peak()}


def time_ledger_loop(count: int, sample: int, day: str) -> dict:
	"""A loop over all payouts that takes each with its client and its statement, and makes the tasks: from a sample.

	Seconds, and those of this process's processor.
	"""
	today = date.fromisoformat(day)
	began, at_work = time.perf_counter(), time.process_time()
	for number in range(sample):
		payout = frappe.get_doc(PAYOUT, md5(f"payout{number}".encode()).hexdigest()[:10])
		for sentence in _wrong_with(payout, today):
			_make_task(payout, sentence)
	seconds, processor = time.perf_counter() - began, time.process_time() - at_work
	frappe.db.rollback()
	return {"seconds": seconds / sample * count, "processor": processor / sample * count}


def _wrong_with(payout, today: date) -> list[str]:
	source = frappe.get_doc(DEAL, payout.deal) if payout.deal else frappe.get_doc(LEAD, payout.lead)
	statement = frappe.get_doc(STATEMENT, payout.statement) if payout.statement else None
	is_unpaid = payout.status in UNPAID
	wrong = []
	if payout.status == commission.CONFIRMED and not statement:
		wrong.append("The payout is in no statement.")
	if statement and statement.status == "Draft" and not statement.invoice and statement.total:
		wrong.append("The statement has no invoice.")
	if is_unpaid and payout.due_on < today and payout.base_amount > payout.base_paid_amount:
		wrong.append("The payout is overdue.")
	if is_unpaid and not payout.reversal_of and source.stage != CLIENT:
		wrong.append("The client is not won any more.")
	if payout.status != commission.REJECTED and not _is_by_terms(payout):
		wrong.append("The payout differs from its terms.")
	return wrong


def _is_by_terms(payout) -> bool:
	agreement = agreements.load(json.loads(payout.terms)["agreement"])
	least, most = agreements.range_of(agreement, payout.partner or "", decimal(payout.basis_amount))
	given = decimal(payout.amount)
	due = round_money(min(max(given, least), most), payout.currency)
	return abs(given - due) <= 2 * CENT


def _make_task(payout, sentence: str) -> None:
	about = {"reference_type": PAYOUT, "reference_name": payout.name}
	if not frappe.db.exists("ToDo", about):
		frappe.get_doc({"doctype": "ToDo", "description": sentence, **about}).insert()
