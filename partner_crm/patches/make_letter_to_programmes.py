"""The letter that asks the owner of a programme for what is open."""

from partner_crm.setup.letters import make_letters


def execute() -> None:
	make_letters()
