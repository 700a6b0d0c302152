"""Letters with our clients become interactions by themselves. Everybody else's pass at once."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import beside, letters


def on_update(communication: Document, method: str | None = None) -> None:
	if letters.is_letter(communication):
		with beside.logged(communication):
			letters.record(communication)


def on_trash(communication: Document, method: str | None = None) -> None:
	if letters.interaction_of(communication):
		with beside.logged(communication):
			letters.forget(communication)
