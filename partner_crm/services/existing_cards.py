"""Cards that are there already: taken over, given the keys of changed settings, checked at night."""

from __future__ import annotations

from collections.abc import Sequence

import frappe
from frappe import _
from frappe.desk.doctype.notification_log.notification_log import enqueue_create_notification
from frappe.model.document import Document
from frappe.utils import get_datetime

from partner_crm.services import bulk, key_stock, runs, schemes, settings

OURS = {"Contact": {"pcrm_managed": 1}, "Counterparty": {}}
MOST_NAMED = 10
ADMINISTRATORS = "System Manager"


def start_taking_over(names: Sequence[str] | None) -> str:
	"""The named contacts, or all that are not ours yet; the name of the run."""
	chosen = {"name": ["in", list(names)]} if names else {}
	return runs.start(runs.TAKE_OVER, selection=frappe.as_json(chosen))


def take_over(run: Document) -> None:
	"""Contacts of the site become ours: the rules hold for them from now on, the duplicates among them are listed."""
	chosen = frappe.parse_json(run.selection) or {}

	def do(names: list[str]) -> None:
		contact = frappe.qb.DocType("Contact")
		managed = frappe.qb.update(contact).set(contact.pcrm_managed, 1)
		bulk.run(managed.where(contact.name.isin(bulk.NAMES)), names)
		run.found += len(key_stock.settle("Contact", names).duplicates)

	_begin(run, {"Contact": chosen})
	runs.over_cards(run, "Contact", chosen, key_stock.CHUNK, do)
	runs.note(
		run,
		message=_("Contacts taken over: {0}. Duplicates among them: {1}.").format(run.cards_done, run.found),
	)


def rebuild(run: Document) -> None:
	"""The keys of changed settings, for all cards; then the settings switch, and the old keys go."""
	_begin(run, OURS)
	runs.let_others_finish_their_lot(run)
	for step, doctype in enumerate(OURS):
		_settle_all(run, step, doctype, OURS[doctype])
	# Saved by somebody who had not yet heard of the new scheme when this run passed the card.
	for step, doctype in enumerate(OURS, start=len(OURS)):
		_settle_all(run, step, doctype, OURS[doctype] | {"modified": (">=", get_datetime(run.creation))})
	if not schemes.switch(run.scheme) and run.scheme:
		runs.note(run, message=_("The settings have been changed again since."))
		return
	frappe.db.commit()
	_drop_other_schemes()
	runs.note(run, message=_("The new rules are in force. Duplicates found by them: {0}.").format(run.found))


def check(run: Document) -> None:
	"""Compares every card with the keys that it holds, mends what is wrong, and tells the administrators."""
	_begin(run, OURS)
	wrong: list[str] = frappe.parse_json(run.selection) or []
	orphans = _drop_orphans()  # first: they keep keys from cards that need them
	for step, doctype in enumerate(OURS):
		_settle_all(run, step, doctype, OURS[doctype], wrong)
	runs.note(run, found=run.found + orphans)
	if run.found:
		_report(run, wrong, orphans)
	else:
		runs.note(run, message=_("Every card holds exactly the keys that its fields make."))


def settle_people(counterparty: str) -> None:
	"""The job after a company's numbers or mailboxes have changed. Who turns out to be a duplicate is listed."""
	filters = {"pcrm_counterparty": counterparty, "pcrm_managed": 1}
	names = frappe.get_all("Contact", filters, pluck="name", order_by="name asc")
	for start in range(0, len(names), key_stock.CHUNK):
		key_stock.settle("Contact", names[start : start + key_stock.CHUNK])


def _begin(run: Document, cards: dict[str, dict]) -> None:
	if not run.cards_total:
		total = sum(frappe.db.count(doctype, filters) for doctype, filters in cards.items())
		runs.note(run, cards_total=total)


def _settle_all(
	run: Document, step: int, doctype: str, filters: dict, wrong: list[str] | None = None
) -> None:
	"""One step of a run, unless it is behind already. `wrong` gathers the first cards whose keys were."""
	if run.step > step:
		return

	def do(names: list[str]) -> None:
		settled = key_stock.settle(doctype, names)
		run.found += len(settled.duplicates) if wrong is None else len(settled.corrected)
		if wrong is not None and len(wrong) < MOST_NAMED:
			wrong.extend(f"{doctype} {name}" for name in settled.corrected)
			run.selection = frappe.as_json(wrong[:MOST_NAMED])
			run.db_set("selection", run.selection)

	runs.over_cards(run, doctype, filters, key_stock.CHUNK, do)
	runs.note(run, step=step + 1, position="")


def _drop_other_schemes() -> None:
	key = frappe.qb.DocType("Identity Key")
	kept = [scheme.prefix for scheme in settings.schemes()]
	query = frappe.qb.from_(key).select(key.name).limit(5000)
	for prefix in kept:
		query = query.where(key.name.not_like(f"{prefix}%"))
	while names := query.run(pluck=True):
		frappe.qb.from_(key).delete().where(key.name.isin(names)).run()
		frappe.db.commit()


def _drop_orphans() -> int:
	"""Keys of cards that are not there or not ours."""
	key, dropped = frappe.qb.DocType("Identity Key"), 0
	for doctype, filters in OURS.items():
		card = frappe.qb.DocType(doctype)
		is_card = card.name == key.card
		for fieldname, value in filters.items():
			is_card &= card[fieldname] == value
		query = frappe.qb.from_(key).left_join(card).on(is_card).select(key.name)
		query = query.where((key.card_doctype == doctype) & card.name.isnull())
		names: Sequence[str] = query.run(pluck=True)
		for start in range(0, len(names), 1000):
			key_stock.drop(names[start : start + 1000])
			frappe.db.commit()
		dropped += len(names)
	return dropped


def _report(run: Document, wrong: Sequence[str], orphans: int) -> None:
	message = _("Cards with wrong keys: {0}. Keys without a card: {1}. All have been put right.")
	message = message.format(run.found - orphans, orphans)
	runs.note(run, message="\n".join([message, *wrong[:MOST_NAMED]]))
	enqueue_create_notification(
		_administrators(),
		{
			"type": "Alert",
			"document_type": run.doctype,
			"document_name": run.name,
			"subject": message,
			"from_user": "Administrator",
		},
	)


def _administrators() -> list[str]:
	has_role, user = frappe.qb.DocType("Has Role"), frappe.qb.DocType("User")
	query = frappe.qb.from_(has_role).join(user).on(user.name == has_role.parent).select(user.name).distinct()
	query = query.where((has_role.parenttype == "User") & (has_role.role == ADMINISTRATORS))
	return query.where(user.enabled == 1).orderby(user.name).run(pluck=True)
