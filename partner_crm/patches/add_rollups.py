"""Reports read sums that are kept beside the documents; the scheduler makes them."""

from partner_crm.setup import identity_buckets
from partner_crm.setup.indexes import add_indexes


def execute() -> None:
	identity_buckets.make()
	add_indexes()
