"""The nightly review: judges every document that is due, and carries out what the rules of activity decide.

`next_review_on` says which documents are due, so a night costs as much as there is to do. A batch is one transaction:
it locks the night's record and the rows that are due, judges them, writes what follows and moves `next_review_on` on.
So a run that is killed has done whole batches and its successor goes on from there, and runs at the same time take
turns, each finding only what the others have left.
"""

from __future__ import annotations

import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from hashlib import blake2b

import frappe
from frappe.utils import now_datetime
from pypika.functions import Min
from pypika.terms import Parameter

from partner_crm.rules import activity
from partner_crm.rules.activity import CONTACT, DEAL, INTERACTION, LEAD, Discipline, History, Verdict
from partner_crm.services import cases, discipline, histories, notices, penalties, pool, settings

RECORD = "Deal Review"
RUNNING, DONE, FAILED = "Running", "Done", "Failed"

BATCH = 1000
"""Documents in a transaction, each of which may bring a penalty, a case, an event and a comment: at most 5,000 rows."""

TIMES_TO_TRY = 5
ERRORS_KEPT = 20


@dataclass(frozen=True)
class Subject:
	"""A DocType that is reviewed, and its columns for that."""

	doctype: str
	next_review_on: str = "next_review_on"
	reviewed_on: str = "reviewed_on"
	is_open: tuple[str, ...] = ()

	@property
	def columns(self) -> tuple[str, ...]:
		return (*histories.COLUMNS[self.doctype], self.next_review_on, self.reviewed_on)


SUBJECTS = (
	Subject(DEAL, is_open=discipline.OPEN_STAGES[DEAL]),
	Subject(LEAD, is_open=discipline.OPEN_STAGES[LEAD]),
	Subject(INTERACTION),
	Subject(CONTACT, "pcrm_next_review_on", "pcrm_reviewed_on"),
)


@dataclass
class Tally:
	"""What was done, as the record of the night counts it."""

	reviewed: int = 0
	penalties: int = 0
	announcements: int = 0
	released: int = 0
	cases: int = 0
	notified: int = 0

	def add(self, other: Tally) -> None:
		for name, number in asdict(other).items():
			setattr(self, name, getattr(self, name) + number)


def run(night: date) -> None:
	"""Reviews what is due on `night`. Commits batch by batch; raises what kept it from finishing."""
	frappe.db.commit()
	rules = settings.discipline()
	digest, last = _digest(rules), _last_record(night)
	has_changed = bool(last) and (last.settings_digest or _last_digest(night)) not in (digest, None)
	if last and last.status == DONE and not has_changed and not last.is_due:
		if last.night < night:
			_write_idle(night, digest)
		return
	Night(night, rules, digest).run(has_changed)


