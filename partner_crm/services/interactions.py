"""Interactions with clients: whose they are, who may log them, what they prove, and what they do to lead and deal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import NamedTuple

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.query_builder import Case
from frappe.utils import flt, get_datetime, getdate, now_datetime
from pypika.terms import Parameter

from partner_crm.rules import activity, comments
from partner_crm.rules.interactions import CLOCKS_DIFFER, Talk, is_two_way
from partner_crm.services import deals, discipline, settings
from partner_crm.services.identity import whom_to_ask
from partner_crm.services.needs import OPEN_DEALS, OPEN_LEADS
from partner_crm.services.rights import has_right

INTERACTION = "Client Interaction"
LEAD = "Partner Lead"
DEAL = "Partner Deal"

LINKS = {LEAD: "lead", DEAL: "deal"}
EVIDENCE = ("kind", "direction", "contact", "occurred_at", "duration", "client_replied")
"""What an interaction that arose by itself says of what happened."""

PLACE = ("occurred_at", *LINKS.values())
"""When it was and what it was about: changed, it is as good as another interaction."""

EARLIER_COMMENTS = 100
"""With how many earlier comments a new one is compared, the latest first."""

_ROWS = {
	LEAD: ("name", "contact", "counterparty", "company", "responsible", "stage", "deal"),
	DEAL: (
		*("name", "contact", "counterparty", "company", "responsible", "stage", "in_pool", "lead", "comment"),
		*("clock_started_on", "creation", "has_pause"),
	),
}


class NoRightToClient(frappe.PermissionError):
	"""Whoever logs an interaction has neither lead nor deal with the contact (Rules of discipline, rule 1)."""


# What arises by itself


class Client(NamedTuple):
	"""Whom an interaction that arose by itself was with, and what it was about as far as that is certain."""

	contact: str
	lead: str | None = None
	deal: str | None = None


def record(values: dict) -> Document:
	"""Keeps what happened by itself: it is nobody's to permit or to refuse.

	Whoever saves the letter or the call is not answerable for it by that.
	"""
	interaction = frappe.get_doc({"doctype": INTERACTION, "is_automatic": 1, **values})
	interaction.responsible = interaction.responsible or ""  # None would become the user
	interaction.flags.by_service = True
	return interaction.insert(ignore_permissions=True)


def update(interaction: Document) -> None:
	"""What happened by itself goes on by itself."""
	interaction.flags.by_service = True
	interaction.save(ignore_permissions=True)


def client_of(doctype: str, name: str) -> Client | None:
	"""The client of a lead or deal."""
	contact = frappe.db.get_value(doctype, name, "contact")
	return Client(contact, **{LINKS[doctype]: name}) if contact else None


def client_among(contacts: list[str], user: str | None = None) -> Client:
	"""One of these contacts: with the open deal or else lead that is the only one, or the only one of `user`'s."""
	for doctype, open_stages in ((DEAL, OPEN_DEALS), (LEAD, OPEN_LEADS)):
		found = _open(doctype, contacts, open_stages)
		own = [row for row in found if row.responsible == user]
		for rows in (own, found):
			if len(rows) == 1:
				return Client(rows[0].contact, **{LINKS[doctype]: rows[0].name})
		if found:
			return Client((own or found)[0].contact)
	return Client(contacts[0])


def _open(doctype: str, contacts: list[str], open_stages: Iterable[str]) -> list[frappe._dict]:
	table = frappe.qb.DocType(doctype)
	query = (
		frappe.qb.from_(table)
		.select(table.name, table.contact, table.responsible)
		.where(table.contact.isin(contacts) & table.stage.isin(open_stages))
		.orderby(table.creation, order=frappe.qb.desc)
		.limit(20)
	)
	if doctype == DEAL:
		query = query.where(table.in_pool == 0)
	return query.run(as_dict=True)


# In before_validate


def begin(interaction: Document) -> None:
	"""Each save looks its lead and deal up afresh, and once."""
	interaction.flags.rows = {}


def keep_evidence(interaction: Document) -> None:
	"""People add what was said, and choose the deal that it was about; what happened has happened."""
	stored = interaction.get_doc_before_save()
	if stored and stored.is_automatic and not interaction.flags.by_service:
		for field in EVIDENCE:
			interaction.set(field, stored.get(field))


