"""A partner's registered right to a client under a programme (Partners' money, "Claim").

Saving a lead with a programme registers its client, whichever door it came through; a deal that is given another
programme, partner or client than its lead registers it, too. `claim_key` is the same for all Active claims of one
client under one programme, and the database takes it once: what is looked up before only words the refusal sooner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, escape_html, get_link_to_form, getdate, now
from pypika.functions import Coalesce, Concat, NullIf

from partner_crm.rules import claims as rules
from partner_crm.rules.claims import ACTIVE, EXPIRED, RELEASED
from partner_crm.services import buckets, identity, savepoints, self_referral
from partner_crm.services.funnel import is_head_of_sales
from partner_crm.services.leads import title_of
from partner_crm.services.refusals import name_of
from partner_crm.setup.identity_buckets import CLAIMS

CLAIM = "Partner Claim"
PROGRAM = "Partner Program"
PAYABLE = "Payable"

WHAT_IS_CLAIMED = ("program", "partner", "contact", "counterparty")
WHOLE = Decimal(100)


class ClientClaimed(frappe.UniqueValidationError):
	"""Somebody else has registered the client for the programme, and his claim holds."""


@dataclass(frozen=True, slots=True)
class Wish:
	"""A client to be registered for a programme, and the programme's owner. `clients`: the company and the person."""

	program: str
	contact: str | None
	counterparty: str | None
	owner: str | None
	registration: rules.Registration

	@property
	def clients(self) -> tuple[str, ...]:
		return tuple(filter(None, (self.counterparty, self.contact)))


def shares_of(claim: str | None, partner: str | None) -> tuple[tuple[str | None, Decimal], ...]:
	"""Who is paid for a client, and what percentage of the reward each: by the claim as it is now.

	Without a claim `partner` gets all of it. What shares leave of 100 is paid to nobody.
	"""
	if not claim:
		return ((partner, WHOLE),)
	shares: dict[str, Decimal] = {}
	rows = frappe.get_all(
		"Partner Claim Share",
		filters={"parent": claim, "parenttype": CLAIM},
		fields=["partner", "share"],
		order_by="idx asc",
	)
	for row in rows:
		shares[row.partner] = shares.get(row.partner, Decimal(0)) + Decimal(str(row.share))
	return tuple(shares.items()) or ((frappe.db.get_value(CLAIM, claim, "partner"), WHOLE),)


# In validate of a lead or deal


def plan(doc: Document) -> None:
	"""Refuses a client who is somebody else's; else names the claim under which the lead or deal stands."""
	doc.flags.wish = None
	origin = doc.flags.origin
	if origin and not any(_differ(doc, origin, name) for name in WHAT_IS_CLAIMED):
		doc.claim = origin.claim
		return
	if not any(map(doc.has_value_changed, WHAT_IS_CLAIMED)):
		return
	_guard_attribution(doc)
	wish = _wish_of(doc)
	if not wish:
		doc.claim = None
		return
	decision = _decide(wish, _look(wish))
	doc.claim = decision.claim or frappe.generate_hash(length=10)
	doc.flags.wish = (wish, decision)


def _differ(doc: Document, other: Document, name: str) -> bool:
	return (doc.get(name) or None) != (other.get(name) or None)


def _guard_attribution(doc: Document) -> None:
	before = doc.get_doc_before_save()
	if not before or not before.claim or is_head_of_sales():
		return
	if any(_differ(doc, before, name) for name in ("program", "partner")):
		frappe.throw(
			_(
				"{0} is registered under a claim: only the head of sales can change its programme or partner."
			).format(name_of(doc)),
			frappe.PermissionError,
			title=_("For the head of sales"),
		)


def _wish_of(doc: Document) -> Wish | None:
	"""Nothing without a programme, or where a programme that pays partners is given none."""
	if not doc.program:
		return None
	program = frappe.get_cached_doc(PROGRAM, doc.program)
	partner = doc.partner if program.direction == PAYABLE else None
	client = doc.counterparty or doc.contact
	if not client or (program.direction == PAYABLE and not partner):
		return None
	day = getdate(doc.registered_on)
	until = rules.protected_until(day, cint(program.attribution_days))
	registration = rules.Registration(client, partner, day, until)
	return Wish(
		program.name, doc.contact or None, doc.counterparty or None, program.counterparty, registration
	)


# In before_save and on_update of a lead or deal


def begin(doc: Document) -> None:
	if doc.flags.wish:
		savepoints.begin(doc)


def register(doc: Document) -> None:
	"""Makes the claim that was planned, or nothing of this save at all."""
	if not doc.flags.wish:
		return
	planned, decision = doc.flags.pop("wish")
	with savepoints.all_or_nothing(doc):
		wish = _wish_of(doc)
		if wish != planned:  # a card that somebody else has made meanwhile took the planned one's place
			decision = _decide(wish, _look(wish))
		partners = filter(None, [wish.registration.partner])
		self_referral.refuse(tuple(partners), wish.contact, wish.counterparty, wish.owner)
		claim = _settle(wish, decision, doc)
		if claim != doc.claim:
			doc.db_set("claim", claim, update_modified=False)


