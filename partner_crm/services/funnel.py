"""The funnel on a site: every change of stage of a lead or deal is judged by `rules.stages`, and logged.

Desk, kanban, list, REST and imports all save the document, so its controller calls this and nothing else does.
"""

from __future__ import annotations

from dataclasses import dataclass

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, getdate, now_datetime, time_diff_in_seconds

from partner_crm.rules import stages
from partner_crm.rules.stages import Kind, Missing, Move
from partner_crm.services import facts, settings
from partner_crm.services.refusals import StageRefused, as_list, name_of
from partner_crm.setup.roles import SALES_HEAD

LEAD = "Partner Lead"
DEAL = "Partner Deal"

GATED = (Kind.FORWARD, Kind.EXIT, Kind.REOPEN)
EXIT_REASONS = {stages.UNQUALIFIED: "disqualification_reason", stages.LOST: "lost_reason"}


@dataclass(frozen=True, slots=True)
class Step:
	"""A change of stage that was let pass: the gaps in spite of which it was, and why it was made."""

	move: Move
	gaps: tuple[Missing, ...]
	reason: str | None


# Judging


def guard_stage(doc: Document) -> None:
	"""Refuses a change of stage that does not exist, is not this user's to make, or leaves something out."""
	_guard_track(doc)
	_guard_conversion(doc)
	move = move_of(doc)
	if move.refusal:
		frappe.throw(_in_words(move), StageRefused, title=_("Stage not changed"))
	_guard_rights(doc, move)
	gaps = missing_for(doc, move.to_stage) if move.kind in GATED and not _is_converting(doc) else ()
	if gaps and not _is_excepted(doc):
		frappe.throw(_what_is_missing(doc, move, gaps), StageRefused, title=_("Something is missing"))
	doc.flags.step = Step(move, gaps, doc.move_reason or doc.get(EXIT_REASONS.get(move.to_stage, "")))


def keep_what_stage_needs(doc: Document) -> None:
	"""Refuses to empty what the stage needs. What was missing before binds again at the next move forward only."""
	before = doc.get_doc_before_save()
	if not before or doc.flags.step.move.kind not in (Kind.STAY, Kind.BACK):
		return
	lost = stages.newly_emptied(
		_changed_facts(before, doc),
		_changed_facts(doc, before),
		track_of(doc),
		doc.stage,
		settings.stage_table(),
		is_individual=bool(doc.is_individual),
	)
	if lost:
		sentence = _("{0} is at {1}, which needs what would be emptied:")
		frappe.throw(
			sentence.format(name_of(doc), frappe.bold(_(doc.stage))) + as_list(lost),
			StageRefused,
			title=_("Still needed"),
		)


def missing_for(doc: Document, stage: str) -> tuple[Missing, ...]:
	"""Everything that stands between a document as it is now and a stage of its track, however far."""
	return stages.missing(
		facts.facts_of(doc),
		track_of(doc),
		stage_before(doc),
		stage,
		settings.stage_table(),
		is_individual=bool(doc.is_individual),
	)


def move_of(doc: Document) -> Move:
	"""The change of stage that saving the document now would make."""
	stage = None if doc.is_historical and doc.is_new() else stage_before(doc)
	return stages.move(
		track_of(doc),
		stage,
		doc.stage,
		is_historical=bool(doc.is_historical and doc.is_new()),
		**_surroundings(doc, stage_before(doc)),
	)


def offer_moves(doc: Document) -> None:
	"""Tells the form of a saved document which changes of stage exist from here that are not for others to make."""
	if doc.is_new():
		return
	may_all = is_head_of_sales()
	# a converted lead goes where its deal goes
	moves = () if doc.stage == stages.CONVERTED else _moves_of(doc)
	offered = [move for move in moves if may_all or not move.needs_head]
	doc.set_onload("moves", [{"stage": move.to_stage, "kind": move.kind.value} for move in offered])
	doc.set_onload("may_except", may_all)


def _moves_of(doc: Document) -> tuple[Move, ...]:
	return stages.moves_from(track_of(doc), doc.stage, **_surroundings(doc, doc.stage))


