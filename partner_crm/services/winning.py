"""A won deal in ERPNext: whose Customer it is, found or made; later, that the client is handed over.

What can be refused beforehand is refused in `validate`. The Customer is made in `on_update`, after a savepoint.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import frappe
from frappe import _
from frappe.desk.form import assign_to
from frappe.model.document import Document, bulk_insert
from frappe.utils import escape_html, get_datetime, getdate, now_datetime

from partner_crm.rules import stages
from partner_crm.services import facts, funnel, interactions, savepoints, settings
from partner_crm.services.refusals import StageRefused, as_list, name_of

CUSTOMER = "Customer"
COMPANY = "Company"
PERSON = "Individual"
HANDOVER = "Handover"


class NoCustomer(frappe.ValidationError):
	"""The deal's Customer can be neither found for certain nor made."""


@dataclass(frozen=True, slots=True)
class Buyer:
	"""Who buys: the counterparty, else the contact as a private person."""

	doctype: str
	card: str
	fields: facts.Fields

	@property
	def is_company(self) -> bool:
		return self.doctype == "Counterparty"

	@property
	def title(self) -> str:
		return self.fields.get("title" if self.is_company else "full_name") or self.card


def buyer_of(deal: Document) -> Buyer:
	if deal.counterparty and not deal.is_individual:
		return Buyer("Counterparty", deal.counterparty, facts.counterparty_of(deal))
	return Buyer("Contact", deal.contact, facts.contact_of(deal))


# In validate


def find_customer(deal: Document) -> None:
	"""Links a deal that is being won to its Customer, or plans a new one."""
	deal.flags.new_customer = None
	is_history = deal.is_new() and deal.is_historical
	deal.flags.is_being_won = (
		deal.stage == stages.CLIENT and deal.has_value_changed("stage") and not is_history
	)
	if not deal.flags.is_being_won:
		return
	buyer = buyer_of(deal)
	deal.customer = deal.customer or _existing(buyer)
	if not deal.customer:
		deal.flags.new_customer = _planned(deal, buyer)


def guard_handover(deal: Document) -> None:
	"""Only a client can be handed over, and with everything that account management needs of him."""
	if not _is_being_handed_over(deal):
		return
	if deal.stage != stages.CLIENT:
		frappe.throw(_("Only a won deal can be handed over."), StageRefused, title=_("Not won yet"))
	if getdate(deal.handed_over_on) > getdate():
		sentence = _("A client can't have been handed over in the future: {0}.")
		frappe.throw(sentence.format(frappe.bold(frappe.format(getdate(deal.handed_over_on)))))
	gaps = funnel.missing_for(deal, stages.HANDED_OVER)
	if gaps:
		sentence = _("{0} can't be handed over yet:")
		frappe.throw(
			sentence.format(name_of(deal)) + as_list(gaps), StageRefused, title=_("Something is missing")
		)


def _is_being_handed_over(deal: Document) -> bool:
	"""A past sale that is entered with the date of its handover asks nobody to take the client over."""
	before = deal.get_doc_before_save()
	is_past = before.handed_over_on if before else deal.is_historical
	return bool(deal.handed_over_on) and not is_past


# The Customer that is there already


def _existing(buyer: Buyer) -> str | None:
	return _only(_candidates(buyer), buyer)


def _candidates(buyer: Buyer) -> list[str]:
	if not buyer.is_company:
		return _customers_of(buyer.card)
	if buyer.fields.get("customer"):
		return [buyer.fields["customer"]]
	same = _with_tax_id(buyer)
	if len(same) > 1:
		same = [row for row in same if row.customer_name == buyer.title] or same
	return [row.name for row in same or _with_name(buyer)]


def _with_tax_id(buyer: Buyer) -> list[frappe._dict]:
	tax_id = (buyer.fields.get("tax_id") or "").strip()
	return _companies(tax_id=tax_id) if tax_id else []


def _with_name(buyer: Buyer) -> list[frappe._dict]:
	"""Those of the same name that nothing tells apart: no other tax id, no other counterparty of ours."""
	rows = _companies(customer_name=buyer.title)
	if not rows:
		return []
	names = [row.name for row in rows]
	taken = set(_pluck("Counterparty", "customer", customer=("in", names), name=("!=", buyer.card)))
	tax_id = buyer.fields.get("tax_id")
	return [
		row for row in rows if row.name not in taken and not (tax_id and row.tax_id and row.tax_id != tax_id)
	]


def _companies(**filters) -> list[frappe._dict]:
	return frappe.get_all(
		CUSTOMER,
		filters={"customer_type": ("!=", PERSON), **filters},
		fields=["name", "customer_name", "tax_id"],
		order_by="creation asc",
		limit=20,
	)


