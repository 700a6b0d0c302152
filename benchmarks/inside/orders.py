"""What a worker can be told to do."""

from __future__ import annotations

import time

import frappe

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
from benchmarks.inside.people import MANAGERS
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
	work()
	frappe.db.commit()
	spent = time.perf_counter() - wall, time.process_time() - cpu
	frappe.local.message_log = []
	return spent
