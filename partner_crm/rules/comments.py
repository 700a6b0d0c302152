"""Is a comment detailed: does it say what was talked about, and what was agreed?

Rules of discipline, rule 3 (detailed comment): "НД", "перезвонить", "думает" and their like, however they are spelled, spaced,
punctuated or chained, say nothing; nor does an earlier comment pasted again.

One mechanism decides. A text is taken apart into words; stub phrases, what people pad them with (clients, greetings, names,
days, numbers, links) and what is no word at all are taken away; in what remains, what was discussed and what was agreed need
`WORDS_EACH` different words each. A stub inside a real account does no harm: it only adds nothing. The phrases are data;
no list says what a good comment looks like, so an honest text passes in its own words and in any language.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import islice, pairwise
from typing import NamedTuple

from rapidfuzz import fuzz, process

WORDS_EACH = 2
"""How many different words of substance it takes to say what was discussed, and how many to say what was agreed."""

COPY_SIMILARITY = 85
"""From this likeness on (percent of letters in common, in their order) a comment is an earlier one pasted again."""

COMPARED_LENGTH = 1_000
"""How many characters of a comment are compared with earlier ones: enough to know a copy, and bounds the work."""


# --- from text to words -------------------------------------------------------------------------------------------------

# Accents, invisible characters and the Arabic stretching line; deleted, so that they neither part nor lengthen a word.
_MARKS = re.compile(
	"[{}\u0640\u115f\u1160]".format(
		"".join(
			chr(code)
			for block in (range(0x3100), range(0xFE00, 0xFE30), (0xFEFF,))
			for code in block
			if unicodedata.category(chr(code)) in ("Mn", "Me", "Cf")
		)
	)
)

# Letters and digits that are written for one another become one letter. Where a sign could stand for several, one will do: a
# word that mixes alphabets or digits is never counted, so this serves only to find phrases of several words.
_LOOKALIKES = str.maketrans(
	{
		lookalike: letter
		for letter, lookalikes in {
			"а": "aɑα4",
			"б": "6",
			"в": "bβ8",
			"д": "d9",
			"е": "eεє",
			"з": "3",
			"и": "iıιі1",
			"к": "kκ",
			"м": "m",
			"н": "hnһ",
			"о": "oο0",
			"р": "pρ",
			"с": "cѕ",
			"т": "tτ7",
			"у": "yυ",
			"х": "xχ",
			"s": "5",
			"ک": "ك",
			"ی": "يى",
			"ه": "ةہ",
		}.items()
		for lookalike in lookalikes
	}
)

_IN_LATIN = str.maketrans("абвгдезийклмнопрстуфхцыэ", "abvgdeziyklmnoprstufhcye") | str.maketrans(
	{"ё": "e", "ж": "zh", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"}
)
_ON_LATIN_KEYS = str.maketrans("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`")

_KEYBOARD_ROWS = (
	*("qwertyuiop", "asdfghjkl", "zxcvbnm"),
	*("ицукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
	*("ضصثقفغعهخحجچ", "شسیبلاتنمکگ", "ظطزرذدپو"),
)
_NEIGHBOUR_KEYS = frozenset(
	pair for row in _KEYBOARD_ROWS for one, other in pairwise(row) for pair in (one + other, other + one)
)

_LINK = re.compile(
	r"(?<!\S)(?:www\.|\S*(?:@|://|\.(?:ru|рф|su|com|net|org|info|io|bg|ir|kz|by|ua|eu|de|uk)\b))\S*"
)
# Scripts written without spaces (Thai to Khmer, Chinese, Japanese): two characters count as a word.
_SPACELESS = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_MAY_HOLD_LINK = re.compile(r"@|://|www\.|\.\w")
_WORD = re.compile(rf"[{_SPACELESS}]{{1,2}}|[^\W_{_SPACELESS}]+")
_STRETCHED = re.compile(r"(\w)\1+")
_ONE_ALPHABET = re.compile(r"[a-zß-ɏ]+|[Ѐ-ԯ]+|[^\W\d_a-zß-ɏЀ-ԯ]+")
_LONGEST_WORD = 40

# A sum, a share or a count with its unit, and codes like Q3 or 1C: part of an account, unlike days, times and phone numbers.
_FIGURE = re.compile(
	r"\d\W{0,5}(?:[%٪₽$€£]|тыс|млн|млрд|руб|шт|лв|хил|usd|eur|mln|pcs|درصد|تومان|ریال|میلیون|هزار)"
	r"|[$€£]\W{0,5}\d|\b(?:[^\W\d_]\d|\d[^\W\d_])\b"
)
_FIGURES = "#"


def _normal(text: str) -> str:
	"""`text` in lower case and one form for each letter, without links, accents and invisible characters."""
	text = _MARKS.sub("", unicodedata.normalize("NFKD", text)).casefold()
	return _LINK.sub(" ", text) if _MAY_HOLD_LINK.search(text) else text


def _words(normal: str) -> list[str]:
	"""The words of a normal text; what is too long to be a word is none."""
	return [word for word in _WORD.findall(normal) if len(word) <= _LONGEST_WORD]


def _folded(word: str) -> str:
	"""`word` with one letter for all its look-alikes, and once where it was stretched."""
	return _STRETCHED.sub(r"\1", word.translate(_LOOKALIKES))


def _is_mash(word: str) -> bool:
	"""Whether a hand ran along the keyboard ("фывапролд", "asdasd"): three steps in four are to a neighbouring key."""
	if word[:2] not in _NEIGHBOUR_KEYS or len(word) < 4:
		return False
	steps = [one + other in _NEIGHBOUR_KEYS for one, other in pairwise(word)]
	return sum(steps) > 0.75 * len(steps)


_MONOTONOUS_WITHIN = 30


def _is_monotonous(words: Iterable[str]) -> bool:
	"""Whether a text makes do with far fewer letters than any language ("ывлоа ывоал лоыва", "хаха ахаха")."""
	letters = "".join(words)[:_MONOTONOUS_WITHIN]
	return len(set(letters)) < 0.3 * len(letters)


def _misspellings(word: str) -> Iterable[str]:
	"""`word`, and what is left of it without one letter: two words one slip apart share one of these.

	The first letter stays: people seldom miss it, and other words often differ by it alone ("pending", "sending").
	"""
	yield word
	for place in range(1, len(word)):
		yield word[:place] + word[place + 1 :]


# --- phrases that say nothing -------------------------------------------------------------------------------------------

_END = ""
_ANY_ENDING = "*"
_LONG_ENOUGH_TO_MISSPELL = 6
_LONGEST_PHRASE = 60  # in words, since the words may be single letters
_REMEMBERED_WORDS = 20_000


def _spellings(phrase: str) -> Iterator[tuple[list[str], str]]:
	"""The folded words of `phrase` as people type it, and whether its last word may end in any way."""
	phrase = phrase.strip().lower()
	mark = _ANY_ENDING if phrase.endswith("*") else _END
	for spelling in {phrase, phrase.translate(_IN_LATIN), phrase.translate(_ON_LATIN_KEYS)}:
		if words := [_folded(word) for word in _words(_normal(spelling))]:
			yield words, mark


class _Word(NamedTuple):
	"""A folded word: whether a phrase may begin with it, and whether it says something outside any phrase.

	It says something when it has two letters or more, all of one alphabet (an honest word never mixes them, nor letters with
	digits), and is no keyboard mash and no slip of a stub.
	"""

	letters: str
	opens_phrase: bool
	says_something: bool


class Phrases:
	"""Phrases that say nothing, compiled once and then only read.

	`stubs` stand for a comment, `fillers` pad them. Either is one or more words in any spelling; "*" after the last letter
	stands for any ending of that word ("перезвон*", "не отвеча*"). Phrases in Cyrillic are also found in Latin letters
	("perezvonit") and typed with the keyboard left in English ("gthtpdjybnm"); stubs of one longer word also with a slip of the
	hand ("перзвонить"). Lines without a letter are ignored.
	"""

	def __init__(self, stubs: Iterable[str], fillers: Iterable[str] = ()) -> None:
		self._trie: dict[str, dict] = {}
		self._slips: set[str] = set()
		for stub in stubs:
			for words, mark in _spellings(stub):
				self._add(words, mark)
				if mark == _END and len(words) == 1 and len(words[0]) >= _LONG_ENOUGH_TO_MISSPELL:
					self._slips.update(_misspellings(words[0]))
		for filler in fillers:
			for words, mark in _spellings(filler):
				self._add(words, mark)
		# Managers use few words: remembering them is what makes a comment cheap to judge.
		self._read = lru_cache(maxsize=_REMEMBERED_WORDS)(self._read_anew)

	def _add(self, words: Sequence[str], mark: str) -> None:
		node = self._trie
		for letter in _folded("".join(words)):
			node = node.setdefault(letter, {})
		node[mark] = {}

	def _read_anew(self, word: str) -> _Word:
		letters = _folded(word)
		return _Word(
			letters,
			opens_phrase=self._opens_phrase(letters),
			says_something=bool(
				len(letters) > 1
				and _ONE_ALPHABET.fullmatch(word)
				and not _is_mash(word)
				and (
					len(letters) < _LONG_ENOUGH_TO_MISSPELL - 1
					or self._slips.isdisjoint(_misspellings(letters))
				)
			),
		)

	def _opens_phrase(self, letters: str) -> bool:
		node = self._trie
		for letter in letters:
			if letter not in node:
				return False
			node = node[letter]
			if _ANY_ENDING in node:
				return True
		return True

	def _length_at(self, words: Sequence[str], start: int) -> int:
		"""How many words from `start` on are one phrase, the longest there is; 0 when none begins there.

		Letters are followed across spaces and repetitions, so "н д", "пере звонить" and "п п е е р е з ..." are found too.
		"""
		node, last, longest = self._trie, "", 0
		for count, word in enumerate(islice(words, start, start + _LONGEST_PHRASE), 1):
			before = node
			for letter in self._read(word).letters:
				if letter == last:
					continue
				if letter not in node:
					return longest
				node, last = node[letter], letter
				if _ANY_ENDING in node:
					longest = count
			# A word that only repeats the last letter may begin the next phrase: "н д д у м а е т".
			if _END in node and node is not before:
				longest = count
		return longest

	def substance(self, text: str, enough: int | None = None) -> list[str]:
		"""The words of `text` that say something, folded, in their order and each once; figures count as one word together.

		With `enough`, the beginning suffices in which there are so many.
		"""
		normal = _normal(text)
		words = _words(normal)
		found: dict[str, None] = {}
		letters = place = 0
		while place < len(words):
			# What is monotonous shows in the first letters, so they are always waited for.
			if enough is not None and len(found) >= enough and letters >= _MONOTONOUS_WITHIN:
				break
			word = self._read(words[place])
			length = self._length_at(words, place) if word.opens_phrase else 0
			if not length and word.says_something and word.letters not in found:
				found[word.letters] = None
				letters += len(word.letters)
			place += length or 1
		if _is_monotonous(found):
			return []
		if (enough is None or len(found) < enough) and _FIGURE.search(normal):
			found[_FIGURES] = None
		return list(found)


@cache
def shipped_phrases() -> tuple[str, ...]:
	"""The stubs that are known in every shipped language (`stub_phrases.csv`)."""
	return _shipped("stub_phrases.csv")


@lru_cache(maxsize=8)
def compiled_phrases(stub_phrases: tuple[str, ...] = ()) -> Phrases:
	"""The shipped stubs and the administrator's `stub_phrases`, with the shipped fillers (`filler_words.csv`)."""
	return Phrases(shipped_phrases() + stub_phrases, _shipped("filler_words.csv"))


