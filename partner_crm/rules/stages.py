"""The funnel: which moves exist, who may make them, and what each of them needs.

- own sale: Cold Lead -> MQL -> SQL -> Negotiation -> Client;
  Unqualified from Cold Lead and MQL, Lost from SQL and Negotiation;
- referral: Cold Lead -> Handed Over -> Client;
  Unqualified from Cold Lead and Handed Over.

A document's facts are `{"Contact": {...}, "Counterparty": {...}, "Deal": {...}}`, where "Deal" holds the
lead's values and, over them, the deal's. What a stage needs is always a list of `StageField` rows: the
administrator's table, and the conditions that no table can switch off (`stage_conditions.csv`: a brief, a
signed contract, the reason of a loss). One function, `required_at`, puts them together; everything else
asks which of its rows the facts leave open.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from importlib.resources import files
from itertools import chain
from operator import eq, ge, gt, le, lt, ne

OWN_SALE = "Own Sale"
REFERRAL = "Referral"

COLD_LEAD = "Cold Lead"
MQL = "MQL"
CONVERTED = "Converted"
SQL = "SQL"
NEGOTIATION = "Negotiation"
CLIENT = "Client"
HANDED_OVER = "Handed Over"
UNQUALIFIED = "Unqualified"
LOST = "Lost"

CONTACT = "Contact"
COUNTERPARTY = "Counterparty"
DEAL = "Deal"

STAGE_TABLE = "Stage table"
AT_CREATION = "At Creation"

Facts = Mapping[str, Mapping[str, object]]


# Tracks and moves


@dataclass(frozen=True, slots=True)
class Track:
	"""A way from the first contact to a client.

	`path`: its stages in order. `exits`: each exit, and the stages it is taken from, in order. `same_as`:
	stages that are another document's name for a place on the path. `after`: what is done once the path is
	complete, no stage of its own but with requirements.
	"""

	path: tuple[str, ...]
	exits: Mapping[str, tuple[str, ...]]
	same_as: Mapping[str, str]
	after: tuple[str, ...]

	@property
	def stages(self) -> tuple[str, ...]:
		"""Every stage that a document on this track may stand at."""
		return (*self.path, *self.same_as, *self.exits)

	@property
	def goals(self) -> tuple[str, ...]:
		"""Everything that has requirements: the stages, and what is done after them."""
		return (*self.stages, *self.after)

	def place(self, stage: str) -> int:
		"""How far along the track a stage is, from 0. Raises `ValueError` for an exit or an unknown stage."""
		stage = self.same_as.get(stage, stage)
		steps = self.path + self.after
		if stage not in steps:
			raise ValueError(f"{stage!r} is not on the path {' -> '.join(self.path)}")
		return steps.index(stage)

	def until(self, stage: str) -> tuple[str, ...]:
		"""The path up to `stage` and with it. Raises `ValueError` as `place` does."""
		return (self.path + self.after)[: self.place(stage) + 1]

	def reopened_at(self, exit_stage: str, left_from: str | None) -> tuple[str, ...]:
		"""The stages at which a closed document may be reopened: those it is known to have passed."""
		origins = self.exits[exit_stage]
		return origins[: origins.index(left_from) + 1] if left_from in origins else origins[:1]


TRACKS: Mapping[str, Track] = {
	OWN_SALE: Track(
		path=(COLD_LEAD, MQL, SQL, NEGOTIATION, CLIENT),
		exits={UNQUALIFIED: (COLD_LEAD, MQL), LOST: (SQL, NEGOTIATION)},
		same_as={CONVERTED: SQL},
		after=(HANDED_OVER,),
	),
	REFERRAL: Track(
		path=(COLD_LEAD, HANDED_OVER, CLIENT),
		exits={UNQUALIFIED: (COLD_LEAD, HANDED_OVER)},
		same_as={},
		after=(),
	),
}

LEAD_STAGES: Mapping[str, tuple[str, ...]] = {
	OWN_SALE: (COLD_LEAD, MQL, CONVERTED, UNQUALIFIED),
	REFERRAL: (COLD_LEAD, HANDED_OVER, CLIENT, UNQUALIFIED),
}
DEAL_STAGES = (SQL, NEGOTIATION, CLIENT, LOST)

# The numbers are stored with every lead and deal: a new stage goes to the end.
BITS: Mapping[str, int] = {
	stage: 1 << place
	for place, stage in enumerate(
		(COLD_LEAD, MQL, SQL, NEGOTIATION, HANDED_OVER, CLIENT, UNQUALIFIED, LOST, CONVERTED)
	)
}
"""A set of stages as one number: the sum of the numbers of its stages."""

EXITS = (UNQUALIFIED, LOST)


def set_of(stages: Iterable[str]) -> int:
	"""The number that stands for these stages."""
	return sum(BITS[stage] for stage in set(stages))


def stages_in(number: int | None) -> frozenset[str]:
	"""The stages that a number stands for; none for what was never set."""
	return frozenset(stage for stage, bit in BITS.items() if (number or 0) & bit)


class Kind(Enum):
	"""What a change of stage is."""

	STAY = "Stay"
	FORWARD = "Forward"
	BACK = "Back"
	EXIT = "Exit"
	REOPEN = "Reopen"
	HISTORY = "History"
	SKIP = "Skip"
	UNKNOWN = "Unknown"


NO_STAGE_IS_SKIPPED = (
	"{from_stage} can't be changed to {to_stage}: no stage is skipped. Possible from here: {possible}."
)
BEGINS_AT = "A new document can't begin at {to_stage}. It begins at: {possible}."
NO_SUCH_STAGE = "{to_stage} is not a stage of this document. Its stages: {possible}."


@dataclass(frozen=True, slots=True)
class Move:
	"""A change of stage, judged.

	`refusal` is empty for a move that exists, otherwise a sentence with {from_stage}, {to_stage} and
	{possible}, which lists the stages in `possible`.
	"""

	kind: Kind
	from_stage: str | None
	to_stage: str
	refusal: str = ""
	possible: tuple[str, ...] = ()

	@property
	def needs_head(self) -> bool:
		"""Whether only the head of sales may make this move."""
		return self.kind in (Kind.BACK, Kind.REOPEN, Kind.HISTORY)

	@property
	def needs_reason(self) -> bool:
		"""Whether the one who makes this move must say why; the reason is logged with the change."""
		return self.kind in (Kind.BACK, Kind.REOPEN)


def move(
	track: str,
	from_stage: str | None,
	to_stage: str,
	*,
	among: Collection[str] | None = None,
	left_from: str | None = None,
	is_historical: bool = False,
) -> Move:
	"""What the change from one stage to another is.

	`from_stage` is None for a new document; a deal made by conversion comes from its lead's MQL. `among`: the
	stages that this document may stand at (`LEAD_STAGES[track]`, `DEAL_STAGES`), if not the whole track's.
	`left_from`: the stage that a closed document was closed at. It is reopened there or earlier, and where
	that is not known at the first stage that such documents are closed at, since no stage is skipped.
	`is_historical`: a past sale, which is *inserted* at any stage; its later moves are like any other's.

	Raises `KeyError` for an unknown track.
	"""
	line = TRACKS[track]
	stages = tuple(stage for stage in line.stages if among is None or stage in among)
	if to_stage not in stages or (from_stage is not None and from_stage not in line.stages):
		return Move(Kind.UNKNOWN, from_stage, to_stage, NO_SUCH_STAGE, stages)
	if is_historical and from_stage is None:
		return Move(Kind.HISTORY, from_stage, to_stage)
	kind = _kind(line, from_stage, to_stage, left_from)
	if kind is not Kind.SKIP:
		return Move(kind, from_stage, to_stage)
	refusal = BEGINS_AT if from_stage is None else NO_STAGE_IS_SKIPPED
	possible = tuple(
		step.to_stage for step in moves_from(track, from_stage, among=among, left_from=left_from)
	)
	return Move(kind, from_stage, to_stage, refusal, possible)


def moves_from(
	track: str,
	from_stage: str | None,
	*,
	among: Collection[str] | None = None,
	left_from: str | None = None,
) -> tuple[Move, ...]:
	"""Every change of stage that exists for a document at `from_stage`; the arguments are those of `move`."""
	line = TRACKS[track]
	kinds = {
		stage: _kind(line, from_stage, stage, left_from)
		for stage in line.stages
		if among is None or stage in among
	}
	return tuple(
		Move(kind, from_stage, stage) for stage, kind in kinds.items() if kind not in (Kind.SKIP, Kind.STAY)
	)


def _kind(line: Track, from_stage: str | None, to_stage: str, left_from: str | None) -> Kind:
	if from_stage == to_stage:
		return Kind.STAY
	if from_stage is None:
		return Kind.FORWARD if to_stage == line.path[0] else Kind.SKIP
	if to_stage in line.exits:
		return Kind.EXIT if from_stage in line.exits[to_stage] else Kind.SKIP
	if from_stage in line.exits:
		return Kind.REOPEN if to_stage in line.reopened_at(from_stage, left_from) else Kind.SKIP
	step = line.place(to_stage) - line.place(from_stage)
	return {1: Kind.FORWARD, -1: Kind.BACK}.get(step, Kind.SKIP)


def path(track: str, stage: str, left_from: str | None = None) -> tuple[str, ...]:
	"""The stages of the path that a document at `stage` has passed through, in order, that one included.

	For a closed document: up to `left_from`, or where that is not known, up to the first stage that such
	documents are closed at. Raises `KeyError` for an unknown track, `ValueError` for an unknown stage.
	"""
	line = TRACKS[track]
	return line.until(line.reopened_at(stage, left_from)[-1] if stage in line.exits else stage)


_STATUSES = {COLD_LEAD: "New", CLIENT: "Client", UNQUALIFIED: "Rejected", LOST: "Rejected"}


def partner_status(track: str, stage: str, deal_stage: str | None = None) -> str:
	"""New, In Progress, Client or Rejected: the partner's view of a lead, and after conversion of its deal.

	Raises `KeyError` for an unknown track, `ValueError` for a stage that is not on it.
	"""
	if stage == CONVERTED and deal_stage:
		stage = deal_stage
	if stage not in TRACKS[track].stages:
		raise ValueError(f"{stage!r} is not a stage of the track {track}")
	return _STATUSES.get(stage, "In Progress")


# What a stage needs


@dataclass(frozen=True, slots=True)
class StageField:
	"""One requirement: at `stage`, to "enter" it or to "leave" it forward, `entity` needs `field`.

	`requirement` is "set", "answered", "positive", or "any" (of the fields in `field`, parted by "|").
	`reason` is the sentence of a refusal, with the placeholder {label}; the requirement's own where empty.
	"""

	stage: str
	when: str
	entity: str
	field: str
	requirement: str
	label_en: str
	label_ru: str = ""
	reason: str = ""

	@property
	def fields(self) -> tuple[str, ...]:
		"""The alternatives of a row of "any"; the one field of any other."""
		return tuple(self.field.split("|"))


@dataclass(frozen=True, slots=True)
class Missing:
	"""What a document lacks: where, the label that the user sees there, and a sentence with {label}."""

	entity: str
	field: str
	label_en: str
	label_ru: str
	reason: str


def is_set(value: object) -> bool:
	"""Whether a fact is there at all.

	Text needs a letter or a digit ("-" and "..." are how people leave a cell empty), rows need one row with
	something in it. A number needs to differ from zero and a box to be ticked: Frappe stores 0 in both where
	nobody has entered anything.
	"""
	if isinstance(value, str):
		return value[:1].isalnum() or any(map(str.isalnum, value))
	if value is None or value is False:
		return False
	if isinstance(value, Decimal):
		return bool(value) and not value.is_nan()
	if isinstance(value, (int, float)):
		return bool(value) and value == value
	if isinstance(value, Mapping):
		return any(map(is_set, value.values()))
	if isinstance(value, Iterable):
		return any(map(is_set, value))
	return True


def is_answered(value: object) -> bool:
	"""Whether a question with two answers was answered: "Yes", "No", or a ticked box.

	An unticked box (0, False) is no answer: nobody can tell it from a question that was never asked.
	"""
	if isinstance(value, str):
		return value.strip().casefold() in ("yes", "no")
	return isinstance(value, int) and value == 1


def is_positive(value: object) -> bool:
	"""Whether a fact is a finite number above zero. A ticked box and a text are not numbers."""
	if isinstance(value, bool) or not isinstance(value, (Decimal, int, float)):
		return False
	return Decimal(value).is_finite() and value > 0


REQUIREMENTS: Mapping[str, Callable[[object], bool]] = {
	"set": is_set,
	"any": is_set,
	"answered": is_answered,
	"positive": is_positive,
}

REASONS: Mapping[str, str] = {
	"set": "{label} is not filled in.",
	"any": "At least one of these is needed: {label}.",
	"answered": "{label}: choose Yes or No.",
	"positive": "{label} must be above zero.",
}


def _shipped(name: str) -> list[dict[str, str]]:
	with files(__package__).joinpath(name).open(encoding="utf-8", newline="") as lines:
		return list(csv.DictReader(lines))


@cache
def shipped_stage_fields() -> tuple[StageField, ...]:
	"""The default preset of the stage table: the fields that the agency guide wants at each stage."""
	return tuple(StageField(**row) for row in _shipped("stage_fields.csv"))


@cache
def stage_conditions(track: str) -> tuple[StageField, ...]:
	"""What a track needs whatever the administrator's table says: to capture a lead, to pass on, to close."""
	rows = [row for row in _shipped("stage_conditions.csv") if row["track"] in ("", track)]
	return tuple(StageField(**{name: row[name] for name in row if name != "track"}) for row in rows)


