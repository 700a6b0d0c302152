"""The status of payouts, by the facts: set-based, one statement that reads and one for each status that is new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal

import frappe
from frappe.utils import getdate, now_datetime
from pypika.terms import Criterion

from partner_crm.rules import commission
from partner_crm.services import buckets, rollups
from partner_crm.services.numbers import decimal
from partner_crm.setup.identity_buckets import LEDGER

PAYOUT = "Payout"
BATCH = 2000
"""Payouts that are looked at together by the daily job."""


def lock_ledger() -> None:
	"""Until the end of the transaction. Whoever issues payouts is alone: he has to see what all others have issued.

	For whoever locks many payouts at once, too, and before he does, so that nobody waits for another in a circle.
	"""
	buckets.lock(LEDGER, [PAYOUT])


def refresh(names: Collection[str], today: date | None = None) -> int:
	"""Judges these payouts and all that take them back, or that they take back; returns how many have moved on.

	Whoever writes payouts by statements ends here, so here the sums of reports hear of it.
	The rows are locked until the end of the transaction, and read as they are now, whatever this transaction
	has seen of them before.
	"""
	if not names:
		return 0
	payout = frappe.qb.DocType(PAYOUT)
	roots = _read(payout.name.isin(sorted(names)), ("name", "root"))
	groups = _groups_of({row.root or row.name for row in roots})
	rollups.follow_payouts(row for group in groups for row in group)
	return _move(groups, getdate(today))


def confirm(today: date | None = None) -> int:
	"""Daily: what has waited long enough is confirmed, in batches that are committed one by one; returns how many."""
	today, moved = getdate(today), 0
	while names := _held_until(today):
		lock_ledger()
		moved += refresh(names, today)
		frappe.db.commit()
	return moved


def _held_until(today: date) -> list[str]:
	"""Some of the payouts whose hold is over and that still wait; whatever happened to them, they move on."""
	payout = frappe.qb.DocType(PAYOUT)
	return (
		frappe.qb.from_(payout)
		.select(payout.name)
		.where((payout.status == commission.EXPECTED) & (payout.hold_until <= today))
		.orderby(payout.hold_until)
		.orderby(payout.name)
		.limit(BATCH)
		.run(pluck=True)
	)


COLUMNS = (
	*("name", "root", "status", "amount", "hold_until", "paid_amount", "reversal_of", "statement"),
	*("won_on", "due_on", "client"),
)


def _groups_of(roots: set[str]) -> list[list[frappe._dict]]:
	"""Each payout that started something, together with all that takes it back."""
	payout = frappe.qb.DocType(PAYOUT)
	roots = sorted(roots)
	groups: defaultdict[str, list[frappe._dict]] = defaultdict(list)
	for row in _read(payout.root.isin(roots) | payout.name.isin(roots), COLUMNS):
		groups[row.root or row.name].append(row)
	return list(groups.values())


def _read(where: Criterion, columns: Iterable[str]) -> list[frappe._dict]:
	payout = frappe.qb.DocType(PAYOUT)
	query = frappe.qb.from_(payout).select(*[payout[column] for column in columns]).where(where)
	return query.orderby(payout.name).for_update().run(as_dict=True)


def _move(groups: list[list[frappe._dict]], today: date) -> int:
	moved: defaultdict[str, list[str]] = defaultdict(list)
	for group in groups:
		net = sum((decimal(row.amount) for row in group), Decimal(0))
		is_claimed = any(row.statement or row.paid_amount for row in group)
		is_rejected = any(row.status == commission.REJECTED for row in group)
		for row in group:
			status = commission.next_status(_facts(row, net, is_claimed, is_rejected), today)
			if status != row.status:
				moved[status].append(row.name)
	payout = frappe.qb.DocType(PAYOUT)
	for status, names in moved.items():
		query = frappe.qb.update(payout).set(payout.status, status)
		query = query.set(payout.modified, now_datetime()).set(payout.modified_by, frappe.session.user)
		query.where(payout.name.isin(names)).run()
	return sum(map(len, moved.values()))


def _facts(row: frappe._dict, net: Decimal, is_claimed: bool, is_rejected: bool) -> commission.PayoutFacts:
	return commission.PayoutFacts(
		status=row.status,
		amount=decimal(row.amount),
		net=net,
		hold_until=getdate(row.hold_until),
		paid_amount=decimal(row.paid_amount),
		is_reversal=bool(row.reversal_of),
		claimed=is_claimed,
		rejected=is_rejected,
	)
