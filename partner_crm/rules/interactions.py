"""Is an interaction two-way: did the client take part, or did only we?

Rules of discipline, rule 1: a call that was answered and lasted; a thread with at least one letter sent and one
received, automatic replies aside; a messenger talk or a meeting that the client took part in. Only kinds that can be
two-way are, and where evidence is required, only what a Call Log or a letter proves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

CALL = "Call"
EMAIL = "Email"

SAME_SUBJECT_DAYS = 60
"""For how long a letter belongs to a thread by its subject alone, when its sender's program did not say so."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the clock of another machine may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Talk:
	"""An interaction, as far as it matters here.

	`can_be_two_way` is said by its kind, `not_reached` by its outcome; `is_proven`: by a Call Log or a letter.
	"""

	kind: str
	can_be_two_way: bool
	duration: float = 0
	client_replied: bool = False
	not_reached: bool = False
	is_proven: bool = False


def is_two_way(talk: Talk, *, require_evidence: bool = False) -> bool:
	if not talk.can_be_two_way or talk.not_reached or (require_evidence and not talk.is_proven):
		return False
	return talk.duration > 0 if talk.kind == CALL else talk.client_replied


# Letters


@dataclass(frozen=True, slots=True)
class Letter:
	"""A letter to the client (`sent`) or from him, which is no automatic reply."""

	at: datetime
	sent: bool


@dataclass(frozen=True, slots=True)
class Thread:
	"""A correspondence: who began it, whether both sides wrote, and when it last took place."""

	begun_by_us: bool
	is_two_way: bool
	at: datetime


def thread(letters: Iterable[Letter]) -> Thread:
	"""Dated at the last letter that answers the other side; what the same side adds to it proves nothing new.

	A thread to which only one side has written is dated at its last letter. Raises `ValueError` without letters.
	"""
	in_order = sorted(letters, key=lambda letter: letter.at)
	if not in_order:
		raise ValueError("a thread has at least one letter")
	answers = [letter for before, letter in pairwise(in_order) if before.sent != letter.sent]
	return Thread(in_order[0].sent, bool(answers), (answers or in_order)[-1].at)


_PREFIXES = re.compile(
	r"^\s*(?:(?:re|aw|fw|fwd|wg|sv|vs|tr|rv|ha|на|отв|отн|пер|پاسخ|回复)\s*(?:\[\d+\])?\s*[:：]\s*)+"
)


def plain_subject(subject: str) -> str:
	"""The subject as the first letter of its thread had it: without "Re:" and its like, in one spelling."""
	text = " ".join(unicodedata.normalize("NFKC", subject).casefold().split())
	return _PREFIXES.sub("", text)


AUTOMATIC_SENDERS = re.compile(
	r"(?:mailer-?daemon|postmaster|no-?_?reply|do-?_?not-?_?reply|auto-?_?(?:reply|responder)|bounces?)(?:[+=.-].*)?"
)
AUTOMATIC_SUBJECTS = tuple(
	line.strip()
	for line in """
	auto reply
	auto response
	auto:
	automated reply
	automated response
	automatic reply
	automatic response
	autoreply
	autoresponse
	delivery failure
	delivery has failed
	delivery notification
	delivery status notification
	failure notice
	mail delivery
	message not delivered
	not read:
	ooo:
	out of office
	out of the office
	read:
	read receipt
	returned mail
	undeliverable
	undelivered mail
	vacation reply
	авто ответ
	автоматический ответ
	автоматическое уведомление
	автоответ
	вне офиса
	доставлено:
	не доставлено
	не прочитано:
	не удается доставить
	не удалось доставить
	недоставленное
	прочитано:
	уведомление о доставке
	уведомление о прочтении
	автоматичен отговор
	извън офиса
	недоставено
	прочетено:
	автоматична відповідь
	автоматты жауап
	پاسخ اتوماتیک
	پاسخ خودکار
	خارج از دفتر
	abwesenheitsnotiz
	automatische antwort
	gelesen:
	unzustellbar
	réponse automatique
	respuesta automática
	risposta automatica
	resposta automática
	automatyczna odpowiedź
	otomatik cevap
	otomatik yanıt
	自动回复
	自動回覆
	""".strip().splitlines()
)


def is_automatic_letter(subject: str, sender: str) -> bool:
	"""Whether a machine answered: an absence, a failed delivery, a receipt.

	Told by the sender and by how the subject begins: Frappe keeps no other header of a letter.
	"""
	if AUTOMATIC_SENDERS.fullmatch(sender.strip().casefold().partition("@")[0]):
		return True
	begins = re.sub(r"[-–—_]", " ", plain_subject(subject).lstrip("[({*#\"'«„“ "))
	return begins.startswith(AUTOMATIC_SUBJECTS)
