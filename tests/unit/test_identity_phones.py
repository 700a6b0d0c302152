from __future__ import annotations

import csv
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partner_crm.rules.identity import DIGITS_ONLY, normalise_phone

with (Path(__file__).parent / "data" / "identity_phones.csv").open(encoding="utf-8", newline="") as source:
	EXAMPLES = [
		(row["country"] or None, row["text"], row["expected"] or None) for row in csv.DictReader(source)
	]

numbers = st.tuples(
	st.sampled_from(["RU", "BG", "KZ", "IR", "US", "DE", "GB"]),
	st.text("0123456789", min_size=5, max_size=15),
)


NOTATIONS = (
	phonenumbers.PhoneNumberFormat.E164,
	phonenumbers.PhoneNumberFormat.INTERNATIONAL,
	phonenumbers.PhoneNumberFormat.NATIONAL,
	phonenumbers.PhoneNumberFormat.RFC3966,
)


@pytest.mark.parametrize(("country", "text", "expected"), EXAMPLES)
def test_examples(country, text, expected):
	assert normalise_phone(text, country) == expected


@given(numbers)
@example(("RU", "00310000010"))
def test_a_normalised_number_stays_as_it_is(number):
	country, text = number
	phone = normalise_phone(text, country)

	if phone:
		assert normalise_phone(phone, country) == phone
		assert normalise_phone(phone, None) == phone


@example("358", "0000010")
@given(
	st.sampled_from(["", "0", *map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE)]),
	st.text("0123456789", min_size=5, max_size=12).filter(lambda digits: len(set(digits)) > 1),
)
def test_an_international_number_is_what_phonenumbers_makes_of_it(code, digits):
	try:
		number = phonenumbers.parse(f"+{code}{digits}")
	except phonenumbers.NumberParseException:
		number = None
	possible = phonenumbers.ValidationResult.IS_POSSIBLE
	if number is None or phonenumbers.is_possible_number_with_reason(number) != possible:
		expected = f"{DIGITS_ONLY}{code}{digits}"
	elif len(set(str(number.national_number))) == 1:
		expected = None
	else:
		expected = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
		if again(expected) != expected:  # one more of its zeros goes each time it is read
			expected = f"{DIGITS_ONLY}{code}{digits}"

	assert normalise_phone(f"+{code}{digits}", "RU") == expected


def again(phone):
	try:
		number = phonenumbers.parse(phone)
	except phonenumbers.NumberParseException:
		return None
	return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


WHOLE = phonenumbers.ValidationResult.IS_POSSIBLE  # and not for local calls only


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_number_that_a_region_has_stays_in_e164(region):
	for kind in phonenumbers.PhoneNumberType.values():
		number = phonenumbers.example_number_for_type(region, kind)
		if number and phonenumbers.is_possible_number_with_reason(number) == WHOLE:
			wanted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
			assert normalise_phone(wanted, None) == wanted


@given(numbers, st.sampled_from([" ", "-", ".", ") ", "\u00a0"]), st.integers(1, 8))
def test_punctuation_makes_no_difference(number, mark, position):
	country, text = number

	assert normalise_phone(text[:position] + mark + text[position:], country) == normalise_phone(
		text, country
	)


@given(st.text("0123456789", min_size=5, max_size=15).filter(lambda digits: len(set(digits)) > 1))
def test_without_a_country_all_digits_are_kept(digits):
	if not digits.startswith("00"):
		assert normalise_phone(digits, None) == DIGITS_ONLY + digits


@pytest.mark.parametrize("country", ["RU", "BG", "KZ", "IR", "US", "GB", "AE"])
def test_every_notation_of_an_example_number_meets(country):
	number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)

	notations = {
		normalise_phone(phonenumbers.format_number(number, notation), country) for notation in NOTATIONS
	}
	assert notations == {phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)}