def _shipped(name: str) -> tuple[str, ...]:
	with (files("partner_crm.rules") / name).open(encoding="utf-8", newline="") as source:
		return tuple(row["phrase"] for row in csv.DictReader(source))


# --- the verdict --------------------------------------------------------------------------------------------------------

DISCUSSED_EMPTY = "discussed_empty"
DISCUSSED_STUB = "discussed_stub"
AGREED_EMPTY = "agreed_empty"
AGREED_STUB = "agreed_stub"
AGREED_REPEATS = "agreed_repeats"
COMMENT_EMPTY = "comment_empty"
COMMENT_STUB = "comment_stub"
COMMENT_COPIED = "comment_copied"

SENTENCES = {
	DISCUSSED_EMPTY: "Say what was talked about.",
	DISCUSSED_STUB: "“{text}” says nothing of what was talked about.",
	AGREED_EMPTY: "Say what was agreed.",
	AGREED_STUB: "“{text}” says nothing of what was agreed.",
	AGREED_REPEATS: "“{text}” only repeats what was talked about: say what was agreed.",
	COMMENT_EMPTY: "Say what was talked about and what was agreed.",
	COMMENT_STUB: "“{text}” does not say what was talked about and what was agreed.",
	COMMENT_COPIED: "“{text}” repeats an earlier comment: say what is new.",
}
_QUOTED_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Problem:
	"""Why a comment is not detailed. `text` is its beginning, as written, for the sentence to quote."""

	code: str
	text: str = ""

	@property
	def sentence(self) -> str:
		"""The English sentence, to be translated first and formatted with `params` afterwards."""
		return SENTENCES[self.code]

	@property
	def params(self) -> dict[str, str]:
		return {"text": self.text}


