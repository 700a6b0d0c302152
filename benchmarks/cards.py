"""The check that a client is not entered twice: what it adds to saving a contact with ten pairs.

What it adds is the difference between a contact that the app's rules hold for and one that they don't, in saves of the floor: so
Frappe's and ERPNext's own work on a contact is on both sides. It holds all that we do for such a card.
"""

from __future__ import annotations

import time

from benchmarks.figures import line, p50
from benchmarks.turns import CPU, in_turn

ROUNDS, TIMES = 24, 5
THROUGHPUT_ROUNDS, THROUGHPUT_TIMES = 6, 12
CHECKED, UNCHECKED, FLOOR = "contact", "contact_unchecked", "contact_floor"
ADDING = {
	CHECKED: "the check",
	"duplicate": "refusing a duplicate",
	"duplicate_of_own": "refusing a duplicate of a card that the user may see",
}
CASES = (*ADDING, UNCHECKED, FLOOR)


def run(small, large) -> None:
	spent = in_turn((small, large), CASES, ROUNDS, TIMES)
	for count, turns in spent.items():
		for case, what in ADDING.items():
			more = (
				f"{turns.milliseconds(case)} against {turns.milliseconds(UNCHECKED)} unchecked and {turns.milliseconds(FLOOR)} of the"
				f" floor, {turns.adds(case, UNCHECKED, FLOOR, CPU):.2f}x of the saving process's processor"
			)
			print(
				line(f"{what} adds, {count:,} contacts there", turns.adds(case, UNCHECKED, FLOOR), 0.4, more)
			)
	few, many = spent[small.count], spent[large.count]
	for case, what in ADDING.items():
		growth = many.seconds(case) / few.seconds(case)
		more = f"the floor {many.seconds(FLOOR) / few.seconds(FLOOR):.2f}x"
		print(line(f"{what}, {large.count:,} there against {small.count:,}", growth, 1.2, more), flush=True)
	_throughput(large)


def _throughput(site) -> None:
	"""Different people, entered by as many processes at once as there are workers.

	As above: what the check takes is what a checked contact takes longer than an unchecked one.
	"""
	rates: dict[str, list[float]] = {}
	for round_ in range(-1, THROUGHPUT_ROUNDS):
		for case in (CHECKED, UNCHECKED, FLOOR):
			began = time.perf_counter()
			for each in site.workers:
				each.tell("time_cases", [case], site.fresh(THROUGHPUT_TIMES), THROUGHPUT_TIMES, site.count)
			for each in site.workers:
				each.answer()
			if round_ >= 0:
				entered = len(site.workers) * THROUGHPUT_TIMES
				rates.setdefault(case, []).append(entered / (time.perf_counter() - began))
	checked, unchecked, floor = (p50(rates[case]) for case in (CHECKED, UNCHECKED, FLOOR))
	kept = 1 / (1 + floor * (1 / checked - 1 / unchecked))
	more = f"{checked:.0f} contacts a second, unchecked {unchecked:.0f}, the floor {floor:.0f}"
	print(
		line(
			f"{len(site.workers)} processes at once, the floor with the check on top of it, {site.count:,} there",
			kept,
			0.7,
			more,
			at_least=True,
		),
		flush=True,
	)
