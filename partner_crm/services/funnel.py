"""Carries out what the rules of the funnel decide: guards every change of stage, and logs it.

Desk, kanban, list, REST and import all save the document; so this is called from `validate` and `on_update` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime, time_diff_in_seconds

from partner_crm.rules import stages
from partner_crm.rules.stages import Kind, Missing, Move, StageField
from partner_crm.services import facts, settings

HEAD_OF_SALES = "Partner CRM Manager"


class StageRefused(frappe.ValidationError):
	"""A change of stage that the rules do not allow, or that would leave gaps."""


def guard_stage(doc: Document) -> None:
	"""Refuses a change of stage that does not exist, is not this user's to make, or leaves something out."""
	move = move_of(doc)
	if move.refusal:
		frappe.throw(_refusal(move), StageRefused, title=_("Stage not changed"))
	_guard_rights(doc, move)
	gaps = _gaps(doc, move)
	if gaps and not _is_excepted(doc):
		frappe.throw(_what_is_missing(doc, move.to_stage, gaps), StageRefused, title=_("Something is missing"))
	doc.flags.stage_move = move
	doc.flags.stage_gaps = gaps


def move_of(doc: Document) -> Move:
	"""The change of stage that saving `doc` now would make."""
	before = doc.get_doc_before_save()
	left_from = None
	if before and before.stage in stages.TRACKS[track_of(doc)].exits:
		left_from = _left_from(doc)
	return stages.move(
		track_of(doc),
		before.stage if before else _origin(doc),
		doc.stage,
		among=stages.DEAL_STAGES if doc.doctype == "Partner Deal" else stages.LEAD_STAGES[doc.track],
		left_from=left_from,
		is_historical=bool(doc.is_historical),
	)


def track_of(doc: Document) -> str:
	return doc.track if doc.doctype == "Partner Lead" else stages.OWN_SALE


def missing_for(doc: Document, stage: str) -> tuple[Missing, ...]:
	"""Everything that still stands between `doc` and `stage`."""
	before = doc.get_doc_before_save()
	return stages.missing(
		facts.facts_of(doc),
		track_of(doc),
		before.stage if before else _origin(doc),
		stage,
		settings.stage_table(),
		is_individual=bool(doc.is_individual),
		is_historical=bool(doc.is_historical),
	)


def log_stage(doc: Document) -> None:
	"""Writes the change of stage that `guard_stage` let pass into the log, once it is saved."""
	move: Move | None = doc.flags.pop("stage_move", None)
	gaps = doc.flags.pop("stage_gaps", ())
	if move is None or move.kind is Kind.STAY:
		return
	before = doc.get_doc_before_save()
	since = before.stage_entered_at if before else None
	change = frappe.new_doc("Stage Change")
	change.update(
		{
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"from_stage": move.from_stage,
			"to_stage": move.to_stage,
			"changed_at": doc.stage_entered_at,
			"changed_by": frappe.session.user,
			"seconds_in_stage": int(time_diff_in_seconds(doc.stage_entered_at, since)) if since else None,
			"kind": move.kind.value if before else (Kind.HISTORY.value if move.kind is Kind.HISTORY else "Start"),
			"reason": doc.flags.pop("reason_given", None),
			"gaps": ", ".join(f"{gap.entity}: {gap.label_en}" for gap in gaps) or None,
			"responsible": doc.responsible,
			"company": doc.company,
		}
	)
	# The log is the system's own: nobody has the right to write it, and nothing is checked that the move has not been checked for.
	change.set_new_name()
	change.db_insert()


def stamp_stage(doc: Document) -> None:
	"""Notes since when the document is in its stage, and takes the reason for an exceptional move off the form into the log."""
	move: Move = doc.flags.stage_move
	if move.kind is not Kind.STAY:
		doc.stage_entered_at = now_datetime()
		doc.flags.reason_given = doc.move_reason
	doc.move_reason = None


