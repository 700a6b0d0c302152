"""What a cell says: a date, an amount, a way to reach somebody, an answer.

Each function reads one cell and knows no table and no clock.

A cell that says nothing ("", "-", "n/a") is None. A cell that says something else than was asked for raises
`BadCell`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from math import isfinite
from types import MappingProxyType
from typing import Literal

import jdatetime

from partner_crm.client_base.words import NOTHING, ascii_digits, clean, key, number_text, one_line, shipped

Order = Literal["dmy", "mdy", "ymd", "unsettled"]
"""How the three numbers of a date are ordered where the year does not stand first in four digits.

"ymd" is the Persian short date 03/02/26; "unsettled" a column that has dates of both other kinds."""

Orders = Mapping[str, Order]
"""Separator -> order. A separator that is not there means day, month, year."""

DAY_FIRST: Orders = MappingProxyType({})

MONTH_FIRST_COUNTRIES = frozenset({"US", "PH", "PW", "FM", "MH"})

PIVOT = 69
"""Two-digit years below it are of this century."""

YEARS = range(1500, 2201)
"""Years that a client base can speak of; the rest are typing errors."""

MINORITY = 0.05
"""A column keeps its order while no more of its dates than this are certainly of the other one."""

LONGEST_VALUE = 64
"""Characters of a date or an amount; what is longer is a remark."""

EMAIL = re.compile(r"""[^\s@,;:<>()\[\]{}"'«»|/\\]{1,64}@[^\s@,;:<>()\[\]{}"'«»|/\\]{1,255}""")


_NUMBER_TYPES = (float, int)
"""Exactly these: a bool is an int to Python and no number to people."""


class BadCell(ValueError):
	"""The cell does not say what was asked. `code` is one of `problems.SENTENCES`."""

	def __init__(self, code: str):
		super().__init__(code)
		self.code = code


# Dates

_TIME = (
	r"(?:[\sT,]+\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?"
	r"\s*(?:[AaPp]\.?\s?[Mm]\.?)?\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_NUMBERS = re.compile(
	r"(\d{1,4})\s?([./,\- ])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?:\s*(?:г|года|год|г)\.?)?" + _TIME + r"\s*"
)
_AT_END_TIME = re.compile(r"[\sT,]+\d{1,2}:\d{2}.*$")
_DASHES = str.maketrans("‐‑‒–—−", "------")
_INTEGERS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")

_MONTHS = (
	"january jan январь января янв януари яну ژانویه",
	"february feb февраль февраля фев февр февруари فوریه",
	"march mar март марта мар مارس",
	"april apr апрель апреля апр април آوریل",
	"may май мая می مه",
	"june jun июнь июня июн юни ژوئن",
	"july jul июль июля июл юли ژوئیه ژولای",
	"august aug август августа авг اوت آگوست",
	"september sep sept сентябрь сентября сен сент септември сеп септ سپتامبر",
	"october oct октябрь октября окт октомври اکتبر",
	"november nov ноябрь ноября ноя нояб ноември ное нов نوامبر",
	"december dec декабрь декабря дек декември دسامبر",
)
_PERSIAN_MONTHS = "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند"
_MONTH_OF = {key(word): month for month, words in enumerate(_MONTHS, 1) for word in words.split()}
_PERSIAN_MONTH_OF = {key(word): month for month, word in enumerate(_PERSIAN_MONTHS.split(), 1)}

_SERIALS = range(10_000, 80_000)
"""Day numbers of spreadsheets that can be meant: 1927 to 2119. Smaller ones are years, rooms, mistakes."""
_SERIAL_ZERO = date(1899, 12, 30)
_ZERO_DAYS = frozenset({_SERIAL_ZERO, date(1899, 12, 31)})
"""What a cell with the number 0 and the look of a date is read as."""

_PERSIAN_YEARS = range(1300, 1500)


def parse_date(
	cell: object, orders: Orders = DAY_FIRST, *, latest: date | None = None, year_alone: bool = False
) -> date | None:
	"""The day that a cell names.

	Understands 15.05.2024, 15/05/24, 2024-05-15, 05/15/2024 (by `orders`), "15 мая 2024", "May 15, 2024", a
	time after the day (dropped), day numbers of spreadsheets, Persian digits, and the Persian calendar where
	the year is 13xx or 14xx. A two-digit year is the last one that ends in these digits and is not after
	`latest`, else by `PIVOT`. `year_alone`: 1996 is 1 January 1996.

	Raises `BadCell`: not_a_date, date_impossible (31.02.2024), date_ambiguous (by `orders`).
	"""
	if isinstance(cell, date):
		day = cell.date() if isinstance(cell, datetime) else cell
		return None if day in _ZERO_DAYS else _within_years(day)
	if not isinstance(cell, str):
		if type(cell) not in _NUMBER_TYPES:
			raise BadCell("not_a_date")
		cell = number_text(cell)
	text = _plain(cell)
	if _says_nothing(text):
		return None
	if len(text) > LONGEST_VALUE:
		raise BadCell("not_a_date")
	if match := _NUMBERS.fullmatch(text):
		return _date_of_numbers(match[1], match[3], match[4], orders.get(match[2], "dmy"), latest)
	if text.replace(".", "", 1).isdecimal():
		return _date_of_number(text.partition(".")[0], year_alone)
	return _date_of_words(_AT_END_TIME.sub("", text), latest)


def _date_of_numbers(first: str, second: str, third: str, order: Order, latest: date | None) -> date:
	a, b, c = int(first), int(second), int(third)
	if len(first) >= 3 or (a > 31 and len(third) <= 2):
		return _day(_whole_year(a, len(first), latest), b, c)
	if order == "ymd" and len(third) <= 2:
		return _day(a + (1400 if a < 50 else 1300), b, c)
	year = _whole_year(c, len(third), latest)
	if a > 12 or b > 12:
		return _day(year, b, a) if a > 12 else _day(year, a, b)
	if order == "unsettled" and a != b:
		raise BadCell("date_ambiguous")
	return _day(year, a, b) if order == "mdy" else _day(year, b, a)


def _date_of_number(digits: str, year_alone: bool) -> date:
	number = int(digits)
	if number in _SERIALS:
		return _SERIAL_ZERO + timedelta(number)
	if len(digits) == 8:
		return _day(number // 10_000, number // 100 % 100, number % 100)
	if year_alone and len(digits) == 4:
		return _day(number, 1, 1)
	raise BadCell("not_a_date")


def _date_of_words(text: str, latest: date | None) -> date:
	"""A month by its name; of the two numbers the year is the one of four digits, else the later one."""
	numbers = _INTEGERS.findall(text)
	months = [
		(month, table is _PERSIAN_MONTH_OF)
		for word in _LETTERS.findall(text)
		for table in (_MONTH_OF, _PERSIAN_MONTH_OF)
		if (month := table.get(key(word)))
	]
	if len(numbers) != 2 or len(months) != 1:
		raise BadCell("not_a_date")
	(month, persian), (day, year) = months[0], numbers
	if len(day) == 4:
		day, year = year, day
	if persian and len(year) == 2:
		return _day(int(year) + (1400 if int(year) < 50 else 1300), month, int(day))
	return _day(_whole_year(int(year), len(year), latest), month, int(day))


def _whole_year(year: int, digits: int, latest: date | None) -> int:
	if digits > 2:
		return year
	if digits < 2:
		raise BadCell("not_a_date")
	if latest is not None:
		this_century = latest.year // 100 * 100 + year
		return this_century if this_century <= latest.year else this_century - 100
	return 2000 + year if year < PIVOT else 1900 + year


def _day(year: int, month: int, day: int) -> date:
	try:
		if year in _PERSIAN_YEARS:
			return jdatetime.date(year, month, day).togregorian()
		return _within_years(date(year, month, day))
	except ValueError:
		raise BadCell("date_impossible") from None


def _within_years(day: date) -> date:
	if day.year not in YEARS:
		raise BadCell("date_impossible")
	return day


def settle_orders(
	columns: Mapping[int, Iterable[str]], default: Order = "dmy"
) -> tuple[dict[int, dict[str, Order]], dict[int, str]]:
	"""The order of dates in each column, from all of its texts; index -> separator -> order.

	A date that can only be read in one way (a number above 12) decides for its column and separator. Where a
	column has none, the other columns of the file decide if they agree, else `default`. Where dates of
	both kinds are common the order is unsettled. The second result has a date that was decided by
	`default` alone, for each such column.
	"""
	votes: dict[tuple[int, str], Counter[str]] = {}
	either: dict[tuple[int, str], str] = {}
	for column, texts in columns.items():
		for text in texts:
			if match := _NUMBERS.fullmatch(_plain(text)):
				_vote(match, (column, match[2]), votes, either)
	certain = {place: _verdict(counts) for place, counts in votes.items()}
	orders: dict[int, dict[str, Order]] = {column: {} for column in columns}
	assumed: dict[int, str] = {}
	for place, order in certain.items():
		orders[place[0]][place[1]] = order
	for (column, separator), text in either.items():
		if (column, separator) in certain:
			continue
		elsewhere = {order for (_, other), order in certain.items() if other == separator}
		if len(elsewhere) == 1 and "unsettled" not in elsewhere:
			orders[column][separator] = elsewhere.pop()
		elif separator == ".":
			orders[column][separator] = "ymd" if default == "ymd" else "dmy"  # nobody writes 12.31.2024
		else:
			orders[column][separator] = default
			assumed.setdefault(column, text)
	return orders, assumed


def _vote(match: re.Match[str], place: tuple[int, str], votes: dict, either: dict) -> None:
	a, b = int(match[1]), int(match[3])
	if len(match[1]) > 2 or a > 31 or (a > 12 and b > 12):
		return
	if a > 12 or b > 12:
		votes.setdefault(place, Counter())["dmy" if a > 12 else "mdy"] += 1
	elif a != b and place not in either:
		either[place] = match.string.strip()


def _verdict(counts: Mapping[str, int]) -> Order:
	fewer, more = sorted(("dmy", "mdy"), key=lambda order: counts.get(order, 0))
	both = counts.get(fewer, 0) > MINORITY * (counts.get(fewer, 0) + counts.get(more, 0))
	return "unsettled" if both else more  # type: ignore[return-value]


# Amounts

_MONEY = re.compile(
	r"(?P<minus>[-+~≈]\s*)?(?P<before>[^\d()\-.,]*?(?:\.\s*)?)\s*(?P<inner_minus>-)?\s*"
	r"(?P<number>\d[\d\s'’.,٫٬]*)(?P<after>[^\d]*)"
)
_GROUPED = re.compile(r"\d{1,3}(?:[\s'’]\d{3})+")
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "-infinity", "∞", "-∞"})
_SPACES = re.compile(r"[\s'’]")
_SIGNIFICANT = ".15g"
"""What a spreadsheet keeps of a number: 0.1 + 0.2 is 0.3 there."""

