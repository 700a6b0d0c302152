"""Rules of discipline: which deals are correct and active, what breaks a rule, and what follows from it.

All six rules are judged the same way. A rule gives every document a *deadline*: the last day to make good.
Midnight ends that day, and only what was *recorded* by then counts. A document that is still wanting breaks
the rule from the day that begins there: `violated_on` is the deadline plus one day, and whoever was
responsible at 00:00 of that day answers for it. So the outcome of a night depends on the history alone and
not on when, how often or in how many pieces the nightly review ran.

| rule | deadline |
|---|---|
| Deal Lapsed | `active_until` |
| Deal Incorrect | the day on which the deal became incorrect |
| Lead Untouched | the day after the lead was registered (typed in or reopened, if that is later) |
| Next Contact Missed | the planned day (or the day of planning, if that is later) |
| Stub Comment | the day on which the interaction was logged by hand |
| Staff E-mail | the day on which the address was found in a client's card |

A *day* is always a day of the site's time zone, and every `datetime` is the site's, without a zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import blake2b
from itertools import pairwise

from partner_crm.rules.calendar import add_months

DEAL_LAPSED = "Deal Lapsed"
DEAL_INCORRECT = "Deal Incorrect"
LEAD_UNTOUCHED = "Lead Untouched"
NEXT_CONTACT_MISSED = "Next Contact Missed"
STUB_COMMENT = "Stub Comment"
STAFF_EMAIL = "Staff E-mail"

LEAD = "Partner Lead"
DEAL = "Partner Deal"
INTERACTION = "Client Interaction"
CONTACT = "Contact"

# In order of precedence: a deal that lapses on the very day it is found incorrect has lapsed.
RULES_FOR: Mapping[str, tuple[str, ...]] = {
	DEAL: (DEAL_LAPSED, DEAL_INCORRECT, NEXT_CONTACT_MISSED),
	LEAD: (LEAD_UNTOUCHED, NEXT_CONTACT_MISSED),
	INTERACTION: (STUB_COMMENT,),
	CONTACT: (STAFF_EMAIL,),
}

# An incorrect deal is inactive too: while it is both, that is one violation and not two.
INACTIVITY = (DEAL_LAPSED, DEAL_INCORRECT)

ACTIVE = "Active"
INACTIVE = "Inactive"
CLOSED = "Closed"

DAY = timedelta(days=1)


# Correct deals


@dataclass(frozen=True, slots=True)
class Product:
	"""A product of a deal: its item, and the amount in the deal's currency."""

	item_code: str | None
	amount: Decimal | None


@dataclass(frozen=True, slots=True)
class CorrectnessError:
	"""Why a deal is incorrect: a code, and a sentence with the placeholder {row} (from 1) for a product's."""

	code: str
	sentence: str
	row: int = 0


def correctness_errors(
	product_group: str | None,
	stage: str | None,
	contact: str | None,
	comment_is_detailed: bool,
	products: Sequence[Product],
) -> tuple[CorrectnessError, ...]:
	"""Every error of a deal; a correct one has none (Rules of discipline, rule 2).

	A deal needs its product group, stage and contact, a detailed comment (judged by the rule of comments) and
	at least one product with an amount above zero; no product may be without an item or have a negative
	amount. A product free of charge is no error beside another one.
	"""
	errors = []
	if not product_group:
		errors.append(CorrectnessError("product_group", "The product group is not chosen."))
	if not stage:
		errors.append(CorrectnessError("stage", "The stage is not chosen."))
	if not contact:
		errors.append(CorrectnessError("contact", "The contact is not chosen."))
	if not comment_is_detailed:
		errors.append(
			CorrectnessError("comment", "The comment does not say what was discussed and what was agreed.")
		)
	sound = [product.amount is not None and product.amount.is_finite() for product in products]
	if not any(fine and product.amount > 0 for fine, product in zip(sound, products, strict=True)):
		errors.append(CorrectnessError("products", "There is no product with an amount above zero."))
	for row, (fine, product) in enumerate(zip(sound, products, strict=True), 1):
		if not product.item_code:
			errors.append(CorrectnessError("product_item", "Product {row}: the item is not chosen.", row))
		if not fine or product.amount < 0:
			sentence = "Product {row}: the amount is not a sum of money."
			errors.append(CorrectnessError("product_amount", sentence, row))
	return tuple(errors)