def _settle(wish: Wish, decision: rules.Decision, doc: Document) -> str:
	"""The claim under which the lead or deal stands; made where there is none."""
	try:
		return _carry_out(wish, decision, doc)
	except ClientClaimed:
		frappe.clear_last_message()
	# Somebody was faster. What he has committed stays as it is for as long as we hold the bucket.
	return _carry_out(wish, _decide(wish, _look(wish, as_it_is_now=True)), doc)


def _carry_out(wish: Wish, decision: rules.Decision, doc: Document) -> str:
	if decision.claim:
		return decision.claim
	_expire(decision.lapsed)
	return _insert(wish, doc)


def _decide(wish: Wish, claims: Sequence[rules.Claim]) -> rules.Decision:
	decision = rules.decide(wish.registration, claims, getdate())
	if decision.refused_by:
		_refuse(wish.program, decision.refused_by)
	return decision


def _look(wish: Wish, as_it_is_now: bool = False) -> list[rules.Claim]:
	"""The claims to the client that were not released, and those to the person.

	`as_it_is_now`: only the one that holds, read past the transaction's own view. A locking look for what is not
	there would lock the gap in which others register their clients.
	"""
	claim, share = frappe.qb.DocType(CLAIM), frappe.qb.DocType("Partner Claim Share")
	query = (
		frappe.qb.from_(claim)
		.left_join(share)
		.on((share.parent == claim.name) & (share.parenttype == CLAIM))
		.select(
			claim.name,
			claim.client,
			claim.registered_on,
			claim.protected_until,
			claim.status,
			claim.partner,
			share.partner.as_("shared_with"),
		)
		.orderby(claim.registered_on)
		.orderby(claim.name)
	)
	if as_it_is_now:
		query = query.where(claim.claim_key == key_of(wish.program, wish.registration.client)).for_update()
	else:
		query = query.where(claim.client.isin(wish.clients) & (claim.program == wish.program))
		query = query.where(claim.status != RELEASED)
	return _claims_of(query.run(as_dict=True))


def _claims_of(rows: Sequence[frappe._dict]) -> list[rules.Claim]:
	partners: dict[str, set] = {}
	for row in rows:
		partners.setdefault(row.name, {row.partner or None}).update(filter(None, [row.shared_with]))
	return [
		rules.Claim(
			row.name,
			row.client,
			frozenset(partners[row.name]),
			row.registered_on,
			row.protected_until,
			row.status,
		)
		for row in {row.name: row for row in rows}.values()
	]


def _insert(wish: Wish, doc: Document) -> str:
	registration = wish.registration
	claim = frappe.get_doc(
		{
			"doctype": CLAIM,
			"program": wish.program,
			"partner": registration.partner,
			"contact": wish.contact,
			"counterparty": wish.counterparty,
			"registered_on": registration.day,
			"protected_until": registration.protected_until,
			"lead": doc.name if doc.doctype == "Partner Lead" else doc.lead,
			**{name: doc.get(name) for name in ("company", "responsible", "channel", "region")},
		}
	)
	claim.status = registration.status(getdate())
	claim.client_title = title_of(doc)
	# Who may save the lead may have its client registered; the lead is what he was judged by, its links too.
	claim.flags.by_service = claim.flags.ignore_permissions = claim.flags.ignore_links = True
	return claim.insert(set_name=doc.claim).name


def _refuse(program: str, claim: str | None = None) -> None:
	"""Without a word of whose the client is, or since when."""
	sentence = _(
		"This client is registered for the programme {0} already, and nobody else can register him now. Ask {1}."
	).format(frappe.bold(escape_html(program)), identity.whom_to_ask())
	if claim and frappe.has_permission(CLAIM, "read", claim):
		sentence += " " + _("The claim: {0}.").format(get_link_to_form(CLAIM, claim))
	frappe.throw(sentence, ClientClaimed, title=_("Registered already"))


# One claim that holds


def key_of(program: str, client: str) -> str:
	return f"{program}|{client}"


@contextmanager
def held_once(claim: Document) -> Iterator[None]:
	"""Around the writing of a claim."""
	if not claim.claim_key or not claim.has_value_changed("claim_key"):
		yield
		return
	with buckets.written_once(CLAIMS, claim.claim_key, lambda: _refuse(claim.program)):
		yield


# The end of a claim


