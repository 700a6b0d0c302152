"""What saving costs on a real site, against a floor in the same run: a DocType of the same shape without hooks
(benchmarks/inside/floor.py).

Two sites on a database server that nobody else uses, one with 100 times as many contacts and leads as the other. All that is
compared runs in turn, a few saves of each at a time, so that a machine whose speed drifts slows all of it alike.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count as counting

from benchmarks import cards, leads, over_http, stock
from benchmarks.workers import Worker, worker
from tests.bench.harness import Harness, Site, harness
from tests.bench.place import NoBenchError, find_bench
from tests.bench.suites import is_required

SMALL, LARGE, QUICK_LARGE = 10_000, 1_000_000, 100_000
PROCESSES = 4

PARTS = {"leads": leads.run, "cards": cards.run, "http": over_http.run, "stock": stock.run}


@dataclass(frozen=True)
class Filled:
	"""A site with so many contacts and leads, and how its first manager calls it over HTTP."""

	harness: Harness
	site: Site
	count: int
	workers: tuple[Worker, ...]
	authorization: str
	_numbers: counting = field(default_factory=lambda: counting(2 * LARGE))

	@property
	def worker(self) -> Worker:
		return self.workers[0]

	def fresh(self, many: int) -> int:
		"""The first of so many people in a row whom nobody has entered."""
		first = next(self._numbers)
		for _ in range(many - 1):
			next(self._numbers)
		return first


def run(quick: bool = False, parts: tuple[str, ...] = tuple(PARTS)) -> int:
	"""Prints a line for each ratio; where there is no bench, why that is."""
	try:
		bench = find_bench()
		with ExitStack() as stack:
			made = stack.enter_context(harness(bench, own_server=server_options()))
			small = _filled(stack, made, SMALL, 1)
			large = _filled(stack, made, QUICK_LARGE if quick else LARGE, PROCESSES)
			for part in parts:
				PARTS[part](small, large)
	except NoBenchError as reason:
		print(f"skipped the benchmarks on a site: {reason}")
		return int(is_required())
	return 0


def server_options() -> tuple[str, ...]:
	"""Half of the memory for the database, as on a server of its own."""
	memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
	return (
		f"--innodb-buffer-pool-size={min(memory // 2, 6144)}M",
		"--innodb-log-file-size=1G",
		"--innodb-sort-buffer-size=64M",
	)


def _filled(stack: ExitStack, made: Harness, count: int, processes: int) -> Filled:
	site = made.take_site()
	workers = tuple(stack.enter_context(worker(made, site)) for _ in range(processes))
	began = time.perf_counter()
	caller = workers[0].do("prepare", count)
	print(
		f"a site with {count:,} contacts and leads, filled in {time.perf_counter() - began:.0f} s", flush=True
	)
	for each in workers:
		each.do("sign_in")
	return Filled(made, site, count, workers, f"token {caller['key']}:{caller['secret']}")
