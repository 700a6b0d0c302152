"""Makes the documents that tests need, each saved, with just enough in it. Keyword arguments override any field."""

from __future__ import annotations

from itertools import count

import frappe
from frappe.model.document import Document

from partner_crm.services import rollups

_numbers = count(1)


def make_user(email: str | None = None, roles: tuple[str, ...] = ("Partner CRM User",), **fields) -> Document:
	email = email or f"user{next(_numbers)}@staff.example"
	return _make(
		"User",
		email=email,
		first_name=email.partition("@")[0].title(),
		send_welcome_email=0,
		roles=[{"role": role} for role in roles],
		**fields,
	)


def make_channel(**fields) -> Document:
	return _make(
		"Acquisition Channel", {"title": f"Channel {next(_numbers)}", "direction": "Inbound"} | fields
	)


def make_counterparty(**fields) -> Document:
	number = next(_numbers)
	return _make("Counterparty", {"title": f"Counterparty {number}", "region": make_region()} | fields)


def make_contact(email: str | None = None, phone: str | None = None, **fields) -> Document:
	"""A managed card; an e-mail or phone goes where Frappe keeps it, in the child rows."""
	number = next(_numbers)
	defaults = {
		"first_name": f"Contact {number}",
		"pcrm_managed": 1,
		"email_ids": [{"email_id": email or f"contact{number}@client.example", "is_primary": 1}],
		"phone_nos": [{"phone": phone, "is_primary_mobile_no": 1}] if phone else [],
	}
	return _make("Contact", defaults | fields)


def make_lead(**fields) -> Document:
	number = next(_numbers)
	defaults = {"track": "Own Sale", "direction": "Inbound", "channel": "Website"}
	if not fields.get("contact"):
		defaults |= {"first_name": f"Lead {number}", "email": f"lead{number}@client.example"}
	return _make("Partner Lead", defaults | fields)


# What the stages of an own sale ask for, by the shipped table. Each of them leaves nothing out.

FOR_MQL = {"product_group": "Services", "additional_information": "Asked for a brochure", "interest": "Warm"}
FOR_SQL = {"amount": 1000, "is_tender": "No"}
FOR_NEGOTIATION = {
	"proposal_sent_on": "2026-01-10",
	"documents_url": "https://files.example/deal",
	"media_plan": "/private/files/plan.xlsx",
}
FOR_CLIENT = {
	"contract_signed_on": "2026-01-20",
	"contract_file": "/private/files/contract.pdf",
	"key_learnings": "They wanted one partner for everything",
}


def make_full_contact(**fields) -> Document:
	number = next(_numbers)
	defaults = {
		"first_name": "Anna",
		"last_name": f"Person{number}",
		"designation": "Director",
		"pcrm_additional_information": "Decides on marketing",
		"pcrm_is_decision_maker": "Yes",
	}
	return make_contact(**(defaults | fields))


def make_full_counterparty(**fields) -> Document:
	number = next(_numbers)
	defaults = {
		"industry": "Banking",
		"category": "A",
		"website": f"https://company{number}.example",
		"additional_information": "Ten offices",
		"documents_url": "https://files.example/company",
	}
	return make_counterparty(**(defaults | fields))


def make_mql(**fields) -> Document:
	"""A lead at MQL, with everything but a brief and an interaction."""
	cards = {"contact": None, "counterparty": None} | fields
	cards["contact"] = cards["contact"] or make_full_contact().name
	if not fields.get("is_individual"):
		cards["counterparty"] = cards["counterparty"] or make_full_counterparty().name
	lead = make_lead(**(FOR_MQL | fields | cards))
	lead.stage = "MQL"
	return lead.save()


def make_ready_mql(**fields) -> Document:
	"""A lead at MQL that can be converted at once."""
	lead = make_mql(**({"brief_received_on": "2026-01-05"} | fields))
	make_interaction(contact=lead.contact, lead=lead.name)
	return lead


def make_deal(lead: Document | None = None, **fields) -> Document:
	"""A deal at SQL with everything that it needs there."""
	lead = lead or make_ready_mql()
	return _make("Partner Deal", {"lead": lead.name} | FOR_SQL | fields)


def make_interaction(**fields) -> Document:
	"""A two-way interaction with a detailed comment, as it lies in the database."""
	defaults = {
		"kind": "Call",
		"occurred_at": frappe.utils.now(),
		"discussed": "Budget and dates of the spring campaign",
		"agreed": "We send a media plan on Friday",
		"is_two_way": 1,
		"is_detailed": 1,
		"qualifies": 1,
	}
	return make_row("Client Interaction", **(defaults | fields))


def make_item(code: str = "Advertising", **fields) -> str:
	"""Name of an Item, made once."""
	if not frappe.db.exists("Item", code):
		_make(
			"Item",
			{"item_code": code, "item_group": "Services", "stock_uom": "Nos", "is_stock_item": 0} | fields,
		)
	return code


def make_region(name: str = "Test Region", above: str = "All Territories") -> str:
	"""Name of a Territory, made once."""
	if not frappe.db.exists("Territory", name):
		if above != "All Territories":
			make_region(above)
			frappe.db.set_value("Territory", above, "is_group", 1)
		_make("Territory", territory_name=name, parent_territory=above)
	return name


def make_icp_profile(title: str, **fields) -> Document:
	return _make("ICP Profile", {"title": title, "threshold": 1} | fields)


def make_program(**fields) -> Document:
	number = next(_numbers)
	term = {"basis": "Fixed", "value": 100, "valid_from": "2026-01-01"}
	return _make(
		"Partner Program", {"title": f"Programme {number}", "currency": "USD", "terms": [term]} | fields
	)


