"""One person in every spelling is one card on a site, through whichever door; different people are not."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import frappe
import pytest

from partner_crm.api import find_duplicates
from tests.factories import make_contact, make_lead

pytestmark = pytest.mark.commits

DATA = Path(__file__).parents[1] / "unit" / "data"
PHONE = "+7 701 123 45 67"
NOTATIONS = (
	"+77011234567",
	"87011234567",
	"+7 701 123 45 67",
	"8 (701) 123-45-67",
	"8-701-123-45-67",
	"007 701 123-45-67",
	"+7(701)1234567",
	"7 701 123 45 67",
	"8.701.123.45.67",
	"+7 (701) 123-45-67",
	"8 (701) 1234567",
	"007-701-123-45-67",
)


def rows(name: str) -> Iterator[dict[str, str]]:
	with (DATA / name).open(encoding="utf-8", newline="") as lines:
		yield from csv.DictReader(lines)


def spellings() -> list[dict]:
	"""Name and phone of one person, each time otherwise, as a form sends them."""
	names = [
		{"first_name": row["first_name"] or row["full_name"], "last_name": row["last_name"]}
		for row in rows("identity_same_person.csv")
	]
	return [name | {"phone": notation} for name, notation in zip(names, cycle(NOTATIONS))]


@pytest.fixture
def card():
	made = make_contact(
		first_name="Сергей", last_name="Ковальский", email="kept@spelling.example", phone=PHONE
	)
	yield made.name
	frappe.db.rollback()
	for lead in frappe.get_all("Partner Lead", {"contact": made.name}, pluck="name", order_by=None):
		frappe.delete_doc("Partner Lead", lead, force=True)
	frappe.delete_doc("Contact", made.name, force=True)
	frappe.db.commit()


def test_there_are_forty_spellings_and_twelve_notations():
	assert len(spellings()) >= 40 and len(set(NOTATIONS)) == 12


def test_every_spelling_is_found_while_typing(card):
	for typed in spellings():
		(found, *_others) = find_duplicates("Contact", typed)
		assert (found["name"], found["is_duplicate"]) == (card, True), typed


def test_every_spelling_is_refused_by_rest(card, http):
	client = http.login()
	for number, typed in enumerate(spellings()):
		phone = typed["phone"]
		answer = client.post(
			"/api/resource/Contact",
			json={
				"first_name": typed["first_name"],
				"last_name": typed["last_name"],
				"pcrm_managed": 1,
				"email_ids": [{"email_id": f"other{number}@spelling.example", "is_primary": 1}],
				"phone_nos": [{"phone": phone, "is_primary_phone": 1}],
			},
		)
		assert "DuplicateCard" in answer.text and card in answer.json()["exception"], typed
	frappe.db.rollback()
	assert frappe.db.count("Contact Email", {"email_id": ("like", "%@spelling.example")}) == 1


def test_every_spelling_is_captured_into_the_one_card(card):
	for number, typed in enumerate(spellings()):
		lead = make_lead(**typed, email=f"other{number}@spelling.example")
		assert lead.contact == card, typed


def test_different_people_stand_side_by_side():
	people = [row["name"] for row in rows("identity_different_people.csv")]
	assert len(people) >= 40

	cards = [
		make_contact(first_name=name, email=f"{number}@different.example", phone=notation)
		for number, (name, notation) in enumerate(zip(people, cycle(NOTATIONS), strict=False))
	]

	assert len({card.name for card in cards}) == len(people)