MOST_DIGITS = 18
"""Digits of an amount before the point, as in `rules.money`."""


def parse_money(cell: object) -> tuple[Decimal, str | None] | None:
	"""The amount and the ISO code of the currency that a cell names, if it names one.

	Understands "1500 руб.", "1 500,50 ₽", "$1,200.00", "1.200,50 €", "12 000 тг", "15 тыс.", "(500)" and "-5"
	as negative, Persian digits. A single point or comma before exactly three digits parts thousands (1,200),
	unless only a zero stands before it. Toman, which ISO does not know, is IRT.

	Raises `BadCell`: not_an_amount, amount_not_finite. Whether it may be negative is the caller's to say.
	"""
	if type(cell) in _NUMBER_TYPES:
		return _amount_of_number(float(cell)), None
	if not isinstance(cell, str):
		raise BadCell("not_an_amount")
	text = _plain(cell)
	if text.lower() in _NOT_FINITE:
		raise BadCell("amount_not_finite")
	if _says_nothing(text):
		return None
	if len(text) > LONGEST_VALUE:
		raise BadCell("not_an_amount")
	negative = text.startswith("(") and text.endswith(")")
	match = _MONEY.fullmatch(text[1:-1].strip() if negative else text)
	if match is None:
		raise BadCell("not_an_amount")
	negative = negative or "-" in (match["minus"] or "") or bool(match["inner_minus"])
	factor, currency = _units(f"{match['before']} {match['after']}")
	amount = _decimal(match["number"].strip())
	if factor > 1:
		amount = Decimal(int(product)) if (product := amount * factor) == int(product) else product
	return (-amount if negative else amount), currency


