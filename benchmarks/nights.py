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
	punctual = _night(site, count, PUNCTUAL, DUE, 500)
	issued = site.do("time_issuing", SAMPLE)
	ratio = issued["one_by_one"] / issued["together"]
	_print("issuing a penalty", ratio, 15, f"{issued['together'] * 1e6:.0f} us", at_least=True)
	late = _night(site, count, LATE, DUE_LATE, 50)
	more = f"{late['peak_before']:.0f} and {late['peak']:.0f} MB"
	_print(
		f"peak memory, {late['reviewed'] / punctual['reviewed']:.0f} times the deals",
		late["peak"] / late["peak_before"],
		1.1,
		more,
	)
	idle = site.do("time_idle", IDLE)
	ratio = idle["night"] / idle["select"]
	_print("an idle night in `select 1`", ratio, 25, f"{idle['night'] * 1e3:.1f} ms")
	upkeep = site.do("time_upkeep", 200)
	share = upkeep["upkeep"] / (upkeep["whole"] - upkeep["upkeep"])
	_print("upkeep of an interaction's columns", share, 0.1, f"of {upkeep['whole'] * 1e3:.1f} ms")


def _night(site, count: int, day: str, due: float, bound: float) -> dict:
	"""The loop is timed before and after: the machine may be slower by then."""
	loops = [site.do("time_loop", count, SAMPLE, due)]
	night = site.do("time_night", day)
	loops.append(site.do("time_loop", count, SAMPLE, due))
	ratio, of_processor = (
		sum(loop[clock] for loop in loops) / 2 / night[clock] for clock in ("seconds", "processor")
	)
	more = (
		f"{of_processor:.0f}x of the process's processor; {night['seconds']:.1f} s for {night['reviewed']:,} deals, "
		f"{night['penalties']:,} penalties and {night['notified']} letters"
	)
	_print(f"a night with {due:.0%} due against a loop", ratio, bound, more, at_least=True)
	return night


def _print(what: str, ratio: float, bound: float, more: str, *, at_least: bool = False) -> None:
	print(line(what, ratio, bound, more, at_least=at_least), flush=True)
