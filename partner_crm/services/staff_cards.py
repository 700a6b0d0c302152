"""Clients' cards in which an address of our own staff stands (Rules of discipline, rule 4).

Nobody can write one into a card, so it gets there from the other side: somebody with that address becomes a colleague,
or a contact becomes ours with what it held. Then the card is flagged, and the review knows since when.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import frappe
from frappe.model.document import Document
from frappe.utils import getdate

from partner_crm.rules.activity import CONTACT
from partner_crm.rules.identity import normalise_email
from partner_crm.services import discipline, staff


def look_for(addresses: Iterable[str | None]) -> None:
	"""Flags the managed cards that hold one of these addresses of somebody who has become one of us."""
	wanted = sorted(set(filter(None, map(normalise_email, filter(None, addresses)))))
	if not wanted:
		return
	card, row = frappe.qb.DocType(CONTACT), frappe.qb.DocType("Contact Email")
	names = (
		frappe.qb.from_(row)
		.join(card)
		.on(card.name == row.parent)
		.select(card.name)
		.distinct()
		.where(row.email_id.isin(wanted) & (row.parenttype == CONTACT))
		.where((card.pcrm_managed == 1) & card.pcrm_staff_email_since.isnull())
		.run(pluck=True)
	)
	_set_since(names, getdate())


def judge(card: Document) -> None:
	"""Flags a card that becomes ours with what it held, or takes the flag of one back."""
	addresses = [row.email_id for row in card.email_ids]
	is_flagged = bool(staff.among(addresses)) if card.pcrm_managed else False
	if is_flagged != bool(card.pcrm_staff_email_since):
		card.pcrm_staff_email_since = getdate() if is_flagged else None
		_set_since([card.name], card.pcrm_staff_email_since)


def _set_since(names: Collection[str], since) -> None:
	if not names:
		return
	card, was = frappe.qb.DocType(CONTACT), str(int(since is None))
	(
		frappe.qb.update(card)
		.set(card.pcrm_staff_email_since, since)
		.set(card.pcrm_next_review_on, discipline.sooner_than(card.pcrm_next_review_on, getdate()))
		.where(card.name.isin(list(names)))
		.run()
	)
	discipline.append(discipline.flawed(CONTACT, name, was, str(int(since is not None))) for name in names)
