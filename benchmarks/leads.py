"""Saving leads and winning deals, in a process of its own and with all checks, as a sales manager."""

from __future__ import annotations

from benchmarks.figures import line
from benchmarks.turns import CPU, in_turn

ROUNDS, TIMES = 24, 5
COMPARED = (
	("lead", "lead_floor", "lead of a known contact", 2.0),
	("capture", "capture_floor", "instant capture that makes the contact", 5.0),
	("edit", "edit_floor", "a field of a lead changed", 2.0),
	("win", "win_without", "a deal won with twelve payouts", 2.0),
)


def run(small, large) -> None:
	cases = [name for case, floor, _what, _bound in COMPARED for name in (case, floor)]
	spent = in_turn((small, large), cases, ROUNDS, TIMES)
	for case, floor, what, bound in COMPARED:
		for count, turns in spent.items():
			more = (
				f"{turns.milliseconds(case)} against {turns.milliseconds(floor)},"
				f" {turns.ratio(case, floor, CPU):.2f}x of the saving process's processor"
			)
			print(line(f"{what}, {count:,} there", turns.ratio(case, floor), bound, more))
		few, many = spent[small.count], spent[large.count]
		growth = many.seconds(case) / few.seconds(case)
		more = f"the floor {many.seconds(floor) / few.seconds(floor):.2f}x"
		print(line(f"{what}, {large.count:,} there against {small.count:,}", growth, 1.2, more), flush=True)
