"""The histories of many documents at once, as the rules of activity want them: a handful of queries for a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import cache

import frappe
from frappe.utils import getdate
from pypika.functions import Coalesce
from pypika.terms import Parameter

from partner_crm.rules.activity import (
	CONTACT,
	DEAL,
	INTERACTION,
	LEAD,
	Assignment,
	Closing,
	Flaw,
	History,
	Interaction,
	Pause,
	Plan,
)
from partner_crm.services import discipline

Row = frappe._dict
Events = Mapping[str, Sequence[tuple]]
"""By kind, in the order of time: (was, became, changed at)."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
	DEAL: (
		*("name", "creation", "company", "responsible", "stage", "in_pool", "is_correct", "incorrect_since"),
		*("next_contact_on", "clock_started_on", "activity_status", "active_until", "announced", "has_pause"),
	),
	LEAD: ("name", "creation", "registered_on", "company", "responsible", "stage", "next_contact_on"),
	INTERACTION: ("name", "creation", "company", "responsible", "deal", "is_stub"),
	CONTACT: ("name", "creation", "owner", "pcrm_staff_email_since"),
}
"""What of a document's own row its history is made of."""

NOBODY = {"Administrator", "Guest"}


def load(doctype: str, rows: Sequence[Row]) -> Iterator[tuple[Row, History]]:
	"""Each row (of the columns `COLUMNS`) with the history of its document."""
	names = [row.name for row in rows]
	events = _events(doctype, names)
	others = _MORE[doctype](rows, events)
	for row in rows:
		yield row, _MAKERS[doctype](row, events.get(row.name, {}), others.get(row.name, {}))


def _deal(row: Row, events: Events, more: Mapping[str, list]) -> History:
	created_on = _created_on(row)
	if not events.get(discipline.OUT_OF_PLAY) and row.clock_started_on:
		created_on = min(created_on, row.clock_started_on)
	incorrect_since = None if row.is_correct else row.incorrect_since or created_on
	return History(
		DEAL,
		row.name,
		created_on,
		interactions=(*more.get("interactions", ()), *_withdrawn(events)),
		assignments=_assignments(row.responsible, created_on, events),
		closings=_closings(DEAL, row, created_on, events),
		pauses=tuple(more.get("pauses", ())),
		flaws=_flaws(incorrect_since, created_on, events),
		plans=_plans(row.next_contact_on, created_on, events),
	)


def _lead(row: Row, events: Events, more: Mapping[str, list]) -> History:
	created_on = _created_on(row)
	return History(
		LEAD,
		row.name,
		created_on,
		registered_on=row.registered_on,
		interactions=(*more.get("interactions", ()), *_withdrawn(events)),
		assignments=_assignments(row.responsible, created_on, events),
		closings=_closings(LEAD, row, created_on, events),
		plans=_plans(row.next_contact_on, created_on, events),
	)


def _interaction(row: Row, events: Events, _more: Mapping[str, list]) -> History:
	created_on = _created_on(row)
	return History(
		INTERACTION,
		row.name,
		created_on,
		assignments=_assignments(row.responsible, created_on, events),
		flaws=_flaws(created_on if row.is_stub else None, created_on, events),
	)


def _contact(row: Row, events: Events, _more: Mapping[str, list]) -> History:
	"""Who has entered the card answers for it."""
	created_on = _created_on(row)
	return History(
		CONTACT,
		row.name,
		created_on,
		assignments=_assignments(None if row.owner in NOBODY else row.owner, created_on, events),
		flaws=_flaws(row.pcrm_staff_email_since, created_on, events),
	)


_MAKERS: Mapping[str, Callable[[Row, Events, Mapping[str, list]], History]] = {
	DEAL: _deal,
	LEAD: _lead,
	INTERACTION: _interaction,
	CONTACT: _contact,
}


# Parts


def _created_on(row: Row) -> date:
	return row.creation.date()


def _assignments(manager: str | None, created_on: date, events: Events) -> tuple[Assignment, ...]:
	changes = events.get(discipline.RESPONSIBLE, ())
	first = changes[0][0] if changes else manager
	return (
		Assignment(first or None, datetime.combine(created_on, time.min)),
		*(Assignment(became or None, changed_at) for _was, became, changed_at in changes),
	)


def _closings(doctype: str, row: Row, created_on: date, events: Events) -> tuple[Closing, ...]:
	now = discipline.is_out_of_play(row, doctype)
	spans = _spans(now, created_on, created_on, events.get(discipline.OUT_OF_PLAY, ()))
	return tuple(Closing(*span) for span in spans)


def _flaws(since: date | None, created_on: date, events: Events) -> tuple[Flaw, ...]:
	changes = events.get(discipline.FLAWED, ())
	return tuple(Flaw(*span) for span in _spans(since is not None, created_on, since or created_on, changes))


def _spans(
	now: bool, created_on: date, since: date, changes: Sequence[tuple]
) -> Iterator[tuple[date, date | None]]:
	"""When something was so: from the day on which it began to the day on which it ended.

	Without changes it has been so `since`; else the first change tells how it was at the beginning.
	"""
	if not changes:
		if now:
			yield since, None
		return
	begun = created_on if changes[0][0] == "1" else None
	for _was, became, changed_at in changes:
		if became == "1" and begun is None:
			begun = changed_at.date()
		elif became == "0" and begun is not None:
			yield begun, changed_at.date()
			begun = None
	if begun is not None:
		yield begun, None


