"""What the save of a card has to know of others before it writes, in one statement: a round trip is felt in every save."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import frappe
from frappe.model.document import Document

from partner_crm.services import identity, staff


def at(card: Document, addresses: Iterable[str]) -> set[str]:
	"""In `validate`: which of these addresses are our own staff's, normalised.

	Whether another card holds what this one gains is noted on the way, for `identity.begin`.
	"""
	card.flags.key_change = None  # what a save that was refused left there may be old
	ours, unsure = staff.by_domain(addresses)
	if not unsure:
		return ours
	change = identity.change_of(card)
	if not change.pairs:
		return staff.among(addresses)
	rows = frappe.db.sql(_both(frappe.db.db_type), staff.asked(unsure) | {"keys": change.pairs})
	is_known = any(row[0] in change.fresh for row in rows)
	card.flags.update({"looked_for": change, "is_known": is_known})
	return ours | staff.named(unsure, rows)


@cache
def _both(db_type: str) -> str:
	return staff.of_people().union_all(identity.of_pairs()).get_sql()