def _amount_of_number(number: float) -> Decimal:
	if not isfinite(number):
		raise BadCell("amount_not_finite")
	if abs(number) >= 10**MOST_DIGITS:
		raise BadCell("not_an_amount")
	return Decimal(int(number)) if number.is_integer() else Decimal(format(number, _SIGNIFICANT))


def _units(text: str) -> tuple[int, str | None]:
	"""The factor and the currency that the words around a number name; any other word makes it no amount."""
	text = text.replace("(", " ").replace(")", " ").strip(" =*")
	if not text:
		return 1, None
	factor, currency = 1, currency_of(text)
	if currency is None:
		for word in text.split():
			multiplier = _choices("multiplier").get(key(word))
			code = currency_of(word)
			if multiplier is None and code is None:
				raise BadCell("not_an_amount")
			factor *= int(multiplier or 1)
			currency = currency or code
	return factor, currency


def _decimal(number: str) -> Decimal:
	number = number.replace("٬", ",").replace("٫", ".").rstrip(".,")
	whole, point, fraction = _split_number(number)
	spaced = _SPACES.search(whole)
	if spaced and not _GROUPED.fullmatch(whole):
		raise BadCell("not_an_amount")
	whole = _SPACES.sub("", whole)
	if len(whole) > MOST_DIGITS or not (whole + fraction).isdecimal():
		raise BadCell("not_an_amount")
	return Decimal(f"{whole}.{fraction}" if point else whole)