# History


@dataclass(frozen=True, slots=True)
class Interaction:
	"""A contact with the client. `qualifies`: two-way, with a detailed comment.

	`withdrawn_on`: the day on which it was deleted, moved elsewhere or lost what it proved; None while it stands.
	"""

	occurred_at: datetime
	recorded_at: datetime
	qualifies: bool = False
	withdrawn_on: date | None = None

	@property
	def counts_from(self) -> date:
		"""The day by whose end the interaction has both happened and been recorded."""
		return max(self.occurred_at, self.recorded_at).date()

	def as_known(self, through: date) -> Interaction | None:
		"""As it was known at the end of the day `through`; None if it was not."""
		if self.counts_from > through:
			return None
		if self.withdrawn_on is None or self.withdrawn_on <= through:
			return self
		return replace(self, withdrawn_on=None)


@dataclass(frozen=True, slots=True)
class Pause:
	"""Days, both included, on which a deal's clock stands still, and the day on which that was approved."""

	from_date: date
	to_date: date
	approved_on: date


@dataclass(frozen=True, slots=True)
class Closing:
	"""A time out of play: won, lost, unqualified, converted, or in the pool; until reopened or taken again."""

	closed_on: date
	reopened_on: date | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
	"""A time of being incorrect: a deal with errors, a stub comment, a staff address in a client's card."""

	since: date
	mended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Plan:
	"""A planned contact, or its cancelling (None), and the day on which it was so planned."""

	next_contact_on: date | None
	set_on: date


@dataclass(frozen=True, slots=True)
class Assignment:
	"""Who is responsible since when; None for nobody."""

	manager: str | None
	since: datetime


@dataclass(frozen=True, slots=True)
class History:
	"""Everything about one document that the rules look at; each sequence in the order of time.

	`registered_on`: the day on which a lead's client was handed over.
	"""

	doctype: str
	name: str
	created_on: date
	registered_on: date | None = None
	interactions: tuple[Interaction, ...] = ()
	assignments: tuple[Assignment, ...] = ()
	closings: tuple[Closing, ...] = ()
	pauses: tuple[Pause, ...] = ()
	flaws: tuple[Flaw, ...] = ()
	plans: tuple[Plan, ...] = ()

	@property
	def is_closed(self) -> bool:
		return any(closing.reopened_on is None for closing in self.closings)

	@property
	def reopened_on(self) -> date | None:
		"""The day of the last reopening."""
		return max((c.reopened_on for c in self.closings if c.reopened_on is not None), default=None)

	@property
	def standing(self) -> Iterator[Interaction]:
		"""The interactions that nobody has taken back."""
		return (interaction for interaction in self.interactions if interaction.withdrawn_on is None)

	@property
	def is_talk_alone(self) -> bool:
		"""Whether nothing was recorded but interactions, all of which stand."""
		return not (self.closings or self.pauses or self.flaws or self.plans) and not any(
			interaction.withdrawn_on for interaction in self.interactions
		)

	def is_paused(self, day: date) -> bool:
		return any(pause.from_date <= day <= pause.to_date for pause in self.pauses)


def known(history: History, through: date) -> History:
	"""The history as it was known at the end of the day `through`. Assignments are kept: they are dated."""
	return replace(
		history,
		interactions=tuple(filter(None, (i.as_known(through) for i in history.interactions))),
		closings=tuple(
			c if c.reopened_on is None or c.reopened_on <= through else Closing(c.closed_on)
			for c in history.closings
			if c.closed_on <= through
		),
		pauses=tuple(p for p in history.pauses if p.approved_on <= through),
		flaws=tuple(
			f if f.mended_on is None or f.mended_on <= through else Flaw(f.since)
			for f in history.flaws
			if f.since <= through
		),
		plans=tuple(p for p in history.plans if p.set_on <= through),
	)


def responsible_at(assignments: Iterable[Assignment], moment: datetime) -> str | None:
	"""Who was responsible at a moment, the new one from the moment of his assignment on; None if nobody."""
	manager = None
	for assignment in assignments:
		if assignment.since <= moment:
			manager = assignment.manager
	return manager


