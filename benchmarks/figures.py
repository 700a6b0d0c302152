"""What the times of one run say."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles


def p50(times: Sequence[float]) -> float:
	return median(times)


def p95(times: Sequence[float]) -> float:
	return quantiles(times, n=20)[-1]


def line(what: str, ratio: float, bound: float, more: str = "", *, at_least: bool = False) -> str:
	"""One ratio and its bound, and where it misses it, that it does."""
	met = ratio >= bound if at_least else ratio <= bound
	limit = f"{'at least' if at_least else 'at most'} {bound:g}x{'' if met else ', MISSED'}"
	return f"{what}: {ratio:.2f}x ({limit}){more and f'; {more}'}"