def _surroundings(doc: Document, stage: str | None) -> dict:
	"""What a move depends on besides the two stages."""
	track = track_of(doc)
	return {
		"among": stages.DEAL_STAGES if doc.doctype == DEAL else stages.LEAD_STAGES[track],
		"left_from": last_left_from(doc) if stage in stages.TRACKS[track].exits else None,
	}


def track_of(doc: Document) -> str:
	return doc.track if doc.doctype == LEAD else stages.OWN_SALE


def stage_before(doc: Document) -> str | None:
	"""Where the document stands in the database; a new deal comes from its lead's stage."""
	if before := doc.get_doc_before_save():
		return before.stage
	if not doc.is_new():
		return doc.stage
	return doc.flags.origin.stage if doc.flags.origin else None


def last_left_from(doc: Document) -> str | None:
	"""The stage at which a closed document was last closed."""
	found = frappe.get_all(
		"Stage Change",
		filters={"reference_doctype": doc.doctype, "reference_name": doc.name, "kind": Kind.EXIT.value},
		pluck="from_stage",
		order_by="changed_at desc",
		limit=1,
	)
	return found[0] if found else None


def is_head_of_sales(user: str | None = None) -> bool:
	return SALES_HEAD in frappe.get_roles(user)


# Carrying out


def stamp_stage(doc: Document) -> None:
	"""Notes since when the document is at its stage, and which stages it was at. What was said of this move is kept in the log, not in the form."""
	step: Step = doc.flags.step
	doc.move_reason = None
	if step.move.kind is Kind.STAY:
		return
	doc.stage_entered_at = now_datetime()
	_count_stages(doc, step.move)
	if step.move.kind is Kind.REOPEN:
		doc.set(EXIT_REASONS[step.move.from_stage], None)
	if not doc.is_new():
		doc.is_historical = 0


def _count_stages(doc: Document, move: Move) -> None:
	"""Which stages it was ever at, and ever lost from, for the funnel. A deal goes on from where its lead was."""
	if origin := doc.flags.origin:
		doc.stages_entered = (origin.stages_entered or 0) & ~stages.BITS[stages.CONVERTED]
		doc.stages_lost_from = origin.stages_lost_from
	doc.stages_entered = (doc.stages_entered or 0) | stages.BITS[move.to_stage]
	doc.stages_lost_from = doc.stages_lost_from or 0
	if move.to_stage in stages.EXITS and move.from_stage:
		doc.stages_lost_from |= stages.BITS[move.from_stage]


def log_stage(doc: Document) -> None:
	"""Writes the change of stage that was let pass into the log, once the document is saved."""
	step: Step | None = doc.flags.pop("step", None)
	if step is None or step.move.kind is Kind.STAY:
		return
	before = doc.get_doc_before_save()
	since = before.stage_entered_at if before else None
	change = frappe.get_doc(
		{
			"doctype": "Stage Change",
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"from_stage": before.stage if before else None,
			"to_stage": doc.stage,
			"changed_at": doc.stage_entered_at,
			"changed_by": frappe.session.user,
			"seconds_in_stage": int(time_diff_in_seconds(doc.stage_entered_at, since)) if since else None,
			"kind": step.move.kind.value if before or step.move.kind is Kind.HISTORY else "Start",
			"reason": step.reason,
			"gaps": "\n".join(f"{gap.entity}: {gap.label_en}" for gap in step.gaps),
			"responsible": doc.responsible,
			"company": doc.company,
			"registered_on": doc.registered_on,
		}
	)
	# The log is the system's own. Nobody has the right to write it, and the move has been judged already.
	change.db_insert()


def correct_log(doc: Document) -> None:
	"""The log knows the company and the beginning of a journey: the lead's, and once that has become a deal, the deal's."""
	before = doc.get_doc_before_save()
	if not before or doc.stage == stages.CONVERTED:
		return
	is_given_back = before.stage == stages.CONVERTED
	if not is_given_back and _journey_of(before) == _journey_of(doc):
		return
	known = {"company": doc.company, "registered_on": doc.registered_on}
	for doctype, name in ((doc.doctype, doc.name), (LEAD, doc.get("lead"))):
		if name:
			of_it = {"reference_doctype": doctype, "reference_name": name}
			frappe.db.set_value("Stage Change", of_it, known, update_modified=False)


def _journey_of(doc: Document) -> tuple:
	return doc.company, doc.registered_on and getdate(doc.registered_on)


