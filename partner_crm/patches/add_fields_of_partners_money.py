"""Orders and invoices name the deal or the statement that they are for, and a Sales Partner its Supplier."""

from partner_crm.setup.custom_fields import make_custom_fields


def execute() -> None:
	make_custom_fields()
