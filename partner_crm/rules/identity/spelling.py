"""One spelling for the many ways in which a word is written.

Shared by names of persons and titles of companies (Rules of discipline, rule 5: "matching sees through
spelling"). Two steps:

`fold` undoes what depends on the keyboard and not on the word: Unicode forms, case, ё/е, accents,
Arabic v. Persian letters, and Latin letters that were typed into a Cyrillic word.

`skeleton` writes a folded word in Latin letters, so that Сергей, Sergey and Sergei become one. It is a
key to compare, never a text to show. Words in other scripts are left as folded: Persian does not write
its vowels, so it can only be compared with itself.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Invisible: soft hyphen, zero-width space and joiner, direction marks, byte order mark. And tatweel,
# which only stretches an Arabic word.
_INVISIBLE = re.compile("[\u00ad\u0640\u200b\u200d-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")

# Accents of Latin, Cyrillic and Greek, vowel signs of Arabic and Hebrew. Marks of other scripts (Indian,
# Thai) are letters in their own right and stay.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]")

# Hyphens, apostrophes and the Persian half-space hold the parts of one word together.
_JOINED = re.compile("(?<=\\w)['`´’‘ʼʹ\u200c\u2010-\u2015\u2212-]+(?=\\w)")

_WORD = re.compile("(?:[^\\W\\d_]|[\u0900-\u0dff\u0e00-\u0e7f])+")

_LATIN_TWINS = "ABCEHIJKMOPSTXYaceijkopsxy"
_CYRILLIC_TWINS = "АВСЕНІЈКМОРЅТХУасеіјкорѕху"
_LATIN_TO_CYRILLIC = str.maketrans(_LATIN_TWINS, _CYRILLIC_TWINS)
CYRILLIC_TO_LATIN = str.maketrans(_CYRILLIC_TWINS, _LATIN_TWINS)
_OTHER_DIGITS = re.compile("[^\\D0-9]")
_ASCII_LETTERS = re.compile("[A-Za-z]")
_CYRILLIC_LETTERS = re.compile("[\u0400-\u04ff]")

_LETTERS = str.maketrans(
	{
		"ي": "ی", "ى": "ی", "ے": "ی", "ك": "ک", "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ٱ": "ا", "ء": None,
		"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
	}
)  # fmt: skip
_ODD_LETTERS = re.compile("[ıøłđðþæœ\u0600-\u06ff]")

_ROMAN = str.maketrans(
	{
		"а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "к": "k",
		"л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
		"х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "a", "ы": "y", "ь": "", "э": "e",
		"ю": "iu", "я": "ia",
		"і": "i", "є": "e", "ґ": "g",
		"ј": "i", "љ": "li", "њ": "ni", "ћ": "ch", "ђ": "di", "џ": "dzh", "ѕ": "z",
		"ә": "a", "ғ": "g", "қ": "k", "ң": "n", "ө": "o", "ұ": "u", "ү": "u", "һ": "h",
	}
)  # fmt: skip

# Spellings of one sound, longest first.
_SAME_SOUND = (
	("shch", "sh"), ("tch", "ch"), ("sch", "sh"), ("ph", "f"), ("kh", "h"), ("ck", "k"), ("tz", "ts"),
	("x", "ks"), ("q", "k"), ("w", "v"), ("j", "i"),
)  # fmt: skip
_HARD_C = re.compile("c(?![heiy])")
_SOFT_O = re.compile("(?<=[bcdfghklmnprstvz])yo")
_GLIDE = re.compile("[iy]{2,}|(?<=[aeou])y|y(?=[aeou])|y$")
_DOUBLED = re.compile("([b-df-hj-np-tv-z])\\1+")
_SOFT_E = re.compile("ie(?!$)")
_FLEETING = re.compile("(?<=[dt])[ae]r$")


def listed(text: str) -> frozenset[str]:
	"""The words of a list that is written as running text."""
	return frozenset(text.split())


def ascii_digits(text: str) -> str:
	"""The text with the digits of all scripts (۰۹۱۲, ٠٩١٢) written 0 to 9."""
	return text if text.isascii() else _OTHER_DIGITS.sub(lambda match: str(int(match.group())), text)


def fold(text: str) -> str:
	"""The text without what depends on the keyboard, in lower case.

	Meant for comparing: "Ивaн" with a Latin "a" and "ИВАН" give "иван", "علي" gives "علی". Parts that a
	hyphen, an apostrophe or a half-space joins become one word; other punctuation is left in place.
	"""
	if text.isascii():
		return _JOINED.sub("", text.lower())
	text = _MARKS.sub("", unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)))
	text = _unmixed(_JOINED.sub("", text)).casefold()
	if _ODD_LETTERS.search(text):
		text = text.translate(_LETTERS)
	return _unmixed(text)  # ß and the dotless i have become letters of the alphabet only now


def words(folded: str) -> list[str]:
	"""The words of a folded text: runs of letters. Digits, punctuation and emoji part them."""
	return _WORD.findall(folded)


def _unmixed(text: str) -> str:
	if _ASCII_LETTERS.search(text) and _CYRILLIC_LETTERS.search(text):
		return _WORD.sub(_unmix, text)
	return text


def _unmix(match: re.Match) -> str:
	"""A word of two alphabets, in the alphabet of those of its letters that have no twin in the other."""
	word = match.group()
	if not (_ASCII_LETTERS.search(word) and _CYRILLIC_LETTERS.search(word)):
		return word
	latin = _ASCII_LETTERS.search(word.translate(_LATIN_TO_CYRILLIC))
	cyrillic = _CYRILLIC_LETTERS.search(word.translate(CYRILLIC_TO_LATIN))
	if not latin:
		return word.translate(_LATIN_TO_CYRILLIC)
	if not cyrillic:
		return word.translate(CYRILLIC_TO_LATIN)
	return word


@lru_cache(maxsize=1 << 16)  # names repeat: this is half the cost of normalising a client base
def skeletons(word: str) -> tuple[str, ...]:
	"""How a folded word is written in Latin letters: once, or twice where languages disagree.

	Щ is shch, sch or sh to a Russian and sht to a Bulgarian, so such a word has both skeletons.
	"""
	if word.isascii():
		return (_reduced(word),)
	if "щ" in word:
		return (_reduced(_romanised(word)), _reduced(_romanised(word.replace("щ", "шт"))))
	return (_reduced(_romanised(word)),)


def skeleton(word: str) -> str:
	"""The first of the skeletons of a folded word."""
	return skeletons(word)[0]


def _romanised(word: str) -> str:
	"""A Cyrillic word letter by letter; words in other scripts as they are."""
	if "ъ" in word:
		# A vowel in Bulgarian (Търново, Петър); in Russian only a sign before е, ю, я (Подъячев).
		word = re.sub("ъ(?=[еюя])", "", word)
	if "ьо" in word:
		# Bulgarian for the sound that Russian writes ё, and ё counts as е.
		word = word.replace("ьо", "е")
	return word.translate(_ROMAN)


def _reduced(word: str) -> str:
	"""One spelling for the usual ways to write a Slavic sound in Latin letters.

	Kept apart are letters that tell names apart: the last vowel (Ivan, Ivana), y between consonants
	(Smith, Smyth), and all vowels but i, which stands for й, и and the softness of я, ю, ё.
	"""
	for spelling, sound in _SAME_SOUND:
		if spelling in word:
			word = word.replace(spelling, sound)
	if "c" in word:
		word = _HARD_C.sub("k", word)
	if "y" in word:
		word = _SOFT_O.sub("e", word)
	word = _GLIDE.sub("i", word)
	word = _DOUBLED.sub("\\1", word)
	if "ie" in word:
		# Елена: Elena, Yelena, Jelena. Last in a word it is another sound: Marie, Julie.
		word = _SOFT_E.sub("e", word)
	# The vowel that Bulgarian writes ъ, English e, and Russian not at all: Александър, Alexander, Пётр.
	return _FLEETING.sub("r", word)
