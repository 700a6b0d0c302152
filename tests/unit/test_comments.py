from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.rules import comments
from partner_crm.rules.comments import (
	Phrases,
	Problem,
	Verdict,
	compiled_phrases,
	judge_comment,
	judge_text,
	shipped_phrases,
)

DATA = Path(__file__).parent / "data"
SEED_STUBS = ("НД", "перезвонить", "сбросил", "пообщались", "думает")
ACCOUNT = "обсудили бюджет на Q3, договорились прислать медиаплан до пятницы"


def rows(path):
	with path.open(encoding="utf-8", newline="") as source:
		return list(csv.DictReader(source))


def visible(text):
	"""Invisible characters are written as \\u200b in the table, so that people can read it."""
	return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def judge(example):
	"""Judges a row of comments.csv: " || " parts earlier comments, " | " the two fields of one."""
	discussed, agreed, text = (visible(example[field]) for field in ("discussed", "agreed", "text"))
	earlier = [visible(comment) for comment in example["earlier"].split(" || ") if comment]
	if text or not (discussed or agreed):
		return judge_text(text, earlier)
	return judge_comment(
		discussed, agreed, [tuple(one.split(" | ")) if " | " in one else one for one in earlier]
	)


EXAMPLES = rows(DATA / "comments.csv")
HONEST = [example for example in EXAMPLES if example["detailed"] == "yes"]
STUBS = [example for example in EXAMPLES if example["detailed"] == "no"]


# --- examples -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
	"example",
	EXAMPLES,
	ids=lambda row: f"{row['language']}-{row['kind']}-{row['text'] or row['discussed']}"[:60],
)
def test_examples(example):
	assert judge(example).detailed == (example["detailed"] == "yes")


def test_the_examples_are_broad():
	kinds = Counter(example["kind"] for example in EXAMPLES)
	honest = Counter(example["language"] for example in HONEST)

	assert len(EXAMPLES) >= 160
	assert len(STUBS) >= len(EXAMPLES) / 2
	assert {"stretched", "mixed alphabets", "chain", "emoji", "zero-width", "copy", "padded", "junk"} <= set(
		kinds
	)
	assert {"ru", "en", "bg", "fa"} <= set(honest)
	assert sum(honest.values()) >= 60


@pytest.mark.parametrize(
	("text", "words"),
	[
		("медиаплан, договор", ["медиаплан", "договор"]),
		("мед\u200bиа\u200bплан до\u0301гово\u0301р", ["медиаплан", "договор"]),
		("МЕДИАПЛААААН и медиаплан", ["медиаплан"]),
		("HET OTBETA", []),
		("не взял TPУБКУ", []),
		("Н Д дд ум ае т", []),
		("медиaплан", []),
		("медиаплан1", []),
		("м е д и а п л а н", []),
		("рентгеноэлектрокардиографическогоаппарата", []),
		("смета 10 %, Q3, 300 тыс.", ["смета", "#"]),
		("смета 15.05.2024 в 11:30, +7 911 123-45-67", ["смета"]),
	],
)
def test_substance(text, words):
	assert compiled_phrases().substance(text) == words


def test_words_of_the_trade_are_no_stubs():
	"""A phrase added to the shipped lists must not swallow what managers honestly write about."""
	words = [row["word"] for row in rows(DATA / "comment_words.csv")]

	assert [word for word in words if not compiled_phrases().substance(word)] == []


# --- the shipped phrases ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "least"), [("ru", 60), ("en", 60), ("bg", 40), ("fa", 40)])
def test_each_language_ships_its_stubs(language, least):
	with Path(comments.__file__).with_name("stub_phrases.csv").open(encoding="utf-8", newline="") as source:
		phrases = [row["phrase"] for row in csv.DictReader(source) if row["language"] == language]

	assert len(phrases) >= least
	assert len(set(phrases)) == len(phrases)