@dataclass(frozen=True, slots=True)
class Verdict:
	"""What is wrong with a comment; nothing, when it is detailed."""

	problems: tuple[Problem, ...] = ()

	@property
	def detailed(self) -> bool:
		return not self.problems


def judge_comment(
	discussed: str,
	agreed: str,
	earlier: Iterable[tuple[str, str] | str] = (),
	phrases: Phrases | None = None,
) -> Verdict:
	"""Judges an interaction: `discussed` and `agreed` must both be real, and together no copy of an `earlier` comment.

	`earlier` are the comments on the same lead or deal that were there before, as pairs or as single texts. All problems are
	named at once. `phrases` is `compiled_phrases()` unless given.
	"""
	phrases = phrases or compiled_phrases()
	problems = []
	if len(phrases.substance(discussed, WORDS_EACH)) < WORDS_EACH:
		problems.append(_lack(discussed, DISCUSSED_EMPTY, DISCUSSED_STUB))
	if len(phrases.substance(agreed, WORDS_EACH)) < WORDS_EACH:
		problems.append(_lack(agreed, AGREED_EMPTY, AGREED_STUB))
	elif _is_copy(agreed, [discussed], phrases):
		problems.append(Problem(AGREED_REPEATS, _quoted(agreed)))
	before = (one if isinstance(one, str) else "\n".join(one) for one in earlier)
	if not problems and _is_copy(f"{discussed}\n{agreed}", before, phrases):
		problems.append(Problem(COMMENT_COPIED, _quoted(discussed)))
	return Verdict(tuple(problems))


