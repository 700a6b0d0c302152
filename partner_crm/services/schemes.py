"""Changed settings of identity: the old rules hold until every card has the keys of the new ones, then they switch at once.

Keys begin with the number of their scheme. Until the switch, cards that are saved write the keys of both: those in
force refuse a duplicate, those of the next scheme don't. The switch is the change of one number.
"""

from __future__ import annotations

import frappe
from frappe.model.document import Document

from partner_crm.services import runs, settings


def follow(doc: Document) -> None:
	"""In `on_update` of the settings."""
	before = doc.get_doc_before_save()
	if not before:
		return
	wanted, saved = settings.identity_rules(doc), settings.identity_rules(before)
	if wanted == saved:
		return
	in_force = settings.schemes_of(before)[0]
	if wanted == in_force.rules:
		doc.db_set({"identity_next_scheme": 0, "identity_in_force": None})
	elif _has_keys():
		following = max(in_force.number, before.identity_next_scheme or 0) + 1
		doc.db_set(
			{"identity_next_scheme": following, "identity_in_force": settings.dump_rules(in_force.rules)}
		)
	else:
		return
	runs.start(runs.REBUILD_KEYS, scheme=doc.identity_next_scheme)


def resume() -> None:
	"""Settings whose keys could not be made are tried again."""
	following = settings.schemes()[1:]
	if following:
		runs.start(runs.REBUILD_KEYS, scheme=following[0].number)


def switch(number: int) -> bool:
	"""Puts the scheme in force that all cards have the keys of; False if the settings have changed once more meanwhile."""
	doc = frappe.get_doc(settings.DOCTYPE, settings.DOCTYPE, for_update=True)  # nobody saves them meanwhile
	if number and doc.identity_next_scheme == number:
		doc.db_set({"identity_scheme": number, "identity_next_scheme": 0, "identity_in_force": None})
		return True
	return doc.identity_scheme == number


def _has_keys() -> bool:
	return bool(frappe.get_all("Identity Key", limit=1, order_by=None))
