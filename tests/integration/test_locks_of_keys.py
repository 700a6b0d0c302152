"""The statement that writes a card's keys locks their buckets before: all of them, in one order, as the lock alone does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Thread

import frappe
import pytest

from partner_crm.services import buckets, identity
from partner_crm.setup.identity_buckets import CARD_KEYS
from tests.factories import make_contact
from tests.sql import statements

pytestmark = pytest.mark.commits

PHONES = [{"phone": f"+7 701 765 43 {number}"} for number in range(20, 30)]


@pytest.fixture
def statement() -> Iterator[str]:
	"""What a card with eleven pairs writes its keys by; neither it nor they are there."""
	with statements() as sent:
		make_contact(first_name="Anna", last_name="Petrova", email="anna@client.example", phone_nos=PHONES)
	frappe.db.rollback()
	yield next(sql for sql in sent if sql.startswith("INSERT INTO `tabIdentity Key`"))
	frappe.db.rollback()
	frappe.db.delete("Identity Key")
	frappe.db.commit()


@pytest.fixture
def names() -> tuple[str, ...]:
	"""The buckets of this card's pairs, in their order."""
	card = frappe.get_doc(
		{
			"doctype": "Contact",
			"pcrm_managed": 1,
			"first_name": "Anna",
			"last_name": "Petrova",
			"email_ids": [{"email_id": "anna@client.example"}],
			"phone_nos": PHONES,
		}
	)
	return buckets.names_of(CARD_KEYS, filter(identity.is_pair, identity.keys_for(card)))


@contextmanager
def connection() -> Iterator:
	"""Somebody else's, who sees what others have not committed yet."""
	other = frappe.db.create_connection()
	cursor = other.cursor()
	cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
	cursor.execute("START TRANSACTION")
	try:
		yield cursor
	finally:
		other.rollback()
		other.close()


def held(names: Iterable[str]) -> list[str]:
	"""The buckets that somebody has for himself: nobody else may even share them."""
	return [name for name in names if not _may_be_shared(name)]


def _may_be_shared(name: str) -> bool:
	with connection() as cursor:
		try:
			cursor.execute(
				"SELECT `name` FROM `tabIdentity Bucket` WHERE `name` = %s LOCK IN SHARE MODE NOWAIT", [name]
			)
		except frappe.db.OperationalError:
			return False
	return True


def written_keys() -> int:
	with connection() as cursor:
		cursor.execute("SELECT COUNT(*) FROM `tabIdentity Key`")
		return cursor.fetchone()[0]


def wait_until(is_so: Callable[[], bool], seconds: float = 10) -> bool:
	end = time.monotonic() + seconds
	while not is_so() and time.monotonic() < end:
		time.sleep(0.05)
	return is_so()


def test_all_buckets_are_locked_upwards_before_a_key_is_written(statement, names):
	middle = names[len(names) // 2]
	before, after = [name for name in names if name < middle], [name for name in names if name > middle]

	with connection() as writer:
		with connection() as blocker:
			blocker.execute("SELECT `name` FROM `tabIdentity Bucket` WHERE `name` = %s FOR UPDATE", [middle])
			writing = Thread(target=writer.execute, args=[statement])
			writing.start()
			assert wait_until(lambda: held(before) == before), (
				"The locks are not taken from the first to the last."
			)
			assert (held(after), written_keys()) == ([], 0)
		writing.join()
		assert held(names) == list(names)
		assert written_keys() > len(names)


def test_nothing_but_these_buckets_is_locked(statement, names):
	others = frappe.get_all("Identity Bucket", pluck="name", order_by="name asc")[::97]

	with connection() as writer:
		writer.execute(statement)

		assert held({*others} - {*names}) == []


def test_who_comes_second_waits_for_the_bucket_and_keeps_it_when_he_is_refused(statement, names):
	refusals = []

	def write(cursor) -> None:
		try:
			cursor.execute(statement)
		except Exception as error:
			refusals.append(error)

	with connection() as second:
		with connection() as first:
			first.execute(statement)
			writing = Thread(target=write, args=[second])
			writing.start()
			writing.join(timeout=0.5)
			assert writing.is_alive()
			first.execute("COMMIT")
		writing.join()
		assert [frappe.db.is_duplicate_entry(error) for error in refusals] == [True]
		assert held(names) == list(names)


def test_the_buckets_are_found_by_their_names(statement):
	plans = frappe.db.sql(f"EXPLAIN {statement}", as_dict=True)

	(bucket,) = [row for row in plans if row.table == "tabIdentity Bucket"]
	assert (bucket.type, bucket.key) == ("range", "PRIMARY")
	assert "filesort" not in bucket.Extra