IDENTITY = (
	("first_name", "First name", "Имя"),
	("last_name", "Last name", "Фамилия"),
	("phone", "Phone", "Телефон"),
	("pcrm_birth_date", "Birth date", "Дата рождения"),
	("mobile_no", "Mobile phone", "Мобильный телефон"),
	("private_email", "Private email", "Частный e-mail"),
)


def identity_fields(required_from: str) -> tuple[StageField, ...]:
	"""The rows that the setting `identity_required_from` adds to a table (Rules of discipline, rule 4).

	A stage: the full identity is needed to enter it. "At Creation", the strict preset: needed from the first
	stage on, and by every managed card (`card_missing`). "Stage table", or nothing: no row is added.
	"""
	if required_from in ("", STAGE_TABLE):
		return ()
	stage = COLD_LEAD if required_from == AT_CREATION else required_from
	return tuple(StageField(stage, "enter", CONTACT, field, "set", en, ru) for field, en, ru in IDENTITY)


def required_at(
	track: str, stage: str, table: Iterable[StageField] | None = None, *, is_individual: bool = False
) -> tuple[StageField, ...]:
	"""Everything that a document standing at `stage` must have, and so everything that a move there needs.

	Cumulative: what this stage and those before it need to be entered, and what those before it need to be
	left; earlier stages first, nothing twice. `stage` may also be "Handed Over" on the own-sale track: a won
	deal passed on to account management. At an exit only its reason is needed. `table`: the administrator's
	rows, the shipped ones if None; a referral needs only its own short list. `is_individual`: a private
	person buys, so the rows of the counterparty fall away.

	Raises `KeyError` for an unknown track, `ValueError` for an unknown stage.
	"""
	line = TRACKS[track]
	passed = (stage,) if stage in line.exits else line.until(stage)
	# nothing has been left yet at the stage where the document stands
	gates = [(name, when) for name in passed for when in ("enter", "leave")][:-1]
	rows_at: dict[tuple[str, str], list[StageField]] = {gate: [] for gate in gates}
	shipped = shipped_stage_fields() if table is None else table
	for row in chain(shipped if track == OWN_SALE else (), stage_conditions(track)):
		gate = (row.stage, row.when)
		if gate in rows_at and not (is_individual and row.entity == COUNTERPARTY):
			rows_at[gate].append(row)
	needed: dict[tuple[str, str, str], StageField] = {}
	for row in chain.from_iterable(rows_at.values()):
		needed.setdefault((row.entity, row.field, row.requirement), row)
	# "a name or a surname" says nothing more once the surname itself is needed
	single = {(row.entity, row.field) for row in needed.values() if row.requirement != "any"}
	return tuple(
		row
		for row in needed.values()
		if row.requirement != "any" or not any((row.entity, field) in single for field in row.fields)
	)