def _customers_of(contact: str, for_update: bool = False) -> list[str]:
	"""The private persons whose contact this is; what he buys for a company he works for is the company's."""
	link, customer = frappe.qb.DocType("Dynamic Link"), frappe.qb.DocType(CUSTOMER)
	query = (
		frappe.qb.from_(link)
		.join(customer)
		.on(customer.name == link.link_name)
		.select(customer.name)
		.where((link.parenttype == "Contact") & (link.parent == contact))
		.where((link.link_doctype == CUSTOMER) & (customer.customer_type == PERSON))
		.orderby(customer.creation)
	)
	found = (query.for_update() if for_update else query).run(pluck=True)
	return list(dict.fromkeys(found))


def _only(names: list[str], buyer: Buyer) -> str | None:
	if len(names) > 1:
		frappe.throw(
			_(_SEVERAL[buyer.doctype]).format(frappe.bold(escape_html(buyer.title))),
			NoCustomer,
			title=_("Which customer is it?"),
		)
	return names[0] if names else None


_SEVERAL = {
	"Counterparty": "There are several customers in ERPNext that could be {0}. Choose the right one in the field Customer of the counterparty.",
	"Contact": "There are several customers in ERPNext that could be {0}. Leave only the right one among the links of the contact.",
}


# A new Customer


def missing_for_customer(deal: Document) -> tuple[stages.Missing, ...]:
	"""What ERPNext will ask for when the deal is won and its Customer has to be made."""
	buyer = buyer_of(deal)
	if deal.customer or _candidates(buyer):
		return ()
	return _gaps(buyer, _territory(deal, buyer), _group(buyer))


def _planned(deal: Document, buyer: Buyer) -> Document:
	territory, group = _territory(deal, buyer), _group(buyer)
	_refuse_gaps(buyer, territory, group)
	_refuse_taken_name(buyer)
	return frappe.get_doc(
		{
			"doctype": CUSTOMER,
			"customer_name": buyer.title,
			"customer_type": COMPANY if buyer.is_company else PERSON,
			"territory": territory,
			"customer_group": group,
			"account_manager": settings.get_settings().account_manager,
			**{
				field: buyer.fields.get(field)
				for field in ("tax_id", "website", "industry")
				if buyer.is_company
			},
		}
	)


def _territory(deal: Document, buyer: Buyer) -> str | None:
	of_card = "region" if buyer.is_company else "pcrm_region"
	return deal.region or buyer.fields.get(of_card) or _selling_default("territory")


def _group(buyer: Buyer) -> str | None:
	of_card = "client_group" if buyer.is_company else "pcrm_group"
	return buyer.fields.get(of_card) or _selling_default("customer_group")


def _selling_default(field: str) -> str | None:
	return frappe.get_cached_doc("Selling Settings").get(field)


def _gaps(buyer: Buyer, territory: str | None, group: str | None) -> tuple[stages.Missing, ...]:
	gaps = []
	if not territory:
		reason = _("The customer needs a territory: enter the region, or a default one in Selling Settings.")
		gaps.append(stages.Missing(stages.DEAL, "region", "Region", "", reason))
	if not group:
		reason = _("The customer needs a group: enter it, or a default one in Selling Settings.")
		gaps.append(stages.Missing(buyer.doctype, *_GROUP[buyer.doctype], "", reason))
	return tuple(gaps)


def _refuse_gaps(buyer: Buyer, territory: str | None, group: str | None) -> None:
	if gaps := _gaps(buyer, territory, group):
		sentence = _("The customer {0} can't be made in ERPNext yet:")
		frappe.throw(
			sentence.format(frappe.bold(escape_html(buyer.title))) + as_list(gaps),
			NoCustomer,
			title=_("Something is missing"),
		)


_GROUP = {"Counterparty": ("client_group", "Client group"), "Contact": ("pcrm_group", "Group")}


def _refuse_taken_name(buyer: Buyer) -> None:
	"""ERPNext would make a second one with a number behind its name."""
	is_named_by_name = frappe.defaults.get_global_default("cust_master_name") == "Customer Name"
	if is_named_by_name and frappe.db.exists(CUSTOMER, buyer.title):
		frappe.throw(
			_(_TAKEN[buyer.doctype]).format(frappe.bold(escape_html(buyer.title))),
			NoCustomer,
			title=_("Is it the same client?"),
		)


_TAKEN = {
	"Counterparty": "ERPNext has a customer named {0} already, and it seems to be another company. If it is the same, choose it in the field Customer of the counterparty. If not, change the title of the counterparty or rename the customer.",
	"Contact": "ERPNext has a customer named {0} already. If it is the same person, add it to the links of the contact. If not, rename the customer.",
}


