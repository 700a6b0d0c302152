"""An employee's company and private addresses are of our staff."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import beside, staff_cards

ADDRESSES = ("company_email", "personal_email")


def on_update(employee: Document, method: str | None = None) -> None:
	if employee.status != "Left" and any(map(employee.has_value_changed, (*ADDRESSES, "status"))):
		with beside.logged(employee, "clients' cards not searched for"):
			staff_cards.look_for(map(employee.get, ADDRESSES))