def fact(facts: Facts, entity: str, field: str) -> object:
	"""One fact, or None. Where a person's e-mail is given as rows, the second address is the additional one."""
	known = facts.get(entity, {})
	value = known.get(field)
	if value is None and field == "additional_email":
		emails = known.get("email")
		if isinstance(emails, (list, tuple)):
			distinct = dict.fromkeys(email.strip().casefold() for email in emails if email and is_set(email))
			return list(distinct)[1:]
	return value


def is_met(row: StageField, facts: Facts) -> bool:
	"""Whether the facts satisfy one row."""
	check = REQUIREMENTS[row.requirement]
	if row.requirement == "any":
		return any(check(fact(facts, row.entity, field)) for field in row.fields)
	return check(fact(facts, row.entity, row.field))


def unmet(facts: Facts, rows: Iterable[StageField]) -> tuple[Missing, ...]:
	"""What the facts leave open of `rows`, in their order.

	For many records, keep what `required_at` says of each stage and ask only this.
	"""
	return tuple(
		Missing(row.entity, row.field, row.label_en, row.label_ru, row.reason or REASONS[row.requirement])
		for row in rows
		if not is_met(row, facts)
	)


def missing(
	facts: Facts,
	track: str,
	from_stage: str | None,
	to_stage: str,
	table: Iterable[StageField] | None = None,
	*,
	is_individual: bool = False,
	is_historical: bool = False,
	excepted: Collection[tuple[str, str]] = (),
) -> tuple[Missing, ...]:
	"""Everything that still stands between a document and a stage, however far; `move` tells if it may go.

	Gaps of earlier stages bind again at every move forward and at reopening. Staying and stepping back need
	nothing here, an exit only its reason, and a past sale is inserted as it is. `excepted`: the
	(entity, field) pairs that the head of sales has let pass, with a reason.

	Raises `KeyError` for an unknown track, `ValueError` for an unknown stage.
	"""
	line = TRACKS[track]
	rows = required_at(track, to_stage, table, is_individual=is_individual)
	if to_stage == from_stage or (is_historical and from_stage is None):
		return ()
	on_the_path = from_stage is not None and from_stage not in line.exits and to_stage not in line.exits
	if on_the_path and line.place(to_stage) < line.place(from_stage):
		return ()
	return unmet(facts, (row for row in rows if (row.entity, row.field) not in excepted))


