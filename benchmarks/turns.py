"""Saves of several kinds on several sites, a few of each in turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.figures import p50

WARMING = 3


@dataclass
class Times:
	"""Seconds for each run: on the clock, and of the processor of the process that saves."""

	wall: list[float] = field(default_factory=list)
	cpu: list[float] = field(default_factory=list)


def in_turn(sites: Iterable, cases: Iterable[str], rounds: int, times: int) -> dict[tuple[int, str], Times]:
	"""By the number of contacts of the site and the name of the case."""
	cases, sites = list(cases), list(sites)
	spent: dict[tuple[int, str], Times] = defaultdict(Times)
	for round_ in range(-1, rounds):
		for case in cases:
			for site in sites:
				many = times if round_ >= 0 else WARMING
				for wall, cpu in site.worker.do("time_case", case, site.fresh(many), many, site.count):
					if round_ >= 0:
						spent[site.count, case].wall.append(wall)
						spent[site.count, case].cpu.append(cpu)
	return spent


def ratio(spent: dict, count: int, case: str, floor: str, kind: str = "wall") -> float:
	return p50(getattr(spent[count, case], kind)) / p50(getattr(spent[count, floor], kind))


def growth(spent: dict, small: int, large: int, case: str) -> float:
	"""What a save costs on the large site, in those on the small one."""
	return p50(spent[large, case].wall) / p50(spent[small, case].wall)


def milliseconds(spent: dict, count: int, case: str) -> str:
	return f"{p50(spent[count, case].wall) * 1000:.1f} ms"
