"""Full names of persons as keys.

Rules of discipline, rule 5: a full name is family and given name in any order; a patronymic or middle
name does not tell two cards apart. A line of three or four words does not say which is which, so one
name may have several values, and two cards share the name when they share a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from .spelling import fold, skeleton, skeletons, words

_HONORIFICS = frozenset(
	words(
		fold(
			"""
			г-н г-жа гн гжа господин госпожа гражданин гражданка товарищ тов уважаемый уважаемая
			д-р доктор проф профессор инж инженер акад адв
			mr mrs ms miss mx sir madam dr prof eng jr sr phd
			آقا آقای خانم جناب سرکار دکتر مهندس استاد سید سیده حاج
			"""
		)
	)
)

# They belong to the word that follows: de la Cruz is Delacruz, фон Визин is Фонвизин. Not van or ben,
# which are given names too.
_PARTICLES = frozenset(
	words(
		fold(
			"""
			de la del della der dos du el ibn von zu
			де ла ля дер дос фон эль аль ибн
			بن ابن ابو ال
			"""
		)
	)
)

# Of skeletons, so that one pattern serves Иванович, Ivanovich and Ivanovitch.
_PATRONYMIC = re.compile("(?:(?:ov|ev)(?:ich|na)|ichna)$|^(?:ilich|kuzmich|lukich|fomich|savich|nikitich)$")


class Names(NamedTuple):
	"""The values of a name: `full` may make a pair, `partial` only supports a possible duplicate."""

	full: tuple[str, ...] = ()
	partial: tuple[str, ...] = ()


def normalise_name(full_name: str = "", first_name: str = "", last_name: str = "") -> Names:
	"""The values of a name, given as one line or in two fields; the fields win when both are filled.

	A value is two skeletons in alphabetical order, so that the order of writing is lost. A full name has
	two words at least, initials and honorifics aside: "Ivan" and "I. I. Ivanov" could be anybody, so they
	are partial names.
	"""
	given, family = _name_words(first_name), _name_words(last_name)
	if given and family:
		line, border = given + family, len(given)
	else:
		line, border = _name_words(full_name) or given or family, 0
	telling = _telling(line)
	if not telling:
		return Names()
	if len(telling) == 1:
		return Names(partial=(" ".join(sorted(map(skeleton, line))),))
	border = sum(position < border for position in telling)
	# Where the given names end: known from the fields, else after the first word or before the last.
	borders = [border] if 0 < border < len(telling) else [1, len(telling) - 1]
	return Names(full=_full_names([line[position] for position in telling], borders))


@lru_cache(maxsize=1 << 16)  # given names and surnames repeat
def _name_words(text: str) -> tuple[str, ...]:
	line: list[str] = []
	particles = ""
	for word in words(fold(text)):
		if word in _PARTICLES:
			particles += word
		elif word not in _HONORIFICS:
			line.append(particles + word)
			particles = ""
	return (*line, particles) if particles else tuple(line)


def _telling(line: Sequence[str]) -> list[int]:
	"""The positions of the words that tell people apart: no initials, no patronymic.

	The first word is never a patronymic, nor is one of two: Абрамович Роман Аркадьевич, Милош Обрадович.
	"""
	telling = [position for position, word in enumerate(line) if not _is_initial(word)]
	if len(telling) > 2:
		for position in telling[1:]:
			if _PATRONYMIC.search(skeleton(line[position])):
				telling.remove(position)
				break
	return telling


def _is_initial(word: str) -> bool:
	"""One letter of an alphabet that has capitals; in others one sign may be a whole name."""
	return len(word) == 1 and word.upper() != word


def _full_names(line: Sequence[str], borders: Sequence[int]) -> tuple[str, ...]:
	"""The values of a line of two words or more, for each place where its given names may end.

	Of several given names the first counts, of several family names the first and the last; and all of
	them written as one, since Анна Мария is Анна-Мария.
	"""
	readings = [(line[0], line[-1])]
	if len(line) > 2:
		for border in borders:
			readings += (
				(line[0], line[border]),
				("".join(line[:border]), "".join(line[border:])),
			)
	values = {
		" ".join(sorted(spellings)): None
		for given, family in readings
		for spellings in product(skeletons(given), skeletons(family))
	}
	return tuple(values)