def _plans(planned: date | None, created_on: date, events: Events) -> tuple[Plan, ...]:
	changes = events.get(discipline.NEXT_CONTACT, ())
	if not changes:
		return (Plan(planned, created_on),) if planned else ()
	first = Plan(_day(changes[0][0]), created_on)
	return (first, *(Plan(_day(became), changed_at.date()) for _was, became, changed_at in changes))


def _day(text: str | None) -> date | None:
	return date.fromisoformat(text) if text else None


def _withdrawn(events: Events) -> Iterator[Interaction]:
	for kind in (discipline.INTERACTION_WITHDRAWN, discipline.QUALIFICATION_WITHDRAWN):
		for occurred_at, recorded_at, withdrawn_at in events.get(kind, ()):
			qualified = kind == discipline.QUALIFICATION_WITHDRAWN
			yield Interaction(occurred_at, recorded_at, qualified, withdrawn_at.date())


# Queries


def _events(doctype: str, names: Sequence[str]) -> dict[str, dict[str, list[tuple]]]:
	rows = frappe.db.sql(_events_statement(frappe.db.db_type), {"doctype": doctype, "names": names})
	found: dict[str, dict[str, list[tuple]]] = defaultdict(lambda: defaultdict(list))
	for name, kind, was, became, changed_at, occurred_at, recorded_at in rows:
		change = (was, became, changed_at) if occurred_at is None else (occurred_at, recorded_at, changed_at)
		found[name][kind].append(change)
	return found


@cache
def _events_statement(db_type: str) -> str:
	"""Built once, as that of interactions: an object for each name takes longer than finding its rows."""
	event = frappe.qb.DocType(discipline.EVENT)
	return (
		frappe.qb.from_(event)
		.select(event.reference_name, event.kind, event.was, event.became, event.changed_at)
		.select(event.occurred_at, event.recorded_at)
		.where(event.reference_name.isin(Parameter("%(names)s")))
		.where(event.reference_doctype == Parameter("%(doctype)s"))
		.orderby(event.changed_at)
		.get_sql()
	)


def _of_deals(rows: Sequence[Row], events: Mapping[str, Events]) -> dict[str, dict[str, list]]:
	"""What does not qualify matters only where a contact was planned."""
	planned, others = [], []
	for row in rows:
		is_planned = row.next_contact_on or discipline.NEXT_CONTACT in events.get(row.name, ())
		(planned if is_planned else others).append(row.name)
	found = _interactions("deal", planned) | _interactions("deal", others, only_qualifying=True)
	for name, pause in approved_pauses([row.name for row in rows if row.has_pause]):
		found.setdefault(name, {}).setdefault("pauses", []).append(pause)
	return found


def _of_leads(rows: Sequence[Row], _events: Mapping[str, Events]) -> dict[str, dict[str, list]]:
	return _interactions("lead", [row.name for row in rows])


def _nothing_more(_rows: Sequence[Row], _events: Mapping[str, Events]) -> dict:
	return {}


_MORE = {DEAL: _of_deals, LEAD: _of_leads, INTERACTION: _nothing_more, CONTACT: _nothing_more}


def _interactions(
	link: str, names: Sequence[str], *, only_qualifying: bool = False
) -> dict[str, dict[str, list]]:
	"""One that came to qualify on a later day than it was logged is two: known of since the one, proving since the other."""
	if not names:
		return {}
	statement = _interactions_statement(link, only_qualifying, frappe.db.db_type)
	found: dict[str, dict[str, list]] = {}
	for name, occurred_at, recorded_at, qualifies, qualified_at in frappe.db.sql(statement, {"names": names}):
		at_once = qualifies and (qualified_at is None or qualified_at.date() <= recorded_at.date())
		known = found.setdefault(name, {"interactions": []})["interactions"]
		known.append(Interaction(occurred_at, recorded_at, bool(at_once)))
		if qualifies and not at_once:
			known.append(Interaction(occurred_at, qualified_at, True))
	return found


@cache
def _interactions_statement(link: str, only_qualifying: bool, db_type: str) -> str:
	table = frappe.qb.DocType(INTERACTION)
	query = (
		frappe.qb.from_(table)
		.select(table[link], table.occurred_at, Coalesce(table.recorded_at, table.creation))
		.select(table.qualifies, table.qualified_at)
		.where(table[link].isin(Parameter("%(names)s")))
		.orderby(table[link], table.occurred_at)
	)
	if only_qualifying:
		query = query.where(table.qualifies == 1)
	return query.get_sql()


def approved_pauses(deals: Sequence[str]) -> list[tuple[str, Pause]]:
	"""The approved pauses of these deals, each with its deal."""
	if not deals:
		return []
	pause = frappe.qb.DocType("Deal Pause")
	rows = (
		frappe.qb.from_(pause)
		.select(pause.deal, pause.from_date, pause.to_date, pause.decided_on)
		.where(pause.deal.isin(deals) & (pause.status == "Approved"))
		.run()
	)
	return [
		(deal, Pause(from_date, to_date, getdate(decided_on)))
		for deal, from_date, to_date, decided_on in rows
	]
