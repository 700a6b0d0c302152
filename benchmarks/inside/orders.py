"""What a worker can be told to do."""

from __future__ import annotations

import time

import frappe

from benchmarks import client_bases
from benchmarks.inside import floor, population
from benchmarks.inside.cases import CASES
from benchmarks.inside.nights import (  # noqa: F401 (orders, by their names)
	fill_deals,
	time_idle,
	time_issuing,
	time_loop,
	time_night,
	time_upkeep,
)
from benchmarks.inside.payouts import fill_ledger, time_ledger_loop, time_reconciliation  # noqa: F401
from benchmarks.inside.people import MANAGERS, name_of
from benchmarks.inside.reports import (  # noqa: F401
	check,
	distrust,
	memory_of,
	note,
	reckon,
	reckon_noted,
	time_clients,
	time_peer,
	time_report,
)
from benchmarks.inside.sales import fill_sales  # noqa: F401
from partner_crm.services import key_stock, near_matches, runs
from partner_crm.services.identity import DuplicateCard
from tests.factories import make_user

FIRST_MANAGER = population.manager(0)


def prepare(count: int) -> dict[str, str]:
	"""Fills the site; returns the key and the secret with which the first manager calls it over HTTP."""
	for number in range(MANAGERS):
		make_user(population.manager(number))
	floor.make()
	frappe.db.commit()
	population.populate(count)
	population.check(range(0, count, count // 20))
	user = frappe.get_doc("User", FIRST_MANAGER)
	user.api_key, user.api_secret = "speed" * 3, "secret" * 3
	user.save()
	frappe.db.commit()
	return {"key": user.api_key, "secret": "secret" * 3}


def sign_in() -> None:
	frappe.set_user(FIRST_MANAGER)


def time_cases(names: list[str], first: int, times: int, existing: int) -> list[list[tuple[float, float]]]:
	"""So many times each case once, one after the other, so that what slows the machine slows all of them.

	For each: seconds on the clock, the commit and the database's work included, and of this process's processor.
	"""
	return [[_time(name, number, existing) for name in names] for number in range(first, first + times)]


def _time(name: str, number: int, existing: int) -> tuple[float, float]:
	work = CASES[name](number, existing)
	wall, cpu = time.perf_counter(), time.process_time()
	try:
		work()
		frappe.db.commit()
	except DuplicateCard:
		frappe.db.rollback()
	spent = time.perf_counter() - wall, time.process_time() - cpu
	frappe.local.message_log = []
	return spent


def take_over() -> tuple[float, int]:
	"""Seconds that the back-fill takes of contacts as they are before the app comes, and how many it took."""
	frappe.set_user("Administrator")
	frappe.db.truncate("Identity Key")
	frappe.db.sql("UPDATE `tabContact` SET pcrm_managed = 0")
	run = runs.start(runs.TAKE_OVER)
	frappe.db.commit()
	began = time.perf_counter()
	runs.work(run)
	return time.perf_counter() - began, frappe.db.get_value(runs.DOCTYPE, run, "cards_done")


def scan(count: int) -> tuple[float, float, int]:
	"""Seconds of reading so many contacts, and of that and finding the near matches; how many there are."""
	names = _fill_with_clients(count)
	began = time.perf_counter()
	for start in range(0, count, near_matches.READ_AT_ONCE):
		key_stock.read("Contact", names[start : start + near_matches.READ_AT_ONCE])
	read = time.perf_counter() - began
	began = time.perf_counter()
	values = near_matches.values_of("Contact", names)
	found = near_matches.find("Contact", names, values)
	return read, time.perf_counter() - began, len(found)


def _fill_with_clients(count: int) -> list[str]:
	"""Contacts as companies keep them, one in a hundred entered twice. Numbers in a row would all be near each other."""
	contacts, phones, emails = [], [], []
	for row in client_bases.rows(count):
		name = name_of("client", row["Номер"])
		contacts.append((name, row["Имя"], row["Отчество"], row["Фамилия"], row["Дата рождения"]))
		phones.append((f"p{name}", name, "Contact", "phone_nos", 1, row["Телефон"]))
		emails.append((f"e{name}", name, "Contact", "email_ids", 1, row["Email"]))
	columns = ["name", "parent", "parenttype", "parentfield", "idx"]
	names = ["name", "first_name", "middle_name", "last_name", "pcrm_birth_date"]
	frappe.db.bulk_insert("Contact", names, contacts)
	frappe.db.bulk_insert("Contact Phone", [*columns, "phone"], phones)
	frappe.db.bulk_insert("Contact Email", [*columns, "email_id"], emails)
	frappe.db.commit()
	return sorted(contact[0] for contact in contacts)
