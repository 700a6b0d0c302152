"""Nights of the review on a site full of deals, and the loop over documents that they are compared with.

Each deal has three interactions, the last of which qualifies. In a hundred deals in a row one lapses on the first night and
23 on the nights after it, which are reviewed together; the others have more than two weeks left.
"""

from __future__ import annotations

import resource
import time
from datetime import date, timedelta
from functools import cache
from statistics import median

import frappe

from benchmarks.inside import floor, population
from partner_crm.rules import activity
from partner_crm.services import discipline, interactions, penalties, review
from tests.bench.harness import Harness
from tests.factories import make_row, make_user_row

DAY = timedelta(days=1)
PUNCTUAL, LATE = date(2024, 6, 1), date(2024, 6, 24)
IDLE_NIGHTS = 8
MANAGERS = 20
TALKS = 3
FLOOR = "Speed Penalty"


def fill_deals(count: int) -> None:
	floor.make_like(FLOOR, frappe.get_meta("Manager Penalty"))
	for number in range(MANAGERS):
		make_user_row(_manager(number))
	make_row("Email Account", email_id="out@staff.example", enable_outgoing=1, default_outgoing=1)
	frappe.db.commit()
	harness = Harness.of_environment()
	talks = (_talk(number, nth) for number in range(count) for nth in range(TALKS))
	for doctype, columns, rows in (
		("Partner Deal", _DEAL, map(_deal, range(count))),
		("Client Interaction", _TALK, talks),
	):
		path = population.write(harness.directory / "rows.tsv", rows)
		population.load(harness, f"tab{doctype}", columns, path)
	for doctype in ("Partner Deal", "Client Interaction"):
		frappe.db.sql(f"ANALYZE TABLE `tab{doctype}`")


_DEAL = (
	*("name", "creation", "modified", "owner", "modified_by", "deal_title", "stage", "responsible"),
	*("company", "is_correct", "activity_status", "clock_started_on", "last_interaction_on"),
	*("active_until", "announced", "announced_on", "next_review_on", "reviewed_on", "comment"),
)
_TALK = (
	*("name", "creation", "modified", "owner", "modified_by", "kind", "deal", "occurred_at"),
	*("recorded_at", "qualified_at", "qualifies", "is_two_way", "is_detailed", "discussed", "agreed"),
)


def _last_talk(number: int) -> date:
	place = number % 100
	if place == 0:
		return date(2024, 3, 31)
	if place <= 23:
		return date(2024, 4, 1) + (place - 1) * DAY
	return date(2024, 5, 20) + place % 10 * DAY


def _name(number: int) -> str:
	return f"d{number * 7919 % 10_000_019:09d}"


def _manager(number: int) -> str:
	return f"manager{number % MANAGERS}@staff.example"