def _split_number(number: str) -> tuple[str, str, str]:
	"""Whole part without points and commas, the decimal sign if there is one, and the fraction."""
	places = [place for place, sign in enumerate(number) if sign in ".,"]
	if not places:
		return number, "", ""
	last, signs = places[-1], {number[place] for place in places}
	groups = re.split("[.,]", number)
	not_thousands = len(groups[1]) != 3 or len(groups[0]) > 3 or groups[0].strip("0") == ""
	is_fraction = len(signs) == 2 or (len(places) == 1 and not_thousands)
	thousands = groups[1:-1] if is_fraction else groups[1:]
	if any(len(group) != 3 for group in thousands) or (is_fraction and number.count(number[last]) > 1):
		raise BadCell("not_an_amount")
	if is_fraction:
		return "".join(groups[:-1]), number[last], groups[-1]
	return "".join(groups), "", ""


def currency_of(text: str) -> str | None:
	"""The ISO code that a sign, an abbreviation or a name of a currency stands for: "₽", "руб.", "USD"."""
	return _choices("currency").get(key(text))


# Answers and choices


def parse_choice(name: str, cell: object) -> str | None:
	"""The value of the list `name` in `choices.csv` that a cell stands for ("горячий" is Hot), or None."""
	return _choices(name).get(key(cell if isinstance(cell, str) else number_text(cell)))


def parse_yes_no(cell: object) -> str | None:
	"""Yes or No, in any of the shipped languages, also 1/0 and +/-; None for an empty cell, which is no No.

	Raises `BadCell`: unknown_answer.
	"""
	if isinstance(cell, bool):
		return "Yes" if cell else "No"
	text = clean(cell) if isinstance(cell, str) else number_text(cell)
	if answer := _choices("answer").get(key(text)):
		return answer
	if _says_nothing(text):
		return None
	raise BadCell("unknown_answer")


def choices(name: str) -> tuple[str, ...]:
	"""The values of a list, in the order of `choices.csv`."""
	return tuple(dict.fromkeys(_choices(name).values()))


@cache
def _choices(name: str) -> Mapping[str, str]:
	return {key(line["phrase"]): line["value"] for line in shipped("choices.csv") if line["list"] == name}


# Ways to reach somebody

