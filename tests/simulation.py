"""A reference for the rules of activity: it lives through a history day by day, as a punctual nightly review would."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from partner_crm.rules import activity as rules
from partner_crm.rules.activity import Discipline, History, Interaction
from partner_crm.rules.calendar import add_months

DAY = timedelta(days=1)


class Simulation:
	"""Lives through a history day by day, as the nightly review would, remembering what it has seen.

	It shares no arithmetic with the rules: days are counted one by one, and violations are carried from each
	night to the next.
	"""

	def __init__(self, history: History, discipline: Discipline):
		self.history = history
		self.rules = {rule.rule: rule for rule in discipline.rules if rule.enabled}
		self.standing: dict[str, date] = {}
		self.head: str | None = None
		self.head_since: date | None = None
		self.ledger: list[tuple[date, str, str, date]] = []
		# each paused day, and when that was approved for the first time
		self.approved: dict[date, date] = {}
		for pause in sorted(history.pauses, key=lambda pause: pause.approved_on):
			for number in range((pause.to_date - pause.from_date).days + 1):
				self.approved.setdefault(pause.from_date + number * DAY, pause.approved_on)

	def run(self, days: int) -> list[tuple[date, str, str, date]]:
		for number in range(1, days + 1):
			self.night(self.history.created_on + number * DAY)
		return self.ledger

	def night(self, today: date) -> None:
		broken = [rule for rule in self.rules if self.is_broken(rule, today)]
		self.standing = {rule: self.standing.get(rule, today) for rule in broken}
		self.follow_inactivity(today)
		for rule, since in self.standing.items():
			if rule not in (rules.DEAL_LAPSED, rules.DEAL_INCORRECT):
				self.impose(rule, since, today)
		if self.head:
			self.impose(self.head, self.head_since, today)

	def follow_inactivity(self, today: date) -> None:
		"""A case of inactivity goes on while one of the rules it consists of has been broken without a break."""
		deal_rules = [r for r in (rules.DEAL_LAPSED, rules.DEAL_INCORRECT) if r in self.standing]
		goes_on = self.head and any(self.standing[rule] < today for rule in deal_rules)
		if not goes_on:
			self.head, self.head_since = (deal_rules[0], today) if deal_rules else (None, None)

	def impose(self, rule: str, since: date, today: date) -> None:
		settings = self.rules[rule]
		if rule == rules.DEAL_LAPSED and self.is_paused(today, today):
			return
		grace_ends = since + settings.grace_days * DAY
		for times in range(30):
			day = add_months(since, times * settings.repeat_months)
			if max(day, grace_ends) == today and (manager := self.responsible(day)):
				self.ledger.append((today, rule, manager, day))
			if not settings.repeat_months:
				break

	def responsible(self, day: date) -> str | None:
		midnight = datetime.combine(day, time.min)
		before = [a.manager for a in self.history.assignments if a.since <= midnight]
		return before[-1] if before else None

	def is_paused(self, day: date, today: date) -> bool:
		return self.approved.get(day, date.max) < today

	def talks(self, today: date) -> list[Interaction]:
		return [
			i
			for i in self.history.interactions
			if i.recorded_at.date() < today
			and i.occurred_at.date() < today
			and (i.withdrawn_on is None or i.withdrawn_on >= today)
		]

	def is_broken(self, rule: str, today: date) -> bool:
		history = self.history
		begun = [history.created_on]
		for closing in history.closings:
			if closing.closed_on < today:
				if closing.reopened_on is None or closing.reopened_on >= today:
					return False
				begun.append(closing.reopened_on)
		if history.doctype == rules.DEAL and rule == rules.DEAL_LAPSED:
			begun += [i.occurred_at.date() for i in self.talks(today) if i.qualifies]
			return self.has_lapsed(max(begun), today)
		if history.doctype == rules.DEAL and rule == rules.DEAL_INCORRECT:
			wrong = [f for f in history.flaws if f.since < today]
			return any(f.mended_on is None or f.mended_on >= today for f in wrong) and max(begun) < today
		if history.doctype == rules.LEAD and rule == rules.LEAD_UNTOUCHED:
			first = max([*begun, history.registered_on or history.created_on])
			return not self.talks(today) and today > first + DAY
		if rule == rules.NEXT_CONTACT_MISSED:
			made = [plan for plan in history.plans if plan.set_on < today]
			if not made or made[-1].next_contact_on is None or made[-1].next_contact_on >= today:
				return False
			return not any(i.occurred_at.date() >= made[-1].next_contact_on for i in self.talks(today))
		return False

	def has_lapsed(self, start: date, today: date) -> bool:
		allowed = (add_months(start, 2) - start).days
		if (today - start).days <= allowed:
			return False
		days = (start + number * DAY for number in range(1, (today - start).days + 1))
		return sum(not self.is_paused(day, today) for day in days) > allowed
