"""What the sums of reports are kept by has got another name, or was merged into another one of its kind."""

from __future__ import annotations

from frappe.model.document import Document

from partner_crm.services import rollups


def after_rename(group: Document, method: str, old: str, new: str, merge: bool = False) -> None:
	rollups.follow_group(group.doctype)