def newly_emptied(
	before: Facts,
	after: Facts,
	track: str,
	stage: str,
	table: Iterable[StageField] | None = None,
	*,
	is_individual: bool = False,
	excepted: Collection[tuple[str, str]] = (),
) -> tuple[Missing, ...]:
	"""What a save takes away from a document standing at `stage`: required, there before, and gone after.

	It is to be refused. Gaps that were there before are not listed: they only warn until the next move, and
	`unmet(after, required_at(...))` tells them.
	"""
	rows = required_at(track, stage, table, is_individual=is_individual)
	kept = (row for row in rows if (row.entity, row.field) not in excepted and is_met(row, before))
	return unmet(after, kept)


def capture_missing(facts: Facts, table: Iterable[StageField] | None = None) -> tuple[Missing, ...]:
	"""What an inquiry lacks to be saved as Cold Lead (instant capture).

	A name, an e-mail or phone, a channel, who is responsible, and what the table adds for entering Cold Lead.
	"""
	return missing(facts, OWN_SALE, None, COLD_LEAD, table)


def card_missing(facts: Facts, required_from: str) -> tuple[Missing, ...]:
	"""What a managed contact's card lacks to be created (Rules of discipline, rule 4).

	Nothing unless `required_from` is "At Creation"; a later stage asks when it is entered. The facts of the
	contact have `phone` (any number), `mobile_no` (the primary mobile number) and `private_email` (one that
	is not on the counterparty's domain).
	"""
	return unmet(facts, identity_fields(required_from) if required_from == AT_CREATION else ())