class Night:
	"""One run for one night."""

	def __init__(self, night: date, rules: Discipline, digest: str):
		self.night = night
		self.rules = rules
		self.digest = digest
		self.errors: dict[tuple[str, str], str] = {}
		self.begun = time.monotonic()

	def run(self, has_changed: bool) -> None:
		_begin_record(self.night)
		try:
			if has_changed:
				self._look_at_everything()
			for subject in SUBJECTS:
				self._review(subject)
			self._tell_managers()
		except Exception:
			frappe.db.rollback()
			self.errors[RECORD, str(self.night)] = traceback.format_exc()
			self._finish(FAILED)
			raise
		self._finish(DONE)

	# Batches

	def _review(self, subject: Subject) -> None:
		after = None
		while position := self._batch(subject, after):
			after = position

	def _batch(self, subject: Subject, after: tuple | None) -> tuple | None:
		"""Judges the rows that come after a position; returns where the next batch begins, None after the last.

		If one document can't be judged, they are gone through one by one, so that it keeps no other from it.
		"""
		try:
			return self._patiently(self._all_at_once, subject, after)
		except RETRIED:
			raise
		except Exception:
			frappe.db.rollback()
			return self._patiently(self._one_by_one, subject, after)

	def _patiently(self, judge: Callable, subject: Subject, after: tuple | None) -> tuple | None:
		for attempt in range(1, TIMES_TO_TRY + 1):
			try:
				_lock(self.night)
				rows = _due(subject, self.night, after, BATCH)
				if rows:
					self._count(judge(subject, rows))
				frappe.db.commit()
			except RETRIED:
				frappe.db.rollback()
				if attempt == TIMES_TO_TRY:
					raise
			else:
				return (rows[-1][subject.next_review_on], rows[-1].name) if rows else None
		return None

	def _all_at_once(self, subject: Subject, rows: Sequence[frappe._dict]) -> Tally:
		return self._judge(subject, rows)

	def _one_by_one(self, subject: Subject, rows: Sequence[frappe._dict]) -> Tally:
		done = Tally()
		for row in rows:
			point = f"pcrm_{frappe.generate_hash(length=10)}"
			frappe.db.savepoint(point)
			try:
				done.add(self._judge(subject, [row]))
			except RETRIED:
				raise
			except Exception:
				frappe.db.rollback(save_point=point)
				self.errors[subject.doctype, row.name] = traceback.format_exc()
		return done

	def _judge(self, subject: Subject, rows: Sequence[frappe._dict]) -> Tally:
		judged = [
			(row, history, self._verdict(row, history, row[subject.reviewed_on]))
			for row, history in histories.load(subject.doctype, rows)
		]
		released = pool.release(self._lost_clients(judged))
		tally = Tally(
			reviewed=len(judged),
			penalties=penalties.impose(
				(row, penalty) for row, _history, verdict in judged for penalty in verdict.penalties
			),
			announcements=sum(1 for _row, _history, verdict in judged if verdict.announcement),
			released=len(released),
			cases=cases.open_cases(
				(row, consequence)
				for row, _history, verdict in judged
				for consequence in verdict.consequences
				if consequence.opens_case
			),
		)
		self._move_on(subject, judged, released)
		return tally

	def _verdict(self, row: frappe._dict, history: History, reviewed_on: date | None) -> Verdict:
		from_day = reviewed_on + activity.DAY if reviewed_on else date.min
		return activity.review(history, from_day, self.night, self.rules, row.get("announced") or None)

	def _lost_clients(self, judged: Iterable[tuple]) -> dict[str, str]:
		"""Deals whose manager has lost the client, each with the rule: if nothing has been mended since."""
		return {
			row.name: consequence.violation.rule
			for row, history, verdict in judged
			for consequence in verdict.consequences
			if consequence.releases_to_pool
			and history.doctype == DEAL
			and not history.is_closed
			and consequence.violation.stands_on(self.night)
		}

	def _move_on(self, subject: Subject, judged: Iterable[tuple], released: Mapping[str, str]) -> None:
		"""Writes what has changed in the columns, rows with the same values by one statement."""
		same: dict[tuple, list[str]] = defaultdict(list)
		for row, _history, verdict in judged:
			values = {subject.next_review_on: verdict.next_review_on}
			if not row[subject.reviewed_on] or row[subject.reviewed_on] < self.night:
				values[subject.reviewed_on] = self.night
			if row.name in released:
				values[subject.next_review_on] = None
			elif subject.doctype == DEAL:
				values |= self._columns_of_deal(row, verdict)
			same[tuple(values.items())].append(row.name)
		for values, names in same.items():
			statement = _update_statement(
				subject.doctype, tuple(column for column, _value in values), frappe.db.db_type
			)
			frappe.db.sql(statement, {**dict(values), "names": names})

	def _columns_of_deal(self, row: frappe._dict, verdict: Verdict) -> dict:
		state, announcement = verdict.activity, verdict.announcement
		values = {"activity_status": state.status, "active_until": state.active_until}
		if announcement:
			values |= {"announced": announcement.notice, "announced_on": self.night}
		elif row.announced and state.active_until != row.active_until:
			values |= {"announced": 0, "announced_on": None}
		return {column: value for column, value in values.items() if row.get(column) != value}

	def _tell_managers(self) -> None:
		since = _unfinished_since(self.night)
		for manager, news in notices.news_since(self.night, since).items():
			frappe.db.commit()
			_lock(self.night)
			self._count(Tally(notified=int(notices.tell(manager, self.night, since, news))))
		frappe.db.commit()

	# Other settings than last night's

	def _look_at_everything(self) -> None:
		"""New rules count from tonight on: what was not due by the old ones owes nothing for the nights before."""
		for subject in SUBJECTS:
			if subject.is_open:
				after = ""
				while after is not None:
					after = self._look_at_some(subject, after)

	def _look_at_some(self, subject: Subject, after: str) -> str | None:
		_lock(self.night)
		table = frappe.qb.DocType(subject.doctype)
		planned = table[subject.next_review_on]
		names = (
			frappe.qb.from_(table)
			.select(table.name)
			.where((table.name > after) & table.stage.isin(subject.is_open))
			.where(planned.isnull() | (planned > self.night))
			.orderby(table.name)
			.limit(BATCH)
			.for_update()
			.run(pluck=True)
		)
		if names:
			yesterday = self.night - activity.DAY
			reviewed = table[subject.reviewed_on]
			mark = frappe.qb.update(table).where(table.name.isin(names))
			mark.where(reviewed.isnull() | (reviewed < yesterday)).set(reviewed, yesterday).run()
			mark.set(planned, self.night).run()
		frappe.db.commit()
		return names[-1] if names else None

	# The record

	def _count(self, done: Tally) -> None:
		"""Within the transaction that did it, so that what a killed run did is counted too."""
		record = frappe.qb.DocType(RECORD)
		query = frappe.qb.update(record).where(record.name == str(self.night))
		for name, number in asdict(done).items():
			if number:
				query = query.set(record[name], record[name] + number)
		if any(asdict(done).values()):
			query.run()

	def _finish(self, status: str) -> None:
		_lock(self.night)
		record, now = frappe.qb.DocType(RECORD), now_datetime()
		errors = [f"{doctype} {name}\n{error}" for (doctype, name), error in self.errors.items()]
		(
			frappe.qb.update(record)
			.where(record.name == str(self.night))
			.set(record.seconds, record.seconds + round(time.monotonic() - self.begun, 2))
			.set(record.status, status)
			.set(record.ended_at, now)
			.set(record.failures, len(errors))
			.set(record.errors, "\n\n".join(errors[:ERRORS_KEPT]))
			.set(record.settings_digest, self.digest if status == DONE else "")
			.set(record.modified, now)
			.run()
		)
		if errors:
			notices.tell_administrators(self.night, len(errors))
		frappe.db.commit()