def test_shipped_stubs_say_nothing():
	stubs = [phrase.rstrip("*") for phrase in shipped_phrases()]

	assert [stub for stub in stubs if compiled_phrases().substance(f"{stub}, {stub}")] == []


@given(
	st.lists(st.sampled_from([phrase.rstrip("*") for phrase in shipped_phrases()]), min_size=1, max_size=6)
)
def test_a_chain_of_shipped_stubs_is_never_detailed(chain):
	assert not judge_text(", ".join(chain)).detailed


def test_the_administrators_phrases_count_too():
	text = "дети и собака греются на солнышке у моря"

	assert judge_text(text).detailed
	assert not judge_text(text, phrases=compiled_phrases(("греются на солнышке", "мор*"))).detailed


def test_lines_without_a_letter_are_no_phrases():
	phrases = Phrases(["", "  ", "*", "---", "+"])

	assert phrases.substance("бюджет, сроки") == ["бюджет", "сроки"]


# --- every spelling of the stubs ----------------------------------------------------------------------------------------

LATIN_LOOKALIKES = str.maketrans("аевкмнорстухНД", "aebkmhopctyxHD")
LEET = str.maketrans("аоиезтб", "4013376")
TRANSLITERATED = str.maketrans("нперзвонитьсблщаюдум", "nperzvonit'sblsaudum")


def letter_by_letter(change):
	"""A spelling that changes some letters of a text, as `change(draw, letter)` says."""

	@st.composite
	def spelling(draw, text):
		touched = draw(st.sets(st.integers(0, max(len(text) - 1, 0)), min_size=1))
		return "".join(
			change(draw, letter) if place in touched else letter for place, letter in enumerate(text)
		)

	return spelling


def before_or_after(draw, text, addition):
	return draw(st.sampled_from([f"{addition} {text}", f"{text} {addition}", f"{text}, {addition}"]))


PADDING = (
	*("клиент", "пока", "потом", "завтра", "Иван", "Мария, Петрович", "Здравствуйте!", "👍", "+"),
	*("12.05.2024 14:30", "+7(911)123-45-67", "ivan@mail.ru", "https://crm.example/deal/1?tab=comments"),
)
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e"
ACCENTS = "\u0301\u0335\u0338\u0327\u20dd"

SPELLINGS = {
	"upper case": lambda text: st.just(text.upper()),
	"title case": lambda text: st.just(text.title()),
	"some capitals": letter_by_letter(lambda draw, letter: letter.swapcase()),
	"stretched": letter_by_letter(lambda draw, letter: letter * draw(st.integers(2, 5))),
	"spaced": lambda text: st.sampled_from([" ", "  ", "\t", "\n"]).map(lambda space: space.join(text)),
	"cut": letter_by_letter(lambda draw, letter: letter + draw(st.sampled_from(" -/._,"))),
	"dotted": lambda text: st.sampled_from("./-_*·,").map(lambda mark: mark.join(text)),
	"look-alikes": letter_by_letter(lambda draw, letter: letter.translate(LATIN_LOOKALIKES)),
	"invisible": letter_by_letter(lambda draw, letter: letter + draw(st.sampled_from(INVISIBLE))),
	"accents": letter_by_letter(lambda draw, letter: letter + draw(st.sampled_from(ACCENTS))),
	"decomposed": lambda text: st.sampled_from(["NFD", "NFC", "NFKD"]).map(
		lambda form: unicodedata.normalize(form, text)
	),
	"emoji": lambda text: st.sampled_from(["🤔", "📞❌", "👍🏽"]).map(lambda emoji: f"{emoji}{text}{emoji}"),
	"emphasis": lambda text: st.sampled_from(["!!!", "...", "???", "»", ")"]).map(lambda mark: text + mark),
}
# These make of a stub a word that no list knows; alone they are covered, cut to pieces besides they are not.
WILD_SPELLINGS = {
	"leet": letter_by_letter(lambda draw, letter: letter.lower().translate(LEET)),
	"latin": lambda text: st.just(text.lower().translate(TRANSLITERATED)),
	"slip": lambda text: st.integers(1, max(len(text) - 1, 1)).map(
		lambda place: text[:place] + text[place + 1 :]
	),
}


