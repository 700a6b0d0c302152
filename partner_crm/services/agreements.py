"""What holds for the payouts of one client: the terms, the shares and the rates of the day on which he was won.

It is put down on the deal or lead when its first payouts are reckoned, and copied onto each payout; what changes in
the programme, the claim or the exchange rates afterwards changes nothing of it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import cint, getdate

from partner_crm.rules import commission, stages
from partner_crm.rules.agreements import Agreement, dump, of_text, text_of
from partner_crm.rules.money import round_half_up
from partner_crm.services import claims, exchange, programs
from partner_crm.services.numbers import decimal

PAYOUT = "Payout"
PAYABLE = "Payable"
RATE_PLACES = 9
"""Of exchange rates, as the database keeps them."""
NOT_COUNTED = (commission.REJECTED, commission.CLAWED_BACK)


class NotReckoned(Exception):
	"""Why no payout can be made, in a sentence for whoever can mend it."""


# Making one


def of(source: frappe._dict) -> Agreement | None:
	"""The agreement of a deal or lead that is won, as it was put down, or a new one, which is put down now.

	None without a programme. The caller holds the ledger's lock. Raises `NotReckoned`.
	"""
	if not source.program:
		return None
	program = frappe.get_cached_doc("Partner Program", source.program)
	stored = of_text(source.payout_terms)
	if stored and stored.series == _series_of(source, program):
		return stored
	agreement = _new(source, program)
	_put_down(source, text_of(dump(agreement)))
	return agreement


def keep_if_current(source: frappe._dict, text: str | None) -> None:
	"""After a reckoning that failed: what had been put down stays if the client is still paid by it.

	Else nothing is put down, which tells reconciliation and the next save that the client is still to be reckoned.
	"""
	if source.stage == stages.CLIENT and text:
		program = frappe.get_cached_doc("Partner Program", source.program)
		text = text if of_text(text).series == _series_of(source, program) else None
	_put_down(source, text)


def _put_down(source: frappe._dict, text: str | None) -> None:
	frappe.db.set_value(source.doctype, source.name, "payout_terms", text, update_modified=False)
	source.payout_terms = text


def _partner_of(source: frappe._dict, program: frappe._dict) -> str:
	"""Where we are the partner ourselves, nobody else is."""
	return source.partner or "" if program.direction == PAYABLE else ""


def _series_of(source: frappe._dict, program: frappe._dict) -> tuple:
	return (
		program.name,
		_partner_of(source, program),
		source.claim or "",
		source.won_on,
		source.currency or program.currency,
		exchange.company_currency(source.company) or program.currency,
	)


def _new(source: frappe._dict, program: frappe._dict) -> Agreement:
	_name, partner, claim, won_on, currency, company_currency = _series_of(source, program)
	terms = _terms_of(program, won_on)
	shares = _shares(program, claim, partner)
	return Agreement(
		program=program.name,
		direction=program.direction,
		partner=partner,
		claim=claim,
		won_on=won_on,
		deal_currency=currency,
		currency=program.currency,
		company_currency=company_currency,
		rate=rate(currency, program.currency, won_on),
		base_rate=rate(program.currency, company_currency, won_on),
		hold_days=cint(program.hold_days),
		due_days=cint(program.due_days),
		partners=tuple(name or "" for name, _share in shares),
		shares=tuple(share for _name, share in shares),
		terms=terms,
		prior=_prior_of(source, program.name, partner, terms),
	)


def _terms_of(program: frappe._dict, won_on: date) -> tuple[commission.Term, ...]:
	all_terms = programs.terms_of(program)
	terms = commission.terms_in_force(all_terms, won_on)
	name = frappe.bold(frappe.utils.escape_html(program.name))
	if not terms:
		sentence = _("No payout was made: {0} has no terms in force on {1}. Enter them in the programme.")
		raise NotReckoned(sentence.format(name, frappe.format(won_on, "Date")))
	if commission.check_terms(terms):
		raise NotReckoned(_("No payout was made: the terms of {0} are not in order.").format(name))
	return terms


def _shares(program: frappe._dict, claim: str, partner: str) -> tuple[tuple[str | None, Decimal], ...]:
	if program.direction != PAYABLE:
		return claims.shares_of(None, None)
	shares = claims.shares_of(claim or None, partner or None)
	if not all(name for name, _share in shares):
		name = frappe.bold(frappe.utils.escape_html(program.name))
		raise NotReckoned(
			_("No payout was made: {0} pays partners, and none is named here. Enter the partner.").format(
				name
			)
		)
	return shares


def rate(from_currency: str, to_currency: str, on: date) -> Decimal:
	"""The rate of the day as it is kept on payouts. Raises `NotReckoned`."""
	found = round_half_up(exchange.exact_rate(from_currency, to_currency, on), RATE_PLACES)
	if found <= 0:
		sentence = _(
			"No payout was made: there is no exchange rate from {0} to {1} on {2} or before. Add one to Currency Exchange."
		)
		raise NotReckoned(sentence.format(from_currency, to_currency, frappe.format(on, "Date")))
	return found


# What came before


def _prior_of(
	source: frappe._dict, program: str, partner: str, terms: tuple[commission.Term, ...]
) -> commission.Prior:
	"""What the partner's ledger says of the time before. Read as it is now, hence with locks.

	Only tiers ask for all clients or all volume of the partner.
	"""
	term = terms[0]
	same_client = _issued_for_client(source, program, source.client or "", term.first_day)
	own = [row for row in same_client if (row.partner or "") == partner]
	known = any(not row.reversal_of and row.status not in NOT_COUNTED for row in own)
	clients, volume = int(known), Decimal(0)
	if term.tier_by:
		clients, volume = _brought_before(source, program, partner, term.first_day)
	issued = sum(
		(decimal(row.amount) for row in same_client if row.status != commission.REJECTED), Decimal(0)
	)
	return commission.Prior(
		clients=max(clients, int(known)),
		volume=max(volume, Decimal(0)),
		client_known=known,
		client_issued=max(issued, Decimal(0)),
	)


def _issued_for_client(
	source: frappe._dict, program: str, client: str, first_day: date
) -> list[frappe._dict]:
	payout = frappe.qb.DocType(PAYOUT)
	rows = (
		frappe.qb.from_(payout)
		.select(
			*(
				payout[name]
				for name in ("deal", "lead", "partner", "status", "reversal_of", "amount", "won_on")
			)
		)
		.where((payout.client == client) & (payout.program == program))
		.orderby(payout.name)
		.for_update()
		.run(as_dict=True)
	)
	return [row for row in rows if not _is_of(row, source) and getdate(row.won_on) >= first_day]


def _is_of(row: frappe._dict, source: frappe._dict) -> bool:
	return source.name == (row.deal if source.doctype == "Partner Deal" else row.lead)


def _brought_before(source: frappe._dict, program: str, partner: str, first_day: date) -> tuple[int, Decimal]:
	"""How many clients, and how much of deals or payments, without what was rejected or taken back."""
	payout = frappe.qb.DocType(PAYOUT)
	own = payout[source.link]
	rows = (
		frappe.qb.from_(payout)
		.select(payout.client, payout.status, payout.reversal_of, payout.basis_amount)
		.where((payout.program == program) & (payout.won_on >= first_day))
		.where((payout.partner == partner) if partner else (payout.partner.isnull() | (payout.partner == "")))
		.where(own.isnull() | (own != source.name))
		.where(payout.status != commission.REJECTED)
		.orderby(payout.name)
		.for_update()
		.run(as_dict=True)
	)
	clients = {row.client for row in rows if not row.reversal_of and row.status not in NOT_COUNTED}
	return len(clients), sum((decimal(row.basis_amount) for row in rows), Decimal(0))