# Active deals


def clock_start(
	created_on: date, interactions: Iterable[Interaction] = (), reopened_on: date | None = None
) -> date:
	"""The day from which a deal's activity counts: its creation, its last qualifying interaction or its last
	reopening, whichever is the latest. Reassignment does not move it."""
	days = [i.occurred_at.date() for i in interactions if i.qualifies]
	return max([created_on, *days] if reopened_on is None else [created_on, reopened_on, *days])


def active_until(start: date, months: int = 2, pauses: Iterable[Pause] = ()) -> date:
	"""The last active day of a deal whose clock started on `start`.

	It is the same day `months` calendar months later, clamped to the month's end. On paused days the clock
	stands still: the deal gets exactly as many other days as it would have got without any pause, and the
	day after `active_until` is never a paused one. A day that several pauses cover counts once.
	"""
	until = add_months(start, months)
	covered = start
	for pause in sorted(pauses, key=lambda pause: pause.from_date):
		first = max(pause.from_date, covered + DAY)
		if first > until + DAY:
			break
		if pause.to_date >= first:
			until += pause.to_date - first + DAY
			covered = pause.to_date
	return until


@dataclass(frozen=True, slots=True)
class Activity:
	"""Active, Inactive or Closed; the last active day, and how many days are left until it (below 0: past).

	A closed deal has no clock, nor has a paused one: both are None.
	"""

	status: str
	active_until: date | None
	days_left: int | None


def activity(history: History, day: date, months: int = 2) -> Activity:
	"""The activity of a deal on `day`, by everything that `history` holds.

	For what it was believed to be at 00:00 of a past day give `known(history, day - 1 day)`.
	"""
	if history.is_closed:
		return Activity(CLOSED, None, None)
	is_correct = _flawed(history, months) is None
	if history.is_paused(day):
		return Activity(ACTIVE if is_correct else INACTIVE, None, None)
	until = _lapsing(history, months)
	return Activity(ACTIVE if is_correct and day <= until else INACTIVE, until, (until - day).days)


def row_activity(
	created_on: date, last_interaction_on: date | None, today: date, months: int = 2
) -> tuple[date, bool]:
	"""`active_until`, and whether it has passed, of an open deal of which two dates are all that is known."""
	start = created_on if last_interaction_on is None else max(created_on, last_interaction_on)
	until = add_months(start, months)
	return until, until < today


# Settings


@dataclass(frozen=True, slots=True)
class PenaltyRule:
	"""What breaking a rule costs.

	`amount` (in `currency`; the company's where empty) is imposed when the violation is still there
	`grace_days` after it began, and again every `repeat_months` (0: never) counted from the day it began, as
	long as it lasts. `releases_to_pool`: the manager loses the client; `opens_case`: the head of sales gets a
	case; both once, when the grace is over.
	"""

	rule: str
	enabled: bool = True
	amount: Decimal = Decimal(0)
	currency: str = ""
	grace_days: int = 0
	repeat_months: int = 0
	releases_to_pool: bool = False
	opens_case: bool = False


def shipped_penalty_rules() -> tuple[PenaltyRule, ...]:
	"""All six rules at the amount 0: fines on wages are unlawful or restricted in many countries."""
	names = (DEAL_LAPSED, DEAL_INCORRECT, LEAD_UNTOUCHED, NEXT_CONTACT_MISSED, STUB_COMMENT, STAFF_EMAIL)
	return tuple(PenaltyRule(name) for name in names)


@dataclass(frozen=True, slots=True)
class Discipline:
	"""The settings that the nightly review reads: the rules, the months of activity, the days of notice."""

	rules: tuple[PenaltyRule, ...]
	activity_months: int = 2
	announce_days: tuple[int, ...] = (14, 7, 1)

	def rule(self, name: str) -> PenaltyRule | None:
		"""A rule by its name, unless it is switched off."""
		for rule in self.rules:
			if rule.rule == name and rule.enabled:
				return rule
		return None


# Violations