@st.composite
def spelled_stub(draw):
	text = draw(st.sampled_from(SEED_STUBS))
	if draw(st.booleans()):
		text = draw(WILD_SPELLINGS[draw(st.sampled_from(sorted(WILD_SPELLINGS)))](text))
		known = ["upper case", "emphasis", "emoji", "spaced", "invisible", "accents", "stretched"]
	else:
		known = sorted(SPELLINGS)
	for name in draw(st.lists(st.sampled_from(known), max_size=4, unique=True)):
		text = draw(SPELLINGS[name](text))
	return text


@st.composite
def disguised_stubs(draw):
	"""Stubs of the seeds, each in some spelling, chained and padded."""
	text = draw(spelled_stub())
	for _ in range(draw(st.integers(0, 4))):
		addition = draw(st.one_of(spelled_stub(), st.sampled_from(PADDING)))
		text = before_or_after(draw, text, addition)
	return text


@pytest.mark.parametrize("stub", SEED_STUBS)
@pytest.mark.parametrize("spelling", [*SPELLINGS, *WILD_SPELLINGS])
@settings(max_examples=5)
@given(data=st.data())
def test_each_spelling_of_each_stub_says_nothing(stub, spelling, data):
	text = data.draw((SPELLINGS | WILD_SPELLINGS)[spelling](stub))

	assert not judge_text(text).detailed
	assert not judge_text(" ".join([text] * 5)).detailed
	assert not judge_comment(text, text).detailed
	assert [problem.code for problem in judge_comment(ACCOUNT, text).problems] in (
		[comments.AGREED_STUB],
		[comments.AGREED_EMPTY],
	)


@settings(max_examples=150)
@given(disguised_stubs(), disguised_stubs())
def test_disguised_stubs_are_never_detailed(one, other):
	assert not judge_text(one).detailed
	assert not judge_text(f"{one}, {other}").detailed
	assert not judge_comment(one, other).detailed


# --- what must not change a verdict -------------------------------------------------------------------------------------

SAME_TO_A_READER = (
	str.upper,
	str.lower,
	str.title,
	lambda text: re.sub(r"[,;.:!?،。，](?=\s|$)", " — ", text),
	lambda text: f"«{text}»!!!",
	lambda text: f"  {text}\n\n",
	lambda text: text.replace(" ", " … "),
	lambda text: unicodedata.normalize("NFD", text),
)


@pytest.mark.parametrize("change", SAME_TO_A_READER)
def test_case_and_punctuation_change_nothing(change):
	fields = ("discussed", "agreed", "text")
	changed = [
		row | {field: row[field] and change(visible(row[field])) for field in fields} for row in EXAMPLES
	]

	assert [judge(row).detailed for row in changed] == [judge(row).detailed for row in EXAMPLES]


@given(
	st.sampled_from([example for example in STUBS if example["text"] and not example["earlier"]]),
	disguised_stubs(),
)
def test_a_stub_appended_to_a_stub_leaves_it_a_stub(example, stubs):
	text = visible(example["text"])

	assert judge_text(f"{text}, {stubs}").detailed is False


@given(st.sampled_from(HONEST), st.sampled_from(SEED_STUBS), st.booleans())
def test_a_stub_beside_an_account_does_no_harm(example, stub, first):
	text = example["text"] or f"{example['discussed']}. {example['agreed']}"

	assert judge_text(f"{stub}. {text}" if first else f"{text}. {stub}").detailed


# --- earlier comments ---------------------------------------------------------------------------------------------------

PASTES = (
	lambda text: text,
	*SAME_TO_A_READER,
	lambda text: f"15.05.2024 {text}",
	lambda text: f"{text} (20.05, 14:30)",
	lambda text: f"Добрый день! {text}. Перезвонить завтра.",
	lambda text: "\u200b".join(text),
)


