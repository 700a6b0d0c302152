"""The nightly review of a million deals, against a loop over the documents in the same run."""

from __future__ import annotations

import time
from contextlib import ExitStack

from benchmarks.figures import line
from benchmarks.workers import worker
from tests.bench.harness import harness
from tests.bench.place import NoBenchError, find_bench
from tests.bench.suites import is_required

DEALS, QUICK = 1_000_000, 100_000
SAMPLE = 1_000
PUNCTUAL, LATE, IDLE = "2024-06-01", "2024-06-24", "2024-06-25"
DUE, DUE_LATE = 0.01, 0.23


def run(quick: bool, options: tuple[str, ...]) -> int:
	"""Prints a line for each ratio; where there is no bench, why that is."""
	count = QUICK if quick else DEALS
	try:
		bench = find_bench()
		with ExitStack() as stack:
			made = stack.enter_context(harness(bench, own_server=options))
			site = stack.enter_context(worker(made, made.take_site()))
			began = time.perf_counter()
			site.do("fill_deals", count)
			print(f"a site with {count:,} deals, filled in {time.perf_counter() - began:.0f} s", flush=True)
			_measure(site, count)
	except NoBenchError as reason:
		print(f"skipped the nights on a site: {reason}")
		return int(is_required())
	return 0


def _measure(site, count: int) -> None:
	_night(site, count, PUNCTUAL, DUE, 500)
	issued = site.do("time_issuing", SAMPLE)
	ratio = issued["one_by_one"] / issued["together"]
	print(
		line("issuing a penalty", ratio, 15, f"{issued['together'] * 1e6:.0f} us", at_least=True), flush=True
	)
	_night(site, count, LATE, DUE_LATE, 50)
	idle = site.do("time_idle", IDLE)
	print(
		line(
			"an idle night in `select 1`", idle["night"] / idle["select"], 25, f"{idle['night'] * 1e3:.1f} ms"
		)
	)
	upkeep = site.do("time_upkeep", 200)
	share = upkeep["upkeep"] / (upkeep["whole"] - upkeep["upkeep"])
	print(
		line("upkeep of an interaction's columns", share, 0.1, f"of {upkeep['whole'] * 1e3:.1f} ms"),
		flush=True,
	)


def _night(site, count: int, day: str, due: float, bound: float) -> None:
	"""The loop is timed before and after: the machine may be slower by then."""
	loops = [site.do("time_loop", count, SAMPLE, due)]
	night = site.do("time_night", day)
	loops.append(site.do("time_loop", count, SAMPLE, due))
	ratio = sum(loops) / 2 / night["seconds"]
	more = (
		f"{night['seconds']:.1f} s for {night['reviewed']:,} deals and {night['penalties']:,} penalties, "
		f"{night['grown']:.0f} MB more memory"
	)
	print(line(f"a night with {due:.0%} due against a loop", ratio, bound, more, at_least=True), flush=True)