def deadline(rule: str, history: History, months: int = 2) -> date | None:
	"""The last day to make good under `rule`, by everything that `history` holds; None if nothing is due.

	A closed document owes nothing. Raises `KeyError` for an unknown rule.
	"""
	return None if history.is_closed else _DEADLINES[rule](history, months)


def _lapsing(history: History, months: int) -> date:
	start = clock_start(history.created_on, history.standing, history.reopened_on)
	return active_until(start, months, history.pauses)


def _flawed(history: History, _months: int) -> date | None:
	return min((flaw.since for flaw in history.flaws if flaw.mended_on is None), default=None)


def _untouched(history: History, _months: int) -> date | None:
	if any(history.standing):
		return None
	begun = (history.created_on, history.registered_on, history.reopened_on)
	return max(day for day in begun if day is not None) + DAY


def _planned(history: History, _months: int) -> date | None:
	plan = history.plans[-1] if history.plans else None
	if plan is None or plan.next_contact_on is None:
		return None
	if any(i.occurred_at.date() >= plan.next_contact_on for i in history.standing):
		return None
	return max(plan.next_contact_on, plan.set_on)


_DEADLINES = {
	DEAL_LAPSED: _lapsing,
	DEAL_INCORRECT: _flawed,
	LEAD_UNTOUCHED: _untouched,
	NEXT_CONTACT_MISSED: _planned,
	STUB_COMMENT: _flawed,
	STAFF_EMAIL: _flawed,
}


def violations_on(history: History, day: date, discipline: Discipline) -> tuple[str, ...]:
	"""The rules that a document breaks on `day`: what was known when the day began left them past due.

	This is the definition; `violations` gives the same for a whole history at once.
	"""
	then = known(history, day - DAY)
	return tuple(
		rule
		for rule in RULES_FOR[history.doctype]
		if discipline.rule(rule)
		and (due := deadline(rule, then, discipline.activity_months)) is not None
		and due < day
	)


def violation_key(rule: str, reference_doctype: str, reference_name: str, violated_on: date) -> str:
	"""A name for a penalty that any rerun, on any machine, arrives at again: 32 hexadecimal digits."""
	text = "\n".join((rule, reference_doctype, reference_name, violated_on.isoformat()))
	return blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Violation:
	"""A rule broken without a break from `violated_on` to the day before `cured_on` (None: still).

	`part_of`: the key of the violation that this one is counted with, since a deal that is incorrect and has
	lapsed is one case of inactivity. That one lasts until the deal is active again.
	"""

	rule: str
	reference_doctype: str
	reference_name: str
	violated_on: date
	cured_on: date | None
	part_of: str = ""

	@property
	def key(self) -> str:
		return violation_key(self.rule, self.reference_doctype, self.reference_name, self.violated_on)

	def stands_on(self, day: date) -> bool:
		return self.violated_on <= day and (self.cured_on is None or day < self.cured_on)


def violations(history: History, through: date, discipline: Discipline) -> tuple[Violation, ...]:
	"""Every violation that began by `through`, in the order in which they began.

	Closing the document ends a violation; what is still wanting after it was reopened is another one.
	"""
	rules = [
		rule for rule in RULES_FOR[history.doctype] if discipline.rule(rule) and _can_break(rule, history)
	]
	spells: dict[str, list[tuple[date, date]]] = {rule: [] for rule in rules}
	horizon = through + DAY
	for rule, turn, end, due in _deadlines(history, rules, horizon, discipline.activity_months):
		if due is None or due + DAY >= end:
			continue
		begin, spell = max(turn, due + DAY), spells[rule]
		if spell and spell[-1][1] == begin:
			begin = spell.pop()[0]
		spell.append((begin, end))
	found = [
		Violation(rule, history.doctype, history.name, begin, end if end < horizon else None)
		for rule, spell in spells.items()
		for begin, end in spell
	]
	return _joined(sorted(found, key=lambda violation: (violation.violated_on, rules.index(violation.rule))))


def _can_break(rule: str, history: History) -> bool:
	"""What was never planned can't be missed, and what was never wrong is right."""
	if rule == NEXT_CONTACT_MISSED:
		return bool(history.plans)
	return bool(history.flaws) or _DEADLINES[rule] is not _flawed


