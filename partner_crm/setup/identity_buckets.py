"""The rows that are locked before identity keys are written. Made once; nothing ever changes them."""

import frappe

BUCKETS = 4096


def make() -> None:
	there = set(frappe.get_all("Identity Bucket", pluck="name", order_by=None))
	missing = [name for name in map(bucket_name, range(BUCKETS)) if name not in there]
	moment = frappe.utils.now()
	columns = ["name", "creation", "modified", "owner", "modified_by"]
	rows = [(name, moment, moment, "Administrator", "Administrator") for name in missing]
	frappe.db.bulk_insert("Identity Bucket", columns, rows)


def bucket_name(number: int) -> str:
	return f"{number:04d}"
