"""Birth dates: which are errors, and which say nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

PLACEHOLDER_DATES = frozenset({date(1900, 1, 1), date(1970, 1, 1)})
"""What programs write when nobody was asked (Rules of discipline, rule 5)."""

OLDEST_AGE = 125
"""Years; the oldest person on record lived 122."""

BIRTH_DATE_IN_FUTURE = "The birth date {birth_date} is in the future."
BIRTH_DATE_TOO_LONG_AGO = "The birth date {birth_date} is more than {years} years ago."


def birth_date_error(
	birth_date: date, today: date, placeholders: Collection[date] = PLACEHOLDER_DATES
) -> str | None:
	"""Why this can't be a living person's birth date: a sentence to translate and format, or `None`.

	The sentences take `birth_date` and `years` (`OLDEST_AGE`). A placeholder is no error: it is
	accepted as the absence of a date, and never counts in a match.
	"""
	if birth_date in placeholders:
		return None
	if birth_date > today:
		return BIRTH_DATE_IN_FUTURE
	if today.year - birth_date.year > OLDEST_AGE:
		return BIRTH_DATE_TOO_LONG_AGO
	return None
