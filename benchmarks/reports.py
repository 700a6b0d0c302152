"""Every report, in turn with its floor and beside the report of ERPNext nearest to it (benchmarks.inside.reports)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import ExitStack
from statistics import median

from benchmarks.figures import line
from benchmarks.workers import Worker, worker
from tests.bench.harness import Harness, Site, harness
from tests.bench.place import NoBenchError, find_bench
from tests.bench.suites import is_required

SMALL, LARGE = 100_000, 1_000_000
ROUNDS = 5
MEMORY = 40
FUNNEL, INCOME, SEGMENTS = "Partner Funnel", "Partner Income", "Client Segments"
BOUNDS = {FUNNEL: 1.5, INCOME: 1.5} | dict.fromkeys(
	(
		"Channel Performance",
		"Win Loss Analysis",
		"Deal Activity",
		"Manager Penalties",
		"Manager Work",
		SEGMENTS,
	),
	3,
)
BY_STAGE, BY_PARTNER = "Opportunity Summary by Sales Stage", "Sales Partner Commission Summary"
PEER_OF = dict.fromkeys((FUNNEL, "Channel Performance", "Win Loss Analysis", "Deal Activity"), BY_STAGE) | {
	INCOME: BY_PARTNER,
	"Manager Penalties": BY_PARTNER,
}
"""Manager Work and Client Segments have nothing like them in ERPNext."""
FASTER = 20
KEEPING = (FUNNEL, INCOME, "Channel Performance", "Win Loss Analysis")
"""The reports that read sums."""


def run(quick: bool, options: tuple[str, ...]) -> int:
	"""Prints a line for each ratio; where there is no bench, why that is."""
	try:
		bench = find_bench()
		with ExitStack() as stack:
			made = stack.enter_context(harness(bench, own_server=options))
			small, site = _filled(stack, made, SMALL)
			_beside_erpnext(small)
			at_work, site = (small, site) if quick else _filled(stack, made, LARGE)
			_measure(at_work)
			_measure_memory(made, site)
	except NoBenchError as reason:
		print(f"skipped the reports on a site: {reason}")
		return int(is_required())
	return 0


def _filled(stack: ExitStack, made: Harness, count: int) -> tuple[Worker, Site]:
	site = made.take_site()
	at_work = stack.enter_context(worker(made, site))
	began = time.perf_counter()
	rows = at_work.do("fill_sales", count)
	said = ", ".join(f"{many:,} of {doctype}" for doctype, many in rows.items())
	print(f"a site with {said}, filled in {time.perf_counter() - began:.0f} s", flush=True)
	reckoned, checked = at_work.do("reckon"), at_work.do("check")
	print(
		f"sums of all reports reckoned in {reckoned:.1f} s, held against the documents in {checked:.1f} s",
		flush=True,
	)
	return at_work, site


def _beside_erpnext(site: Worker) -> None:
	"""While documents of some months and clients have changed since the sums were reckoned."""
	site.do("note")
	theirs = {peer: median(site.do("time_peer", peer, ROUNDS)) for peer in (BY_STAGE, BY_PARTNER)}
	for report, peer in PEER_OF.items():
		ours = median(seconds for seconds, _floor in site.do("time_report", report, ROUNDS))
		more = f"{ours * 1000:.0f} ms against {theirs[peer] * 1000:.0f} ms"
		_print(f"{report} is faster than {peer}", theirs[peer] / ours, FASTER, more, at_least=True)
	print(f"what had changed was reckoned again in {site.do('reckon_noted'):.2f} s", flush=True)


def _measure(site: Worker) -> None:
	"""As reports open, and for whoever asks for something that is not kept."""
	site.do("note")
	_against_floors(site, KEEPING, "")
	times = site.do("time_clients", ROUNDS, True)
	_print("unique clients from sums against a bare GROUP BY", median(a / b for a, b in times), 0.5, "")
	site.do("distrust")
	_against_floors(site, BOUNDS, " from documents")
	times = site.do("time_clients", ROUNDS, False)
	_print("unique clients against `count(distinct)`", median(a / b for a, b in times), 1.3, "")


def _against_floors(site: Worker, reports: Iterable[str], how: str) -> None:
	for report in reports:
		times = site.do("time_report", report, ROUNDS)
		ours, floor = (median(seconds) for seconds in zip(*times, strict=True))
		more = f"{ours * 1000:.0f} ms against {floor * 1000:.0f} ms"
		_print(f"{report}{how} against its floor", median(a / b for a, b in times), BOUNDS[report], more)


def _measure_memory(made: Harness, site: Site) -> None:
	for report in (FUNNEL, INCOME):
		with worker(made, site) as fresh:
			grown = fresh.do("memory_of", report)
		_print(f"memory of {report}, in {MEMORY} MB", grown / MEMORY, 1, f"{grown:.0f} MB")


def _print(what: str, ratio: float, bound: float, more: str, *, at_least: bool = False) -> None:
	print(line(what, ratio, bound, more, at_least=at_least), flush=True)
