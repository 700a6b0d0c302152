"""Saving leads, in a process of its own and with all checks, as a sales manager."""

from __future__ import annotations

from benchmarks.figures import line
from benchmarks.turns import growth, in_turn, milliseconds, ratio

ROUNDS, TIMES = 15, 8
COMPARED = (
	("lead", "lead_floor", "lead of a known contact", 2.0),
	("capture", "capture_floor", "instant capture that makes the contact", 5.0),
	("edit", "edit_floor", "a field of a lead changed", 2.0),
)


def run(small, large) -> None:
	cases = [name for case, floor, _what, _bound in COMPARED for name in (case, floor)]
	spent = in_turn((small, large), cases, ROUNDS, TIMES)
	for case, floor, what, bound in COMPARED:
		for site in (small, large):
			print(
				line(
					f"{what}, {site.count:,} there",
					ratio(spent, site.count, case, floor),
					bound,
					f"{milliseconds(spent, site.count, case)} against {milliseconds(spent, site.count, floor)},"
					f" {ratio(spent, site.count, case, floor, 'cpu'):.2f}x of processor",
				)
			)
		print(
			line(
				f"{what}, {large.count:,} there against {small.count:,}",
				growth(spent, small.count, large.count, case),
				1.2,
				f"the floor {growth(spent, small.count, large.count, floor):.2f}x",
			),
			flush=True,
		)