def _deadlines(
	history: History, rules: Sequence[str], horizon: date, months: int
) -> Iterator[tuple[str, date, date, date | None]]:
	"""For each rule and each stretch of days on which the same is known: its first day, the day after it, the deadline.

	What is known changes only on the days after something was recorded, so a history costs as much as it has
	events, however many days it spans.
	"""
	if rules == [DEAL_LAPSED] and history.is_talk_alone:
		yield from _talk_deadlines(history, horizon, months)
		return
	turns = [turn for turn in _turns(history) if turn < horizon]
	for turn, end in pairwise([*turns, horizon]):
		then = known(history, turn - DAY)
		for rule in rules:
			yield rule, turn, end, deadline(rule, then, months)


def _talk_deadlines(
	history: History, horizon: date, months: int
) -> Iterator[tuple[str, date, date, date | None]]:
	"""The same for most deals there are, of which nothing was ever recorded but talks: each moves the deadline on."""
	start = history.created_on
	moved = [(start + DAY, start)]
	for recorded, spoken in sorted(
		(talk.counts_from, talk.occurred_at.date()) for talk in history.interactions if talk.qualifies
	):
		if spoken > start:
			start = spoken
			moved.append((max(recorded, history.created_on) + DAY, start))
	turns = [*(turn for turn, _day in moved if turn < horizon), horizon]
	for (turn, day), end in zip(moved, turns[1:], strict=False):
		if turn < end:
			yield DEAL_LAPSED, turn, end, add_months(day, months)


def _turns(history: History) -> list[date]:
	"""The days that begin with something known that was not known the day before."""
	recorded = {history.created_on}
	for interaction in history.interactions:
		recorded.update((interaction.counts_from, interaction.withdrawn_on or interaction.counts_from))
	recorded.update(pause.approved_on for pause in history.pauses)
	recorded.update(plan.set_on for plan in history.plans)
	for closing in history.closings:
		recorded.update((closing.closed_on, closing.reopened_on or closing.closed_on))
	for flaw in history.flaws:
		recorded.update((flaw.since, flaw.mended_on or flaw.since))
	return sorted(day + DAY for day in recorded)


def _joined(found: Iterable[Violation]) -> tuple[Violation, ...]:
	"""Violations in the order of their begin, where one of inactivity that begins within another is its part."""
	joined: list[Violation] = []
	head = None
	for violation in found:
		if violation.rule in INACTIVITY:
			if head is not None and joined[head].stands_on(violation.violated_on):
				both = (joined[head].cured_on, violation.cured_on)
				joined[head] = replace(joined[head], cured_on=None if None in both else max(both))
				violation = replace(violation, part_of=joined[head].key)
			else:
				head = len(joined)
		joined.append(violation)
	return tuple(joined)


# What follows


@dataclass(frozen=True, slots=True)
class Penalty:
	"""What a manager owes for a violation: the first time (`nth` 1) or for letting it last.

	`violated_on` of a repeat is the day on which it falls due, and whoever was responsible when that day
	began owes it. `imposed_on`: the night on which it enters the ledger.
	"""

	rule: str
	manager: str
	reference_doctype: str
	reference_name: str
	violated_on: date
	nth: int
	amount: Decimal
	currency: str
	imposed_on: date

	@property
	def key(self) -> str:
		"""The name under which the ledger holds it, so that it can't be there twice."""
		return violation_key(self.rule, self.reference_doctype, self.reference_name, self.violated_on)


@dataclass(frozen=True, slots=True)
class Consequence:
	"""What a violation leads to besides money, once, on the night when its grace is over."""

	violation: Violation
	taken_on: date
	releases_to_pool: bool
	opens_case: bool


def due_days(violated_on: date, rule: PenaltyRule, through: date) -> Iterator[tuple[int, date, date]]:
	"""The penalties of a violation that lasts: (nth, the day of violation, the night of imposing).

	The nights are those until `through`. Grace is given once: a repeat within it waits for its end.
	"""
	grace_ends = violated_on + timedelta(days=rule.grace_days)
	nth, day = 1, violated_on
	while max(day, grace_ends) <= through:
		yield nth, day, max(day, grace_ends)
		if rule.repeat_months <= 0:
			return
		day = add_months(violated_on, nth * rule.repeat_months)
		nth += 1


