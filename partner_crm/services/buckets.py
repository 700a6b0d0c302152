"""Locks that keep processes from waiting for each other in a circle before they write the same unique keys.

After a unique index has refused a key, InnoDB keeps a shared lock on it; two processes that were refused the same key
and read on would then wait for each other. So whoever is about to write a key locks the bucket that it falls into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from zlib import crc32

import frappe
from frappe.query_builder.functions import Count
from pypika.queries import QueryBuilder
from pypika.terms import Parameter, Term

from partner_crm.setup.identity_buckets import BUCKETS, bucket_name


def lock(kind: str, keys: Iterable[str]) -> None:
	"""Until the end of the transaction; always in one order."""
	if names := names_of(kind, keys):
		frappe.db.sql(_statement(frappe.db.db_type), {"names": names})


@contextmanager
def written_once(kind: str, key: str, refuse: Callable[[], None]) -> Iterator[None]:
	"""Around the writing of a document with a unique key. `refuse` says what is in the way when the database does."""
	lock(kind, [key])
	point = f"pcrm_{frappe.generate_hash(length=10)}"
	frappe.db.savepoint(point)
	try:
		yield
	except frappe.UniqueValidationError:
		frappe.db.rollback(save_point=point)
		frappe.clear_last_message()  # Frappe's own, which names a hidden field
		refuse()


def names_of(kind: str, keys: Iterable[str]) -> tuple[str, ...]:
	"""The buckets into which keys fall."""
	count = BUCKETS[kind]
	return tuple(sorted({bucket_name(kind, crc32(key.encode()) % count) for key in keys}))


def zero_once_locked(names: Term) -> QueryBuilder:
	"""0, and these buckets are locked as by `lock`: a value of the first row of a statement that writes their keys.

	No row is written before its values are known. MariaDB drops the order of a sub-select, but reads the names in that of
	their index (docs/identity.md, test_locks_of_keys).
	"""
	locked = _locked(names).as_("locked")
	return frappe.qb.from_(locked).select(Count("*") * 0)


@cache
def _statement(db_type: str) -> str:
	"""Built once: putting it together takes longer than running it."""
	return _locked(Parameter("%(names)s")).get_sql()


def _locked(names: Term) -> QueryBuilder:
	bucket = frappe.qb.DocType("Identity Bucket")
	query = frappe.qb.from_(bucket).select(bucket.name).where(bucket.name.isin(names))
	return query.orderby(bucket.name).for_update()
