"""Calendar months: the only date arithmetic that the rules share.

Periods in the rules are months as people count them (two months of activity, repeats of a penalty,
recurring instalments), so a month is never a number of days.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def add_months(day: date, months: int) -> date:
	"""The same day of the month, `months` calendar months later (earlier, when negative).

	A day that the target month does not have becomes that month's last day: 31 December plus two
	months is 28 February, or 29 February in a leap year. Steps are counted from `day` itself, so
	callers add 2, 4, 6 months to one date and never chain, which would drift to the 28th for good.

	Raises `OverflowError` when the result is outside the years 1 to 9999.
	"""
	year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
	if not date.min.year <= year <= date.max.year:
		raise OverflowError(f"{day} plus {months} months is outside the years 1 to 9999")
	month += 1
	if day.day <= 28:
		return date(year, month, day.day)
	return date(year, month, min(day.day, monthrange(year, month)[1]))
