"""What holds for the payouts of one client, as it is put down with them; and what a payout can be by it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal

from partner_crm.rules import commission


@dataclass(frozen=True, slots=True)
class Agreement:
	"""`rate`: units of the programme's currency for one of the deal's; `base_rate`: of the company's for one of the programme's."""

	program: str
	direction: str
	partner: str
	claim: str
	won_on: date
	deal_currency: str
	currency: str
	company_currency: str
	rate: Decimal
	base_rate: Decimal
	hold_days: int
	due_days: int
	partners: tuple[str, ...]
	shares: tuple[Decimal, ...]
	terms: tuple[commission.Term, ...]
	prior: commission.Prior

	@property
	def series(self) -> tuple:
		"""The same for all payouts that are reckoned together: those of one winning, for one partner's claim."""
		return (
			*(self.program, self.partner, self.claim, self.won_on),
			*(self.deal_currency, self.company_currency),
		)

	@property
	def basis(self) -> str:
		return self.terms[0].basis


# As text


def dump(agreement: Agreement) -> dict:
	"""Names stand behind their kind, so that `renamed` finds them in the text of it."""
	stored = json.loads(json.dumps(asdict(agreement), default=str))
	return stored | {"partners": [{"partner": name} for name in agreement.partners]}


def load(stored: dict) -> Agreement:
	"""Two partners who have become one by a merge have one share."""
	shares: dict[str, Decimal] = {}
	for row, share in zip(stored["partners"], stored["shares"], strict=True):
		shares[row["partner"]] = shares.get(row["partner"], Decimal(0)) + Decimal(share)
	united = stored | {"partners": shares.keys(), "shares": shares.values()}
	return Agreement(
		**{field.name: _KINDS.get(field.type, str)(united[field.name]) for field in fields(Agreement)}
	)


def of_text(text: str | None) -> Agreement | None:
	return load(json.loads(text)) if text else None


def text_of(stored: dict) -> str:
	return json.dumps(stored, ensure_ascii=False)


def renamed(kind: str, name: str) -> str:
	"""How a text speaks of a programme or partner of this name."""
	return f'"{kind}": {json.dumps(name, ensure_ascii=False)}'


def _term(stored: dict) -> commission.Term:
	return commission.Term(
		**stored
		| {
			"value": Decimal(stored["value"]),
			"tier_from": Decimal(stored["tier_from"]),
			"cap": None if stored["cap"] is None else Decimal(stored["cap"]),
			"valid_from": stored["valid_from"] and date.fromisoformat(stored["valid_from"]),
			"valid_to": stored["valid_to"] and date.fromisoformat(stored["valid_to"]),
		}
	)


def _prior(stored: dict) -> commission.Prior:
	return commission.Prior(**stored | {name: Decimal(stored[name]) for name in ("volume", "client_issued")})


_KINDS = {
	"date": date.fromisoformat,
	"Decimal": Decimal,
	"int": int,
	"tuple[str, ...]": tuple,
	"tuple[Decimal, ...]": tuple,
	"tuple[commission.Term, ...]": lambda rows: tuple(map(_term, rows)),
	"commission.Prior": _prior,
}


# What one payout can be


def range_of(agreement: Agreement, partner: str, basis_amount: Decimal) -> tuple[Decimal, Decimal] | None:
	"""The least and the most that a payout, which takes nothing back, can be by its terms for its part of the deal.

	Between the two where a cap has left an unknown rest. None where no single payout can tell: what tiers by volume
	come to depends on all of the volume, and a payout makes good what those before it lack.
	"""
	tier = _tier_of(agreement)
	if tier is None:
		return None
	if tier.basis == commission.FIXED:
		value = Decimal(0) if agreement.prior.client_known else tier.value
		share = agreement.shares[agreement.partners.index(partner)]
		due = value * share / commission.HUNDRED / max(tier.recurring_months, 1)
	else:
		due = basis_amount * tier.value / commission.HUNDRED
	if tier.cap:
		return min(Decimal(0), due), min(due, tier.cap)
	return due, due


def _tier_of(agreement: Agreement) -> commission.Term | None:
	"""The one that the client's number reaches, among those in force."""
	terms, prior = agreement.terms, agreement.prior
	if not terms[0].tier_by:
		return terms[0]
	if terms[0].tier_by == commission.VOLUME:
		return None
	number = prior.clients - prior.client_known + 1
	return [term for term in terms if term.tier_from <= max(number, 1)][-1]