# In validate


def fill(interaction: Document) -> None:
	"""What the lead or deal says need not be typed."""
	if not _is_placed_anew(interaction):
		return
	lead = _row(interaction, LEAD)
	if lead and lead.deal and not interaction.deal:
		interaction.deal = lead.deal
	subject = _row(interaction, DEAL) or lead or frappe._dict()
	interaction.contact = interaction.contact or subject.contact
	interaction.counterparty = subject.counterparty or _counterparty_of(interaction.contact)
	interaction.company = subject.company or frappe.defaults.get_user_default("company")
	if interaction.is_automatic:
		interaction.responsible = interaction.responsible or subject.responsible or None


def check_parts(interaction: Document) -> None:
	"""Lead, deal and contact are of one client."""
	if not _is_placed_anew(interaction):
		return
	lead, deal = _row(interaction, LEAD), _row(interaction, DEAL)
	if lead and deal and deal.lead != lead.name:
		frappe.throw(
			_("The deal {0} has come from another lead than {1}. Choose one of them only.").format(
				frappe.bold(deal.name), frappe.bold(lead.name)
			),
			title=_("Lead and deal don't match"),
		)
	for row, sentence in (
		(
			lead,
			_("The contact is not the client of the lead {0}. Choose the lead's contact, or another lead."),
		),
		(
			deal,
			_("The contact is not the client of the deal {0}. Choose the deal's contact, or another deal."),
		),
	):
		if row and not _is_client_of(interaction.contact, row):
			frappe.throw(sentence.format(frappe.bold(row.name)), title=_("Another client"))


def check_figures(interaction: Document) -> None:
	if flt(interaction.duration) < 0:
		frappe.throw(_("The duration can't be negative."), title=_("Not accepted"))
	now = now_datetime()
	happened = get_datetime(interaction.occurred_at or now)
	if happened > now + CLOCKS_DIFFER and not interaction.is_automatic:
		frappe.throw(
			_("An interaction can't be logged before it has happened: {0} is in the future.").format(
				frappe.bold(frappe.format(happened))
			),
			title=_("Not accepted"),
		)
	interaction.occurred_at = min(happened, now)


def check_right(interaction: Document) -> None:
	"""Refuses what is logged by hand without the right to the client; what arose by itself is kept and flagged."""
	if interaction.is_automatic:
		_flag_without_right(interaction)
	elif interaction.is_new() or interaction.has_value_changed("contact"):
		_refuse_without_right(interaction)


def _flag_without_right(interaction: Document) -> None:
	"""`flags.acted`: who has gone on with it now."""
	user = interaction.responsible if interaction.is_new() else interaction.flags.acted
	if user and not interaction.without_right:
		interaction.without_right = int(_lacks_right(interaction, user))


def _refuse_without_right(interaction: Document) -> None:
	if interaction.contact and _lacks_right(interaction, frappe.session.user):
		sentence = _(
			"You have no open lead or deal with this contact, so you can't log an interaction with it. Register a lead first, or ask {0}."
		)
		frappe.throw(sentence.format(whom_to_ask()), NoRightToClient, title=_("Another manager's client"))


def set_two_way(interaction: Document) -> None:
	talk = Talk(
		kind=interaction.kind,
		can_be_two_way=bool(_of_kind(interaction)),
		duration=flt(interaction.duration),
		client_replied=bool(interaction.client_replied),
		not_reached=bool(_of_outcome(interaction)),
		is_proven=bool(interaction.call_log or interaction.communication),
	)
	interaction.is_two_way = int(is_two_way(talk, require_evidence=settings.requires_evidence()))


def judge_comment(interaction: Document) -> None:
	"""When it is written: what is said later elsewhere does not turn it into a copy."""
	changed = ("discussed", "agreed", "lead", "deal")
	if not interaction.is_new() and not any(interaction.has_value_changed(field) for field in changed):
		return
	verdict = comments.judge_comment(
		interaction.discussed or "",
		interaction.agreed or "",
		earlier_comments(interaction) if interaction.discussed and interaction.agreed else (),
		settings.phrases(),
	)
	interaction.is_detailed = int(verdict.detailed)
	interaction.comment_problems = "\n".join(
		_(problem.sentence).format(**problem.params) for problem in verdict.problems
	)