def penalties_between(
	history: History,
	from_day: date,
	to_day: date,
	discipline: Discipline,
	imposed: Collection[str] = (),
) -> tuple[Penalty, ...]:
	"""The penalties that the nights of `from_day` to `to_day` impose, both included.

	The same whether it is asked for each night or once after an outage, and whatever was recorded since.
	`imposed`: keys of penalties that are in the ledger already. Nobody pays where nobody was responsible;
	for a lapse, what falls on a paused day is not imposed, so a pause approved within the grace forgives.
	"""
	found = violations(history, to_day, discipline)
	return _penalties(history, _due(history, found, from_day, to_day, discipline), discipline, imposed)


def _penalties(
	history: History, due: Iterable[_Due], discipline: Discipline, imposed: Collection[str]
) -> tuple[Penalty, ...]:
	penalties = []
	for violation, nth, day, night in due:
		rule = discipline.rule(violation.rule)
		manager = responsible_at(history.assignments, datetime.combine(day, time.min))
		if manager is None or violation.part_of:
			continue
		penalty = Penalty(
			violation.rule,
			manager,
			history.doctype,
			history.name,
			day,
			nth,
			rule.amount,
			rule.currency,
			night,
		)
		if penalty.key not in imposed:
			penalties.append(penalty)
	return tuple(penalties)


def consequences_between(
	history: History, from_day: date, to_day: date, discipline: Discipline
) -> tuple[Consequence, ...]:
	"""The losses of a client and the cases that the nights of `from_day` to `to_day` bring, both included.

	A violation that is part of another brings its own: the client of a deal that lapsed while it was
	incorrect is lost like any other's.
	"""
	found = violations(history, to_day, discipline)
	return _consequences(_due(history, found, from_day, to_day, discipline), discipline)


def _consequences(due: Iterable[_Due], discipline: Discipline) -> tuple[Consequence, ...]:
	return tuple(
		Consequence(violation, night, rule.releases_to_pool, rule.opens_case)
		for violation, nth, _day, night in due
		if nth == 1
		and (rule := discipline.rule(violation.rule))
		and (rule.releases_to_pool or rule.opens_case)
	)


_Due = tuple[Violation, int, date, date]
"""A violation, which time it falls due, the day of that, and the night of imposing."""


def _due(
	history: History, found: Iterable[Violation], from_day: date, to_day: date, discipline: Discipline
) -> Iterator[_Due]:
	for violation in found:
		rule = discipline.rule(violation.rule)
		last = to_day if violation.cured_on is None else min(to_day, violation.cured_on - DAY)
		for nth, day, night in due_days(violation.violated_on, rule, last):
			excused = (
				violation.rule == DEAL_LAPSED
				and history.pauses
				and known(history, night - DAY).is_paused(night)
			)
			if night >= from_day and not excused:
				yield violation, nth, day, night


def row_penalties(
	reference_name: str, manager: str, active_until: date, today: date, rule: PenaltyRule
) -> tuple[Penalty, ...]:
	"""The penalties for a lapse that are due by `today`, where `row_activity` is all that is known."""
	if not rule.enabled:
		return ()
	return tuple(
		Penalty(rule.rule, manager, DEAL, reference_name, day, nth, rule.amount, rule.currency, night)
		for nth, day, night in due_days(active_until + DAY, rule, today)
	)


# Announcements


@dataclass(frozen=True, slots=True)
class Announcement:
	"""A warning to the one responsible that a deal is about to lapse.

	`notice`: which of the days of notice it stands for; `days_left` may be fewer after an outage.
	"""

	reference_doctype: str
	reference_name: str
	manager: str
	active_until: date
	days_left: int
	notice: int


def due_notice(
	active_until: date, day: date, announce_days: Iterable[int], announced: int | None = None
) -> int | None:
	"""Which notice is to be given on `day`, if any: the nearest of those whose time has come.

	`announced`: the nearest notice already given for this very `active_until` (None once that has moved).
	"""
	left = (active_until - day).days
	nearest = min((notice for notice in announce_days if notice >= left), default=None)
	if left < 0 or nearest is None or (announced is not None and announced <= nearest):
		return None
	return nearest


