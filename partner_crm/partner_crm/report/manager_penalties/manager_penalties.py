from partner_crm.reports import penalties
from partner_crm.services import reporting


def execute(filters: dict | None = None) -> tuple:
	return reporting.show(penalties, filters, penalties.PENALTY)