RETRIED = (frappe.QueryDeadlockError, frappe.QueryTimeoutError)
"""Somebody was in the way; the database has taken the batch back."""


# What is due


def _due(subject: Subject, night: date, after: tuple | None, size: int) -> list[frappe._dict]:
	"""The rows due by the night, locked, in the order of their days; after a position (day, name)."""
	table = frappe.qb.DocType(subject.doctype)
	planned = table[subject.next_review_on]
	query = (
		frappe.qb.from_(table)
		.select(*[table[column] for column in subject.columns])
		.where(planned <= night)
		.orderby(planned, table.name)
		.limit(size)
		.for_update()
	)
	if after:
		day, name = after
		query = query.where((planned > day) | ((planned == day) & (table.name > name)))
	return query.run(as_dict=True)


@cache
def _update_statement(doctype: str, columns: tuple[str, ...], db_type: str) -> str:
	"""Built once: an object for each name takes longer than finding its row."""
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.update(table).where(table.name.isin(Parameter("%(names)s")))
	for column in columns:
		query = query.set(table[column], Parameter(f"%({column})s"))
	return query.get_sql()


# The record of a night


def _lock(night: date) -> None:
	"""Runs for one night take turns, batch by batch."""
	record = frappe.qb.DocType(RECORD)
	frappe.qb.from_(record).select(record.name).where(record.name == str(night)).for_update().run()


