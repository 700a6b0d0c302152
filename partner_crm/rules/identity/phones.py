"""Telephone numbers as keys (Rules of discipline, rule 5: phone formats and country prefixes)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers

from .spelling import ascii_digits

DIGITS_ONLY = "digits:"
"""Begins the value of a number that no region knows; `+` begins all others."""

_FEWEST_DIGITS = 5
_NOT_DIGITS = re.compile("[^0-9]+")
_PLUS = re.compile("[^0-9]*\\+")
_MAY_HAVE_EXTENSION = re.compile("[^\\W\\d_]|#")
_EXTENSION = re.compile(
	"(?<=[0-9])[\\W_]*(?:e?xt\\w*|доб\\w*|вн\\w*|вътр\\w*|داخلی|[xх#])[\\s.:=]*[0-9]{1,7}[^0-9]*$",
	re.IGNORECASE,
)


# One save asks several times: is it a number, who has it, which keys does it make?
@lru_cache(maxsize=1 << 12)
def normalise_phone(text: str, country: str | None) -> str | None:
	"""The number in E.164 (`+79111234567`), or `None` if the text holds none.

	`country` is the ISO code of the country whose numbers are written without a prefix. Extensions are
	dropped, since they ring on the same desk. `00` is read as `+` in every country. A number that no
	region can have is compared by its digits, leading zeros and all: `digits:0012345`. Fewer than five
	digits, or one digit repeated, is no number but a way past an empty field.
	"""
	if not text.isascii():
		text = ascii_digits(unicodedata.normalize("NFKC", text))
	if _MAY_HAVE_EXTENSION.search(text):
		text = _EXTENSION.sub("", text)
	digits = _NOT_DIGITS.sub("", text)
	if len(digits) < _FEWEST_DIGITS or _is_one_digit(digits):
		return None
	if _PLUS.match(text):
		dialled = f"+{digits}"
	elif digits.startswith("00"):
		dialled = f"+{digits[2:]}"
	else:
		dialled = digits
	try:
		number = phonenumbers.parse(dialled, country)
	except phonenumbers.NumberParseException:
		return DIGITS_ONLY + digits
	if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
		return DIGITS_ONLY + digits
	if _is_one_digit(str(number.national_number)):
		return None
	return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_one_digit(digits: str) -> bool:
	return digits == digits[0] * len(digits)
