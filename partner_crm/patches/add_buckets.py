"""Open deals, claims and the ledger get buckets of their own."""

from partner_crm.setup import identity_buckets


def execute() -> None:
	identity_buckets.make()
