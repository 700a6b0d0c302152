"""Calls with our clients become interactions by themselves. Everybody else's pass at once."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import beside, calls


def on_update(call: Document, method: str | None = None) -> None:
	if calls.is_answered(call):
		with beside.logged(call):
			calls.record(call)


def on_trash(call: Document, method: str | None = None) -> None:
	if calls.is_answered(call):
		with beside.logged(call):
			calls.forget(call)
