"""Somebody who becomes a colleague may stand as a client in a card."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import beside, staff_cards

WHO_HE_IS = ("email", "enabled", "user_type")


def on_update(user: Document, method: str | None = None) -> None:
	is_ours = user.enabled and user.user_type == "System User"
	if is_ours and any(map(user.has_value_changed, WHO_HE_IS)):
		with beside.logged(user, "clients' cards not searched for"):
			staff_cards.look_for([user.email])
