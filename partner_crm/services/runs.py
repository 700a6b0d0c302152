"""Work on all cards that goes on in the background: what is asked, how far it is, and what came of it.

Each run is an `Identity Run`. It goes over the cards in the order of their names; how far it has come is committed
with the work itself, so that a run which was killed goes on where it stopped, and `resume` starts it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, now_datetime
from redis.exceptions import ConnectionError as RedisDown

from partner_crm.services import settings

DOCTYPE = "Identity Run"
TAKE_OVER, REBUILD_KEYS, CHECK_KEYS, POSSIBLE_DUPLICATES = (
	"Take Over Contacts",
	"Rebuild Keys",
	"Check Keys",
	"Possible Duplicates",
)
QUEUED, RUNNING, DONE, FAILED = "Queued", "Running", "Done", "Failed"

TRIES = 5
"""How often a hundred cards are begun again when somebody else was writing the same keys."""

WORK = {
	TAKE_OVER: "partner_crm.services.existing_cards.take_over",
	REBUILD_KEYS: "partner_crm.services.existing_cards.rebuild",
	CHECK_KEYS: "partner_crm.services.existing_cards.check",
	POSSIBLE_DUPLICATES: "partner_crm.services.near_matches.scan",
}


def start(kind: str, **fields: Any) -> str:
	"""The name of the run. Rights are the caller's to check; what is going on already is not begun twice."""
	run = frappe.get_doc({"doctype": DOCTYPE, "kind": kind, "status": QUEUED, **fields})
	settings.lock()  # whoever begins the same at this moment waits, and then finds this run
	name = frappe.db.get_value(DOCTYPE, {"going_on": work_of(run)}, "name", for_update=True, order_by=None)
	if not name:
		run.flags.ignore_permissions = True  # runs are made by the app only, whoever has asked for the work
		name = run.insert().name
	_enqueue(name)
	return name


def work_of(run: Document) -> str:
	"""The same for two runs that would do the same; unique among those that are going on."""
	what = frappe.as_json([run.selection, cint(run.scheme)], indent=None)
	return f"{run.kind} {blake2b(what.encode(), digest_size=8).hexdigest()}"


def resume() -> None:
	"""Starts those again that nobody works at: their worker was killed, or there was none."""
	for name in frappe.get_all(DOCTYPE, {"going_on": ("is", "set")}, pluck="name", order_by="creation asc"):
		_enqueue(name)


def _enqueue(name: str) -> None:
	"""Without a queue, as on a site that is just being set up, the scheduler will find it."""
	try:
		frappe.enqueue(
			work,
			queue="long",
			timeout=4 * 60 * 60,
			job_id=f"partner_crm_{name}",
			deduplicate=True,
			enqueue_after_commit=True,
			run=name,
		)
	except RedisDown:
		frappe.logger("partner_crm").warning("Redis can't be reached: run %s waits for the scheduler", name)


def work(run: str) -> None:
	"""The job. Somebody may have deleted the run, or another worker finished it."""
	if not frappe.db.exists(DOCTYPE, {"name": run, "going_on": ("is", "set")}):
		return
	doc = frappe.get_doc(DOCTYPE, run)
	note(doc, status=RUNNING)
	try:
		frappe.get_attr(WORK[doc.kind])(doc)
	except Exception:
		frappe.db.rollback()
		frappe.log_error(title=f"{doc.kind} failed", reference_doctype=DOCTYPE, reference_name=run)
		note(doc, status=FAILED, going_on=None, message=_("It failed. The Error Log says why."))
		raise
	note(doc, status=DONE, going_on=None, progress=100, finished_at=now_datetime())


def note(run: Document, **values: Any) -> None:
	"""Writes down how far a run is, and commits it with what it has done so far."""
	run.db_set(values)
	frappe.db.commit()
	if "progress" in values:
		frappe.publish_progress(values["progress"], title=_(run.kind), doctype=DOCTYPE, docname=run.name)


def over_cards(
	run: Document, doctype: str, filters: dict, size: int, do: Callable[[list[str]], None]
) -> None:
	"""Calls `do` with the names of the cards from where the run stopped, each time in one transaction with its progress."""
	for names in _batches(run, doctype, filters, size):
		found = run.found
		for tries_left in reversed(range(TRIES)):
			try:
				# Nobody else goes on with this run meanwhile: a job that was given up for lost may still live.
				locked = frappe.db.get_value(DOCTYPE, run.name, "position", for_update=True)
				if (locked or "") != (run.position or ""):
					break
				do(names)
				done = run.cards_done + len(names)
				progress = min(99, 100 * done // (run.cards_total or done))
				note(run, position=names[-1], cards_done=done, progress=progress, found=run.found)
				break
			except Exception as error:
				frappe.db.rollback()
				run.found = found
				if not tries_left or not _is_collision(error):
					raise
		run.reload()


def let_others_finish_their_lot(run: Document) -> None:
	"""What other runs do from here on, they do knowing all that is committed now."""
	table = frappe.qb.DocType(DOCTYPE)
	others = (
		frappe.qb.from_(table).select(table.name).where(table.going_on.isnotnull() & (table.name != run.name))
	)
	others.orderby(table.name).for_update().run()
	frappe.db.commit()


def _batches(run: Document, doctype: str, filters: dict, size: int) -> Iterator[list[str]]:
	while names := frappe.get_all(
		doctype,
		filters=[*_as_list(doctype, filters), [doctype, "name", ">", run.position or ""]],
		pluck="name",
		order_by="name asc",
		limit=size,
	):
		frappe.db.commit()  # what follows is to see what others have committed since
		yield names


def _as_list(doctype: str, filters: dict | list) -> list:
	if isinstance(filters, dict):
		return [[doctype, name, *_comparison(value)] for name, value in filters.items()]
	return list(filters)


def _comparison(value: Any) -> tuple:
	return tuple(value) if isinstance(value, list | tuple) else ("=", value)


def _is_collision(error: Exception) -> bool:
	return isinstance(error, frappe.QueryDeadlockError | frappe.QueryTimeoutError) or bool(
		frappe.db.is_duplicate_entry(error)
	)