def announcement_on(
	history: History, day: date, discipline: Discipline, announced: int | None = None
) -> Announcement | None:
	"""The announcement that the night of `day` makes for a deal, if any; see `due_notice`."""
	state = activity(known(history, day - DAY), day, discipline.activity_months)
	return _announcement(history, state, day, discipline, announced)


def _announcement(
	history: History, state: Activity, day: date, discipline: Discipline, announced: int | None
) -> Announcement | None:
	if state.active_until is None:
		return None
	notice = due_notice(state.active_until, day, discipline.announce_days, announced)
	manager = responsible_at(history.assignments, datetime.combine(day, time.min))
	if notice is None or manager is None:
		return None
	return Announcement(history.doctype, history.name, manager, state.active_until, state.days_left, notice)


# The next look


def next_review_on(
	history: History, day: date, discipline: Discipline, announced: int | None = None
) -> date | None:
	"""The first day after `day` whose night can bring anything, if nothing more is recorded; None if never.

	To be asked with all that is recorded by `day`: on the days before the result no column of activity
	changes, nothing is announced and nothing is imposed. It is what the nightly review selects by.
	`announced`: as in `due_notice`.
	"""
	found = violations(history, day + DAY, discipline)
	return _next_review_on(history, found, day, discipline, announced)


def _next_review_on(
	history: History, found: Iterable[Violation], day: date, discipline: Discipline, announced: int | None
) -> date | None:
	days = [i.counts_from + DAY for i in history.interactions if i.counts_from > day]
	for pause in history.pauses:
		days += (pause.from_date, pause.to_date + DAY)
	for name in RULES_FOR[history.doctype]:
		due = deadline(name, history, discipline.activity_months)
		if due is not None:
			days.append(due + DAY)
			if name == DEAL_LAPSED:
				notices = discipline.announce_days
				days += (due - timedelta(days=notice) for notice in notices)
				if due_notice(due, day + DAY, notices, announced) is not None:
					days.append(day + DAY)
	for violation in found:
		if violation.cured_on is None:
			nights = due_days(violation.violated_on, discipline.rule(violation.rule), date.max)
			days.append(next((night for _nth, _day, night in nights if night > day), day))
	return min((later for later in days if later > day), default=None)


# The whole night


@dataclass(frozen=True, slots=True)
class Verdict:
	"""What a night finds out about one document, and when to look at it again (None: when something is recorded).

	`activity`, `announcement`: of deals only.
	"""

	penalties: tuple[Penalty, ...]
	consequences: tuple[Consequence, ...]
	activity: Activity | None
	announcement: Announcement | None
	next_review_on: date | None


def review(
	history: History,
	from_day: date,
	night: date,
	discipline: Discipline,
	announced: int | None = None,
	imposed: Collection[str] = (),
) -> Verdict:
	"""All that the nights of `from_day` to `night` bring for a document that was last reviewed the day before.

	The same as asking `penalties_between`, `consequences_between`, `activity`, `announcement_on` and
	`next_review_on` one by one, at a fraction of the cost. What was recorded after `night` is left to the
	nights after it.
	"""
	turns = _turns(history)
	then = known(history, night) if turns[-1] > night + DAY else history
	found = violations(then, night + DAY, discipline)
	begun = [violation for violation in found if violation.violated_on <= night]
	due = tuple(_due(then, begun, from_day, night, discipline))
	state = announcement = None
	if history.doctype == DEAL:
		before = known(then, night - DAY) if turns[-1] > night else then
		state = activity(then, night, discipline.activity_months)
		at_midnight = state if before is then else activity(before, night, discipline.activity_months)
		announcement = _announcement(then, at_midnight, night, discipline, announced)
	given = announcement.notice if announcement else announced
	upcoming = _next_review_on(then, found, night, discipline, given)
	days = [turn for turn in turns if turn > night + DAY]
	return Verdict(
		_penalties(then, due, discipline, imposed),
		_consequences(due, discipline),
		state,
		announcement,
		min([*days, upcoming] if upcoming else days, default=None),
	)
