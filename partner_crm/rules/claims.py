"""Whose client it is: what becomes of a partner's registration where others have registered the client before.

The first registration of a client for a programme holds for the programme's window (Partners' money, "Claim"). What
was registered while it held stays its partner's, however long the deal takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

ACTIVE = "Active"
EXPIRED = "Expired"
RELEASED = "Released"


@dataclass(frozen=True, slots=True)
class Claim:
	"""A claim to a client under one programme.

	`client`: the company's card, else the person's. `partners`: the holder, and those who share with him; None where
	we are the partner ourselves. `protected_until`: the last day on which nobody else can claim the client; None: no
	end.
	"""

	name: str
	client: str
	partners: frozenset[str | None]
	registered_on: date
	protected_until: date | None = None
	status: str = ACTIVE

	def covers(self, day: date) -> bool:
		return self.status != RELEASED and self.registered_on <= day <= (self.protected_until or date.max)

	def has_lapsed(self, today: date) -> bool:
		return self.protected_until is not None and self.protected_until < today

	def holds(self, today: date) -> bool:
		return self.status == ACTIVE and not self.has_lapsed(today)


@dataclass(frozen=True, slots=True)
class Registration:
	"""A client who is handed over for a programme on `day` by `partner`, and protected until then if he is free."""

	client: str
	partner: str | None
	day: date
	protected_until: date | None

	def status(self, today: date) -> str:
		"""A registration that is entered after its window is over protects nobody any more."""
		return EXPIRED if self.protected_until and self.protected_until < today else ACTIVE


@dataclass(frozen=True, slots=True)
class Decision:
	"""One of three: the client is the partner's by `claim`, or somebody else's by `refused_by`, or free.

	`lapsed`: claims to the client that are over and don't know it yet.
	"""

	claim: str | None = None
	refused_by: str | None = None
	lapsed: tuple[str, ...] = ()


def protected_until(day: date, attribution_days: int) -> date | None:
	"""The last day of a claim that begins on `day`; 0 days: no end."""
	return day + timedelta(days=attribution_days) if attribution_days else None


def decide(wish: Registration, claims: Iterable[Claim], today: date) -> Decision:
	"""What becomes of a registration, by the claims to the client and to the person who stands for him.

	A claim stands in the way that covers the day of handing over, or that holds today if the new one would, too: so
	a past registration that is entered late neither takes a client away nor is refused for what came after it.
	"""
	same = [claim for claim in claims if claim.client == wish.client]
	for claim in same:
		if wish.partner in claim.partners and (claim.covers(wish.day) or claim.holds(today)):
			return Decision(claim=claim.name)
	protects = wish.status(today) == ACTIVE
	for claim in claims:
		if wish.partner not in claim.partners and (
			claim.covers(wish.day) or (protects and claim.holds(today))
		):
			return Decision(refused_by=claim.name)
	return Decision(lapsed=_lapsed(same, today))


def _lapsed(claims: Sequence[Claim], today: date) -> tuple[str, ...]:
	return tuple(claim.name for claim in claims if claim.status == ACTIVE and claim.has_lapsed(today))
