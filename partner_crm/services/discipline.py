"""What the nightly review has to know of the past, noted when it changes.

A night that runs late judges as if it had run in time: by what was recorded by then, and by who was responsible then.
Leads, deals and interactions themselves only say how things are now, so every change is kept as a Discipline Event. How
a document began needs none: its first event says what it changed.

Whatever is recorded, the next run looks at the document again (`next_review_on`); that run then finds out exactly
when there will be something to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import cache

import frappe
from frappe.model.document import Document
from frappe.query_builder import Case
from frappe.utils import getdate, now_datetime
from pypika.terms import Field, Parameter

from partner_crm.rules import stages
from partner_crm.rules.activity import DEAL, INTERACTION, LEAD
from partner_crm.services import bulk

EVENT = "Discipline Event"
COLUMNS = (
	*("name", "reference_doctype", "reference_name", "kind", "was", "became", "changed_at"),
	*("occurred_at", "recorded_at"),
)

RESPONSIBLE = "Responsible"
OUT_OF_PLAY = "Out of Play"
FLAWED = "Flawed"
NEXT_CONTACT = "Next Contact"
INTERACTION_WITHDRAWN = "Interaction Withdrawn"
QUALIFICATION_WITHDRAWN = "Qualification Withdrawn"

OPEN_STAGES: Mapping[str, tuple[str, ...]] = {
	LEAD: (stages.COLD_LEAD, stages.MQL, stages.HANDED_OVER),
	DEAL: (stages.SQL, stages.NEGOTIATION),
}


def is_out_of_play(doc: Document | frappe._dict, doctype: str) -> bool:
	"""Won, lost, unqualified, converted, or in the pool."""
	return bool(doc.stage not in OPEN_STAGES[doctype] or doc.get("in_pool"))


def _responsible(doc: Document) -> str:
	return doc.responsible or ""


def _out_of_play(doc: Document) -> str:
	return str(int(is_out_of_play(doc, doc.doctype)))


def _next_contact(doc: Document) -> str:
	return getdate(doc.next_contact_on).isoformat() if doc.next_contact_on else ""


FACTS: Mapping[str, Mapping[str, Callable[[Document], str]]] = {
	DEAL: {
		RESPONSIBLE: _responsible,
		OUT_OF_PLAY: _out_of_play,
		FLAWED: lambda deal: str(int(not deal.is_correct)),
		NEXT_CONTACT: _next_contact,
	},
	LEAD: {RESPONSIBLE: _responsible, OUT_OF_PLAY: _out_of_play, NEXT_CONTACT: _next_contact},
	INTERACTION: {
		RESPONSIBLE: _responsible,
		FLAWED: lambda interaction: str(int(bool(interaction.is_stub))),
	},
}
"""What of each document a rule of discipline looks at, as text."""


# In validate and on_update


def mark(doc: Document) -> None:
	"""Has the next run look at a lead or deal that is new, or of which something was changed that counts."""
	if doc.is_new() or any(_changes(doc)):
		doc.next_review_on = sooner(doc.next_review_on)


def mark_stub(interaction: Document) -> None:
	"""Of interactions only those that break a rule, or did, are ever looked at."""
	if interaction.is_stub or (not interaction.is_new() and any(_changes(interaction))):
		interaction.next_review_on = sooner(interaction.next_review_on)


def note(doc: Document) -> None:
	"""Keeps what has changed, once the document is saved."""
	append(_event(doc.doctype, doc.name, kind, was, became) for kind, was, became in _changes(doc))


def forget(doc: Document) -> None:
	"""The events of a document that is being deleted go with it."""
	frappe.db.delete(EVENT, {"reference_doctype": doc.doctype, "reference_name": doc.name})


def _changes(doc: Document) -> Iterable[tuple[str, str, str]]:
	before = doc.get_doc_before_save()
	if not before:
		return
	for kind, value in FACTS[doc.doctype].items():
		was, became = value(before), value(doc)
		if was != became:
			yield kind, was, became


# Interactions that are taken back


def note_withdrawn(doctype: str, name: str, interaction: Document, *, all_of_it: bool) -> None:
	"""Keeps that there was an interaction on a lead or deal until now; or at least that it qualified until now."""
	events, occurred_at = [], interaction.occurred_at
	if all_of_it:
		recorded_at = interaction.recorded_at or interaction.creation
		events.append(
			_event(doctype, name, INTERACTION_WITHDRAWN, occurred_at=occurred_at, recorded_at=recorded_at)
		)
	if interaction.qualifies:
		recorded_at = interaction.qualified_at or interaction.recorded_at or interaction.creation
		events.append(
			_event(doctype, name, QUALIFICATION_WITHDRAWN, occurred_at=occurred_at, recorded_at=recorded_at)
		)
	append(events)
	if events:
		look_at(doctype, name)


# The events


Event = tuple
"""A row of Discipline Event: the values of `COLUMNS`."""


def append(events: Iterable[Event]) -> None:
	"""Nobody has the right to write them, and none of them is judged: they say what has happened."""
	if events := list(events):
		bulk.insert(EVENT, COLUMNS, events)


def released(deal: str) -> Event:
	"""That the review has sent a deal to the pool."""
	return _event(DEAL, deal, OUT_OF_PLAY, "0", "1")


def flawed(doctype: str, name: str, was: str, became: str) -> Event:
	"""That something is wrong with a document since now, or not any more."""
	return _event(doctype, name, FLAWED, was, became)


def _event(
	doctype: str,
	name: str,
	kind: str,
	was: str = "",
	became: str = "",
	occurred_at: datetime | None = None,
	recorded_at: datetime | None = None,
) -> Event:
	key, now = frappe.generate_hash(length=10), now_datetime()
	return (key, doctype, name, kind, was, became, now, occurred_at, recorded_at)


# The day of the next look


def sooner(planned: date | str | None) -> date:
	"""The next run, which may be overdue."""
	today = getdate()
	return min(getdate(planned), today) if planned else today


def sooner_than(planned: Field, today: Parameter | date) -> Case:
	"""The same for an UPDATE."""
	return Case().when(planned < today, planned).else_(today)


def look_at(doctype: str, name: str) -> None:
	"""Has the next run look at a lead or deal."""
	frappe.db.sql(_look_statement(doctype, frappe.db.db_type), {"name": name, "today": getdate()})


@cache
def _look_statement(doctype: str, db_type: str) -> str:
	table, today = frappe.qb.DocType(doctype), Parameter("%(today)s")
	return (
		frappe.qb.update(table)
		.set(table.next_review_on, sooner_than(table.next_review_on, today))
		.where(table.name == Parameter("%(name)s"))
		.get_sql()
	)
