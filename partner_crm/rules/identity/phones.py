"""Telephone numbers as keys (Rules of discipline, rule 5: phone formats and country prefixes)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers

from .spelling import ascii_digits

DIGITS_ONLY = "digits:"
"""Begins the value of a number that no region knows; `+` begins all others."""

_FEWEST_DIGITS = 5
_NOT_DIGITS = re.compile("[^0-9]+")
_PLUS = re.compile("[^0-9]*\\+")
_NEVER = "(?!)"
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
	if dialled.startswith("+") and (national := _national_number(dialled[1:])):
		return None if _is_one_digit(national.lstrip("0")) else dialled
	try:
		number = phonenumbers.parse(dialled, country)
	except phonenumbers.NumberParseException:
		return DIGITS_ONLY + digits
	if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
		return DIGITS_ONLY + digits
	if _is_one_digit(str(number.national_number)):
		return None
	phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
	return phone if _stays(phone) else DIGITS_ONLY + digits


def _stays(phone: str) -> bool:
	"""Whether a number in E.164 is read as itself; of one with zeros after its country's code another one is taken away each time."""
	if _national_number(phone[1:]):
		return True
	try:
		again = phonenumbers.parse(phone)
	except phonenumbers.NumberParseException:
		return False
	return phonenumbers.format_number(again, phonenumbers.PhoneNumberFormat.E164) == phone


def _is_one_digit(digits: str) -> bool:
	return digits == digits[:1] * len(digits)


def _national_number(international: str) -> str | None:
	"""What follows the country's code in a number that is in E.164 already, or `None` where `phonenumbers` has to look.

	Most numbers of a client base are, and to see that takes a fraction of parsing them, which is half the cost of knowing a client.
	"""
	for length in (1, 2, 3):
		if shape := _shape(international[:length]):
			national = international[length:]
			is_plain = len(national) in shape.lengths and not shape.prefix.match(national)
			return national if is_plain else None
	return None


class _Shape(NamedTuple):
	"""Of a country's numbers: how long they may be, and how one begins with a prefix that is dialled at home only."""

	lengths: frozenset[int]
	prefix: re.Pattern[str]


@cache
def _shape(code: str) -> _Shape | None:
	"""By a country's calling code; `None` if there is no such code, or it belongs to no country."""
	regions = () if code.startswith("0") else phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
	metadata = regions and phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None)
	if not metadata:
		return None
	prefix = metadata.national_prefix_for_parsing
	return _Shape(frozenset(metadata.general_desc.possible_length), re.compile(prefix or _NEVER))
