"""Keeps the sums of `reports.rollups`: notes which of them a change concerns, and reckons those again.

A note is a row that is only ever added, in the transaction of the change itself, so no save waits for another. Whoever
reads sees the change and its note, or neither. What is reckoned again is read in one view of the database, and only the
notes that were seen in it are taken away: a change that was committed meanwhile keeps its own.

What is written past our documents (other apps' statements, an administrator's SQL) leaves no note. Every night the sums
are held against the documents, and where they differ they are made anew and the Error Log says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any
from unicodedata import normalize

import frappe
from frappe.model.document import Document
from frappe.utils import cstr, getdate
from pypika.terms import Parameter
from redis.exceptions import ConnectionError as RedisDown
from rq.timeouts import JobTimeoutException

from partner_crm.reports import base, channels, funnel, income, win_loss
from partner_crm.reports.filters import Filters
from partner_crm.reports.rollups import (
	ALL,
	CLAIMS,
	COUNT,
	DECISIONS,
	DOCTYPE,
	DUES,
	FACTS,
	INCOME,
	JOURNEYS,
	LONG,
	MONEY,
	MONTHS,
	MOST_PARTS,
	PAID_CLIENTS,
	PARTS_OF,
	UNDATED,
	Rollup,
)
from partner_crm.reports.sql import Reader
from partner_crm.rules.stages import CLIENT, LOST
from partner_crm.services import bulk

NOTE = "Report Rollup Note"

ROLLUPS: Mapping[str, Rollup] = {
	rollup.name: rollup for module in (funnel, channels, win_loss, income) for rollup in module.ROLLUPS
}

EVERYTHING = "<everything>"
"""The part of a note that says that no sum can be trusted."""

DEFINED = "defined"
"""The rollup whose rows say of each other one how it was reckoned (`Rollup.definition`)."""
TOO_VARIOUS = "too various"
MOST_ROWS = 5000
"""Texts of which there are more are no quicker to read as sums."""

PLACES = 4
"""Decimal places to which sums are compared. Frappe reads those of MariaDB as floats, which have some 15 digits."""

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
	_note((changes, _part(row, changes)) for row in rows for changes in FACTS["Payout"])


def follow_clients(clients: Iterable[str]) -> None:
	"""Before and after payouts go over to another client."""
	_note((PAID_CLIENTS, client) for client in clients)


def follow_group(doctype: str) -> None:
	"""After what sums are kept by has got another name, or was merged into another one of its kind."""
	distrust(*KEPT_BY[doctype])


KEPT_BY: Mapping[str, tuple[str, ...]] = {
	"Acquisition Channel": (JOURNEYS,),
	"Company": tuple(PARTS_OF),
	"Partner Program": (INCOME, DUES, PAID_CLIENTS, CLAIMS),
	"User": (DECISIONS,),
}


def distrust(*kinds: str) -> None:
	"""After statements that change what nobody can tell; of all kinds, where none is named."""
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
	rows = [(frappe.generate_hash(length=20), *note) for note in notes]
	bulk.insert_narrow(NOTE, ("name", "changes", "part"), rows)


# What is kept


def kept(rollups: Iterable[Rollup]) -> dict[str, frozenset[str]]:
	"""For a `Reader`: the rollups that can be read, each with its noted parts."""
	by_name = {rollup.name: rollup for rollup in rollups}
	made = _definitions(by_name) if by_name else {}
	defined = [rollup for name, rollup in by_name.items() if made.get(name) == _definition(name)]
	noted = _noted({rollup.changes for rollup in defined}) if defined else {}
	return {
		rollup.name: noted.get(rollup.changes, frozenset())
		for rollup in defined
		if EVERYTHING not in noted.get(rollup.changes, ())
	}


def _definitions(names: Collection[str]) -> dict[str, str]:
	table = frappe.qb.DocType(DOCTYPE)
	query = frappe.qb.from_(table).select(table.part, table.kept_by)
	return dict(query.where((table.rollup == DEFINED) & table.part.isin(sorted(names))).run())


def _definition(name: str) -> str:
	return _defined(name, frappe.db.db_type)


@cache
def _defined(name: str, db_type: str) -> str:
	return ROLLUPS[name].definition(frappe.qb)


def _noted(kinds: Collection[str]) -> dict[str, frozenset[str]]:
	table = frappe.qb.DocType(NOTE)
	query = frappe.qb.from_(table).select(table.changes, table.part).where(table.changes.isin(sorted(kinds)))
	most = sum(MOST_PARTS.values())
	rows = query.groupby(table.changes, table.part).limit(most + 1).run()
	if len(rows) > most:
		return dict.fromkeys(kinds, frozenset({EVERYTHING}))
	noted: dict[str, set[str]] = {}
	for changes, part in rows:
		noted.setdefault(changes, set()).add(part or UNDATED)
	return {changes: frozenset(parts) for changes, parts in noted.items()}


# Reckoning again


JOB = "partner_crm_rollups"


def start() -> None:
	"""Has a worker refresh what there is to refresh; the first time takes minutes where there are millions of documents."""
	if not _due():
		return
	try:
		frappe.enqueue(refresh, queue="long", timeout=60 * 60, job_id=JOB, deduplicate=True)
	except RedisDown:
		frappe.logger("partner_crm").warning(
			"Redis can't be reached: the sums of reports wait for the scheduler"
		)


def refresh() -> None:
	"""Reckons all that has been noted, and what is not kept yet; each kind of change in transactions of its own.

	What fails is said in the Error Log, and left to the next time.
	"""
	for changes in _due():
		try:
			while _refresh(changes):
				pass
		except JobTimeoutException:
			raise
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title="Sums of reports could not be reckoned")
			frappe.db.commit()


def rebuild() -> list[str]:
	"""Everything, whatever is noted. The kinds of change that are still to be reckoned: it failed, or somebody else is at it."""
	distrust()
	frappe.db.commit()
	refresh()
	return _due()


def _due() -> list[str]:
	"""The kinds of change with anything to do."""
	table = frappe.qb.DocType(NOTE)
	noted = set(frappe.qb.from_(table).select(table.changes).distinct().run(pluck=True))
	made = _definitions(ROLLUPS)
	unmade = {rollup.changes for name, rollup in ROLLUPS.items() if not _is_made(name, made)}
	return [changes for changes in PARTS_OF if changes in noted | unmade]


def _is_made(name: str, made: Mapping[str, str]) -> bool:
	return made.get(name) in (_definition(name), f"{TOO_VARIOUS} {_definition(name)}")


def _refresh(changes: str) -> bool:
	"""Whether more is noted than was worked off."""
	frappe.db.commit()
	if not _is_alone():
		return False
	table = frappe.qb.DocType(NOTE)
	query = frappe.qb.from_(table).select(table.name, table.part).where(table.changes == changes)
	notes = query.limit(MOST_NOTES).run()
	parts = {part or UNDATED for _name, part in notes}
	made = _definitions(ROLLUPS)
	for rollup in ROLLUPS.values():
		if rollup.changes == changes:
			is_whole = EVERYTHING in parts or not _is_made(rollup.name, made)
			if is_whole or (parts and made[rollup.name] == _definition(rollup.name)):
				_reckon(rollup, None if is_whole else parts)
	# One by one, by the primary key: for a list of names MariaDB may read and lock the whole table, notes that others
	# are just adding too.
	delete = frappe.qb.from_(table).delete().where(table.name == Parameter("%(name)s")).get_sql()
	for name, _part in notes:
		frappe.db.sql(delete, {"name": name})
	frappe.db.commit()
	return len(notes) == MOST_NOTES


LOCK = "lock"
"""The name of the row that whoever reckons holds. It is written too: where a view begins before the row is locked, as
on Postgres, a database refuses to write what has been written since."""


def _is_alone() -> bool:
	"""Locks the row until the end of the transaction, or says that somebody else reckons already.

	What is read afterwards is what was committed until now: on MariaDB locking alone begins no view.
	"""
	table = frappe.qb.DocType(DOCTYPE)
	query = frappe.qb.from_(table).select(table.name).where(table.name == LOCK)
	if not query.for_update(skip_locked=True).run():
		frappe.db.rollback()
		if query.run():
			return False
		bulk.insert_new(DOCTYPE, ("name",), [(LOCK,)])
		frappe.db.commit()
		return _is_alone()
	frappe.qb.update(table).set(table.documents, frappe.generate_hash(length=10)).where(
		table.name == LOCK
	).run()
	return True


def _reckon(rollup: Rollup, parts: set[str] | None) -> None:
	"""These parts, or all, and all together."""
	table = frappe.qb.DocType(DOCTYPE)
	its_own = frappe.qb.from_(table).delete().where(table.rollup == rollup.name)
	definition = _definition(rollup.name)
	if parts is None and _is_too_various(rollup):
		its_own.run()
		_define(rollup, f"{TOO_VARIOUS} {definition}")
		return
	lots = [None] if parts is None else [*_lots(parts)]
	for some in lots:
		(its_own if some is None else its_own.where(table.part.isin([ALL, *some]))).run()
	if not rollup.parts_of:
		for some in lots:
			_write(rollup, rollup.of_parts(frappe.qb, some).run())
	_write(rollup, rollup.together(frappe.qb).run())
	if parts is None:
		_define(rollup, definition)


def _is_too_various(rollup: Rollup) -> bool:
	"""Asked before all of them are fetched and written; what grows to be so is found at night."""
	if LONG not in rollup.facts.values():
		return False
	return len(rollup.groups(frappe.qb).limit(MOST_ROWS + 1).run()) > MOST_ROWS


def _define(rollup: Rollup, definition: str) -> None:
	frappe.db.delete(DOCTYPE, {"rollup": DEFINED, "part": rollup.name})
	row = (frappe.generate_hash(length=20), DEFINED, rollup.name, None, definition)
	bulk.insert_narrow(DOCTYPE, (*COLUMNS, "kept_by"), [row])


def _lots(parts: Iterable[str]) -> Iterator[list[str]]:
	parts = sorted(parts)
	for start in range(0, len(parts), bulk.MOST):
		yield parts[start : start + bulk.MOST]


def _write(rollup: Rollup, rows: Sequence[tuple]) -> None:
	columns = (*COLUMNS, *rollup.key_columns(), *rollup.number_columns())
	width = len(rollup.key_columns())

	def written(part: str, company: str, *rest: Any) -> tuple:
		known = (*map(cstr, rest[:width]), *(str(number or 0) for number in rest[width:]))
		return (frappe.generate_hash(length=20), rollup.name, part, company, *known)

	for start in range(0, len(rows), bulk.MOST):
		bulk.insert_narrow(DOCTYPE, columns, [written(*row) for row in rows[start : start + bulk.MOST]])


# Proof


def check() -> list[str]:
	"""The rollups that tell something else than the documents do."""
	companies = frappe.get_all("Company", pluck="name", order_by="name")
	found = []
	for rollup in ROLLUPS.values():
		by = (rollup.by,) if rollup.by else ()
		if rollup.parts == MONTHS:
			asked = [Filters(group_by=("company", "month", *by)), Filters(group_by=("company", *by))]
		else:
			asked = [Filters(company=company, group_by=by) for company in companies]
		told, true = Counter(), Counter()
		for filters in asked:
			reader = Reader(frappe.qb, replace(filters, precision=PLACES))
			told.update(_rows(rollup, replace(reader, kept=kept([rollup]))))
			true.update(_rows(rollup, reader))
		if told != true:
			found.append(f"{rollup.name}: {_in_words(told - true)} instead of {_in_words(true - told)}")
	return found


def check_and_mend() -> None:
	"""Nightly. What differs is made anew, and said in the Error Log: something has been written past our documents.

	Whether there are too many texts to keep is looked at anew in any case: their number grows month by month, or shrinks.
	"""
	refresh()
	if differing := check():
		frappe.log_error(title="Sums of reports differed from the documents", message="\n".join(differing))
		distrust()
	else:
		distrust(*{rollup.changes for rollup in ROLLUPS.values() if LONG in rollup.facts.values()})
	frappe.db.commit()
	refresh()


def _rows(rollup: Rollup, reader: Reader) -> Iterator[str]:
	"""In words. Rows with the same key are one, whatever nothing is called in it."""
	keys = ("",) * len(reader.filters.group_by) + tuple(rollup.facts.values())
	kinds = (COUNT, *rollup.sums.values())
	groups: dict[tuple, list[Decimal]] = {}
	for row in rollup.rows(reader).run():
		key = tuple(
			_letters(value) if kind == LONG else _plain(value)
			for kind, value in zip(keys, row[: len(keys)], strict=True)
		)
		numbers = groups.setdefault(key, [Decimal(0)] * len(kinds))
		for place, (kind, value) in enumerate(zip(kinds, row[len(keys) :], strict=True)):
			numbers[place] += base.units(value, PLACES) if kind == MONEY else base.number(value, 0)
	for key, numbers in groups.items():
		if numbers[0]:
			yield " ".join((*key, *(f"{number.normalize():f}" for number in numbers)))


def _letters(text: str) -> str:
	"""The same for all texts that a database may take for one, of which it gives either."""
	return "".join(filter(str.isalnum, normalize("NFKD", text.casefold())))


def _plain(value: Any) -> str:
	return value or "" if isinstance(value, str | None) else f"{Decimal(str(value)).normalize():f}"


def _in_words(rows: Counter) -> str:
	return "; ".join([*rows][:3]) or "nothing"
