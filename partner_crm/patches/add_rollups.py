"""The log of stages is read by the month that a journey began in, where sums of reports are reckoned again."""

from partner_crm.setup.indexes import add_indexes


def execute() -> None:
	add_indexes()
