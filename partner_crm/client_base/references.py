"""Values that are not in their master list: "GTXPro" where the list of products has "GTX Pro"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.fuzz import ratio

from partner_crm.client_base.reader import Reference
from partner_crm.client_base.words import key

PROBABLE = 80
"""Likeness, out of 100, from which an unlisted value is probably a misspelling of a listed one."""

LEAST_LISTED = 0.5
"""Share of the column's values that must be in a list for it to be this column's list at all."""


def check_references(
	counts: Mapping[str, Sequence[int]], reference: Reference
) -> list[tuple[str, int, int, str | None]]:
	"""The values that `reference` does not list: value, rows, first row, and what it probably should be.

	`counts`: for every distinct value of the column, the number of its rows and the first of them. Each value
	is told once, in the order of first rows. A list that knows less than half of the values is taken for an
	unrelated table.
	"""
	unlisted = [value for value in counts if value not in reference.values]
	if not unlisted or len(unlisted) > (1 - LEAST_LISTED) * len(counts):
		return []
	listed = {value: key(value) for value in sorted(reference.values)}
	found = []
	for value in sorted(unlisted, key=lambda value: counts[value][1]):
		match = process.extractOne(key(value), listed, scorer=ratio, score_cutoff=PROBABLE)
		count, row = counts[value]
		found.append((value, count, row, match[2] if match else None))
	return found
