"""Everything that a person sees is translated: all of the app into Russian, the command line into every shipped language."""

from __future__ import annotations

import csv
import string
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import sentences

from partner_crm import client_base, texts
from partner_crm.audit import page, run_audit, terminal, wording

ROOT = Path(__file__).parents[2]
TRANSLATIONS = ROOT / "partner_crm" / "translations"
LANGUAGES = sorted(path.stem for path in TRANSLATIONS.glob("*.csv"))
WANTED = {
	"bg": sentences.of_the_command_line(),
	"fa": sentences.of_the_command_line(),
	"ru": sentences.of_the_app(),
}

# Names that are written the same in the language.
THE_SAME = {
	"bg": {"MQL", "SQL"},
	"fa": {"MQL", "SQL"},
	"ru": {"ERPNext", "Email", "MQL", "Partner CRM", "ROAS", "ROMI", "SQL", "e-mail"},
}


def rows(lang: str) -> list[tuple[str, str, str]]:
	"""Source, translation and context ("" for none) of every line."""
	with (TRANSLATIONS / f"{lang}.csv").open(encoding="utf-8", newline="") as lines:
		return [
			(source, translation, "".join(context)) for source, translation, *context in csv.reader(lines)
		]


def placeholders(sentence: str) -> Counter[str | None]:
	return Counter(
		name for _text, name, _spec, _conversion in string.Formatter().parse(sentence) if name is not None
	)


def test_every_shipped_language_has_its_sentences():
	assert set(WANTED) == set(LANGUAGES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_is_translated_and_nothing_else(lang):
	translated = {source for source, _translation, _context in rows(lang)}
	assert (sorted(WANTED[lang] - translated), sorted(translated - WANTED[lang])) == ([], [])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_command_line_finds_its_sentences(lang):
	untranslated = {
		sentence
		for sentence in sentences.of_the_command_line()
		if texts.translate(sentence, lang) == sentence
	}
	assert untranslated <= THE_SAME[lang]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_source(lang):
	for source, translation, _context in rows(lang):
		assert placeholders(translation) == placeholders(source), source


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_translation_differs_from_its_source_unless_it_is_a_name(lang):
	same = {source for source, translation, _context in rows(lang) if source == translation}
	assert same == THE_SAME[lang]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_lines_are_in_order_and_none_is_repeated(lang):
	keys = [(source, context) for source, _translation, context in rows(lang)]
	assert keys == sorted(set(keys))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_context_is_ours_and_the_word_stands_there(lang):
	for source, _translation, context in rows(lang):
		if context not in ("", texts.CONTEXT):
			assert source in sentences.of_the_doctype(context), (source, context)


def test_the_stage_table_says_the_same_in_russian_as_the_translations():
	said = {(row.label_en, row.label_ru) for row in sentences.stage_table() if row.label_ru}
	assert {(english, texts.translate(english, "ru")) for english, _russian in said} == said


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.*")), ids=lambda path: path.stem)
def test_an_audit_asks_for_no_sentence_that_was_not_collected(example, monkeypatch):
	asked = set()

	def translate(sentence: str, lang: str) -> str:
		asked.add(sentence)
		return sentence

	monkeypatch.setattr(wording, "translate", translate)
	today = date(2024, 9, 30)
	audit, _written = run_audit(client_base.read(example, today=today), today, "bg")
	page.render(audit, "bg")
	terminal.show(audit, "bg")
	assert asked <= sentences.of_the_command_line()