@pytest.mark.parametrize("paste", PASTES)
def test_an_earlier_comment_pasted_again_is_not_detailed(paste):
	others = ["Первый звонок, выяснил потребности, отправлю бриф", "НД"]
	for example in HONEST:
		discussed, agreed, text = example["discussed"], example["agreed"], example["text"]
		if text:
			assert not judge_text(paste(text), [*others, text]).detailed
		else:
			assert not judge_comment(paste(discussed), paste(agreed), [*others, (discussed, agreed)]).detailed
			assert not judge_comment(paste(discussed), agreed, [f"{discussed}; {agreed}"]).detailed


def test_other_comments_before_do_no_harm():
	texts = [row["text"] for row in HONEST if row["text"] and row["kind"] == "honest"]

	assert [
		text for text in texts if not judge_text(text, [one for one in texts if one != text]).detailed
	] == []


def test_earlier_stubs_are_nothing_to_repeat():
	assert judge_text(ACCOUNT, ["", "НД", "думает"]).detailed


def test_long_comments_and_long_histories():
	history = [f"{ACCOUNT}, этап {number} согласован " + "подробности " * 800 for number in range(1000)]
	long = "Разобрали претензию по июньским роликам: " + "компенсация выходами, " * 450

	assert len(long) > 9_000
	assert judge_text(long, history) == Verdict()
	assert judge_text(long, [*history, long.upper()]).problems[0].code == comments.COMMENT_COPIED


def test_only_the_beginnings_of_long_comments_are_compared():
	beginning = (f"{ACCOUNT}, " * 20)[: comments.COMPARED_LENGTH]
	one, other = f"{beginning} наружка в Казани, смета", f"{beginning} претензия по роликам, возврат"

	assert judge_text(one, [other]).problems[0].code == comments.COMMENT_COPIED


@pytest.mark.parametrize(
	"hostile",
	[
		"а" * 10_000,
		"н д " * 2_500,
		"не до" * 2_000,
		"а ы " * 2_500,
		"x.ru" * 2_500,
		"@" * 10_000,
		"\x00" * 9_999,
	],
)
def test_hostile_texts_are_judged_all_the_same(hostile):
	assert not judge_text(hostile, [hostile]).detailed


@settings(max_examples=50)
@given(st.text(max_size=60), st.text(max_size=60), st.lists(st.text(max_size=60), max_size=3))
def test_any_text_is_judged(one, other, earlier):
	verdict = judge_comment(one, other, earlier)

	assert verdict == judge_comment(one, other, reversed(earlier))
	for problem in verdict.problems:
		assert problem.sentence.format(**problem.params)


# --- what the manager is told -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
	("verdict", "messages"),
	[
		(judge_text(""), ["Say what was talked about and what was agreed."]),
		(judge_text(" Думает\n"), ["“Думает” does not say what was talked about and what was agreed."]),
		(
			judge_comment("  ", "перезвонить"),
			["Say what was talked about.", "“перезвонить” says nothing of what was agreed."],
		),
		(
			judge_comment("НД", ""),
			["“НД” says nothing of what was talked about.", "Say what was agreed."],
		),
		(
			judge_comment("Цены и сроки", "цены, сроки!"),
			["“цены, сроки!” only repeats what was talked about: say what was agreed."],
		),
		(
			judge_text(ACCOUNT, [ACCOUNT]),
			[
				"“обсудили бюджет на Q3, договорились прислать медиаплан до п…” repeats an earlier comment: say what is new."
			],
		),
		(judge_text(ACCOUNT), []),
	],
)
def test_messages(verdict, messages):
	assert [problem.sentence.format(**problem.params) for problem in verdict.problems] == messages
	assert verdict.detailed == (not messages)


def test_a_quotation_is_never_a_template():
	problem = judge_text("{text} {0}").problems[0]

	assert problem == Problem(comments.COMMENT_STUB, "{text} {0}")
	assert problem.sentence.format(**problem.params).startswith("“{text} {0}” does not say")