def forget_log(doc: Document) -> None:
	"""The log of a document that is being deleted goes with it."""
	frappe.db.delete("Stage Change", {"reference_doctype": doc.doctype, "reference_name": doc.name})


# Details


def _guard_track(doc: Document) -> None:
	if doc.doctype != LEAD:
		return
	if doc.track not in stages.TRACKS:
		sentence = _("{0} is not a track. Possible: {1}.")
		possible = ", ".join(_(track) for track in stages.TRACKS)
		frappe.throw(sentence.format(frappe.bold(escape_html(doc.track or "")), possible), StageRefused)
	before = doc.get_doc_before_save()
	if before and before.track != doc.track and before.stage != stages.COLD_LEAD:
		frappe.throw(_("The track can be changed at {0} only.").format(_(stages.COLD_LEAD)), StageRefused)


def _guard_conversion(doc: Document) -> None:
	"""A lead is Converted exactly as long as it has a deal; the deal's own saving and deleting see to that."""
	before = doc.get_doc_before_save()
	if doc.doctype != LEAD or _is_converting(doc) or (before and before.stage == doc.stage):
		return
	if before and before.stage == stages.CONVERTED:
		frappe.throw(
			_("{0} has become a deal: move the deal instead.").format(name_of(doc)),
			StageRefused,
			title=_("Stage not changed"),
		)
	if doc.stage == stages.CONVERTED and not (doc.is_new() and doc.is_historical):
		frappe.throw(
			_(
				"A lead becomes Converted when its deal is made: use the button Convert to Deal, or save a new deal with this lead."
			),
			StageRefused,
			title=_("Stage not changed"),
		)


def _is_converting(lead: Document) -> bool:
	"""The deal that makes a lead Converted has been judged; so was the deleting that gives the lead back."""
	return lead.flags.converting is not None


def _guard_rights(doc: Document, move: Move) -> None:
	if _is_converting(doc):
		return
	if move.needs_head and not is_head_of_sales():
		if move.kind is Kind.HISTORY:
			refusal = _("Only the head of sales can enter past sales.")
		else:
			sentence = _("Only the head of sales can move {0} from {1} to {2}.")
			refusal = sentence.format(name_of(doc), _(move.from_stage), _(move.to_stage))
		frappe.throw(refusal, frappe.PermissionError, title=_("For the head of sales"))
	if move.needs_reason and not stages.is_set(doc.move_reason):
		label = frappe.bold(_(doc.meta.get_label("move_reason")))
		frappe.throw(
			_("Say why {0} goes from {1} to {2}: fill in {3}.").format(
				name_of(doc), _(move.from_stage), _(move.to_stage), label
			),
			StageRefused,
			title=_("A reason is needed"),
		)


def _is_excepted(doc: Document) -> bool:
	"""The head of sales may let gaps pass, with a reason. He can't drop the reason of a loss itself."""
	return is_head_of_sales() and stages.is_set(doc.move_reason) and doc.stage not in EXIT_REASONS


def _changed_facts(doc: Document, other: Document) -> dict[str, facts.Fields]:
	"""The facts by which two versions of a document can differ. What the app computes is not emptied by anybody."""
	computed = {field.fieldname for field in doc.meta.fields if field.read_only}
	changed = {stages.DEAL: {name: value for name, value in vars(doc).items() if name not in computed}}
	if doc.contact != other.contact:
		changed[stages.CONTACT] = facts.contact_of(doc)
	if doc.counterparty != other.counterparty:
		changed[stages.COUNTERPARTY] = facts.counterparty_of(doc)
	return changed


def _in_words(move: Move) -> str:
	return _(move.refusal).format(
		from_stage=frappe.bold(_(move.from_stage or "")),
		to_stage=frappe.bold(escape_html(_(move.to_stage or ""))),
		possible=", ".join(_(stage) for stage in move.possible) or _("nothing"),
	)


def _what_is_missing(doc: Document, move: Move, gaps: tuple[Missing, ...]) -> str:
	if move.from_stage is None:
		return _("{0} can't be saved yet:").format(name_of(doc)) + as_list(gaps)
	sentence = _("{0} can't go from {1} to {2} yet:")
	return sentence.format(name_of(doc), _(move.from_stage), frappe.bold(_(move.to_stage))) + as_list(gaps)
