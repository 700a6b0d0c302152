"""What the dashboards of others' forms show of ours."""

from frappe import _


def customer(data: dict) -> dict:
	return _with_connections(data, "customer", ["Counterparty", "Partner Deal"])


def contact(data: dict) -> dict:
	return _with_connections(
		data, "contact", ["Partner Lead", "Partner Deal", "Client Interaction", "Partner Claim"]
	)


def sales_partner(data: dict) -> dict:
	data = _with_connections(data, "partner", ["Partner Lead", "Partner Deal", "Partner Claim", "Payout"])
	data["transactions"][-1]["items"].append("Payout Statement")
	data["non_standard_fieldnames"]["Payout Statement"] = "party"
	data.setdefault("dynamic_links", {})["party"] = ["Sales Partner", "party_type"]
	return data


def sales_invoice(data: dict) -> dict:
	return _with_connections(data, "paid_invoice", ["Payout"])


def _with_connections(data: dict, fieldname: str, doctypes: list[str]) -> dict:
	"""A group of connections, each found by the field `fieldname`."""
	data.setdefault("transactions", []).append({"label": _("Partner CRM"), "items": doctypes})
	data.setdefault("non_standard_fieldnames", {}).update(dict.fromkeys(doctypes, fieldname))
	data.setdefault("fieldname", fieldname)
	return data
