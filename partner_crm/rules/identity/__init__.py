"""Who is who: values that see through spelling, and keys under which two cards of one person meet.

    values = person_values(Person(full_name="Иванов Иван", phones=("8 911 123-45-67",)), settings)
    keys = keys_of(values, settings.person_pairs)

Two cards are duplicates when their keys intersect; near matches are found by `rules.similarity`, from
the same values.
"""

from .birth_dates import (
	BIRTH_DATE_IN_FUTURE,
	BIRTH_DATE_TOO_LONG_AGO,
	OLDEST_AGE,
	PLACEHOLDER_DATES,
	birth_date_error,
)
from .companies import SHARED_SITES, normalise_tax_id, normalise_title, website_domain
from .emails import (
	FREE_MAIL_DOMAINS,
	SHARED_MAILBOXES,
	domain_of,
	mailbox_of,
	normalise_domain,
	normalise_email,
)
from .keys import (
	BIRTH_DATE,
	COMPANY_PAIRS,
	DOMAIN,
	EMAIL,
	FULL_NAME,
	IDENTITY_FIELDS,
	PARTIAL_NAME,
	PERSON_PAIRS,
	PHONE,
	TAX_ID,
	TITLE,
	Company,
	IdentitySettings,
	PairKey,
	Person,
	Values,
	clients_of,
	company_values,
	keys_of,
	matching_fields,
	person_values,
	shared_keys,
)
from .names import Names, normalise_name
from .phones import DIGITS_ONLY, normalise_phone

__all__ = [
	"BIRTH_DATE",
	"BIRTH_DATE_IN_FUTURE",
	"BIRTH_DATE_TOO_LONG_AGO",
	"COMPANY_PAIRS",
	"DIGITS_ONLY",
	"DOMAIN",
	"EMAIL",
	"FREE_MAIL_DOMAINS",
	"FULL_NAME",
	"IDENTITY_FIELDS",
	"OLDEST_AGE",
	"PARTIAL_NAME",
	"PERSON_PAIRS",
	"PHONE",
	"PLACEHOLDER_DATES",
	"SHARED_MAILBOXES",
	"SHARED_SITES",
	"TAX_ID",
	"TITLE",
	"Company",
	"IdentitySettings",
	"Names",
	"PairKey",
	"Person",
	"Values",
	"birth_date_error",
	"clients_of",
	"company_values",
	"domain_of",
	"keys_of",
	"mailbox_of",
	"matching_fields",
	"normalise_domain",
	"normalise_email",
	"normalise_name",
	"normalise_phone",
	"normalise_tax_id",
	"normalise_title",
	"person_values",
	"shared_keys",
	"website_domain",
]
