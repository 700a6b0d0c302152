"""The check that a client is not entered twice: what it adds to saving a contact with ten pairs.

What it adds is the difference between a contact that the app's rules hold for and one that they don't, in saves of the floor: so
Frappe's and ERPNext's own work on a contact is on both sides. It holds all that we do for such a card.
"""

from __future__ import annotations

import time

from benchmarks.figures import line, p50
from benchmarks.turns import growth, in_turn, milliseconds

ROUNDS, TIMES = 15, 8
THROUGHPUT_ROUNDS, THROUGHPUT_TIMES = 6, 20
CASES = ("contact", "contact_unchecked", "contact_floor", "duplicate")


def run(small, large) -> None:
	spent = in_turn((small, large), CASES, ROUNDS, TIMES)
	for site in (small, large):
		count = site.count
		unchecked = p50(spent[count, "contact_unchecked"].wall)
		floor = p50(spent[count, "contact_floor"].wall)
		for case, what in (("contact", "the check adds"), ("duplicate", "refusing a duplicate adds")):
			print(
				line(
					f"{what}, {count:,} contacts there",
					(p50(spent[count, case].wall) - unchecked) / floor,
					0.4,
					f"{milliseconds(spent, count, case)} against {milliseconds(spent, count, 'contact_unchecked')} unchecked"
					f" and {milliseconds(spent, count, 'contact_floor')} of the floor",
				)
			)
	for case, what in (("contact", "a contact checked"), ("duplicate", "a duplicate refused")):
		print(
			line(
				f"{what}, {large.count:,} there against {small.count:,}",
				growth(spent, small.count, large.count, case),
				1.2,
				f"the floor {growth(spent, small.count, large.count, 'contact_floor'):.2f}x",
			),
			flush=True,
		)
	_throughput(large)


def _throughput(site) -> None:
	"""Different people, entered by as many processes at once as there are workers."""
	rates: dict[str, list[float]] = {}
	for round_ in range(-1, THROUGHPUT_ROUNDS):
		for case in ("contact", "contact_unchecked", "contact_floor"):
			began = time.perf_counter()
			for each in site.workers:
				each.tell("time_case", case, site.fresh(THROUGHPUT_TIMES), THROUGHPUT_TIMES, site.count)
			for each in site.workers:
				each.answer()
			if round_ >= 0:
				entered = len(site.workers) * THROUGHPUT_TIMES
				rates.setdefault(case, []).append(entered / (time.perf_counter() - began))
	checked, unchecked, floor = (
		p50(rates[case]) for case in ("contact", "contact_unchecked", "contact_floor")
	)
	print(
		line(
			f"contacts entered by {len(site.workers)} processes at once, {site.count:,} there",
			checked / floor,
			0.7,
			f"{checked:.0f} a second, unchecked {unchecked:.0f}, the floor {floor:.0f}",
			at_least=True,
		),
		flush=True,
	)
