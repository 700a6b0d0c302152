from partner_crm.services import reporting


def execute(filters: dict | None = None) -> tuple:
	return reporting.show("Possible Duplicates", filters)