def _deal(number: int) -> tuple:
	last = _last_talk(number)
	until = activity.active_until(last)
	is_announced = number % 100 <= 23
	return (
		*(_name(number), "2024-01-01 10:00:00", "2024-01-01 10:00:00", "Administrator", "Administrator"),
		*(f"Client {number}", "SQL", _manager(number // 100)),
		*(_company(), 1, "Active", "2024-01-01", last),
		*(until, int(is_announced), "2024-05-01" if is_announced else None),
		*(until + DAY if is_announced else until - 14 * DAY, last, "Radio for the spring; Petr sends prices"),
	)


@cache
def _company() -> str:
	return frappe.defaults.get_global_default("company")


def _talk(number: int, nth: int) -> tuple:
	last = _last_talk(number) - (TALKS - 1 - nth) * 9 * DAY
	at, qualifies = f"{last} 12:00:00", int(nth == TALKS - 1)
	return (
		*(f"{_name(number)}t{nth}", at, at, "Administrator", "Administrator", "Call", _name(number)),
		*(at, at, at if qualifies else None, qualifies, qualifies, qualifies),
		*("Radio for the spring campaign", "Petr sends prices on Monday"),
	)


def time_night(day: str) -> dict:
	"""Seconds, and those of this process's processor; what was done; the process's peak of memory before and after, in megabytes."""
	before, began, at_work = peak(), time.perf_counter(), time.process_time()
	review.run(date.fromisoformat(day))
	seconds, processor = time.perf_counter() - began, time.process_time() - at_work
	counted = frappe.db.get_value(
		"Deal Review", day, ["reviewed", "penalties", "notified", "failures"], as_dict=True
	)
	return {**counted, "seconds": seconds, "processor": processor, "peak_before": before, "peak": peak()}


def time_loop(count: int, sample: int, share_due: float) -> dict:
	"""A loop over all open deals that takes each document, judges it, and saves what follows: from a sample of them.

	Seconds, and those of this process's processor.
	"""
	due, began, at_work = 0, time.perf_counter(), time.process_time()
	for number in range(sample):
		deal = frappe.get_doc("Partner Deal", _name(number * 7))
		last = frappe.get_all(
			"Client Interaction",
			{"deal": deal.name, "qualifies": 1},
			pluck="occurred_at",
			order_by="occurred_at desc",
			limit=1,
		)
		activity.active_until(last[0].date() if last else deal.clock_started_on)
		if due < share_due * (number + 1):
			due += 1
			_issue(deal, number)
			deal.db_set({"activity_status": "Inactive", "next_review_on": None}, update_modified=False)
	seconds, processor = time.perf_counter() - began, time.process_time() - at_work
	frappe.db.rollback()
	return {"seconds": seconds / sample * count, "processor": processor / sample * count}


def time_issuing(times: int) -> dict:
	"""Seconds for each penalty: one document at a time, and as the review does it."""
	deals = [
		frappe.get_value("Partner Deal", _name(number), ["name", "company"], as_dict=True)
		for number in range(times)
	]
	began = time.perf_counter()
	for number, deal in enumerate(deals):
		_issue(deal, number)
	one_by_one = (time.perf_counter() - began) / times
	found = [
		(
			deal,
			activity.Penalty(
				*("Deal Lapsed", "manager0@staff.example", "Partner Deal", deal.name, date(2020, 1, 1), 1),
				*(activity.shipped_penalty_rules()[0].amount, "", date(2020, 1, 1)),
			),
		)
		for deal in deals
	]
	began = time.perf_counter()
	penalties.impose(found)
	together = (time.perf_counter() - began) / times
	frappe.db.rollback()
	return {"one_by_one": one_by_one, "together": together}


def _issue(deal, number: int) -> None:
	frappe.get_doc(
		{
			"doctype": FLOOR,
			"rule": "Deal Lapsed",
			"manager": _manager(number),
			"reference_doctype": "Partner Deal",
			"reference_name": deal.name,
			"deal": deal.name,
			"company": deal.company,
			"violated_on": PUNCTUAL,
			"imposed_on": PUNCTUAL,
			"nth": 1,
			"currency": "USD",
			"status": "Imposed",
		}
	).insert()


def time_idle(first: str) -> dict:
	"""Seconds of a night with nothing to do, and of `select 1`."""
	nights, least = [], []
	for number in range(IDLE_NIGHTS):
		day = date.fromisoformat(first) + number * DAY
		began = time.perf_counter()
		review.run(day)
		nights.append(time.perf_counter() - began)
		for _time in range(50):
			began = time.perf_counter()
			frappe.db.sql("select 1")
			least.append(time.perf_counter() - began)
	return {"night": median(nights), "select": median(least)}


def time_upkeep(times: int) -> dict:
	"""Seconds of saving an interaction, and of what the columns of activity take of them."""
	whole, upkeep = [], []
	for number in range(times):
		values = {
			"doctype": "Client Interaction",
			"kind": "Call",
			"duration": 60,
			"deal": _name(50 + 100 * number),
			"contact": _contact(_name(50 + 100 * number)),
			"discussed": f"Radio and {number} banners in Almaty",
			"agreed": f"Petr sends {number} sketches on Monday",
		}
		began = time.perf_counter()
		interaction = frappe.get_doc(values).insert()
		frappe.db.commit()
		whole.append(time.perf_counter() - began)
		began = time.perf_counter()
		discipline.mark_stub(interaction)
		interactions.keep_up(interaction)
		discipline.note(interaction)
		upkeep.append(time.perf_counter() - began)
		frappe.db.rollback()
	return {"whole": median(whole), "upkeep": median(upkeep)}


def _contact(deal: str) -> str:
	name = f"c{deal}"
	contact = frappe.new_doc("Contact")
	contact.update({"name": name, "first_name": name})
	contact.db_insert()
	frappe.db.set_value("Partner Deal", deal, "contact", name)
	frappe.db.commit()
	return name


def peak() -> float:
	return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