# In before_save and on_update


def begin(deal: Document) -> None:
	if deal.flags.is_being_won or _is_being_handed_over(deal):
		savepoints.begin(deal)


def make_customer(deal: Document) -> None:
	"""Makes the planned Customer, and ties the cards of the deal to the one it has now."""
	if not deal.flags.pop("is_being_won", False):
		return
	buyer, planned = buyer_of(deal), deal.flags.pop("new_customer", None)
	with savepoints.all_or_nothing(deal):
		customer = _locked(buyer) or deal.customer
		if not customer:
			# Who may win the deal may have its customer made; the deal is what he was judged by.
			planned.flags.ignore_permissions = True
			customer = planned.insert().name
		if customer != deal.customer:
			deal.db_set("customer", customer, update_modified=False)
		_tie(deal, buyer)


def _locked(buyer: Buyer) -> str | None:
	"""The Customer that the buyer has got meanwhile, if any; nobody else gives it one until this save is done."""
	field = "customer" if buyer.is_company else "name"
	found = frappe.db.get_value(buyer.doctype, buyer.card, field, for_update=True)
	return found if buyer.is_company else next(iter(_customers_of(buyer.card, for_update=True)), None)


def _tie(deal: Document, buyer: Buyer) -> None:
	if buyer.is_company and buyer.fields.get("customer") != deal.customer:
		frappe.db.set_value(buyer.doctype, buyer.card, "customer", deal.customer)
	_link("Contact", [deal.contact], deal.customer)
	_link("Address", _addresses_of(buyer), deal.customer)


def _addresses_of(buyer: Buyer) -> list[str]:
	return _pluck(
		"Dynamic Link", "parent", parenttype="Address", link_doctype=buyer.doctype, link_name=buyer.card
	)


def _link(doctype: str, names: Iterable[str], customer: str) -> None:
	"""Adds the row that is missing. The cards' own saves are not run: nothing that they judge has changed."""
	names = sorted(set(filter(None, names)))
	if not names:
		return
	rows = frappe.get_all(
		"Dynamic Link",
		filters={"parenttype": doctype, "parent": ("in", names)},
		fields=["parent", "link_doctype", "link_name", "idx"],
		order_by="parent asc, idx asc",
	)
	linked = {row.parent for row in rows if (row.link_doctype, row.link_name) == (CUSTOMER, customer)}
	places = {row.parent: row.idx for row in rows}
	new = [name for name in names if name not in linked]
	if new:
		bulk_insert("Dynamic Link", [_row(doctype, name, customer, places.get(name, 0) + 1) for name in new])
		frappe.db.set_value(doctype, {"name": ("in", new)}, "modified_by", frappe.session.user)


def _row(doctype: str, name: str, customer: str, place: int) -> Document:
	row = frappe.new_doc("Dynamic Link")
	row.update({"parenttype": doctype, "parent": name, "parentfield": "links", "idx": place})
	row.update({"link_doctype": CUSTOMER, "link_name": customer, "link_title": customer})
	row.set_new_name()
	return row


def hand_over(deal: Document) -> None:
	"""Account management learns of its new client; the history tells when."""
	if not _is_being_handed_over(deal):
		return
	with savepoints.all_or_nothing(deal):
		_record_handover(deal)
		_assign(deal)


def _record_handover(deal: Document) -> None:
	key = f"{HANDOVER} {deal.name} {getdate(deal.handed_over_on)}"
	if frappe.db.exists(interactions.INTERACTION, {"source_key": key}):
		return
	happened = get_datetime(getdate(deal.handed_over_on))
	interactions.record(
		{
			"kind": HANDOVER,
			"contact": deal.contact,
			"deal": deal.name,
			"responsible": deal.responsible,
			"occurred_at": now_datetime() if happened.date() == getdate() else happened,
			"source_key": key,
		}
	)


def _assign(deal: Document) -> None:
	manager = settings.get_settings().account_manager
	if not manager:
		frappe.msgprint(
			_(
				"No account manager is set in Partner CRM Settings, so nobody was asked to take the client over."
			),
			alert=True,
			indicator="orange",
		)
		return
	description = _("Take over the client {0}").format(name_of(deal))
	task = {"doctype": deal.doctype, "name": deal.name, "assign_to": [manager], "description": description}
	# The task is the account manager's, whatever the seller may see of his list.
	assign_to.add(task, ignore_permissions=True)


def _pluck(doctype: str, field: str, **filters) -> list[str]:
	return frappe.get_all(doctype, filters=filters, pluck=field, order_by="creation asc")
