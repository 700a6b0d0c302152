"""What a deal's columns say besides what was typed: amounts, correctness, activity, dates; and that it is open only once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, flt, get_link_to_form, getdate
from pypika.functions import Coalesce, Concat, NullIf

from partner_crm.rules import activity, comments, stages
from partner_crm.services import buckets, exchange, settings
from partner_crm.services.histories import approved_pauses
from partner_crm.services.leads import title_of
from partner_crm.setup.identity_buckets import OPEN_DEALS

DEAL = "Partner Deal"
CLOSED = (stages.CLIENT, stages.LOST)
HISTORY_FIELDS = ("registered_on", "won_on", "closed_on")
"""What the app knows of a deal at work, and has to be told of a past sale."""


class OpenDealExists(frappe.UniqueValidationError):
	"""The client has an open deal with the same product group (Rules of discipline, rule 2)."""


def set_defaults(deal: Document) -> None:
	deal.stage = deal.stage or stages.SQL
	deal.company = deal.company or frappe.defaults.get_user_default("company")
	deal.responsible = deal.responsible or frappe.session.user
	deal.currency = deal.currency or exchange.company_currency(deal.company)
	deal.registered_on = deal.registered_on or getdate()


def guard_contact(deal: Document) -> None:
	if not deal.contact:
		frappe.throw(_("A deal belongs to a contact: choose it."), title=_("No contact"))


def set_title(deal: Document) -> None:
	if not deal.deal_title or any(map(deal.has_value_changed, ("contact", "counterparty", "is_individual"))):
		deal.deal_title = title_of(deal)


# Amounts


def set_amounts(deal: Document) -> None:
	"""The sum of the products; without products what was entered."""
	for item in deal.items:
		item.currency = deal.currency
		item.amount = flt(flt(item.qty) * flt(item.rate), item.precision("amount"))
	if deal.items:
		deal.amount = flt(sum(item.amount for item in deal.items), deal.precision("amount"))


def set_base_amount(deal: Document) -> None:
	"""In the company's currency, at the rate of the day it was won or, until then, of the day its terms changed; and
	what it counts for by its probability.
	"""
	currency = exchange.company_currency(deal.company)
	if deal.currency == currency:
		deal.conversion_rate = 1
	elif _rate_is_outdated(deal):
		on = getdate(deal.won_on) if deal.won_on else getdate()
		deal.conversion_rate = exchange.rate(deal.currency, currency, on)
		if not deal.conversion_rate and deal.amount:
			exchange.warn_of_missing_rate(deal.currency, currency)
	deal.base_amount = flt(flt(deal.amount) * flt(deal.conversion_rate), deal.precision("base_amount"))
	weighted = flt(deal.base_amount) * flt(deal.probability) / 100
	deal.weighted_amount = flt(weighted, deal.precision("weighted_amount"))


def _rate_is_outdated(deal: Document) -> bool:
	return not deal.conversion_rate or any(
		deal.has_value_changed(field) for field in ("currency", "company", "won_on")
	)


# Correctness


def judge(deal: Document) -> None:
	"""Flags the deal with its errors (Rules of discipline, rule 2)."""
	_judge_comment(deal)
	errors = activity.correctness_errors(
		deal.product_group,
		deal.stage,
		deal.contact,
		bool(deal.comment_is_detailed),
		[activity.Product(item.item_code, _money(item.amount)) for item in deal.items],
	)
	deal.is_correct = int(not errors)
	# In English, whoever saves: translated for whoever reads.
	deal.correctness_errors = "\n".join(error.sentence.format(row=error.row) for error in errors)
	if deal.is_correct:
		deal.incorrect_since = None
	else:
		deal.incorrect_since = deal.incorrect_since or getdate()


def _judge_comment(deal: Document) -> None:
	"""When it is written: what is said later elsewhere does not turn it into a copy."""
	if not deal.comment:
		deal.comment_is_detailed = 0
	elif deal.has_value_changed("comment"):
		verdict = comments.judge_text(deal.comment, earlier_comments(deal), settings.phrases())
		deal.comment_is_detailed = int(verdict.detailed)


def earlier_comments(deal: Document) -> list[str]:
	"""What was said on the deal and on its lead."""
	interaction = frappe.qb.DocType("Client Interaction")
	on_it = interaction.deal == (deal.name or "")
	if deal.lead:
		on_it |= interaction.lead == deal.lead
	rows = (
		frappe.qb.from_(interaction)
		.select(interaction.discussed, interaction.agreed)
		.where(on_it)
		.orderby(interaction.occurred_at)
		.run()
	)
	return ["\n".join(filter(None, row)) for row in rows]


def _money(value: object) -> Decimal | None:
	try:
		return None if value is None else Decimal(str(value))
	except InvalidOperation:
		return None


# Stage, dates, activity


def set_dates_of_stage(deal: Document) -> None:
	"""When it was closed and won, and with what chance it will be. History brings dates of its own."""
	is_won = deal.stage == stages.CLIENT
	signed_on = deal.contract_signed_on if is_won and deal.is_historical else None
	closed_on = deal.closed_on or deal.won_on or signed_on or getdate()
	deal.closed_on = getdate(closed_on) if is_closed(deal) else None
	deal.won_on = getdate(deal.won_on or closed_on) if is_won else None
	deal.days_to_client = (getdate(deal.won_on) - getdate(deal.registered_on)).days if deal.won_on else 0
	deal.probability = settings.probability(deal.stage)


def set_activity(deal: Document) -> None:
	"""Active, Inactive or Closed, and until when, by what is known today; interactions and the night keep it so."""
	if not deal.clock_started_on or _comes_back(deal):
		deal.clock_started_on = getdate()
	was_until = deal.active_until
	if is_closed(deal) or deal.in_pool:
		deal.activity_status, deal.active_until = activity.CLOSED, None
	else:
		state = activity_of(deal)
		is_active = deal.is_correct and state.status == activity.ACTIVE
		deal.activity_status = activity.ACTIVE if is_active else activity.INACTIVE
		deal.active_until = state.active_until
	if not deal.active_until or not was_until or getdate(was_until) != deal.active_until:
		deal.announced, deal.announced_on = 0, None


def _comes_back(deal: Document) -> bool:
	"""Reopened, or taken from the pool."""
	before = deal.get_doc_before_save()
	is_taken = before and before.in_pool and not deal.in_pool
	return bool(is_taken or deal.flags.step.move.kind is stages.Kind.REOPEN)


def activity_of(deal: Document | frappe._dict) -> activity.Activity:
	"""Of an open deal, by its columns and its approved pauses, were it correct."""
	start = max(getdate(day) for day in (deal.clock_started_on, deal.last_interaction_on) if day)
	pauses = tuple(pause for _deal, pause in approved_pauses([deal.name] if deal.has_pause else ()))
	history = activity.History(DEAL, deal.name or "", start, pauses=pauses)
	return activity.activity(history, getdate(), settings.activity_months())


def is_closed(deal: Document) -> bool:
	return deal.stage in CLOSED


# One open deal per client and product group


def set_open_key(deal: Document) -> None:
	deal.open_deal_key = open_key(deal)


def open_key(deal: Document) -> str | None:
	"""The same for every open deal of one client with one product group; the database takes it once.

	Nothing for deals that may stand beside others: closed ones, past sales, those that wait in the pool.
	"""
	client = deal.counterparty or deal.contact
	if is_closed(deal) or deal.is_historical or deal.in_pool or not client or not deal.product_group:
		return None
	return f"{client}|{deal.product_group}"


def rekey(link: str, name: str) -> None:
	"""After what `link` points to got the name `name`, or was merged into it: its open deals follow."""
	deal = frappe.qb.DocType(DEAL)
	client = Coalesce(NullIf(deal.counterparty, ""), deal.contact)
	query = frappe.qb.update(deal).set(deal.open_deal_key, Concat(client, "|", deal.product_group))
	try:
		query.where(deal.open_deal_key.isnotnull() & (deal[link] == name)).run()
	except Exception as error:
		if not frappe.db.is_duplicate_entry(error):
			raise
		frappe.throw(
			_("A client would have two open deals with the same product group. Close one of them first."),
			OpenDealExists,
			title=_("Deal repeated"),
		)


def clashes_of_merge(link: str, kept: str, lost: str) -> list[str]:
	"""Open deals of two cards (`link`: contact or counterparty) that could not both stay open if the cards were one."""
	deal = frappe.qb.DocType(DEAL)
	query = frappe.qb.from_(deal).select(
		deal.name, deal.deal_title, deal.product_group, deal.counterparty, deal.contact
	)
	query = query.where(deal.open_deal_key.isnotnull() & deal[link].isin([kept, lost])).orderby(deal.name)
	by_key: dict[tuple, list[frappe._dict]] = {}
	for row in query.run(as_dict=True):
		row[link] = kept
		by_key.setdefault((row.counterparty or row.contact, row.product_group), []).append(row)
	sentence = _("Both have an open deal for {0}: {1}. Close one of them first.")
	return [
		sentence.format(escape_html(group), ", ".join(_name_for_reader(row) for row in rows))
		for (_client, group), rows in by_key.items()
		if len(rows) > 1
	]


def _name_for_reader(row: frappe._dict) -> str:
	if frappe.has_permission(DEAL, "read", row.name):
		return get_link_to_form(DEAL, row.name, escape_html(row.deal_title or row.name))
	return _("a deal that you may not see")


@contextmanager
def open_only_once(deal: Document) -> Iterator[None]:
	"""Around the writing of a deal: says which deal is in the way when the database refuses it."""
	if not deal.open_deal_key or not deal.has_value_changed("open_deal_key"):
		yield
		return
	with buckets.written_once(OPEN_DEALS, deal.open_deal_key, lambda: _refuse_second(deal)):
		yield


def _refuse_second(deal: Document) -> None:
	"""Reads past the transaction's own view: the other deal may have been saved a moment ago."""
	other = frappe.db.get_value(DEAL, {"open_deal_key": deal.open_deal_key}, "name", for_update=True)
	if not other:
		frappe.throw(
			_("The lead has been converted already. Go on with its deal."),
			frappe.UniqueValidationError,
			title=_("Converted already"),
		)
	other = frappe.get_doc(DEAL, other, for_update=True)
	if other.has_permission("read"):
		sentence = _("The client has an open deal for {0} already: {1}. Close it first, or go on with it.")
		which = get_link_to_form(DEAL, other.name, escape_html(other.deal_title or other.name))
	else:
		sentence = _("The client has an open deal for {0} already, of {1}. Ask about it there.")
		which = escape_html(frappe.utils.get_fullname(other.responsible))
	frappe.throw(
		sentence.format(frappe.bold(escape_html(deal.product_group)), which),
		OpenDealExists,
		title=_("Deal repeated"),
	)
