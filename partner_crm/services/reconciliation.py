"""The weekly reconciliation of partners' money: what can be mended is mended, for the rest somebody has a task.

A gap is a finding of the report `Payout Reconciliation` about one document. Its row stands exactly as long as the
report finds it, and carries the name of its task: so each gap is told once, however often the job runs and however
many run at once; whoever closes a task is left in peace; and a gap that comes back after it was mended is told anew.

Everything goes page by page, in transactions of its own, so that a ledger of any size takes the same memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from hashlib import sha256

import frappe
from frappe import _
from frappe.utils import add_days, escape_html, format_date

from partner_crm.reports import reconciliation
from partner_crm.reports.filters import Filters
from partner_crm.reports.reconciliation import DEAL, FINDINGS, LEAD, LINK, PAYOUT, Found, FoundRow
from partner_crm.services import buckets, bulk, payout_status, payouts, settings, todos
from partner_crm.setup.identity_buckets import GAPS
from partner_crm.setup.roles import ACCOUNTANT, SALES_HEAD

GAP = "Reconciliation Gap"
COLUMNS = ("name", "finding", "reference_doctype", "reference_name", "task")

PAGE = 1000
"""Documents that are looked at together, which write at most that many gaps and tasks."""

DAYS_LOOKED_BACK = 35
"""Invoices that changed since then are reckoned anew, whether a worker did so at the time or not."""

EVERYTHING = Filters()


def run(today: date) -> Counter[str]:
	"""Mends what it can, then brings gaps and tasks up to the day; returns how many gaps there are of each kind.

	Commits page by page. Any number of runs, also at once, leave the same behind.
	"""
	mend(today)
	return tell(today)


# Mending


def mend(today: date) -> None:
	"""Clients who were won or lost, and invoices that changed, whose payouts nobody has reckoned; statuses that were left behind.

	Each client in a transaction of his own: one that fails is logged, and the others go on.
	"""
	for doctype, name in _to_settle(today):
		_settle(doctype, name, today)
	for page in _pages("refunded", today):
		payout_status.lock_ledger()
		payout_status.refresh([row[0] for row in page], today)
		frappe.db.commit()


def _to_settle(today: date) -> Iterator[tuple[str, str]]:
	for doctype, kind in ((DEAL, "deal"), (LEAD, "lead")):
		for page in _pages(f"{kind}_without_payout", today):
			yield from ((doctype, row[0]) for row in page)
		for page in _pages(f"{kind}_lost", today):
			yield from ((doctype, name) for name in _sources_of([row[0] for row in page], LINK[doctype]))
	since = add_days(today, -DAYS_LOOKED_BACK)
	for page in _paged(lambda after: _invoiced_since(since, after)):
		yield from ((DEAL, row[0]) for row in page)


def _sources_of(names: Sequence[str], link: str) -> list[str]:
	"""The deals or leads of these payouts."""
	payout = frappe.qb.DocType(PAYOUT)
	query = frappe.qb.from_(payout).select(payout[link]).distinct().where(payout.name.isin(names))
	return query.orderby(payout[link]).run(pluck=True)


def _invoiced_since(since: date, after: str) -> list[FoundRow]:
	"""Some of the deals with payouts whose invoices have changed: ERPNext notes payments on them, too."""
	invoice, deal = frappe.qb.DocType("Sales Invoice"), frappe.qb.DocType(DEAL)
	return (
		frappe.qb.from_(invoice)
		.join(deal)
		.on(deal.name == invoice.pcrm_deal)
		.select(deal.name)
		.distinct()
		.where((invoice.modified >= since) & (deal.name > after) & deal.payout_terms.isnotnull())
		.orderby(deal.name)
		.limit(PAGE)
		.run()
	)


def _settle(doctype: str, name: str, today: date) -> None:
	frappe.db.commit()  # what follows begins with the locks, and sees all that was committed before
	was_muted, frappe.flags.mute_messages = frappe.flags.mute_messages, True
	try:
		payouts.settle(doctype, name, today)
	except Exception:
		frappe.db.rollback()
		frappe.log_error(
			"Partner CRM: no payouts by reconciliation", reference_doctype=doctype, reference_name=name
		)
	finally:
		frappe.flags.mute_messages = was_muted
	frappe.db.commit()


# Telling


def tell(today: date) -> Counter[str]:
	"""Makes a task for each gap that is new, and closes those of gaps that are no more."""
	owner = payout_owner()
	lang = todos.language_of(owner) if owner else None
	counts: Counter[str] = Counter()
	for code in FINDINGS:
		for page in _pages(code, today):
			found = list(reconciliation.told(code, page, EVERYTHING, today))
			counts[code] += len(found)
			if owner:
				_open(found, owner, lang, today)
				frappe.db.commit()
		for gaps in _paged(lambda after, code=code: _gaps_of(code, after)):
			_close(code, gaps, today)
			if owner:
				todos.pass_on([task for _name, _document, task in gaps], owner)
			frappe.db.commit()
	return counts


def payout_owner() -> str | None:
	"""Who is chosen in the settings and switched on, else the first accountant of payouts, else the first head of sales."""
	return todos.answerable(settings.get_settings().payout_owner, ACCOUNTANT, SALES_HEAD)


def _open(found: Sequence[Found], owner: str, lang: str, today: date) -> None:
	"""Whichever of several runs writes a gap first names its task, and all of them write that task."""
	gaps = {_name_of(each.code, each.document): each for each in found}
	for name in _named(gaps):
		del gaps[name]
	if not gaps:
		return
	buckets.lock(GAPS, [GAP])
	bulk.insert_new(
		GAP,
		COLUMNS,
		[
			(name, each.code, each.finding.doctype, each.document, f"gap-{frappe.generate_hash(length=20)}")
			for name, each in sorted(gaps.items())
		],
	)
	tasks = _named(gaps, for_update=True)
	todos.open_new(_task(tasks[name], each, owner, lang, today) for name, each in gaps.items())


def _named(names: Sequence[str], for_update: bool = False) -> dict[str, str]:
	"""The gaps of these names that there are, with the names of their tasks."""
	if not names:
		return {}
	gap = frappe.qb.DocType(GAP)
	query = frappe.qb.from_(gap).select(gap.name, gap.task).where(gap.name.isin(sorted(names)))
	query = query.orderby(gap.name)
	return dict((query.for_update() if for_update else query).run())


def _name_of(code: str, document: str) -> str:
	return sha256(f"{code}|{document}".encode()).hexdigest()[:40]


def _task(name: str, found: Found, owner: str, lang: str, today: date) -> todos.Task:
	"""Frappe shows it to whoever sees the document: what is known from documents of another kind stays in the report."""
	parts = [_(found.finding.label, lang), found.client]
	if all(doctype == found.finding.doctype for doctype, _column in found.finding.needs):
		values = {
			key: format_date(value) if isinstance(value, date) else value
			for key, value in found.text.values.items()
		}
		parts.append(_(found.text.sentence, lang).format(**values))
	return todos.Task(
		name=name,
		owner=owner,
		day=today,
		reference_doctype=found.finding.doctype,
		reference_name=found.document,
		description=escape_html(" – ".join(filter(None, parts))),
	)


def _gaps_of(code: str, after: str) -> list[FoundRow]:
	gap = frappe.qb.DocType(GAP)
	return (
		frappe.qb.from_(gap)
		.select(gap.name, gap.reference_name, gap.task)
		.where((gap.finding == code) & (gap.name > after))
		.orderby(gap.name)
		.limit(PAGE)
		.run()
	)


def _close(code: str, gaps: Sequence[FoundRow], today: date) -> None:
	"""Of these gaps, those that are not found any more."""
	documents = sorted({document for _name, document, _task in gaps})
	rows = reconciliation.among(code, frappe.qb, EVERYTHING, today, documents).run()
	found = {each.document for each in reconciliation.told(code, rows, EVERYTHING, today)}
	over = {name: task for name, document, task in gaps if document not in found}
	if not over:
		return
	buckets.lock(GAPS, [GAP])
	todos.close(over.values())
	frappe.db.delete(GAP, {"name": ("in", sorted(over))})


def follow_rename(doctype: str, old: str, new: str) -> None:
	"""A document got another name: its gaps are still the same."""
	gap = frappe.qb.DocType(GAP)
	where = (gap.reference_doctype == doctype) & (gap.reference_name == old)
	for name, code in frappe.qb.from_(gap).select(gap.name, gap.finding).where(where).orderby(gap.name).run():
		query = frappe.qb.update(gap).set(gap.name, _name_of(code, new)).set(gap.reference_name, new)
		query.where(gap.name == name).run()


# Page by page


def _pages(code: str, today: date) -> Iterator[list[FoundRow]]:
	"""The rows of a kind of finding."""
	if FINDINGS[code].is_whole:
		yield _part(code, today, "")
		return
	yield from _paged(lambda after: _part(code, today, after))


def _part(code: str, today: date, after: str) -> list[FoundRow]:
	return reconciliation.part_of(code, frappe.qb, EVERYTHING, today, after, PAGE).run()


def _paged(part: Callable[[str], list[FoundRow]]) -> Iterator[list[FoundRow]]:
	"""Parts of at most `PAGE` rows, in the order of what each row begins with."""
	after = ""
	while rows := part(after):
		yield rows
		if len(rows) < PAGE:
			return
		after = rows[-1][0]
