"""What winning a deal and handing over its client leave behind in ERPNext."""

from __future__ import annotations

import frappe
import pytest

from partner_crm.api import missing_for_stage
from partner_crm.services.refusals import StageRefused
from partner_crm.services.winning import NoCustomer
from tests.factories import (
	FOR_CLIENT,
	FOR_NEGOTIATION,
	make_deal,
	make_full_contact,
	make_full_counterparty,
	make_ready_mql,
	make_user,
)

FOR_HANDOVER = {
	"Contact": {"pcrm_birth_date": "1980-02-03"},
	"Counterparty": {"phone": "+77272581234", "industry_holiday": "1 April", "founded_on": "2001-05-06"},
}


@pytest.fixture(autouse=True)
def defaults():
	_set_defaults("Commercial", "Rest Of The World")


def _set_defaults(group, territory):
	frappe.db.set_single_value("Selling Settings", {"customer_group": group, "territory": territory})
	frappe.clear_document_cache("Selling Settings", "Selling Settings")


def make_negotiation(**fields):
	deal = make_deal(make_ready_mql(**fields))
	deal.update({"stage": "Negotiation", **FOR_NEGOTIATION})
	return deal.save()


def win(deal):
	deal.update({"stage": "Client", **FOR_CLIENT})
	return deal.save()


def make_customer(name, **fields):
	return frappe.get_doc({"doctype": "Customer", "customer_name": name, **fields}).insert()


def make_address(card):
	return frappe.get_doc(
		{
			"doctype": "Address",
			"address_title": card.title,
			"address_line1": "Abay Avenue 1",
			"city": "Almaty",
			"country": "Kazakhstan",
			"links": [{"link_doctype": "Counterparty", "link_name": card.name}],
		}
	).insert()


def customers_of(doctype, name):
	"""The customers among the links of a contact or an address."""
	return frappe.get_all(
		"Dynamic Link",
		{"parenttype": doctype, "parent": name, "link_doctype": "Customer"},
		pluck="link_name",
		order_by="idx",
	)


def labels_of_missing(deal, stage):
	return {gap["label"] for gap in missing_for_stage("Partner Deal", deal.name, stage)}


def stored(doc, field):
	return frappe.db.get_value(doc.doctype, doc.name, field)


def test_a_new_customer_is_made_of_the_counterparty():
	company = make_full_counterparty(tax_id="123456789012", client_group="Government")

	deal = win(make_negotiation(counterparty=company.name))

	made = frappe.get_doc("Customer", stored(deal, "customer"))
	assert (made.customer_name, made.customer_type, made.tax_id) == (company.title, "Company", company.tax_id)
	assert (made.customer_group, made.territory) == ("Government", company.region)
	assert stored(company, "customer") == made.name


def test_the_contact_and_the_addresses_become_the_customers_once():
	company = make_full_counterparty()
	address = make_address(company)

	deal = win(make_negotiation(counterparty=company.name))
	deal.reload()
	deal.key_learnings = "Price was not the point"
	deal.save()

	assert customers_of("Contact", deal.contact) == [deal.customer]
	assert customers_of("Address", address.name) == [deal.customer]
	assert frappe.db.count("Customer", {"customer_name": company.title}) == 1


def test_the_customer_of_the_counterparty_comes_first():
	customer = make_customer("Known Under Another Name")
	company = make_full_counterparty(customer=customer.name)

	assert stored(win(make_negotiation(counterparty=company.name)), "customer") == customer.name
	assert not frappe.db.exists("Customer", company.title)


def test_a_customer_with_the_same_tax_id_is_the_same_company():
	customer = make_customer("Known Under Another Name", tax_id="123456789012")
	company = make_full_counterparty(tax_id="123456789012")

	assert stored(win(make_negotiation(counterparty=company.name)), "customer") == customer.name
	assert stored(company, "customer") == customer.name


def test_a_customer_with_the_same_name_is_the_same_company_where_nothing_speaks_against_it():
	company = make_full_counterparty(tax_id="123456789012")
	customer = make_customer(company.title)

	assert stored(win(make_negotiation(counterparty=company.name)), "customer") == customer.name


def test_another_company_of_the_same_name_is_neither_taken_nor_numbered():
	company = make_full_counterparty(tax_id="123456789012")
	make_customer(company.title, tax_id="999999999999")
	deal = make_negotiation(counterparty=company.name)

	with pytest.raises(NoCustomer, match="seems to be another company"):
		win(deal)

	assert frappe.db.count("Customer", {"customer_name": company.title}) == 1
	assert stored(deal, "stage") == "Negotiation"


def test_the_customer_of_another_counterparty_is_not_taken():
	company = make_full_counterparty()
	customer = make_customer(company.title)
	make_full_counterparty(customer=customer.name)

	with pytest.raises(NoCustomer):
		win(make_negotiation(counterparty=company.name))


def test_among_several_customers_with_one_tax_id_somebody_has_to_choose():
	for branch in ("Branch North", "Branch South"):
		make_customer(branch, tax_id="123456789012")
	company = make_full_counterparty(tax_id="123456789012")

	with pytest.raises(NoCustomer, match="several customers"):
		win(make_negotiation(counterparty=company.name))