def expire_some(today: date, most: int = 1000) -> bool:
	"""Nightly: some of the claims whose last day has passed; whether there may be more."""
	claim = frappe.qb.DocType(CLAIM)
	query = frappe.qb.from_(claim).select(claim.name).orderby(claim.name).limit(most)
	names = query.where((claim.status == ACTIVE) & (claim.protected_until < today)).run(pluck=True)
	_expire(names, today)
	return len(names) == most


def _expire(names: Collection[str], today: date | None = None) -> None:
	"""Those of these claims that are over. What somebody has extended meanwhile stays."""
	if not names:
		return
	claim = frappe.qb.DocType(CLAIM)
	query = frappe.qb.update(claim).set(claim.status, EXPIRED).set(claim.claim_key, None)
	query = query.set(claim.modified, now()).where(claim.name.isin(sorted(names)))
	query.where((claim.status == ACTIVE) & (claim.protected_until < (today or getdate()))).run()


def forget_lead(lead: Document) -> None:
	"""In `on_trash`: a claim that nothing else was registered under ends with its lead."""
	frappe.db.set_value(CLAIM, {"lead": lead.name}, "lead", None)
	if not lead.claim or frappe.db.get_value(CLAIM, lead.claim, "status") != ACTIVE:
		return
	if frappe.db.exists("Partner Lead", {"claim": lead.claim, "name": ("!=", lead.name)}):
		return
	if not frappe.db.exists("Partner Deal", {"claim": lead.claim}):
		_release(lead.claim, _("The lead {0} was deleted.").format(lead.lead_title or lead.name))


def _release(name: str, reason: str) -> None:
	"""By the app, whoever's work it came from; also a claim that is younger than the transaction's own view."""
	claim = frappe.get_doc(CLAIM, name, for_update=True)
	claim.status, claim.reason = RELEASED, reason
	claim.flags.by_service = claim.flags.ignore_permissions = claim.flags.ignore_links = True
	claim.save()


# Cards and programmes that get another name or are merged


def follow(link: str, name: str, merge: bool) -> None:
	"""After what `link` points to (contact, counterparty, program) got the name `name`, or was merged into it.

	Of two claims that hold for one client then, the one registered first holds on. Leads and deals keep the claim
	under which they began.
	"""
	if merge:
		buckets.lock(CLAIMS, map(_key_of_row, _active_claims(link, [name])))
		rows = _active_claims(link, [name], as_they_are_now=True)
		_expire([row.name for row in rows if not _holds(row)])
		for _holding, later in _clashes(rows):
			_release(
				later.name, _("The client was registered before: two cards or programmes have become one.")
			)
	claim = frappe.qb.DocType(CLAIM)
	client = Coalesce(NullIf(claim.counterparty, ""), claim.contact)
	query = frappe.qb.update(claim).where(claim[link] == name)
	query.set(claim.client, client).run()
	query.set(claim.claim_key, Concat(claim.program, "|", client)).where(claim.claim_key.isnotnull()).run()


def consequences_of_merge(link: str, kept: str, lost: str) -> list[str]:
	"""What would become of claims if two cards (`link`: contact or counterparty) were one."""
	rows = _active_claims(link, [kept, lost])
	for row in rows:
		row[link] = kept
	sentence = _("Both are registered for the programme {0}: {1} holds on, {2} is released.")
	return [
		sentence.format(frappe.bold(escape_html(later.program)), _for_reader(holding), _for_reader(later))
		for holding, later in _clashes(rows)
	]


def _active_claims(link: str, names: list[str], as_they_are_now: bool = False) -> list[frappe._dict]:
	"""Of the cards or programmes `names`, in the order of registration.

	`as_they_are_now`: read past the transaction's own view, and locked.
	"""
	claim = frappe.qb.DocType(CLAIM)
	query = (
		frappe.qb.from_(claim)
		.select(claim.name, claim.program, claim.contact, claim.counterparty, claim.protected_until)
		.where(claim[link].isin(names) & (claim.status == ACTIVE))
		.orderby(claim.registered_on)
		.orderby(claim.creation)
		.orderby(claim.name)
	)
	return (query.for_update() if as_they_are_now else query).run(as_dict=True)


def _clashes(rows: Sequence[frappe._dict]) -> Iterator[tuple[frappe._dict, frappe._dict]]:
	"""The claim that holds for a client, with each that was registered later."""
	first: dict[str, frappe._dict] = {}
	for row in filter(_holds, rows):
		holding = first.setdefault(_key_of_row(row), row)
		if holding is not row:
			yield holding, row


def _holds(row: frappe._dict) -> bool:
	return not row.protected_until or row.protected_until >= getdate()


def _key_of_row(row: frappe._dict) -> str:
	return key_of(row.program, row.counterparty or row.contact)


def _for_reader(row: frappe._dict) -> str:
	if frappe.has_permission(CLAIM, "read", row.name):
		return get_link_to_form(CLAIM, row.name)
	return _("a claim that you may not see")