def judge_text(text: str, earlier: Iterable[str] = (), phrases: Phrases | None = None) -> Verdict:
	"""Judges one text that must carry both: a deal's comment, or a spreadsheet's column of comments.

	It needs as many words of substance as the two fields together. Which of them tell of the talk and which of the agreement
	is not asked: people write "выслать договор до среды" as well as "договорились, что ...", and a list of such words would
	refuse honest texts. Otherwise as `judge_comment`.
	"""
	phrases = phrases or compiled_phrases()
	if len(phrases.substance(text, 2 * WORDS_EACH)) < 2 * WORDS_EACH:
		return Verdict((_lack(text, COMMENT_EMPTY, COMMENT_STUB),))
	if _is_copy(text, earlier, phrases):
		return Verdict((Problem(COMMENT_COPIED, _quoted(text)),))
	return Verdict()


def _lack(text: str, empty: str, stub: str) -> Problem:
	quoted = _quoted(text)
	return Problem(stub, quoted) if quoted else Problem(empty)


def _quoted(text: str) -> str:
	text = " ".join(text.split())
	return text if len(text) <= _QUOTED_LENGTH else text[: _QUOTED_LENGTH - 1].rstrip() + "…"


def _is_copy(text: str, earlier: Iterable[str], phrases: Phrases) -> bool:
	"""Whether `text` says what one of `earlier` said: the same words of substance in any order, or nearly the same text.

	Numbers, days and stubs are no substance, so a copy is known with another date or another stub added.
	"""
	beginnings = {one[:COMPARED_LENGTH] for one in earlier}
	said = [words for one in beginnings if (words := phrases.substance(one))]
	if not said:
		return False
	new = phrases.substance(text[:COMPARED_LENGTH])
	if any(set(new) == set(old) for old in said):
		return True
	lines = [" ".join(old) for old in said]
	best = process.extractOne(" ".join(new), lines, scorer=fuzz.ratio, score_cutoff=COPY_SIMILARITY)
	return best is not None
