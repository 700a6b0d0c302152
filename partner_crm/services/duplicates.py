"""Which cards are there already, for somebody who is about to enter one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import frappe
from frappe import _

from partner_crm.permissions import seen
from partner_crm.services import identity, pairs

DOCTYPES = ("Contact", "Counterparty")


def find(doctype: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
	"""Of a card that the user may not see only that it exists, what matches, and whom to ask."""
	if doctype not in DOCTYPES:
		frappe.throw(_("Duplicates are looked for among contacts and counterparties."))
	frappe.has_permission(doctype, "read", throw=True)
	card = _card(doctype, values)
	found = identity.find(doctype, identity.values_of(card), card.name)
	apart = pairs.told_apart(doctype, card.name or "", [match.card for match in found])
	titles = seen.titles(doctype, [match.card for match in found])
	ask = identity.whom_to_ask() if len(titles) < len(found) else ""
	return [
		{
			"name": match.card if match.card in titles else "",
			"matched": [field for field in identity.FIELD_LABELS if field in match.fields],
			"is_duplicate": match.is_duplicate and match.card not in apart,
			"ask": "" if match.card in titles else ask,
		}
		for match in found
	]


def _card(doctype: str, values: Mapping[str, Any]):
	"""What was typed, as the card that it would become. It is never saved."""
	rows = {
		"email_ids": _rows("email_id", values, "email", "email_id", "email_ids"),
		"phone_nos": _rows("phone", values, "phone", "mobile_no", "phone_nos"),
		"additional_emails": _rows("email", values, "additional_emails"),
		"additional_titles": _rows("title", values, "additional_titles"),
	}
	tables = {field.fieldname for field in frappe.get_meta(doctype).get_table_fields()}
	fields = {
		name: values[name]
		for name in (*_PLAIN[doctype], "name")
		if values.get(name) and isinstance(values[name], str)
	}
	fields.setdefault("pcrm_birth_date", values.get("birth_date"))
	if "first_name" not in values and "last_name" not in values and isinstance(values.get("full_name"), str):
		fields["first_name"] = values["full_name"]
	return frappe.get_doc(
		{"doctype": doctype, **fields, **{name: rows[name] for name in tables & rows.keys()}}
	)


_PLAIN = {
	"Contact": ("first_name", "middle_name", "last_name", "pcrm_birth_date", "pcrm_counterparty"),
	"Counterparty": ("title", "tax_id", "website", "email", "phone"),
}


def _rows(column: str, values: Mapping[str, Any], *names: str) -> list[dict[str, str]]:
	"""Child rows of what was given as a text, as texts or as rows."""
	found = []
	for name in names:
		given = values.get(name) or []
		for row in [given] if isinstance(given, str) else given:
			text = row.get(column) if isinstance(row, Mapping) else row
			if text and isinstance(text, str):
				found.append({column: text})
	return found
