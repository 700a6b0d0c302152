"""Judges a spreadsheet's clients one by one by the app's own rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from partner_crm.audit.findings import Inactive, Incomplete, MissingFact, PenaltyDue
from partner_crm.audit.wording import Wording
from partner_crm.client_base import Record
from partner_crm.rules import activity, stages
from partner_crm.rules.comments import judge_comment, judge_text
from partner_crm.rules.stages import StageField

NAMES = frozenset({"Contact.full_name", "Contact.first_name", "Contact.last_name"})
TITLE = "Counterparty.title"
LAST_CONTACT = "Interaction.occurred_at"
COMMENTS = ("Interaction.discussed", "Interaction.agreed", "Deal.comment")

# What a column under another heading tells as well.
ALSO_TOLD_BY = {
	"Contact.first_name": ("Contact.full_name",),
	"Contact.last_name": ("Contact.full_name",),
	"Contact.email": ("Contact.contacts",),
	"Contact.phone": ("Contact.contacts",),
	"Contact.additional_email": ("Contact.email", "Contact.contacts"),
	"Deal.contract": ("Deal.contract_file",),
}

# Facts that the app itself works out. No spreadsheet tells them: its last contact may be a stub where an earlier one was a talk.
WORKED_OUT = frozenset({"Deal.icp_passed", "Deal.qualifying_interaction_on"})

# Where the clock of rule 2 runs: deals, and clients handed over to a programme's owner, until they are closed.
AT_WORK = frozenset({stages.SQL, stages.NEGOTIATION, stages.HANDED_OVER})
LEADS_AT_WORK = frozenset({stages.COLD_LEAD, stages.MQL})

# A base of companies alone names its clients by their titles.
NAMED_BY_TITLE = StageField(
	stages.COLD_LEAD, "enter", stages.COUNTERPARTY, "title", "set", "Title", "Название"
)


@dataclass(frozen=True, slots=True)
class Need:
	"""What clients at one stage of one track need, parted by whether the file has a column for it.

	`judged`: each row with the check of its requirement and the name of the fact that it asks for first.
	"""

	judged: tuple[tuple[StageField, Callable[[object], bool], str], ...]
	untold: tuple[StageField, ...]


@dataclass(frozen=True, slots=True)
class Comment:
	"""Whether the comment on the last contact is detailed, and whether it is there but says nothing.

	In a file without a column of comments every contact is taken as a talk worth the name.
	"""

	is_detailed: bool
	is_stub: bool


class Judge:
	"""`told`: the facts that have a column in this file; nothing else is judged."""

	def __init__(self, told: Collection[str], today: date, wording: Wording) -> None:
		self._told = frozenset(told)
		self._today = today
		self._wording = wording
		self._discipline = discipline = activity.Discipline(activity.shipped_penalty_rules())
		self._rules = {
			doctype: tuple(filter(None, map(discipline.rule, names)))
			for doctype, names in activity.RULES_FOR.items()
		}
		self._needs: dict[tuple[str, str], Need] = {}
		self._has_comments = self._told.intersection(COMMENTS)
		self.judges_activity = LAST_CONTACT in self._told
		self.undated = 0

	def judge(self, record: Record) -> Iterator[Incomplete | Inactive | PenaltyDue]:
		"""Everything that the rules say of one client."""
		yield from self._incomplete(record)
		yield from self._quiet(record)

	def _incomplete(self, record: Record) -> Iterator[Incomplete]:
		stage, track = record.facts.get("Deal.stage"), record.facts["Deal.track"]
		need = self.need(track, stage or stages.COLD_LEAD)
		get = record.facts.get
		# Nearly all that is needed is there, under its own name. Only of what is not the rule is asked whether something else tells it.
		doubtful = [row for row, is_enough, name in need.judged if not is_enough(get(name))]
		unmet = stages.unmet(_by_entity(record), doubtful) if doubtful else ()
		lacking = [MissingFact(row.entity, row.field, self.label(row)) for row in unmet]
		if stage is None and "Deal.stage" in self._told:
			lacking.append(MissingFact(stages.DEAL, "stage", self._wording.text("Stage")))
		if lacking:
			yield Incomplete(record.row, stage or stages.COLD_LEAD, tuple(lacking))

	def need(self, track: str, stage: str) -> Need:
		key = track, stage
		if key not in self._needs:
			rows = [row for row in stages.required_at(track, stage) if self._key(row) not in WORKED_OUT]
			if TITLE in self._told and not self._told & NAMES:
				rows.insert(0, NAMED_BY_TITLE)
			# A row asks once, whether the title is needed as the client's name or by the stage.
			rows = list({(row.entity, row.field): row for row in rows}.values())
			self._needs[key] = Need(
				tuple(
					(row, stages.REQUIREMENTS[row.requirement], f"{row.entity}.{row.fields[0]}")
					for row in rows
					if self._is_told(row)
				),
				tuple(row for row in rows if not self._is_told(row)),
			)
		return self._needs[key]

	def untold(self) -> list[StageField]:
		"""Every fact that some client's stage needs and that no column tells, each once, by the earliest stage that needs it."""
		found: dict[tuple[str, str], StageField] = {}
		for need in self._needs.values():
			for row in need.untold:
				found.setdefault((row.entity, row.field), row)
		return list(found.values())

	def label(self, row: StageField) -> str:
		return (
			row.label_ru if self._wording.lang == "ru" and row.label_ru else self._wording.text(row.label_en)
		)

	def _quiet(self, record: Record) -> Iterator[Inactive | PenaltyDue]:
		"""Rules 2 to 4 for an open lead or deal: is it quiet, and which penalties are due by today."""
		facts = record.facts
		stage = facts.get("Deal.stage")
		is_deal = stage in AT_WORK
		if not self.judges_activity or not (is_deal or stage in LEADS_AT_WORK):
			return
		last = facts.get(LAST_CONTACT)
		began = facts.get("Deal.registered_on") or last
		if began is None:
			self.undated += 1
			return
		comment = self._comment(record)
		history = self._history(record, is_deal, began, comment.is_detailed)
		manager = facts.get("Deal.responsible")
		if is_deal:
			state = activity.activity(history, self._today, self._discipline.activity_months)
			if state.status == activity.INACTIVE:
				yield Inactive(record.row, manager, last, state.active_until)
		yield from self._penalties(record.row, manager, history)
		if last and comment.is_stub:
			written = activity.History(
				activity.INTERACTION, str(record.row), last, flaws=(activity.Flaw(last),)
			)
			yield from self._penalties(record.row, manager, written)

	def _history(self, record: Record, is_deal: bool, began: date, qualifies: bool) -> activity.History:
		facts = record.facts
		last, planned = facts.get(LAST_CONTACT), facts.get("Deal.next_contact_on")
		moment = None if last is None else datetime.combine(last, time.min)
		return activity.History(
			activity.DEAL if is_deal else activity.LEAD,
			str(record.row),
			began,
			facts.get("Deal.registered_on"),
			interactions=() if moment is None else (activity.Interaction(moment, moment, qualifies),),
			plans=() if planned is None else (activity.Plan(planned, began),),
		)

	def _penalties(self, row: int, manager: str | None, history: activity.History) -> Iterator[PenaltyDue]:
		for rule in self._rules[history.doctype]:
			due = activity.deadline(rule.rule, history, self._discipline.activity_months)
			if due is None or due >= self._today:
				continue
			for _nth, day, _night in activity.due_days(due + timedelta(days=1), rule, self._today):
				yield PenaltyDue(row, rule.rule, manager, day, rule.amount, rule.currency or None)

	def _comment(self, record: Record) -> Comment:
		if not self._has_comments:
			return Comment(is_detailed=True, is_stub=False)
		discussed, agreed, text = (record.facts.get(name, "") for name in COMMENTS)
		verdict = judge_comment(discussed, agreed) if discussed or agreed else judge_text(text)
		return Comment(verdict.detailed, is_stub=bool(discussed or agreed or text) and not verdict.detailed)

	@staticmethod
	def _key(row: StageField) -> str:
		return f"{row.entity}.{row.field}"

	def _is_told(self, row: StageField) -> bool:
		keys = [f"{row.entity}.{field}" for field in row.fields]
		return any(key in self._told or self._told.intersection(ALSO_TOLD_BY.get(key, ())) for key in keys)


class _Entity:
	"""The facts of one entity, as the rules of the funnel ask for them. A name in one cell tells the first name and the last."""

	__slots__ = ("_facts", "_names")

	def __init__(self, names: dict[str, str], facts: dict[str, object]) -> None:
		self._names = names
		self._facts = facts

	def get(self, field: str) -> object:
		value = self._facts.get(self._names[field])
		if value is None and field in _PLACES_IN_NAME and (name := self._facts.get("Contact.full_name")):
			value = name.partition(" ")[_PLACES_IN_NAME[field]]
		return value


class _Names(dict):
	"""Of an entity: field -> the name of the fact in a record."""

	def __init__(self, entity: str) -> None:
		self._entity = entity

	def __missing__(self, field: str) -> str:
		name = self[field] = f"{self._entity}.{field}"
		return name


_PLACES_IN_NAME = {"first_name": 0, "last_name": 2}
_NAMES = {entity: _Names(entity) for entity in (stages.CONTACT, stages.COUNTERPARTY, stages.DEAL)}


def _by_entity(record: Record) -> dict[str, _Entity]:
	return {entity: _Entity(names, record.facts) for entity, names in _NAMES.items()}
