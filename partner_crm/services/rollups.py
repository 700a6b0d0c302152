"""Keeps the sums of `reports.rollups`: notes which of them a change concerns, and reckons those again.

A note is a row that is only ever added, in the transaction of the change itself, so no save waits for another. Whoever
reads sees the change and its note, or neither. What is reckoned again is read in one view of the database, and only the
notes that were seen in it are taken away: a change that was committed meanwhile keeps its own.

What is written past our documents (other apps' statements, an administrator's SQL) leaves no note. Every night the sums
are held against the documents, and where they differ they are made anew and the Error Log says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cstr, getdate

from partner_crm.reports import channels, funnel, income, win_loss
from partner_crm.reports.filters import Filters
from partner_crm.reports.rollups import (
	CLAIMS,
	DECISIONS,
	DOCTYPE,
	DUES,
	INCOME,
	JOURNEYS,
	LONG,
	MOST_PARTS,
	PAID_CLIENTS,
	PARTS_OF,
	Rollup,
)
from partner_crm.reports.sql import Reader
from partner_crm.rules.stages import CLIENT, LOST
from partner_crm.services import buckets, bulk
from partner_crm.setup.identity_buckets import ROLLUPS as LOCKED

NOTE = "Report Rollup Note"
LEAD, DEAL, PAYOUT, CLAIM = "Partner Lead", "Partner Deal", "Payout", "Partner Claim"

ROLLUPS: Mapping[str, Rollup] = {
	rollup.name: rollup for module in (funnel, channels, win_loss, income) for rollup in module.ROLLUPS
}

OF_JOURNEYS = ("company", "registered_on", "channel", "stage", "stages_entered", "stages_lost_from")
FACTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
	LEAD: {JOURNEYS: (*OF_JOURNEYS, "base_potential_value")},
	DEAL: {
		JOURNEYS: (*OF_JOURNEYS, "base_amount", "probability"),
		DECISIONS: (
			*("company", "responsible", "stage", "won_on", "closed_on", "base_amount", "days_to_client"),
			*("lost_reason", "key_learnings"),
		),
	},
	PAYOUT: {
		INCOME: (
			*("company", "program", "status", "reversal_of", "instalment", "won_on", "base_amount"),
			*("base_paid_amount", "days_to_client"),
		),
		DUES: ("company", "program", "status", "due_on", "base_amount", "base_paid_amount"),
		PAID_CLIENTS: ("company", "program", "client", "status", "reversal_of"),
	},
	CLAIM: {CLAIMS: ("company", "program", "registered_on")},
}
"""What of a document the sums depend on, for each kind of change."""

EVERYTHING = "*"
"""The part of a note that says that no sum can be trusted."""

DEFINED = "defined"
"""The rollup whose rows say of each other one how it was reckoned (`Rollup.definition`)."""
TOO_VARIOUS = "too various"
MOST_ROWS = 5000
"""Texts of which there are more are no quicker to read as sums."""

MOST_NOTES = 20_000
"""So many are worked off in one transaction."""

COLUMNS = ("name", "rollup", "part", "company")


# What has changed


def follow(doc: Document) -> None:
	"""Notes the parts that a saved document belongs to and belonged to, where what they are reckoned from has changed."""
	before = doc.get_doc_before_save()
	_note(
		(changes, _part(each, changes))
		for changes, facts in FACTS[doc.doctype].items()
		if not before or any(map(doc.has_value_changed, facts))
		for each in (before, doc)
		if each
	)


def forget(doc: Document) -> None:
	"""Of a document that is being deleted."""
	_note((changes, _part(doc, changes)) for changes in FACTS[doc.doctype])


def follow_payouts(rows: Iterable[frappe._dict]) -> None:
	"""After payouts were written by statements. Their days and their client stay as they are then."""
	_note((changes, _part(row, changes)) for row in rows for changes in FACTS[PAYOUT])


def distrust(*kinds: str) -> None:
	"""After statements that move documents from one part to another, such as the renaming of what they are kept by."""
	_note((changes, EVERYTHING) for changes in kinds or PARTS_OF)


def _part(doc: Document | frappe._dict, changes: str) -> str | None:
	"""As `Rollup.of_parts` names it; None where the document belongs to none."""
	if changes == PAID_CLIENTS:
		return cstr(doc.client)
	if changes == DECISIONS:
		day = {CLIENT: doc.won_on, LOST: doc.closed_on}.get(doc.stage, NOTHING)
		return None if day is NOTHING else _month(day)
	return _month(doc.get({INCOME: "won_on", DUES: "due_on"}.get(changes, "registered_on")))


NOTHING = object()


def _month(day: Any) -> str:
	return getdate(day).isoformat()[:7] if day else ""


def _note(found: Iterable[tuple[str, str | None]]) -> None:
	notes = dict.fromkeys((changes, part) for changes, part in found if part is not None)
	rows = [(frappe.generate_hash(length=10), *note) for note in notes]
	bulk.insert_narrow(NOTE, ("name", "changes", "part"), rows)


# What is kept


def kept(rollups: Iterable[Rollup]) -> dict[str, frozenset[str]]:
	"""For a `Reader`: the rollups that can be read, each with its noted parts."""
	rollups = {rollup.name: rollup for rollup in rollups}
	if not rollups:
		return {}
	defined = _definitions(rollups)
	noted = _noted({rollup.changes for rollup in rollups.values()})
	return {
		name: noted.get(rollup.changes, frozenset())
		for name, rollup in rollups.items()
		if defined.get(name) == _definition(name, frappe.db.db_type)
		and EVERYTHING not in noted.get(rollup.changes, ())
	}


def _definitions(names: Collection[str]) -> dict[str, str]:
	table = frappe.qb.DocType(DOCTYPE)
	query = frappe.qb.from_(table).select(table.part, table.kept_by)
	return dict(query.where((table.rollup == DEFINED) & table.part.isin(sorted(names))).run())


@cache
def _definition(name: str, db_type: str) -> str:
	return ROLLUPS[name].definition(frappe.qb)


def _noted(kinds: Collection[str]) -> dict[str, frozenset[str]]:
	table = frappe.qb.DocType(NOTE)
	query = frappe.qb.from_(table).select(table.changes, table.part).where(table.changes.isin(sorted(kinds)))
	rows = query.groupby(table.changes, table.part).limit(1 + sum(MOST_PARTS.values())).run()
	if len(rows) > sum(MOST_PARTS.values()):
		return dict.fromkeys(kinds, frozenset({EVERYTHING}))
	noted: dict[str, set[str]] = {}
	for changes, part in rows:
		noted.setdefault(changes, set()).add(part or "")
	return {changes: frozenset(parts) for changes, parts in noted.items()}


# Reckoning again


def refresh() -> None:
	"""Reckons all that has been noted, and what is not kept yet; each kind of change in a transaction of its own."""
	for changes in _due():
		while _refresh(changes):
			pass


def rebuild() -> None:
	"""Everything, whatever is noted."""
	distrust()
	frappe.db.commit()
	refresh()


def _due() -> list[str]:
	"""The kinds of change with anything to do."""
	table = frappe.qb.DocType(NOTE)
	noted = set(frappe.qb.from_(table).select(table.changes).distinct().run(pluck=True))
	made = _definitions(ROLLUPS)
	unmade = {rollup.changes for name, rollup in ROLLUPS.items() if not _is_made(name, made)}
	return [changes for changes in PARTS_OF if changes in noted | unmade]


def _is_made(name: str, definitions: Mapping[str, str]) -> bool:
	definition = _definition(name, frappe.db.db_type)
	return definitions.get(name) in (definition, f"{TOO_VARIOUS} {definition}")


def _refresh(changes: str) -> bool:
	"""Whether more is noted than was worked off."""
	frappe.db.commit()
	# Whoever reckons is alone, and sees what was committed until he was.
	buckets.lock(LOCKED, [DOCTYPE])
	table = frappe.qb.DocType(NOTE)
	query = frappe.qb.from_(table).select(table.name, table.part).where(table.changes == changes)
	notes = query.limit(MOST_NOTES).run()
	parts = {part or "" for _name, part in notes}
	made = _definitions(ROLLUPS)
	for rollup in ROLLUPS.values():
		if rollup.changes == changes:
			is_whole = EVERYTHING in parts or not _is_made(rollup.name, made)
			if is_whole or (parts and made[rollup.name] == _definition(rollup.name, frappe.db.db_type)):
				_reckon(rollup, None if is_whole else parts)
	bulk.run(
		frappe.qb.from_(table).delete().where(table.name.isin(bulk.NAMES)), [name for name, _part in notes]
	)
	frappe.db.commit()
	return len(notes) == MOST_NOTES


def _reckon(rollup: Rollup, parts: set[str] | None) -> None:
	"""These parts, or all, and all together."""
	table = frappe.qb.DocType(DOCTYPE)
	its_own = frappe.qb.from_(table).delete().where(table.rollup == rollup.name)
	if parts is None:
		its_own.run()
	else:
		for some in _lots({*parts, "all"}):
			its_own.where(table.part.isin(some)).run()
	if not rollup.parts_of:
		for some in [None] if parts is None else _lots(parts):
			_write(rollup, rollup.of_parts(frappe.qb, some).run())
	together = rollup.together(frappe.qb).run()
	definition = _definition(rollup.name, frappe.db.db_type)
	if LONG in rollup.facts.values() and len(together) > MOST_ROWS:
		its_own.run()
		definition = f"{TOO_VARIOUS} {definition}"
	else:
		_write(rollup, together)
	frappe.db.delete(DOCTYPE, {"rollup": DEFINED, "part": rollup.name})
	row = (frappe.generate_hash(length=10), DEFINED, rollup.name, None, definition)
	bulk.insert_narrow(DOCTYPE, (*COLUMNS, "kept_by"), [row])


def _lots(parts: Iterable[str]) -> Iterator[list[str]]:
	parts = sorted(parts)
	for start in range(0, len(parts), bulk.MOST):
		yield parts[start : start + bulk.MOST]


def _write(rollup: Rollup, rows: Iterable[tuple]) -> None:
	columns = (*COLUMNS, *rollup.key_columns(), *rollup.number_columns())
	width = len(rollup.key_columns())

	def written() -> Iterator[tuple]:
		for part, company, *rest in rows:
			keys, numbers = rest[:width], rest[width:]
			known = (*map(cstr, keys), *(str(value or 0) for value in numbers))
			yield (frappe.generate_hash(length=10), rollup.name, part, company, *known)

	bulk.insert_narrow(DOCTYPE, columns, written())


# Proof


def check() -> list[str]:
	"""The rollups that tell something else than the documents do, by company."""
	companies = frappe.get_all("Company", pluck="name", order_by="name")
	return [
		f"{rollup.name}, {company}: {_in_words(told - true)} instead of {_in_words(true - told)}"
		for rollup in ROLLUPS.values()
		for company in companies
		for told, true in [_compared(rollup, company)]
		if told != true
	]


def check_and_mend() -> None:
	"""Nightly. What differs is made anew, and said in the Error Log: something has been written past our documents."""
	refresh()
	if differing := check():
		frappe.log_error(title="Sums of reports differed from the documents", message="\n".join(differing))
		rebuild()


def _compared(rollup: Rollup, company: str) -> tuple[Counter, Counter]:
	by = tuple(filter(None, (rollup.by, "month" if PARTS_OF[rollup.changes] == "month" else None)))
	told: Counter = Counter()
	true: Counter = Counter()
	for group_by in (by, by[:1] if rollup.by else ()):
		reader = Reader(frappe.qb, Filters(company=company, group_by=group_by, precision=9))
		keeping = Reader(frappe.qb, reader.filters, kept=kept([rollup]))
		told.update(_rows(rollup, keeping))
		true.update(_rows(rollup, reader))
	return told, true


def _rows(rollup: Rollup, reader: Reader) -> Iterator[tuple]:
	"""Rows with the same key are one, whatever nothing is called."""
	width = len(reader.filters.group_by) + len(rollup.facts)
	sums: dict[tuple, list[Decimal]] = {}
	for row in rollup.rows(reader).run():
		key = (len(reader.filters.group_by), *(_plain(value) for value in row[:width]))
		numbers = [Decimal(str(value or 0)) for value in row[width:]]
		known = sums.setdefault(key, [Decimal(0)] * len(numbers))
		sums[key] = [one + other for one, other in zip(known, numbers, strict=True)]
	for key, numbers in sums.items():
		if numbers[0]:
			yield (*key, *(value.normalize() for value in numbers))


def _plain(value: Any) -> Any:
	return (value or "") if isinstance(value, str | None) else Decimal(str(value)).normalize()


def _in_words(rows: Counter) -> str:
	return "; ".join(" ".join(map(str, row)) for row in [*rows][:3]) or "nothing"