_PHONE = re.compile(
	r"(?<![\w@.])(?:\+|00)?\(?\d[\d\s().\-–/]{4,60}\d(?:\s*(?:доб|ext|вн|x|#)\.?\s*\d{1,6})?(?![\w@])",
	re.IGNORECASE,
)
_LOCAL_PHONE = re.compile(r"(?:\+?\d{1,3}[\s-]?)?\(?\d{3}\)?[\s-]?\d{3}[\s-]?\d{2}[\s-]?\d{2}")
_PLAIN_PHONE = re.compile(r"[+(\d][\d\s().+\-–]*")
_ROUNDED = re.compile(r"\d[.,]\d+[eEеЕ]\+?\d+")
_PHONE_SEPARATORS = re.compile(r"[,;|\n]|\s/\s|\s(?:и|and|или|or|و|یا)\s")
_EMAIL_SEPARATORS = re.compile(r"[\s,;|<>]+|(?<=\w)/(?=\w)")
_LABELLED_MESSENGER = re.compile(
	r"\b(?:skype|скайп|telegram|телеграмм?|тг|tg|viber|вайбер|whatsapp|ватсап|вотсап|wa|insta(?:gram)?)"
	r"\s*[:\-–]?\s*(@?[A-Za-z][\w.:\-]{2,})",
	re.IGNORECASE,
)
_PROFILE = re.compile(
	r"(?:https?://)?(?:www\.)?"
	r"(?:t\.me|telegram\.me|vk\.com|wa\.me|instagram\.com|facebook\.com|fb\.com|linkedin\.com|ok\.ru)/[^\s,;]+",
	re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w.@])@[A-Za-z][\w.]{2,}")
_WEBSITE = re.compile(
	r"(?:https?://|www\.)[^\s,;]+|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}"
	r"\.(?:com|net|org|info|biz|ru|рф|su|by|kz|ua|bg|бг|eu|ir|io|de|uk|us)\b(?:/[^\s,;]*)?",
	re.IGNORECASE,
)
_LABEL = re.compile(
	r"\b(?:тел(?:ефон)?|моб(?:ильный)?|сот|раб|дом|phone|tel|mob(?:ile)?|cell"
	r"|e-?mail|мейл|почта|эл|имейл|поща|мобилен|сайт|site|web"
	r"|telegram|телеграмм?|тг|tg|whatsapp|ватсап|вотсап|viber|вайбер|skype|скайп|تلفن|موبایل|ایمیل)\b\.?\s*:?",
	re.IGNORECASE,
)
_REST_SEPARATORS = re.compile(r"[,;|\n/]+|\s[-–—]\s")
_FEWEST_DIGITS, _MOST_DIGITS_OF_PHONE = 6, 15


@dataclass(frozen=True, slots=True)
class Contacts:
	"""What a mixed cell says, as written but separated. `rest` is what was none of these."""

	names: tuple[str, ...] = ()
	phones: tuple[str, ...] = ()
	emails: tuple[str, ...] = ()
	messengers: tuple[str, ...] = ()
	websites: tuple[str, ...] = ()
	rest: str = ""


def parse_contacts(cell: object) -> Contacts:
	"""Take a cell such as "Иван, ivan@mail.ru +7 911 123-45-67, @ivan_p" apart.

	An address without a domain, or a number too short for a phone, stays in `rest`.
	"""
	text = clean(cell) if isinstance(cell, str) else number_text(cell)
	if _says_nothing(text):
		return Contacts()
	if (
		_PLAIN_PHONE.fullmatch(text)
		and "+" not in text[1:]
		and 10 <= digits_in(text) <= _MOST_DIGITS_OF_PHONE
	):
		return Contacts(phones=(text,))
	found: dict[str, list[str]] = {"emails": [], "messengers": [], "websites": [], "phones": []}

	def take(kind: str, pattern: re.Pattern[str], text: str, good=lambda value: True) -> str:
		def keep(match: re.Match[str]) -> str:
			value = match[pattern.groups].rstrip(".")
			if not good(value):
				return match[0]
			found[kind].append(value)
			return " , "

		return pattern.sub(keep, text)

	text = take("messengers", _PROFILE, text)
	text = take("emails", EMAIL, text, is_email)
	text = take("messengers", _LABELLED_MESSENGER, text, lambda value: key(value) not in _LABEL_WORDS)
	text = take("messengers", _HANDLE, text)
	text = take("websites", _WEBSITE, text)
	text = _PHONE.sub(lambda match: _take_phones(match[0], found["phones"]), text)
	names, rest = _names_in(_LABEL.sub(" ", text))
	return Contacts(
		names,
		tuple(found["phones"]),
		tuple(found["emails"]),
		tuple(found["messengers"]),
		tuple(found["websites"]),
		rest,
	)


