"""The documents of single months are read, where sums of reports are reckoned again."""

from partner_crm.setup.indexes import add_indexes, drop_unused_indexes


def execute() -> None:
	add_indexes()
	drop_unused_indexes()
