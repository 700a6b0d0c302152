"""People by number: the same number is always the same person, and no two share two identity fields."""

from __future__ import annotations

from datetime import date
from hashlib import blake2b

PEOPLE_AT_A_COMPANY = 5
MANAGERS = 20
NAMESAKES_AMONG = 101  # of every manager's clients
COMMON_NAME = {"first_name": "Ivan", "last_name": "Ivanov"}

FIRST = (
	*(
		"Anna",
		"Boris",
		"Vera",
		"Grigory",
		"Daria",
		"Egor",
		"Zoya",
		"Ivan",
		"Karina",
		"Leonid",
		"Maria",
		"Nikita",
	),
	*("Olga", "Pavel", "Raisa", "Semyon", "Tamara", "Ulyana", "Fedor", "Yuri"),
)
_SYLLABLES = [consonant + vowel for consonant in "bdgklmnprst" for vowel in "aeiou"]
_ENDINGS = ("rov", "nin", "dko", "lsky", "shev", "mov", "tsev", "zin")


def last_name(number: int) -> str:
	"""One of 24,200; with a first name one of 484,000, so that among a million people there are namesakes."""
	root, ending = divmod(number, len(_ENDINGS))
	root, second = divmod(root, len(_SYLLABLES))
	return (_SYLLABLES[root % len(_SYLLABLES)] + _SYLLABLES[second] + _ENDINGS[ending]).title()


def person(number: int) -> dict[str, str]:
	first = FIRST[number % len(FIRST)]
	last = last_name(number // len(FIRST))
	return {
		"first_name": first,
		"last_name": last,
		"email": f"{first}.{last}.{number}@client{number % 5003}.example".lower(),
		"phone": phone(number),
	}


def resident(number: int) -> dict[str, str | date | None]:
	"""One of those with whom a site is filled: one in a hundred has the same name, and does not say when he was born."""
	if number % NAMESAKES_AMONG == 0:
		return person(number) | COMMON_NAME | {"birth_date": None}
	return person(number) | {"birth_date": birth_date(number)}


def phone(number: int) -> str:
	"""Of Kazakhstan, as in the database of a call centre: with the country's prefix and no spaces."""
	return f"+7701{number:07d}" if number < 10**7 else f"+7705{number - 10**7:07d}"


def birth_date(number: int) -> date | None:
	"""Of every third only: few people say."""
	return date(1950 + number % 50, number % 12 + 1, number % 28 + 1) if number % 3 == 0 else None


def name_of(kind: str, number: int) -> str:
	"""Twelve letters and digits, scattered like those that Frappe makes up."""
	return blake2b(f"{kind}{number}".encode(), digest_size=6).hexdigest()
