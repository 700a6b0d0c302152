"""Titles, tax ids and websites of companies as keys (Rules of discipline, rule 5)."""

from __future__ import annotations

import re
import unicodedata

from .emails import normalise_domain
from .spelling import CYRILLIC_TO_LATIN, ascii_digits, fold, listed, skeletons

SHARED_SITES = listed(
	"""
	2gis.ru avito.ru behance.net docs.google.com drive.google.com dzen.ru facebook.com fb.com github.com
	google.com hh.ru instagram.com linkedin.com linktr.ee m.facebook.com m.vk.com maps.google.com
	maps.yandex.ru market.yandex.ru max.ru medium.com ok.ru ozon.ru pinterest.com profi.ru rutube.ru
	sites.google.com t.me taplink.cc telegram.me threads.net tiktok.com twitter.com vc.ru vk.com vk.ru
	wa.me whatsapp.com wildberries.ru x.com youtu.be youtube.com zoon.ru
	"""
)
"""Sites where thousands of companies have a page: their domain says nothing about any of them."""

# Written here as people write them; compared without spaces, dots and case.
_FORMS = """
	ООО, ОАО, ЗАО, ПАО, НАО, АО, ИП, ГУП, МУП, ФГУП, ФГБУ, АНО, НКО, ОДО, УП, ЧУП, ЧП, ТОО, ТДО, ТОВ, ФОП, ПП
	общество с ограниченной ответственностью, общество с дополнительной ответственностью
	товарищество с ограниченной ответственностью, акционерное общество, открытое акционерное общество
	закрытое акционерное общество, публичное акционерное общество, непубличное акционерное общество
	индивидуальный предприниматель, частное предприятие, унитарное предприятие
	автономная некоммерческая организация
	ЕООД, ООД, ЕАД, ДЗЗД, ЕТ, едноличен търговец, акционерно дружество, еднолично акционерно дружество
	дружество с ограничена отговорност, еднолично дружество с ограничена отговорност
	LLC, LLP, Ltd, Limited, Inc, Incorporated, Corp, Corporation, PLC, JSC, CJSC, OJSC, PJSC, GmbH, mbH, UG, KG
	OHG, GmbH & Co KG, BV, NV, SARL, SRL, Sp z oo, sro, doo, Pty Ltd, Pte Ltd, Pvt Ltd, Private Limited, FZE
	FZCO, FZ LLC, WLL, Sdn Bhd, Kft, Oy, Oyj, ApS, limited liability company, joint stock company
	public joint stock company, closed joint stock company, open joint stock company
	OOO, OAO, ZAO, PAO, EOOD
	شرکت, سهامی خاص, سهامی عام, با مسئولیت محدود, شرکت سهامی خاص, شرکت سهامی عام, شرکت با مسئولیت محدود
"""
# Short enough to be a word of a title, so they only count where their languages put them: at the end.
_LAST_FORMS = """
	АД, СД, КД, AD, EAD, OOD, AO, AG, SE, SA, SAS, SL, SpA, AS, AB, LP, Co, Company
"""
_AND = frozenset(("&", "+", "and", "et", "i", "und", "и", "та", "و"))
_WORDS = re.compile("[^\\W_]+|[&+]")

_SCHEME = re.compile("^(?:[a-z]+:)?/+|^(?:https?|ftp):")
_REST_OF_ADDRESS = re.compile("[/?#\\\\\\s].*", re.DOTALL)
_PORT = re.compile(":[0-9]*$")
_WWW = re.compile("^www[0-9]?\\.")

_TAX_LABEL = re.compile(
	"(?<![^\\W_])(?:ИНН|КПП|БИН|ИИН|УНП|УНН|ЕИК|БУЛСТАТ|ЗДДС|ДДС|INN|BIN|IIN|EIK|TIN|EIN|UID|VAT|TAX|ID|NUMBER|NO)"
	"(?![^\\W\\d_])"
)
_FEWEST_SIGNS = 5


def normalise_title(title: str) -> tuple[str, ...]:
	"""The values of a company's title: without legal form, punctuation and spaces, in Latin letters.

	Legal forms fall off both ends, spelled out or not, in the languages of our users; a title that is
	nothing else keeps itself. Empty when the text has neither letter nor digit. There are two values when
	its letters are romanised in two ways (`spelling.skeletons`).
	"""
	parts = _title_words(title)
	if not any(map(str.isalnum, parts)):
		return ()
	return skeletons("".join(_without_forms(parts)))


def website_domain(address: str) -> str | None:
	"""The domain of a web address, however it is written, or `None` if there is none.

	Scheme, `www`, user, port and path are dropped; sub-domains stay, as they may be other companies.
	"""
	host = _REST_OF_ADDRESS.sub("", _SCHEME.sub("", address.strip().lower()))
	host = _PORT.sub("", host.rpartition("@")[2])
	return normalise_domain(_WWW.sub("", host))


def normalise_tax_id(text: str) -> str | None:
	"""Letters and digits in capitals, or `None` if it can't be a tax id.

	Labels ("ИНН 7701234567") and a second code after a slash ("7701234567/770101001", ИНН and КПП) are
	dropped; Cyrillic letters become their Latin twins. Without a digit, shorter than five signs or one
	digit repeated it is no tax id.
	"""
	text = ascii_digits(unicodedata.normalize("NFKC", text)).upper()
	for part in _TAX_LABEL.sub(" ", text).split("/"):
		signs = "".join(filter(str.isalnum, part)).translate(CYRILLIC_TO_LATIN)
		if len(signs) >= _FEWEST_SIGNS and any(map(str.isdigit, signs)) and len(set(signs)) > 1:
			return signs
	return None


def _title_words(title: str) -> list[str]:
	found = _WORDS.findall(fold(title))
	# Between initials (Иванов И. И.) it is no "and".
	for position in range(1, len(found) - 1):
		if found[position] in _AND and len(found[position - 1]) > 1 < len(found[position + 1]):
			found[position] = "&"
	return found


def _compact(forms: str) -> frozenset[str]:
	return frozenset("".join(_title_words(form)) for line in forms.split("\n") for form in line.split(","))


_FIRST = _compact(_FORMS)
_LAST = _FIRST | _compact(_LAST_FORMS) | {"&"}
_LONGEST = 5
"""Words of the longest legal form; letters parted by dots are words too (О. О. О.)."""


def _without_forms(parts: list[str]) -> list[str]:
	"""The title's own words: at least one word stays."""
	start, end = 0, len(parts)
	changed = True
	while changed:
		changed = False
		for size in range(min(_LONGEST, end - start - 1), 0, -1):
			if "".join(parts[start : start + size]) in _FIRST:
				start += size
				changed = True
				break
			if "".join(parts[end - size : end]) in _LAST:
				end -= size
				changed = True
				break
	return parts[start:end]