def make_payout(**fields) -> Document:
	"""A confirmed payout of 100 USD as it lies in the database."""
	number = next(_numbers)
	defaults = {
		"direction": "Payable",
		"status": "Confirmed",
		"amount": 100,
		"currency": "USD",
		"conversion_rate": 1,
		"company": frappe.defaults.get_global_default("company"),
		"client": f"Client {number}",
		"client_title": f"Client {number}",
		"instalment": 1,
		"won_on": "2026-01-20",
		"hold_until": "2026-01-20",
		"due_on": "2026-02-19",
		"payout_key": f"Payout {number}",
	}
	values = defaults | fields
	if values["direction"] == "Payable":
		values.setdefault("partner", make_partner())
	values.setdefault("program", make_program(direction=values["direction"]).name)
	values.setdefault("base_amount", values["amount"])
	payout = frappe.get_doc({"doctype": "Payout", **values})
	payout.set_new_name()
	payout.root = payout.root or payout.name
	payout.db_insert()
	return payout


def _make(doctype: str, defaults: dict | None = None, **fields) -> Document:
	return frappe.get_doc({"doctype": doctype, **(defaults or {}), **fields}).insert()


def make_row(doctype: str, **fields) -> Document:
	"""A document as it lies in the database, whatever rules say of it, and without the work of saving it.

	The sums of reports hear of it as of any other.
	"""
	row = frappe.get_doc({"doctype": doctype, **fields})
	row.set_new_name(set_child_names=True)
	row.set_parent_in_children()
	for part in (row, *row.get_all_children()):
		part.db_insert()
	if doctype in rollups.FACTS:
		rollups.follow(row)
	return row


def make_user_row(email: str, roles: tuple[str, ...] = ("Partner CRM User",), **fields) -> Document:
	"""A user who only needs his rights."""
	held = [{"role": role} for role in roles]
	return make_row("User", name=email, email=email, enabled=1, user_type="System User", roles=held, **fields)


def make_sales_person(user: str | None = None, above: str | None = None, **fields) -> Document:
	"""`user` in ERPNext's tree of Sales Persons, below the Sales Person `above`."""
	employee = make_row("Employee", employee_name=user, user_id=user, status="Active") if user else None
	return _make(
		"Sales Person",
		{
			"sales_person_name": f"Sales Person {next(_numbers)}",
			"parent_sales_person": above or "Sales Team",
			"employee": employee and employee.name,
			"is_group": 1,
			"enabled": 1,
		}
		| fields,
	)


def make_partner(name: str | None = None, **fields) -> str:
	"""Name of a Sales Partner; one that is given is made once."""
	name = name or f"Partner {next(_numbers)}"
	if not frappe.db.exists("Sales Partner", name):
		region = "All Territories"
		_make("Sales Partner", {"partner_name": name, "territory": region, "commission_rate": 0} | fields)
	return name


def make_won_deal(**fields) -> Document:
	"""A deal of 1000 USD at Client as it lies in the database, without payouts."""
	number = next(_numbers)
	defaults = {
		"deal_title": f"Deal {number}",
		"stage": "Client",
		"contact": f"Contact {number}",
		"amount": 1000,
		"currency": "USD",
		"company": frappe.defaults.get_global_default("company"),
		"registered_on": "2026-01-10",
		"won_on": "2026-01-20",
	}
	return make_row("Partner Deal", **(defaults | fields))


# What ERPNext knows of a deal's money


def make_invoice(deal: str | None, amount: float = 1000, tax: float = 0, **fields) -> Document:
	"""A submitted Sales Invoice of a deal: `amount` net, `tax` percent on it."""
	customer = make_customer()
	taxes = [
		{
			"charge_type": "On Net Total",
			"account_head": _account(account_type="Tax"),
			"description": "Tax",
			"rate": tax,
		}
	]
	invoice = _make(
		"Sales Invoice",
		{
			"customer": customer,
			"pcrm_deal": deal,
			"set_posting_time": 1,
			"posting_date": "2026-01-21",
			"due_date": "2026-12-31",
			"items": [{"item_code": make_item(), "qty": 100, "rate": amount / 100}],
			"taxes": taxes if tax else [],
			"disable_rounded_total": 1,
		}
		| fields,
	)
	invoice.submit()
	return invoice


def make_credit_note(invoice: Document, part: float = 1, **fields) -> Document:
	"""Credits a part of an invoice, on the invoice itself."""
	from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return

	note = make_sales_return(invoice.name)
	note.items[0].qty = -100 * part
	note.update({"set_posting_time": 1, "posting_date": "2026-01-23", "disable_rounded_total": 1} | fields)
	note.insert().submit()
	return note


def make_receipt(invoice: Document, amount: float, on: str = "2026-01-22", **fields) -> Document:
	"""A submitted Payment Entry of the customer for an invoice; of a credit note, to the customer."""
	from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

	payment = get_payment_entry("Sales Invoice", invoice.name, party_amount=amount)
	payment.update({"posting_date": on, "reference_no": "1", "reference_date": on} | fields)
	for reference in payment.references:
		reference.allocated_amount = amount
	payment.paid_amount = payment.received_amount = abs(amount)
	payment.insert().submit()
	return payment


def make_customer(name: str = "Client Ltd") -> str:
	if not frappe.db.exists("Customer", name):
		_make("Customer", customer_name=name)
	return name


def _account(**filters) -> str:
	company = frappe.defaults.get_global_default("company")
	return frappe.db.get_value("Account", {"company": company, "is_group": 0} | filters, order_by="name")