_LABEL_WORDS = frozenset({"phone", "email", "mail", "mobile", "tel"})


def _take_phones(text: str, phones: list[str]) -> str:
	"""Keep the phones of a run of digits; what is left of it."""
	digits = digits_in(text)
	if digits < _FEWEST_DIGITS or _NUMBERS.fullmatch(text.strip()):
		return text
	if digits <= _MOST_DIGITS_OF_PHONE or re.search(r"(?i)доб|ext|вн|x|#", text):
		phones.append(text.strip(" -–/"))
		return " , "
	several = _LOCAL_PHONE.findall(text)
	if sum(map(digits_in, several)) < digits:
		return text
	phones.extend(phone.strip() for phone in several)
	return " , "


def _names_in(text: str) -> tuple[tuple[str, ...], str]:
	names, rest = [], []
	for part in _REST_SEPARATORS.split(text):
		part = one_line(part).strip(" .:()[]<>\"'-–—•")
		if not part:
			continue
		words = part.split()
		is_name = len(words) <= 4 and all(_is_name_word(word) for word in words)
		(names if is_name and not names else rest).append(part)
	return tuple(names), ", ".join(rest)


def _is_name_word(word: str) -> bool:
	letters = word.replace("-", "").replace("'", "").replace(".", "")
	return letters.isalpha() and (letters[0].isupper() or letters.lower() == letters.upper())


def parse_phones(cell: object) -> tuple[str, ...]:
	"""The numbers of a cell that should hold phones, as written but separated.

	Raises `BadCell`: phone_without_digits; phone_damaged for "7,91112E+10", which a spreadsheet rounded.
	"""
	if not isinstance(cell, str):
		cell = number_text(cell)
	text = clean(cell)
	if _PLAIN_PHONE.fullmatch(text) and "+" not in text[1:] and "\n" not in text and len(text) <= 22:
		return (text,)
	if _says_nothing(text):
		return ()
	if _ROUNDED.fullmatch(text):
		raise BadCell("phone_damaged")
	if not digits_in(text):
		if parse_choice("answer", text) == "No":
			return ()
		raise BadCell("phone_without_digits")
	phones: list[str] = []
	for part in _PHONE_SEPARATORS.split(text):
		several = _PHONE.findall(part)
		phones.extend(
			phone.strip(" -–/") for phone in several or ([one_line(part)] if digits_in(part) else [])
		)
	return tuple(phones)


def parse_emails(cell: object) -> tuple[str, ...]:
	"""The addresses of a cell that should hold e-mails, as written but separated.

	Raises `BadCell`: email_without_domain, if any of them has none.
	"""
	text = clean(cell) if isinstance(cell, str) else number_text(cell)
	if "@" in text and " " not in text and "," not in text and ";" not in text and is_email(text):
		return (text,)
	if _says_nothing(text):
		return ()
	words = [word.removeprefix("mailto:").strip(".:()[]\"'") for word in _EMAIL_SEPARATORS.split(text)]
	addresses = [word for word in words if "@" in word]
	if not addresses and parse_choice("answer", text) == "No":
		return ()
	if not addresses or not all(map(is_email, addresses)):
		raise BadCell("email_without_domain")
	return tuple(addresses)


def is_email(text: str) -> bool:
	"""Whether a text is a name, one @ and a domain of at least two parts; it need not exist."""
	name, _, domain = text.partition("@")
	head, _, tail = domain.rpartition(".")
	return bool(name and head and len(tail) >= 2) and EMAIL.fullmatch(text) is not None and ".." not in domain


def digits_in(text: str) -> int:
	"""How many digits of any script a text has."""
	return sum(map(str.isdecimal, text))


def _plain(text: str) -> str:
	"""One line with the digits 0 to 9 and one kind of dash, as numbers and dates are read."""
	text = ascii_digits(one_line(text))
	return text if text.isascii() else text.translate(_DASHES)


def _says_nothing(text: str) -> bool:
	return not text or text.lower() in NOTHING
