from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from partner_crm.rules.interactions import (
	CALL,
	EMAIL,
	Letter,
	Talk,
	is_automatic_letter,
	is_two_way,
	plain_subject,
	thread,
)

MONDAY = datetime(2026, 3, 2, 9)


def letters(history: str) -> list[Letter]:
	"""One letter a day: "s" was sent, "r" received."""
	return [Letter(MONDAY + timedelta(days=day), who == "s") for day, who in enumerate(history)]


@pytest.mark.parametrize(
	("talk", "expected"),
	[
		(Talk(CALL, True, duration=1), True),
		(Talk(CALL, True, duration=0), False),
		(Talk(CALL, True, duration=0, client_replied=True), False),
		(Talk(CALL, True, duration=40, not_reached=True), False),
		(Talk(CALL, False, duration=60), False),
		(Talk(EMAIL, True, client_replied=True), True),
		(Talk(EMAIL, True, duration=60), False),
		(Talk("Messenger", True, client_replied=True), True),
		(Talk("Meeting", True, client_replied=True), True),
		(Talk("Meeting", True, duration=3600), False),
		(Talk("Meeting", True, client_replied=True, not_reached=True), False),
		(Talk("Webinar", False, client_replied=True, is_proven=True), False),
	],
)
def test_who_took_part(talk, expected):
	assert is_two_way(talk) is expected


@pytest.mark.parametrize("is_proven", [True, False])
def test_where_evidence_is_required_only_what_is_proven_counts(is_proven):
	assert is_two_way(Talk(CALL, True, duration=60, is_proven=is_proven), require_evidence=True) is is_proven


@pytest.mark.parametrize(
	("history", "begun_by_us", "two_way", "day"),
	[
		("s", True, False, 0),
		("r", False, False, 0),
		("sss", True, False, 2),
		("sr", True, True, 1),
		("rs", False, True, 1),
		("srs", True, True, 2),
		("srsss", True, True, 2),
		("ssrr", True, True, 2),
		("srrsr", True, True, 4),
	],
)
def test_a_thread_is_dated_at_the_last_answer(history, begun_by_us, two_way, day):
	found = thread(letters(history))
	assert (found.begun_by_us, found.is_two_way, found.at) == (
		begun_by_us,
		two_way,
		MONDAY + timedelta(days=day),
	)


def test_a_thread_is_the_same_in_whatever_order_its_letters_arrive():
	assert len({thread(order) for order in permutations(letters("srssr"))}) == 1


def test_there_is_no_thread_without_letters():
	with pytest.raises(ValueError, match="at least one letter"):
		thread([])


@pytest.mark.parametrize(
	"subject",
	[
		"Proposal",
		"Re: Proposal",
		"RE: re:  proposal",
		"Fwd: RE: Proposal",
		"AW: Proposal",
		"Re[2]: Proposal",
		"НА: Proposal",
	],
)
def test_replies_have_the_subject_of_what_they_answer(subject):
	assert plain_subject(subject) == "proposal"


def test_other_subjects_stay_what_they_are():
	assert plain_subject("Results: March") == "results: march"
	assert plain_subject("Re:") == ""


@pytest.mark.parametrize(
	"subject",
	[
		"Automatic reply: Proposal",
		"Re: AUTOMATIC REPLY: Proposal",
		"Auto-Reply: Proposal",
		"[Auto-Reply] Proposal",
		"Out of Office Re: Proposal",
		"Out-of-office: back on Monday",
		"Undeliverable: Proposal",
		"Undelivered Mail Returned to Sender",
		"Delivery Status Notification (Failure)",
		"Read: Proposal",
		"Автоответ: Предложение",
		"Автоматический ответ: Предложение",
		"Прочитано: Предложение",
		"Автоматичен отговор: Оферта",
		"پاسخ خودکار: پیشنهاد",
		"Automatische Antwort: Angebot",
	],
)
def test_machines_are_known_by_their_subjects(subject):
	assert is_automatic_letter(subject, "ivan@client.example")


@pytest.mark.parametrize(
	"subject",
	[
		"",
		"Proposal",
		"Re: Reading list",
		"Ready: the brief",
		"Our automatic reply does not work",
		"Автомобили для офиса",
		"Автоматизация склада",
		"Mailing in March",
	],
)
def test_people_are_not_taken_for_machines(subject):
	assert not is_automatic_letter(subject, "ivan@client.example")


@pytest.mark.parametrize(
	("sender", "is_machine"),
	[
		("MAILER-DAEMON@mx.example", True),
		("postmaster@client.example", True),
		("no-reply@client.example", True),
		("noreply+123@client.example", True),
		("bounce-17@list.example", True),
		("ivan@client.example", False),
		("noreplyman@client.example", False),
		("", False),
	],
)
def test_machines_are_known_by_their_addresses(sender, is_machine):
	assert is_automatic_letter("Proposal", sender) is is_machine
