"""How a difference between what is owed and what was issued becomes rows, in a ledger that is never rewritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Chain:
	"""A payout with all that takes it back, and that gives back again what was taken.

	`first`: its own amount; `net`: what is left. `last`: the row that took back last, if any did. `is_over`: it was
	taken back wholly, and is done with (Clawed Back).
	"""

	root: str
	first: Decimal
	net: Decimal
	last: str = ""
	is_over: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
	"""A row to issue. `chain`: the one that it takes back, or gives back to; None for a payout of its own."""

	amount: Decimal
	chain: Chain | None = None

	@property
	def reversal_of(self) -> str:
		"""The row that it takes back."""
		if self.chain is None:
			return ""
		return self.chain.root if self.amount < 0 else self.chain.last


def corrections(chains: Sequence[Chain], difference: Decimal) -> tuple[Correction, ...]:
	"""The rows that change what one party has for one instalment or payment by `difference`; `chains` in order.

	Less: taken back from the newest payouts first. More: first what was taken back is given back, then a new payout
	is made. What was taken back wholly has been closed with it, so it is given back by a new one.
	"""
	if difference < 0:
		return _less(chains, difference)
	return _more(chains, difference)


def _less(chains: Sequence[Chain], difference: Decimal) -> tuple[Correction, ...]:
	found = []
	for chain in reversed(chains):
		part = -min(max(chain.net, ZERO), -difference)
		if part:
			found.append(Correction(part, chain))
			difference -= part
	if not difference:
		return tuple(found)
	# A cent more than there is, where rounding moves one between payments: the newest one bears it.
	if not found:
		return (Correction(difference, chains[-1] if chains else None),)
	return (Correction(found[0].amount + difference, found[0].chain), *found[1:])


def _more(chains: Sequence[Chain], difference: Decimal) -> tuple[Correction, ...]:
	found = []
	for chain in chains:
		part = min(max(chain.first - chain.net, ZERO), difference)
		if part and chain.last and not chain.is_over:
			found.append(Correction(part, chain))
			difference -= part
	if difference:
		found.append(Correction(difference))
	return tuple(found)
