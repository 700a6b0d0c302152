"""Which country a client base is from, when nobody says: it decides how local phones and dates are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from phonenumbers import NumberParseException, parse, region_code_for_number

OF_CURRENCY: Mapping[str, str] = {
	"RUB": "RU", "KZT": "KZ", "UAH": "UA", "BYN": "BY", "UZS": "UZ", "KGS": "KG", "GEL": "GE", "AMD": "AM", "AZN": "AZ",
	"BGN": "BG", "IRR": "IR", "IRT": "IR",
}  # fmt: skip
"""Currencies of one country that our languages are spoken in. Dollars and euros are used everywhere."""

OF_LANGUAGE: Mapping[str, str] = {"ru": "RU", "bg": "BG", "fa": "IR"}
"""English is written everywhere."""

LEAST_SHARE = 0.5


def guess_country(
	languages: Mapping[str, int], currencies: Iterable[str], phones: Iterable[str]
) -> str | None:
	"""The country (ISO 3166) of most phones if they are written in full, else of the only national currency, else
	of the headings' language; None if none of these tells.
	"""
	phones = list(phones)
	regions = Counter(region for phone in phones if (region := _region(phone)))
	if regions:
		region, times = regions.most_common(1)[0]
		if times > LEAST_SHARE * len(phones):
			return region
	national = {OF_CURRENCY[code] for code in currencies if code in OF_CURRENCY}
	if len(national) == 1:
		return national.pop()
	return OF_LANGUAGE.get(main_language(languages) or "")


def main_language(languages: Mapping[str, int]) -> str | None:
	"""The language that most headings are in."""
	return max(languages, key=languages.__getitem__, default=None)


def _region(phone: str) -> str | None:
	"""The country of a number with a "+"; None for a local one, which any country could have."""
	if not phone.lstrip().startswith("+"):
		return None
	try:
		return region_code_for_number(parse(phone))
	except NumberParseException:
		return None