def test_everything_that_a_customer_lacks_is_named_at_once():
	_set_defaults(None, None)
	deal = make_negotiation(is_individual=1, contact=make_full_contact().name)

	with pytest.raises(NoCustomer, match=r"Deal: .*Region.*Contact: .*Group"):
		win(deal)

	assert stored(deal, "stage") == "Negotiation"


def test_the_form_knows_beforehand_what_a_customer_lacks():
	_set_defaults(None, None)
	deal = make_negotiation(is_individual=1, contact=make_full_contact().name)

	assert {"Region", "Group", "Contract signed on"} <= labels_of_missing(deal, "Client")
	_set_defaults("Commercial", "Rest Of The World")
	assert not {"Region", "Group"} & labels_of_missing(deal, "Client")


def test_the_form_of_a_won_deal_knows_what_the_handover_needs():
	deal = win(make_negotiation())

	assert {"Birth date", "Industry holiday"} <= labels_of_missing(deal, "Handed Over")


def test_a_refusal_of_erpnext_leaves_nothing_written():
	company = make_full_counterparty(title="Commercial")  # ERPNext wants no customer named like a group
	deal = make_negotiation(counterparty=company.name)

	with pytest.raises(frappe.NameError):
		win(deal)

	assert stored(deal, "stage") == "Negotiation"
	assert not frappe.db.exists("Customer", "Commercial")
	assert not frappe.db.exists("Stage Change", {"reference_name": deal.name, "to_stage": "Client"})


def test_a_private_person_becomes_an_individual_customer():
	contact = make_full_contact()

	deal = win(make_negotiation(is_individual=1, contact=contact.name))

	made = frappe.get_doc("Customer", stored(deal, "customer"))
	assert (made.customer_name, made.customer_type) == (contact.full_name, "Individual")
	assert customers_of("Contact", contact.name) == [made.name]


def test_a_private_person_is_known_by_the_links_of_the_contact():
	customer = make_customer("Anna the Private Client", customer_type="Individual")
	employer = make_customer("Where Anna Works")
	links = [{"link_doctype": "Customer", "link_name": name} for name in (employer.name, customer.name)]
	contact = make_full_contact(links=links)

	deal = win(make_negotiation(is_individual=1, contact=contact.name))

	assert stored(deal, "customer") == customer.name


def test_a_sales_manager_wins_without_rights_to_customers():
	manager = make_user().name
	deal = make_negotiation(responsible=manager)

	frappe.set_user(manager)
	win(frappe.get_doc("Partner Deal", deal.name))
	frappe.set_user("Administrator")

	assert stored(deal, "customer")


# Handing over


def make_client_to_hand_over():
	contact = make_full_contact(
		phone="+77011234567",
		email_ids=[
			{"email_id": "anna@client.example", "is_primary": 1},
			{"email_id": "anna.private@mail.example"},
		],
		**FOR_HANDOVER["Contact"],
	)
	company = make_full_counterparty(
		email="office@client.example",
		additional_emails=[{"email": "sales@client.example"}],
		additional_titles=[{"title": "Client Group"}],
		**FOR_HANDOVER["Counterparty"],
	)
	return win(make_negotiation(contact=contact.name, counterparty=company.name))


def hand_over(deal, on=None):
	deal.reload()
	deal.handed_over_on = on or frappe.utils.today()
	return deal.save()


def handovers(deal):
	return frappe.db.count("Client Interaction", {"deal": deal.name, "kind": "Handover"})


def tasks(deal):
	return frappe.get_all("ToDo", {"reference_name": deal.name}, pluck="allocated_to", order_by=None)


def test_handing_over_is_an_interaction_and_a_task_for_the_account_manager():
	manager = make_user().name
	frappe.db.set_value("Notification Settings", manager, "enabled", 0)
	frappe.db.set_single_value("Partner CRM Settings", "account_manager", manager)
	frappe.clear_document_cache("Partner CRM Settings", "Partner CRM Settings")
	deal = make_client_to_hand_over()

	hand_over(deal)
	deal.reload()
	deal.save()

	assert (handovers(deal), tasks(deal)) == (1, [manager])


def test_without_an_account_manager_the_user_is_told_that_nobody_has_the_task():
	deal = make_client_to_hand_over()

	hand_over(deal)

	assert (handovers(deal), tasks(deal)) == (1, [])
	assert "nobody was asked" in frappe.message_log[-1].message


def test_what_account_management_needs_holds_up_the_handover_but_not_the_winning():
	deal = win(make_negotiation())

	with pytest.raises(StageRefused, match=r"Industry holiday.*Date of foundation"):
		hand_over(deal)

	assert handovers(deal) == 0


def test_only_a_client_is_handed_over():
	with pytest.raises(StageRefused, match="Only a won deal"):
		hand_over(make_negotiation())


def test_nobody_is_handed_over_in_the_future():
	deal = make_client_to_hand_over()

	with pytest.raises(frappe.ValidationError, match="in the future"):
		hand_over(deal, frappe.utils.add_days(frappe.utils.today(), 1))
