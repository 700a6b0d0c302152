"""Sentences for people, in their language, outside Frappe.

The translations are Frappe's own: `translations/<lang>.csv`, one line a sentence (source, translation, context). On a site `frappe._` reads the
same files, so a sentence is translated once for the desk and the command line.

A translation without a context holds on the whole site, in everybody's forms. So a word that Frappe or ERPNext use in another sense ("Share",
"Budget") has a context: `CONTEXT`, or for a label of ours the DocType it stands in, which is what Frappe asks with.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

CONTEXT = "Partner CRM"


@cache
def _sentences(lang: str) -> dict[str, str]:
	path = files("partner_crm").joinpath("translations", f"{lang}.csv")
	if not path.is_file():
		return {}
	with path.open(encoding="utf-8", newline="") as lines:
		return {
			source: translation
			for source, translation, *context in csv.reader(lines)
			if context in ([], [CONTEXT])
		}


def translate(sentence: str, lang: str = "en") -> str:
	"""`sentence` in the language `lang` (ISO 639), or as it is where no translation is shipped."""
	return _sentences(lang).get(sentence, sentence)


def language(environment: Mapping[str, str] | None = None) -> str:
	"""The language that the person's environment asks for, in the order that gettext reads it; English if it does not say."""
	environment = os.environ if environment is None else environment
	for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
		value = environment.get(variable, "").split(":")[0].split(".")[0].split("_")[0].lower()
		if value:
			return "en" if value in ("c", "posix") else value
	return "en"