# The administrator's table

DERIVED_FIELDS: Mapping[str, frozenset[str]] = {
	CONTACT: frozenset({"email", "additional_email", "private_email", "phone", "mobile_no"}),
	COUNTERPARTY: frozenset(),
	DEAL: frozenset({"qualifying_interaction_on"}),
}
"""Facts that are read from rows or from other documents, and so are no fields of the entity's own."""


@dataclass(frozen=True, slots=True)
class TableProblem:
	"""Why a row of the stage table (counted from 1) can't be used: a sentence with {row} and {value}."""

	row: int
	reason: str
	value: str


def check_table(
	rows: Sequence[StageField], fields: Mapping[str, Collection[str]]
) -> tuple[TableProblem, ...]:
	"""Every problem of an edited stage table, row by row.

	`fields`: the fieldnames that each entity has on this site (a deal's and a lead's together).
	"""
	problems: list[TableProblem] = []
	first: dict[tuple[str, str, str, str], int] = {}
	for number, row in enumerate(rows, 1):
		problems += [TableProblem(number, reason, value) for reason, value in _row_problems(row, fields)]
		earlier = first.setdefault((row.stage, row.when, row.entity, row.field), number)
		if earlier != number:
			problems.append(TableProblem(number, "Row {row} asks for the same as row {value}.", str(earlier)))
	return tuple(problems)


