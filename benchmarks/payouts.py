"""The reconciliation of a million payouts, against a loop over the documents in the same run; and a deal won beside them."""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import pairwise

from benchmarks.figures import line
from benchmarks.turns import CPU, WARMING, Turns
from benchmarks.workers import Worker, worker
from tests.bench.harness import Harness, Site, harness
from tests.bench.place import NoBenchError, find_bench
from tests.bench.suites import is_required

PAYOUTS, QUICK = 1_000_000, 100_000
SAMPLE = 1_000
TODAY = "2025-10-05"
"""The day after the last payment."""
RUNS = ("that makes the tasks", "that finds the tasks made")
WIN, WITHOUT = "win", "win_without"
WINS = 60
FIRST_NUMBER = 3_000_000


def run(quick: bool, options: tuple[str, ...]) -> int:
	"""Prints a line for each ratio; where there is no bench, why that is."""
	count = QUICK if quick else PAYOUTS
	try:
		bench = find_bench()
		with ExitStack() as stack:
			made = stack.enter_context(harness(bench, own_server=options))
			few, _worker = _filled(stack, made, count // 10)
			small = [_reconcile(made, few) for _run in RUNS]
			site, at_work = _filled(stack, made, count)
			large = _measure(made, site, at_work, count)
			_compare_memory(small, large)
			_win(at_work, count)
	except NoBenchError as reason:
		print(f"skipped the payouts on a site: {reason}")
		return int(is_required())
	return 0


def _filled(stack: ExitStack, made: Harness, count: int) -> tuple[Site, Worker]:
	site = made.take_site()
	at_work = stack.enter_context(worker(made, site))
	began = time.perf_counter()
	rows = at_work.do("fill_ledger", count)
	said = ", ".join(f"{many:,} of {doctype}" for doctype, many in rows.items())
	print(f"a site with {said}, filled in {time.perf_counter() - began:.0f} s", flush=True)
	return site, at_work


def _reconcile(made: Harness, site: Site) -> dict:
	"""In a process that has done nothing else."""
	with worker(made, site) as fresh:
		return fresh.do("time_reconciliation", TODAY)


def _measure(made: Harness, site: Site, at_work: Worker, count: int) -> list[dict]:
	"""The loop is timed before and after each run: the machine may be slower by then."""
	loops, runs = [at_work.do("time_ledger_loop", count, SAMPLE, TODAY)], []
	for _run in RUNS:
		runs.append(_reconcile(made, site))
		loops.append(at_work.do("time_ledger_loop", count, SAMPLE, TODAY))
	for what, done, around in zip(RUNS, runs, pairwise(loops), strict=True):
		ratio, of_processor = (
			sum(loop[clock] for loop in around) / 2 / done[clock] for clock in ("seconds", "processor")
		)
		more = (
			f"{of_processor:.0f}x of the process's processor; {done['seconds']:.1f} s for {count:,} payouts,"
			f" {sum(done['gaps'].values()):,} gaps and {done['tasks']:,} open tasks"
		)
		_print(f"a reconciliation {what} against a loop", ratio, 100, more, at_least=True)
	print(
		"gaps: " + ", ".join(f"{many:,} {code}" for code, many in sorted(runs[-1]["gaps"].items())),
		flush=True,
	)
	return runs


def _compare_memory(small: list[dict], large: list[dict]) -> None:
	for what, few, many in zip(RUNS, small, large, strict=True):
		more = f"{few['peak']:.0f} and {many['peak']:.0f} MB"
		_print(f"peak memory of one {what}, 10 times the payouts", many["peak"] / few["peak"], 1.1, more)


def _win(at_work: Worker, count: int) -> None:
	cases = (WIN, WITHOUT)
	at_work.do("sign_in")
	at_work.do("time_cases", cases, FIRST_NUMBER, WARMING, count)
	turns = Turns(cases, at_work.do("time_cases", cases, FIRST_NUMBER + WARMING, WINS, count))
	more = (
		f"{turns.milliseconds(WIN)} against {turns.milliseconds(WITHOUT)},"
		f" {turns.ratio(WIN, WITHOUT, CPU):.2f}x of the saving process's processor"
	)
	_print(f"a deal won with twelve payouts, {count:,} in the ledger", turns.ratio(WIN, WITHOUT), 2, more)


def _print(what: str, ratio: float, bound: float, more: str, *, at_least: bool = False) -> None:
	print(line(what, ratio, bound, more, at_least=at_least), flush=True)