def set_verdict(interaction: Document) -> None:
	"""Two-way with a detailed comment; and since when, because each night is judged by what it knew."""
	now = now_datetime()
	is_moved = interaction.is_new() or any(map(interaction.has_value_changed, PLACE))
	if is_moved:
		interaction.recorded_at = now
	interaction.qualifies = int(interaction.is_two_way and interaction.is_detailed)
	if not interaction.qualifies:
		interaction.qualified_at = None
	elif is_moved or not interaction.qualified_at:
		interaction.qualified_at = now


def set_stub(interaction: Document) -> None:
	"""A talk, or an attempt at one, that was logged by hand without a detailed comment (Rules of discipline, rule 3).

	Whoever reached nobody says so by the outcome: there was nothing to agree then.
	"""
	interaction.is_stub = int(
		not interaction.is_automatic
		and not interaction.is_detailed
		and bool(_of_kind(interaction))
		and not _of_outcome(interaction)
	)


def earlier_comments(interaction: Document) -> list[tuple[str, str] | str]:
	"""What was said before on the lead and the deal, the deal's own comment too; else to the contact."""
	deal = _row(interaction, DEAL) or frappe._dict()
	table = frappe.qb.DocType(INTERACTION)
	if deal:
		same = table.deal == deal.name
		same = same | (table.lead == deal.lead) if deal.lead else same
	elif interaction.lead:
		same = table.lead == interaction.lead
	else:
		same = table.contact == (interaction.contact or "")
	query = (
		frappe.qb.from_(table)
		.select(table.discussed, table.agreed)
		.where(same & (table.is_detailed == 1))
		.orderby(table.creation, order=frappe.qb.desc)
		.limit(EARLIER_COMMENTS)
	)
	if not interaction.is_new():
		query = query.where((table.name != interaction.name) & (table.creation < interaction.creation))
	return [*query.run(), *filter(None, [deal.comment])]


# In on_update and after_delete


def keep_up(interaction: Document) -> None:
	"""Moves the dates of activity of the lead and the deal, each by one statement."""
	before = interaction.get_doc_before_save()
	if before:
		_note_what_is_withdrawn(before, interaction)
	for doctype in LINKS:
		was, now = before and _proof(before, doctype), _proof(interaction, doctype)
		if was and (not now or now.name != was.name or now.day < was.day):
			_recount(interaction, doctype, was.name)
		if now and now != was:
			_write(interaction, doctype, now.name, now.day, only_later=True)


def take_back(interaction: Document) -> None:
	"""What a deleted interaction proved is proved no more."""
	for doctype, link in LINKS.items():
		if interaction.get(link):
			discipline.note_withdrawn(doctype, interaction.get(link), interaction, all_of_it=True)
		if proof := _proof(interaction, doctype):
			_recount(interaction, doctype, proof.name)


def _note_what_is_withdrawn(before: Document, interaction: Document) -> None:
	is_moved = get_datetime(before.occurred_at) != get_datetime(interaction.occurred_at)
	for doctype, link in LINKS.items():
		name = before.get(link)
		is_gone = is_moved or name != interaction.get(link)
		if name and (is_gone or (before.qualifies and not interaction.qualifies)):
			discipline.note_withdrawn(doctype, name, before, all_of_it=is_gone)


class _Proof(NamedTuple):
	"""That there was an interaction on a lead or deal on this day."""

	name: str
	day: date


def _proof(interaction: Document, doctype: str) -> _Proof | None:
	"""Any interaction is one for a lead; only what qualifies is one for a deal."""
	name = interaction.get(LINKS[doctype])
	if not name or (doctype == DEAL and not interaction.qualifies):
		return None
	return _Proof(name, getdate(interaction.occurred_at))


def _recount(interaction: Document, doctype: str, name: str) -> None:
	"""From the stored rows, as they are at this very moment."""
	table = frappe.qb.DocType(INTERACTION)
	query = (
		frappe.qb.from_(table)
		.select(table.occurred_at)
		.where(table[LINKS[doctype]] == name)
		.orderby(table.occurred_at, order=frappe.qb.desc)
		.limit(1)
		.for_update()
	)
	if doctype == DEAL:
		query = query.where(table.qualifies == 1)
	last = query.run(pluck=True)
	_write(interaction, doctype, name, getdate(last[0]) if last else None)


