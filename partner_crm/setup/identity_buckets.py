"""The rows that are locked before unique keys are written. Made once; nothing ever changes them."""

import frappe

CARD_KEYS, OPEN_DEALS, CLAIMS, LEDGER, GAPS = "", "deal-", "claim-", "ledger-", "gap-"

BUCKETS = {CARD_KEYS: 4096, OPEN_DEALS: 1024, CLAIMS: 1024, LEDGER: 1, GAPS: 1}
"""How many there are of each kind, in the order in which a transaction that needs several kinds locks them.

Each kind has its own, so that a transaction never comes back to a kind that it has locked already.
"""


def make() -> None:
	there = set(frappe.get_all("Identity Bucket", pluck="name", order_by=None))
	names = (bucket_name(kind, number) for kind, count in BUCKETS.items() for number in range(count))
	missing = [name for name in names if name not in there]
	moment = frappe.utils.now()
	columns = ["name", "creation", "modified", "owner", "modified_by"]
	rows = [(name, moment, moment, "Administrator", "Administrator") for name in missing]
	frappe.db.bulk_insert("Identity Bucket", columns, rows)


def bucket_name(kind: str, number: int) -> str:
	return f"{kind}{number:04d}"