def _last_record(night: date) -> frappe._dict | None:
	"""Of the last night until this one; and `is_due`, whether there is anything to do."""
	rows = frappe.db.sql(_last_statement(frappe.db.db_type), {"night": night})
	if not rows:
		return None
	last_night, status, settings_digest, *first_days = rows[0]
	is_due = any(day is not None and day <= night for day in first_days)
	return frappe._dict(night=last_night, status=status, settings_digest=settings_digest, is_due=is_due)


@cache
def _last_statement(db_type: str) -> str:
	"""All that a night without work has to know, in one round trip: what is due is told by the first entry of each index."""
	record, tables = frappe.qb.DocType(RECORD), [frappe.qb.DocType(subject.doctype) for subject in SUBJECTS]
	first_days = [
		frappe.qb.from_(table).select(Min(table[subject.next_review_on]))
		for table, subject in zip(tables, SUBJECTS, strict=True)
	]
	return (
		frappe.qb.from_(record)
		.select(record.night, record.status, record.settings_digest, *first_days)
		.where(record.night <= Parameter("%(night)s"))
		.orderby(record.night, order=frappe.qb.desc)
		.limit(1)
		.get_sql()
	)


def _last_digest(night: date) -> str | None:
	"""Of the rules by which a night was last finished."""
	record = frappe.qb.DocType(RECORD)
	found = (
		frappe.qb.from_(record)
		.select(record.settings_digest)
		.where((record.night <= night) & (record.status == DONE))
		.orderby(record.night, order=frappe.qb.desc)
		.limit(1)
		.run(pluck=True)
	)
	return found[0] if found else None


def _begin_record(night: date) -> None:
	"""Others may begin at the same moment: the night's name decides who writes it."""
	if not frappe.db.exists(RECORD, str(night)):
		try:
			_insert(night, RUNNING)
		except Exception as error:
			if not frappe.db.is_duplicate_entry(error):
				raise
			frappe.db.rollback()
	else:
		frappe.db.set_value(RECORD, str(night), "status", RUNNING, update_modified=False)
	frappe.db.commit()


def _write_idle(night: date, digest: str) -> None:
	try:
		_insert(night, DONE, digest)
	except Exception as error:
		if not frappe.db.is_duplicate_entry(error):
			raise
		frappe.db.rollback()
		return
	frappe.db.commit()


def _insert(night: date, status: str, digest: str = "") -> None:
	now, user = now_datetime(), frappe.session.user
	values = {
		"name": str(night),
		"creation": now,
		"modified": now,
		"owner": user,
		"modified_by": user,
		"night": night,
		"status": status,
		"started_at": now,
		"ended_at": now if status == DONE else None,
		"settings_digest": digest,
	}
	frappe.db.sql(_insert_statement(tuple(values), frappe.db.db_type), values)


@cache
def _insert_statement(columns: tuple[str, ...], db_type: str) -> str:
	values = [Parameter(f"%({column})s") for column in columns]
	return frappe.qb.into(frappe.qb.DocType(RECORD)).columns(*columns).insert(*values).get_sql()


def _unfinished_since(night: date) -> frappe._dict:
	"""The first night after the last finished one, and when its run began: its news may not have been told."""
	record = frappe.qb.DocType(RECORD)
	before = (
		frappe.qb.from_(record)
		.select(record.night)
		.where((record.status == DONE) & (record.night < night))
		.orderby(record.night, order=frappe.qb.desc)
		.limit(1)
		.run(pluck=True)
	)
	query = (
		frappe.qb.from_(record)
		.select(record.night, record.started_at)
		.where(record.night <= night)
		.orderby(record.night)
		.limit(1)
	)
	if before:
		query = query.where(record.night > before[0])
	return query.run(as_dict=True)[0]


def _digest(rules: Discipline) -> str:
	return blake2b(repr(rules).encode(), digest_size=16).hexdigest()