def _write(
	interaction: Document, doctype: str, name: str, last: date | None, *, only_later: bool = False
) -> None:
	values = {"name": name, "last": last, "today": getdate()}
	if doctype == DEAL:
		deal = _look_up(interaction, DEAL, name)
		until, has_passed = _activity(deal, last)
		values |= {"until": until, "status": activity.INACTIVE if has_passed else activity.ACTIVE}
	frappe.db.sql(_statement(doctype, only_later, frappe.db.db_type), values)


def _activity(deal: frappe._dict, last: date | None) -> tuple[date | None, bool]:
	"""Until when the deal is active after its last interaction on a day, and whether that has passed."""
	start = getdate(deal.clock_started_on or deal.creation)
	if not deal.has_pause:
		return activity.row_activity(start, last, getdate(), settings.activity_months())
	state = deals.activity_of(frappe._dict(deal, clock_started_on=start, last_interaction_on=last))
	return state.active_until, state.status == activity.INACTIVE


@cache
def _statement(doctype: str, only_later: bool, db_type: str) -> str:
	"""Built once: putting it together takes longer than running it."""
	table, last = frappe.qb.DocType(doctype), Parameter("%(last)s")
	query = (
		frappe.qb.update(table)
		.set(table.last_interaction_on, last)
		.set(table.next_review_on, discipline.sooner_than(table.next_review_on, Parameter("%(today)s")))
		.where(table.name == Parameter("%(name)s"))
	)
	if only_later:
		query = query.where(table.last_interaction_on.isnull() | (table.last_interaction_on < last))
	if doctype == DEAL:
		# a deal without `active_until` is closed or paused, and stays so
		has_clock = table.active_until.isnotnull()
		status = (
			Case()
			.when(has_clock & (table.is_correct == 1), Parameter("%(status)s"))
			.when(has_clock, activity.INACTIVE)
			.else_(table.activity_status)
		)
		until = Case().when(has_clock, Parameter("%(until)s")).else_(table.active_until)
		# before `active_until`, since MariaDB sets one after the other
		announced = Case().when(table.active_until == Parameter("%(until)s"), table.announced).else_(0)
		query = (
			query.set(table.announced, announced)
			.set(table.activity_status, status)
			.set(table.active_until, until)
		)
	return query.get_sql()


# Details


def _is_placed_anew(interaction: Document) -> bool:
	fields = ("contact", *LINKS.values())
	return interaction.is_new() or any(interaction.has_value_changed(field) for field in fields)


def _row(interaction: Document, doctype: str) -> frappe._dict | None:
	name = interaction.get(LINKS[doctype])
	return _look_up(interaction, doctype, name) if name else None


def _look_up(interaction: Document, doctype: str, name: str) -> frappe._dict | None:
	known = interaction.flags.rows
	if known is None:
		known = interaction.flags.rows = {}
	if (doctype, name) not in known:
		known[doctype, name] = frappe.db.get_value(doctype, name, _ROWS[doctype], as_dict=True)
	return known[doctype, name]


def _is_client_of(contact: str, row: frappe._dict) -> bool:
	"""The contact itself, or a colleague at the same company."""
	return contact == row.contact or bool(row.counterparty and row.counterparty == _counterparty_of(contact))


def _counterparty_of(contact: str | None) -> str | None:
	return frappe.db.get_value("Contact", contact, "pcrm_counterparty") if contact else None


def _lacks_right(interaction: Document, user: str) -> bool:
	documents = filter(None, (_row(interaction, doctype) for doctype in LINKS))
	return not has_right(user, interaction.contact, documents)


def _of_kind(interaction: Document) -> int:
	kind = interaction.kind
	return frappe.get_cached_value("Interaction Kind", kind, "can_be_two_way") if kind else 0


def _of_outcome(interaction: Document) -> int:
	outcome = interaction.outcome
	return frappe.get_cached_value("Interaction Outcome", outcome, "not_reached") if outcome else 0