def keep_what_stages_need(doc: Document) -> None:
	"""Refuses to empty what the stage needs. Gaps that were there before bind at the next move only."""
	before = doc.get_doc_before_save()
	if not before or before.stage != doc.stage:
		return
	rows = _own_rows(doc)
	own_before = {stages.DEAL: before.as_dict(no_nulls=False)}
	own_after = {stages.DEAL: doc.as_dict(no_nulls=False)}
	lost = stages.unmet(own_after, [row for row in rows if stages.is_met(row, own_before)])
	if lost and not _is_excepted(doc):
		frappe.throw(
			_("{0} is at {1}, which needs what would be emptied:").format(_name_of(doc), _(doc.stage)) + as_list(lost),
			StageRefused,
			title=_("Still needed"),
		)


def as_list(missing: Iterable[Missing]) -> str:
	"""What is missing as a list by entity, with the labels that the user sees."""
	lines = [_("{0}: {1}").format(_(item.entity), frappe.bold(_label(item))) + f" – {_(item.reason).format(label=_label(item))}" for item in missing]
	return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


def is_head_of_sales(user: str | None = None) -> bool:
	return HEAD_OF_SALES in frappe.get_roles(user) or (user or frappe.session.user) == "Administrator"


def _origin(doc: Document) -> str | None:
	"""Where a new document comes from: nowhere, or for a deal from its lead."""
	if doc.doctype == "Partner Lead" or not doc.lead:
		return None
	return frappe.db.get_value("Partner Lead", doc.lead, "stage")


def _left_from(doc: Document) -> str | None:
	"""The stage that a closed document was last closed at."""
	found = frappe.get_all(
		"Stage Change",
		filters={"reference_doctype": doc.doctype, "reference_name": doc.name, "kind": Kind.EXIT.value},
		fields=["from_stage"],
		order_by="changed_at desc",
		limit=1,
	)
	return found[0].from_stage if found else None


def _guard_rights(doc: Document, move: Move) -> None:
	if move.needs_head and not is_head_of_sales():
		frappe.throw(
			_("Only the head of sales can move {0} from {1} to {2}.").format(_name_of(doc), _(move.from_stage or ""), _(move.to_stage)),
			frappe.PermissionError,
			title=_("Not yours to move"),
		)
	if move.needs_reason and not stages.is_set(doc.move_reason):
		frappe.throw(
			_("Say why {0} goes back from {1} to {2}: fill in {3}.").format(
				_name_of(doc), _(move.from_stage), _(move.to_stage), frappe.bold(_(doc.meta.get_label("move_reason")))
			),
			StageRefused,
			title=_("A reason is needed"),
		)


def _gaps(doc: Document, move: Move) -> tuple[Missing, ...]:
	if move.kind in (Kind.STAY, Kind.BACK, Kind.HISTORY):
		return ()
	return missing_for(doc, move.to_stage)


def _is_excepted(doc: Document) -> bool:
	"""The head of sales may let a gap pass, with a reason."""
	return is_head_of_sales() and stages.is_set(doc.move_reason)


def _own_rows(doc: Document) -> tuple[StageField, ...]:
	return tuple(
		row
		for row in stages.required_at(track_of(doc), doc.stage, settings.stage_table(), is_individual=bool(doc.is_individual))
		if row.entity == stages.DEAL and all(doc.meta.has_field(field) for field in row.fields)
	)


def _refusal(move: Move) -> str:
	if move.to_stage == stages.CONVERTED:
		return _("A lead becomes Converted when its deal is made. Use Convert to Deal.")
	return _(move.refusal).format(
		from_stage=_(move.from_stage or ""), to_stage=_(move.to_stage), possible=", ".join(_(stage) for stage in move.possible)
	)


def _what_is_missing(doc: Document, stage: str, gaps: tuple[Missing, ...]) -> str:
	return _("{0} can't go to {1} yet. Fill in:").format(_name_of(doc), frappe.bold(_(stage))) + as_list(gaps)


def _label(missing: Missing) -> str:
	return missing.label_ru if frappe.local.lang == "ru" and missing.label_ru else _(missing.label_en)


def _name_of(doc: Document) -> str:
	return frappe.bold(frappe.utils.escape_html(doc.get(doc.meta.title_field) or doc.name or _(doc.doctype)))


def describe(missing: Missing) -> dict[str, Any]:
	"""One missing thing as the API tells it."""
	label = _label(missing)
	return {"entity": missing.entity, "fieldname": missing.field, "label": label, "reason": _(missing.reason).format(label=label)}
