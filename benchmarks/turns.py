"""Saves of several kinds on several sites, one of each in turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

WARMING = 4
WALL, CPU = 0, 1


@dataclass
class Turns:
	"""What each kind of save took, turn by turn, on one site."""

	cases: Sequence[str]
	turns: list[list[tuple[float, float]]] = field(default_factory=list)

	def of_each(self, figure: Callable[..., float], *cases: str, kind: int = WALL) -> float:
		"""The median over all turns of a figure of the times of these cases in one turn."""
		places = [self.cases.index(case) for case in cases]
		return median(figure(*(turn[place][kind] for place in places)) for turn in self.turns)

	def ratio(self, case: str, floor: str, kind: int = WALL) -> float:
		return self.of_each(lambda ours, least: ours / least, case, floor, kind=kind)

	def adds(self, case: str, without: str, floor: str, kind: int = WALL) -> float:
		"""What `case` costs more than `without`, in saves of the floor."""
		return self.of_each(lambda ours, less, least: (ours - less) / least, case, without, floor, kind=kind)

	def seconds(self, case: str) -> float:
		return self.of_each(lambda spent: spent, case)

	def milliseconds(self, case: str) -> str:
		return f"{self.seconds(case) * 1000:.1f} ms"


def in_turn(sites: Iterable, cases: Sequence[str], rounds: int, times: int) -> dict[int, Turns]:
	"""By the number of contacts of the site."""
	sites = list(sites)
	spent: dict[int, Turns] = defaultdict(lambda: Turns(cases))
	for site in sites:
		site.worker.do("time_cases", cases, site.fresh(WARMING), WARMING, site.count)
	for _round in range(rounds):
		for site in sites:
			turns = site.worker.do("time_cases", cases, site.fresh(times), times, site.count)
			spent[site.count].turns += turns
	return spent
