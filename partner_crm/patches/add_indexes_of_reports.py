"""Reports read what they count from indexes alone."""

from partner_crm.setup.indexes import add_indexes


def execute() -> None:
	add_indexes()