_NO_FIELD = {
	CONTACT: "Row {row}: Contact has no field {value}.",
	COUNTERPARTY: "Row {row}: Counterparty has no field {value}.",
	DEAL: "Row {row}: neither lead nor deal has a field {value}.",
}


def _row_problems(row: StageField, fields: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
	if row.stage not in TRACKS[OWN_SALE].path:
		yield "Row {row}: {value} is not a stage that has requirements.", row.stage
	if row.when not in ("enter", "leave"):
		yield "Row {row}: {value} is neither enter nor leave.", row.when
	if row.requirement not in REQUIREMENTS:
		yield "Row {row}: there is no requirement {value}.", row.requirement
	if row.entity not in _NO_FIELD:
		yield "Row {row}: {value} is none of Contact, Counterparty and Deal.", row.entity
	else:
		known = {*fields.get(row.entity, ()), *DERIVED_FIELDS[row.entity]}
		for field in row.fields:
			if field not in known:
				yield _NO_FIELD[row.entity], field
	if "|" in row.field and row.requirement != "any":
		yield "Row {row}: several fields ({value}) need the requirement any.", row.field
	if not is_set(row.label_en):
		yield "Row {row}: the label of {value} is empty.", row.field


# ICP scoring


@dataclass(frozen=True, slots=True)
class Criterion:
	"""A condition on one fact, and the points that it brings when met.

	`fieldname` is "Entity.field", or a field of the counterparty. `operator`: =, !=, >, >=, <, <=, in, not in
	(`value` parted by commas), is set, is not set. A fact that is not set meets only the last.
	"""

	fieldname: str
	operator: str
	value: str = ""
	weight: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class IcpProfile:
	"""The ideal client of a region, or of the whole company (`region` empty); passed at `threshold` points."""

	name: str
	region: str
	threshold: Decimal
	criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class IcpScore:
	"""The points reached, whether they suffice, and the criteria that were met."""

	score: Decimal
	passed: bool
	met: tuple[Criterion, ...]


def pick_profile(regions: Iterable[str], profiles: Iterable[IcpProfile]) -> IcpProfile | None:
	"""The profile to score a client by: that of the first of `regions` which has one, else the company's.

	`regions`: the client's own, then the territories above it, nearest first. None where neither is there.
	"""
	by_region: dict[str, IcpProfile] = {}
	for profile in profiles:
		by_region.setdefault(profile.region, profile)
	return next((by_region[region] for region in (*regions, "") if region in by_region), None)


def icp_score(facts: Facts, profile: IcpProfile | None) -> IcpScore:
	"""The score of a client under a profile. Without one there is nothing to fail: no points, and passed.

	Raises `ValueError` for an unknown operator.
	"""
	if profile is None:
		return IcpScore(Decimal(0), True, ())
	met = tuple(criterion for criterion in profile.criteria if _fits(facts, criterion))
	score = sum((Decimal(criterion.weight) for criterion in met), Decimal(0))
	return IcpScore(score, score >= profile.threshold, met)


_EQUALITIES = {"=": eq, "!=": ne}
_ORDERS = {">": gt, ">=": ge, "<": lt, "<=": le}


def _fits(facts: Facts, criterion: Criterion) -> bool:
	entity, _, field = criterion.fieldname.rpartition(".")
	value, operator = fact(facts, entity or COUNTERPARTY, field), criterion.operator
	if operator in ("is set", "is not set"):
		return is_set(value) == (operator == "is set")
	if operator in ("in", "not in"):
		wanted = [_comparable(item) for item in criterion.value.split(",")]
		return is_set(value) and (_comparable(value) in wanted) == (operator == "in")
	have, want = _comparable(value), _comparable(criterion.value)
	if operator in _EQUALITIES:
		return is_set(value) and _EQUALITIES[operator](have, want)
	if operator in _ORDERS:
		# only numbers and days have an order; that of texts ("11-50" before "2-10") says nothing
		return not isinstance(have, str) and type(have) is type(want) and _ORDERS[operator](have, want)
	raise ValueError(f"There is no operator {operator!r}")


def _comparable(value: object) -> Decimal | date | str:
	"""A finite number as Decimal, an ISO day as date, anything else as text without its case and outer spaces."""
	text = str(value).strip().casefold()
	try:
		number = Decimal(text)
	except InvalidOperation:
		pass
	else:
		return number if number.is_finite() else text
	try:
		return date.fromisoformat(text[:10])
	except ValueError:
		return text
