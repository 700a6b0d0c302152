"""E-mail addresses as keys, and the mailboxes and providers that many share."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from .spelling import listed

SHARED_MAILBOXES = listed(
	"""
	accounting accounts admin administrator billing booking buh buhgalter buhgalteria business ceo client
	clients commerce company contact contacts corp director enquiries feedback finance hello help helpdesk
	hi hr hr-dept info inbox inquiries job jobs kontakt mail mailbox manager marketing market noreply
	no-reply office order orders partner partners post postmaster pr press priem reception sale sales
	secretar secretary service shop support team tender tenders webmaster welcome zakaz zakazy zakupki
	"""
)
"""Local parts that belong to a desk and not to a person: they tell nobody apart."""

FREE_MAIL_DOMAINS = listed(
	"""
	126.com 163.com abv.bg aol.com bk.ru chmail.ir dir.bg email.com fastmail.com gmail.com gmx.com gmx.de
	gmx.net googlemail.com hotmail.com i.ua icloud.com inbox.com inbox.ru internet.ru hotmail.co.uk
	hotmail.fr list.ru live.com live.ru lenta.ru mac.com mail.bg mail.com mail.kz mail.ru mail.ua me.com
	meta.ua msn.com narod.ru outlook.com pm.me pochta.ru proton.me protonmail.com qq.com rambler.ru
	rocketmail.com tutanota.com ukr.net vk.com web.de ya.ru yahoo.co.uk yahoo.com yahoo.de yahoo.fr
	yandex.by yandex.com yandex.kz yandex.ru yandex.ua ymail.com zoho.com
	"""
)
"""Domains where anybody has a mailbox: they say nothing about a company."""

_ADDRESS = re.compile('[^\\s@<>()\\[\\],;:"«»]+@[^\\s@<>()\\[\\],;:"«»?/]+')
_LABEL = re.compile("(?!-)[a-z0-9-]{1,63}(?<!-)")


# One save asks several times: is it an address, is it one of our own, which keys does it make?
@lru_cache(maxsize=1 << 12)
def normalise_email(text: str) -> str | None:
	"""The address in lower case, its domain in ASCII; `None` if the text holds none with a domain.

	Takes `mailto:` and "Ivan <ivan@example.com>". Nothing beyond spelling is undone: dots and +tags are
	different mailboxes at most providers.
	"""
	match = _ADDRESS.search(text)
	if not match or text[match.end() :].startswith("@"):
		return None
	mailbox, _, host = match.group().partition("@")
	mailbox = unicodedata.normalize("NFKC", mailbox).lower().strip(".'")
	domain = normalise_domain(host.strip("'"))
	return f"{mailbox}@{domain}" if mailbox and domain else None


def normalise_domain(host: str) -> str | None:
	"""A host's name in lower-case ASCII (IDNA), or `None` if it can't be one on the internet."""
	host = host.strip().strip(".").lower()
	if not host.isascii():
		try:
			host = host.encode("idna").decode("ascii")
		except UnicodeError:
			return None
	labels = host.split(".")
	if len(labels) < 2 or labels[-1].isdigit() or not all(map(_LABEL.fullmatch, labels)):
		return None
	return host


def mailbox_of(email: str) -> str:
	"""The part of a normalised address before the @."""
	return email.partition("@")[0]


def domain_of(email: str) -> str:
	"""The part of a normalised address after the @."""
	return email.partition("@")[2]
