"""A partner's right to a client: registered by leads, held once, lapsing by itself, changed by the head of sales."""

from __future__ import annotations

from decimal import Decimal

import frappe
import pytest
from frappe.utils import add_days, getdate, nowdate

from partner_crm import api
from partner_crm.services import claims, pairs
from partner_crm.services.claims import ClientClaimed
from partner_crm.services.self_referral import SelfReferral
from tests.factories import (
	make_contact,
	make_counterparty,
	make_deal,
	make_full_contact,
	make_full_counterparty,
	make_interaction,
	make_lead,
	make_partner,
	make_program,
	make_user_row,
)

TAKEN = (
	"This client is registered for the programme <strong>Growth</strong> already, and nobody else can register him"
	" now. Ask Head."
)
HEAD = "head@staff.example"
SELLER = "seller@staff.example"


@pytest.fixture(autouse=True)
def office():
	"""A head of sales, whom refusals name, and a sales manager."""
	frappe.db.set_value("User", {"name": ("not in", ("Administrator", "Guest"))}, "enabled", 0)
	frappe.db.set_value("User", "Administrator", "full_name", "")
	make_user_row(HEAD, ("Partner CRM Manager",)).db_set("full_name", "Head")
	make_user_row(SELLER)


@pytest.fixture
def growth():
	return make_program(title="Growth", attribution_days=30).name


@pytest.fixture
def client():
	return {"contact": make_full_contact().name, "counterparty": make_full_counterparty().name}


@pytest.fixture
def alpha():
	return make_partner("Alpha")


@pytest.fixture
def beta():
	return make_partner("Beta")


def claim_of(lead):
	return frappe.get_doc("Partner Claim", lead.claim)


def states() -> list[tuple]:
	rows = frappe.get_all(
		"Partner Claim",
		fields=["partner", "status"],
		order_by="registered_on asc, creation asc",
		as_list=True,
	)
	return [tuple(row) for row in rows]


def comments_on(claim) -> list[str]:
	filters = {"reference_doctype": "Partner Claim", "reference_name": claim.name, "comment_type": "Info"}
	return frappe.get_all("Comment", filters, pluck="content", order_by="creation asc")


def later(days: int) -> str:
	return add_days(nowdate(), days)


# Registration


def test_a_lead_with_a_programme_and_a_partner_registers_its_client(growth, alpha, client):
	lead = make_lead(**client, program=growth, partner=alpha, registered_on=later(-10), responsible=SELLER)

	claim = claim_of(lead)
	assert (claim.program, claim.partner, claim.direction) == (growth, alpha, "Payable")
	assert (claim.contact, claim.counterparty, claim.client) == (*client.values(), client["counterparty"])
	assert (claim.lead, claim.responsible, claim.company) == (lead.name, SELLER, lead.company)
	assert (claim.channel, claim.region) == ("Website", "Test Region")
	assert (claim.registered_on, claim.protected_until) == (getdate(later(-10)), getdate(later(20)))
	assert claim.client_title == lead.lead_title
	assert states() == [(alpha, "Active")]
	assert claims.shares_of(lead.claim, "Somebody") == ((alpha, Decimal(100)),)


def test_instant_capture_registers_the_cards_that_it_makes(growth, alpha):
	lead = make_lead(
		first_name="Anna", last_name="Petrova", company_name="Acme", program=growth, partner=alpha
	)

	claim = claim_of(lead)
	assert (claim.contact, claim.counterparty) == (lead.contact, lead.counterparty)
	assert claim.client_title == "Anna Petrova · Acme"


def test_a_person_is_the_client_where_there_is_no_company(growth, alpha):
	lead = make_lead(first_name="Anna", last_name="Petrova", is_individual=1, program=growth, partner=alpha)
	assert claim_of(lead).client == lead.contact


def test_without_programme_or_partner_nothing_is_registered(growth, alpha, client):
	assert not make_lead(**client).claim
	assert not make_lead(**client, partner=alpha).claim
	assert not make_lead(**client, program=growth).claim
	assert states() == []
	assert claims.shares_of(None, alpha) == ((alpha, Decimal(100)),)


def test_a_programme_that_pays_us_is_claimed_by_nobody_else(client):
	program = make_program(direction="Receivable", attribution_days=0).name

	first = make_lead(**client, program=program, track="Referral")
	second = make_lead(**client, program=program, track="Referral")

	claim = claim_of(first)
	assert (claim.direction, claim.partner, claim.protected_until) == ("Receivable", None, None)
	assert second.claim == first.claim
	assert claims.shares_of(first.claim, None) == ((None, Decimal(100)),)


def test_the_partner_who_holds_the_client_goes_on_with_his_claim(growth, alpha, client):
	first = make_lead(**client, program=growth, partner=alpha)
	second = make_lead(
		contact=make_full_contact().name, counterparty=client["counterparty"], program=growth, partner=alpha
	)
	assert second.claim == first.claim
	assert states() == [(alpha, "Active")]


def test_a_second_partner_is_refused_without_learning_who_holds_the_client(growth, alpha, beta, client):
	make_lead(**client, program=growth, partner=alpha)
	leads = frappe.db.count("Partner Lead")

	frappe.set_user(SELLER)
	with pytest.raises(ClientClaimed) as refusal:
		make_lead(**client, program=growth, partner=beta)
	frappe.set_user("Administrator")

	assert str(refusal.value) == TAKEN
	assert states() == [(alpha, "Active")]
	assert frappe.db.count("Partner Lead") == leads


def test_the_head_of_sales_is_led_to_the_claim(growth, alpha, beta, client):
	lead = make_lead(**client, program=growth, partner=alpha)

	frappe.set_user(HEAD)
	with pytest.raises(ClientClaimed, match="The claim: <a href=") as refusal:
		make_lead(**client, program=growth, partner=beta)

	assert lead.claim in str(refusal.value)
	assert alpha not in str(refusal.value)


def test_what_a_refused_capture_has_made_is_gone_with_it(growth, alpha, beta):
	make_lead(
		first_name="Anna", company_name="Acme Group", email="anna@acme.example", program=growth, partner=alpha
	)
	before = [frappe.db.count(doctype) for doctype in ("Contact", "Partner Lead", "Identity Key")]

	company = frappe.db.get_value("Counterparty", {"title": "Acme Group"})
	with pytest.raises(ClientClaimed):
		make_lead(first_name="Boris", last_name="Ivanov", counterparty=company, program=growth, partner=beta)

	assert [frappe.db.count(doctype) for doctype in ("Contact", "Partner Lead", "Identity Key")] == before


def test_another_programme_is_another_claim(growth, alpha, beta, client):
	make_lead(**client, program=growth, partner=alpha)
	make_lead(**client, program=make_program().name, partner=beta)
	assert states() == [(alpha, "Active"), (beta, "Active")]


def test_a_company_does_not_take_a_person_from_the_partner_who_brought_him(growth, alpha, beta, client):
	make_lead(contact=client["contact"], is_individual=1, program=growth, partner=alpha)
	with pytest.raises(ClientClaimed):
		make_lead(**client, program=growth, partner=beta)

	lead = make_lead(**client, program=growth, partner=alpha)
	assert claim_of(lead).client == client["counterparty"]


def test_a_company_that_is_entered_later_is_registered_then(growth, alpha, beta, client):
	lead = make_lead(contact=client["contact"], program=growth, partner=alpha)
	of_person = lead.claim
	lead.counterparty = client["counterparty"]
	lead.save()
	assert lead.claim != of_person
	assert claim_of(lead).client == client["counterparty"]

	other = make_lead(contact=make_full_contact().name, program=growth, partner=beta)
	other.counterparty = client["counterparty"]
	with pytest.raises(ClientClaimed):
		other.save()


def test_a_deal_stands_under_the_claim_of_its_lead(growth, alpha, client):
	lead = ready_lead(client, program=growth, partner=alpha)
	deal = make_deal(lead)
	assert (deal.claim, deal.partner) == (lead.claim, alpha)
	assert states() == [(alpha, "Active")]


def test_a_deal_that_names_another_partner_registers_it_or_is_refused(growth, alpha, beta, client):
	make_lead(**client, program=growth, partner=alpha)
	lead = ready_lead(client)
	with pytest.raises(ClientClaimed):
		make_deal(lead, program=growth, partner=beta)

	other = ready_lead({"contact": make_full_contact().name, "counterparty": make_full_counterparty().name})
	deal = make_deal(other, program=growth, partner=beta)
	assert claim_of(deal).lead == other.name


def ready_lead(client, **fields):
	lead = make_lead(
		**client,
		product_group="Services",
		additional_information="Asked for a brochure",
		interest="Warm",
		brief_received_on="2026-01-05",
		**fields,
	)
	lead.stage = "MQL"
	lead.save()
	make_interaction(contact=lead.contact, lead=lead.name)
	return lead


def test_only_the_head_of_sales_takes_programme_or_partner_from_a_registered_lead(
	growth, alpha, beta, client
):
	lead = make_lead(**client, program=growth, partner=alpha, responsible=SELLER)

	frappe.set_user(SELLER)
	for change in ({"partner": None}, {"partner": beta}, {"program": None}):
		changed = frappe.get_doc("Partner Lead", lead.name).update(change)
		with pytest.raises(frappe.PermissionError) as refusal:
			changed.save()
		assert str(refusal.value) == (
			f"<strong>{lead.lead_title}</strong> is registered under a claim: only the head of sales can change its"
			" programme or partner."
		)

	frappe.set_user(HEAD)
	lead = frappe.get_doc("Partner Lead", lead.name).update({"program": None, "partner": None})
	assert lead.save().claim is None
	assert states() == [(alpha, "Active")]


# Its end


def test_a_claim_that_is_over_is_expired_by_whoever_meets_it(growth, alpha, beta, client):
	make_lead(**client, program=growth, partner=alpha, registered_on=later(-30))
	with pytest.raises(ClientClaimed):  # the last day counts
		make_lead(**client, program=growth, partner=beta)

	frappe.db.set_value("Partner Claim", {"partner": alpha}, "protected_until", later(-1))
	make_lead(**client, program=growth, partner=beta)

	assert states() == [(alpha, "Expired"), (beta, "Active")]


def test_a_partner_whose_claim_is_over_registers_the_client_anew(growth, alpha, client):
	old = make_lead(**client, program=growth, partner=alpha, registered_on=later(-31))
	new = make_lead(**client, program=growth, partner=alpha)
	assert old.claim != new.claim
	assert states() == [(alpha, "Expired"), (alpha, "Active")]


def test_what_was_registered_while_the_claim_held_stays_so(growth, alpha, beta, client):
	lead = make_lead(contact=client["contact"], program=growth, partner=alpha, registered_on=later(-40))
	make_lead(contact=client["contact"], program=growth, partner=beta)

	lead.utm_source = "ads"
	lead.save()
	lead.region = make_counterparty().region
	lead.contact = client["contact"]
	lead.save()

	assert claim_of(lead).partner == alpha
	assert states() == [(alpha, "Expired"), (beta, "Active")]


def test_the_past_is_told_without_disturbing_who_holds_the_client_now(growth, alpha, beta, client):
	make_lead(**client, program=growth, partner=alpha)
	past = make_lead(**client, program=growth, partner=beta, registered_on=later(-100), is_historical=1)
	assert claim_of(past).status == "Expired"

	with pytest.raises(ClientClaimed):  # Beta held the client on that day
		make_lead(**client, program=growth, partner=alpha, registered_on=later(-90), is_historical=1)


def test_the_night_expires_what_is_over(growth, alpha):
	over, holds = (make_lead(program=growth, partner=alpha) for _ in range(2))
	frappe.db.set_value("Partner Claim", over.claim, "protected_until", later(-1))
	frappe.db.set_value("Partner Claim", holds.claim, "protected_until", nowdate())

	assert claims.expire_some(getdate(), most=1)
	assert not claims.expire_some(getdate(), most=1)

	assert [claim_of(lead).status for lead in (over, holds)] == ["Expired", "Active"]
	assert [claim_of(lead).claim_key is None for lead in (over, holds)] == [True, False]


def test_a_claim_ends_with_the_only_lead_that_it_was_made_for(growth, alpha, client):
	first = make_lead(**client, program=growth, partner=alpha)
	second = make_lead(**client, program=growth, partner=alpha)
	first.delete()
	assert (claim_of(second).status, claim_of(second).lead) == ("Active", None)

	second.delete()
	claim = claim_of(second)
	assert (claim.status, claim.claim_key) == ("Released", None)
	assert claim.reason == f"The lead {second.lead_title} was deleted."


# What the head of sales decides


@pytest.fixture
def claim(growth, alpha, client):
	lead = make_lead(**client, program=growth, partner=alpha, responsible=SELLER)
	frappe.set_user(HEAD)
	return claim_of(lead)


def test_a_claim_is_extended_with_a_reason(claim):
	was = claim.protected_until
	claim.update({"protected_until": later(60), "reason": "The tender was put off"})
	claim.save(ignore_version=False)

	assert claim_of(frappe._dict(claim=claim.name)).protected_until == getdate(later(60))
	until, before = (frappe.utils.format_date(day) for day in (later(60), was))
	assert comments_on(claim) == [
		f"Holds until <strong>{until}</strong>; before, until <strong>{before}</strong>."
		" Reason: The tender was put off"
	]
	(version,) = frappe.get_all("Version", {"docname": claim.name}, pluck="data", order_by="creation asc")
	assert frappe.utils.format_date(was) in version


def test_a_reassigned_claim_takes_its_open_leads_along(claim, growth, alpha, client):
	beta = make_partner_as_administrator("Beta")
	lead = frappe.get_doc("Partner Lead", claim.lead)

	claim.update({"partner": beta, "reason": "Alpha has given up"}).save()

	assert frappe.db.get_value("Partner Lead", lead.name, "partner") == beta
	assert claims.shares_of(claim.name, alpha) == ((beta, Decimal(100)),)
	assert comments_on(claim) == [
		"Reassigned from <strong>Alpha</strong> to <strong>Beta</strong>. Reason: Alpha has given up"
	]
	with pytest.raises(ClientClaimed):
		make_lead(**client, program=growth, partner=alpha)


def test_a_split_claim_is_held_by_all_who_share_it(claim, growth, alpha, client):
	beta = make_partner_as_administrator("Beta")

	claim.append("shares", {"partner": alpha, "share": 60})
	claim.append("shares", {"partner": beta, "share": 33.5})
	claim.update({"reason": "Beta made the introduction"}).save()

	assert claims.shares_of(claim.name, None) == ((alpha, Decimal("60.0")), (beta, Decimal("33.5")))
	assert comments_on(claim) == [
		"Shares: <strong>Alpha</strong> 60 %, <strong>Beta</strong> 33.5 %; before: undivided."
		" Reason: Beta made the introduction"
	]
	assert make_lead(**client, program=growth, partner=beta).claim == claim.name


def test_a_released_client_is_free_and_the_claim_never_comes_back(claim, growth, alpha, client):
	beta = make_partner_as_administrator("Beta")
	claim.update({"status": "Released", "reason": "Alpha has closed down"}).save()
	make_lead(**client, program=growth, partner=beta)
	assert states() == [(alpha, "Released"), (beta, "Active")]

	claim = frappe.get_doc("Partner Claim", claim.name)
	for change in ({"status": "Active"}, {"status": "Expired"}, {"protected_until": later(90)}):
		with pytest.raises(frappe.ValidationError) as refusal:
			frappe.get_doc("Partner Claim", claim.name).update(change | {"reason": "Again"}).save()
		assert str(refusal.value) == (
			"This claim is Released and stays so: who brings the client again gets a new one."
		)


def make_partner_as_administrator(name: str) -> str:
	frappe.set_user("Administrator")
	try:
		return make_partner(name)
	finally:
		frappe.set_user(HEAD)


@pytest.mark.parametrize(
	("change", "message"),
	[
		({"partner": None}, ["Whose claim it is has to be said: choose the partner."]),
		(
			{"shares": [{"partner": "Alpha", "share": 70}, {"partner": "Beta", "share": 30.01}]},
			["The shares are <strong>100.01</strong> % together: 100 % is all there is."],
		),
		(
			{"shares": [{"partner": "Beta", "share": -5}, {"partner": "Beta", "share": 110}]},
			[
				"Row 1: a share has to be above 0 %.",
				"<strong>Beta</strong> has more than one share.",
				"<strong>Alpha</strong> holds the claim and has no share: give a share, or reassign the claim.",
				"The shares are <strong>105</strong> % together: 100 % is all there is.",
			],
		),
		(
			{"protected_until": "1999-01-01"},
			"A claim can't be made to end in the past. To end it at once, release it.",
		),
		(
			{"status": "Expired"},
			"A claim expires by itself, after its last day. To end it before, release it.",
		),
	],
)
def test_what_can_not_be_decided(claim, change, message):
	make_partner_as_administrator("Beta")
	with pytest.raises(frappe.ValidationError) as refusal:
		claim.update(change | {"reason": "Because"}).save()
	told = (
		message
		if isinstance(message, str)
		else "".join(f"<li>{line}</li>" for line in message).join(("<ul>", "</ul>"))
	)
	assert str(refusal.value) == told
	assert comments_on(claim) == []


def test_each_decision_has_a_reason_of_its_own(claim):
	say_why = "Say why: write the reason of this decision, not of the one before."
	with pytest.raises(frappe.ValidationError) as refusal:
		claim.update({"protected_until": later(60)}).save()
	assert str(refusal.value) == say_why

	claim.reload()
	claim.update({"protected_until": later(60), "reason": "The tender was put off"}).save()
	with pytest.raises(frappe.ValidationError) as refusal:
		claim.update({"protected_until": later(90)}).save()
	assert str(refusal.value) == say_why


def test_only_the_head_of_sales_decides(claim):
	administrator = make_user_row("admin@staff.example", ("Partner CRM User", "System Manager")).name
	for user in (SELLER, administrator):
		frappe.set_user(user)
		with pytest.raises(frappe.PermissionError):
			frappe.get_doc("Partner Claim", claim.name).update(
				{"status": "Released", "reason": "Mine"}
			).save()

	row = {"parent": "Partner Claim", "role": "Partner CRM User", "permlevel": 0, "write": 1, "read": 1}
	frappe.get_doc({"doctype": "Custom DocPerm", **row}).insert(ignore_permissions=True)
	frappe.clear_cache(doctype="Partner Claim")
	frappe.set_user(SELLER)
	with pytest.raises(frappe.PermissionError) as refusal:  # whatever an administrator allows
		frappe.get_doc("Partner Claim", claim.name).update({"status": "Released", "reason": "Mine"}).save()
	assert str(refusal.value) == "Only the head of sales decides about claims."


def test_what_the_app_computes_is_nobody_s_to_type(claim):
	key, client = claim.claim_key, claim.client
	claim.update(
		{"claim_key": None, "client": "Other", "client_title": "Other", "direction": "Receivable"}
	).save()
	claim.reload()
	assert (claim.claim_key, claim.client, claim.direction) == (key, client, "Payable")
	assert claim.client_title != "Other"


def test_the_head_of_sales_registers_a_client_by_hand(growth, alpha, client):
	frappe.set_user(HEAD)
	typed = {"doctype": "Partner Claim", "program": growth, "partner": alpha}
	claim = frappe.get_doc(typed | client).insert()
	assert (claim.status, claim.protected_until) == ("Active", getdate(later(30)))
	assert make_lead(**client, program=growth, partner=alpha).claim == claim.name

	with pytest.raises(ClientClaimed):
		frappe.get_doc(typed | client).insert()
	with pytest.raises(frappe.ValidationError) as refusal:
		frappe.get_doc(typed).insert()
	assert "A claim is to a client: choose the contact or the counterparty." in str(refusal.value)


# The partner himself


def link_to_partner(contact: str, doctype: str, name: str) -> None:
	card = frappe.get_doc("Contact", contact)
	card.append("links", {"link_doctype": doctype, "link_name": name})
	card.save()


def make_supplier(name: str, **fields) -> str:
	supplier = {"doctype": "Supplier", "supplier_name": name, "supplier_group": "All Supplier Groups"}
	return frappe.get_doc(supplier | fields).insert().name


def refusal_of(**fields) -> str:
	with pytest.raises(SelfReferral) as refusal:
		make_lead(**fields)
	return str(refusal.value)


BROUGHT_HIMSELF = "Nobody is paid for bringing himself."


def test_a_partner_s_own_contact_is_no_client_of_his(growth, alpha, client):
	link_to_partner(client["contact"], "Sales Partner", alpha)
	name = frappe.db.get_value("Contact", client["contact"], "full_name")
	assert refusal_of(**client, program=growth, partner=alpha) == (
		f"<ul><li><strong>{name}</strong> is a card of the partner <strong>Alpha</strong>.</li></ul>{BROUGHT_HIMSELF}"
	)


def test_who_is_the_same_person_as_the_partner_s_contact_is_no_client_of_his(growth, alpha, client):
	anna = {"first_name": "Anna", "last_name": "Petrova", "pcrm_birth_date": "1990-05-05"}
	his = make_contact("anna@alpha.example", pcrm_managed=0, **anna)
	link_to_partner(his.name, "Supplier", make_supplier("Alpha Trade"))
	frappe.db.set_value("Sales Partner", alpha, "pcrm_supplier", "Alpha Trade")

	card = make_contact("petrova@elsewhere.example", **anna)

	assert refusal_of(contact=card.name, program=growth, partner=alpha) == (
		"<ul><li><strong>Anna Petrova</strong> and the partner <strong>Alpha</strong> have the same name, birth date."
		f"</li></ul>{BROUGHT_HIMSELF}"
	)


def test_the_company_of_the_partner_s_supplier_is_no_client_of_his(growth, alpha):
	supplier = make_supplier("Alpha Trade", tax_id="7707083893")
	frappe.db.set_value("Sales Partner", alpha, "pcrm_supplier", supplier)
	company = make_counterparty(title="Something else", tax_id="7707083893")
	assert refusal_of(first_name="Anna", counterparty=company.name, program=growth, partner=alpha) == (
		"<ul><li><strong>Something else</strong> and the partner <strong>Alpha</strong> have the same tax ID.</li></ul>"
		+ BROUGHT_HIMSELF
	)


def test_name_and_site_tell_that_a_company_is_the_partner_s(growth, client):
	partner = make_partner("Omega Media", partner_website="https://www.omega.example/about")
	company = make_counterparty(title="OMEGA MEDIA LLC", website="omega.example").name
	contacts = frappe.db.count("Contact")
	told = refusal_of(first_name="Anna", counterparty=company, program=growth, partner=partner)
	assert (
		"<strong>OMEGA MEDIA LLC</strong> and the partner <strong>Omega Media</strong> have the same company title, internet domain."
		in told
	)
	assert states() == []
	assert frappe.db.count("Contact") == contacts


def test_another_contact_on_the_lead_is_looked_at_again(growth, alpha, client):
	lead = make_lead(**client, program=growth, partner=alpha)
	his = make_contact()
	link_to_partner(his.name, "Sales Partner", alpha)
	lead.contact = his.name
	with pytest.raises(SelfReferral):
		lead.save()


def test_namesakes_are_told_apart_here_too(growth, alpha):
	name = {"first_name": "Anna", "last_name": "Petrova"}
	his = make_contact("anna@alpha.example", pcrm_birth_date="1990-05-05", phone="+7 701 123 45 67", **name)
	link_to_partner(his.name, "Sales Partner", alpha)
	other = make_contact(
		"other@client.example", pcrm_birth_date="1990-05-05", first_name="Other", last_name="One"
	)
	pairs.tell_apart("Contact", his.name, other.name, "Namesakes")
	other.update(name).save()

	assert make_lead(contact=other.name, program=growth, partner=alpha).claim


def test_money_does_not_go_in_a_circle(alpha, client):
	owner = make_counterparty(title="Owner", tax_id="7707083893").name
	program = make_program(counterparty=owner).name
	assert refusal_of(contact=client["contact"], counterparty=owner, program=program, partner=alpha) == (
		"<ul><li><strong>Owner</strong> owns the programme, and can't be brought to it as a client.</li></ul>"
		+ BROUGHT_HIMSELF
	)

	supplier = make_supplier("Owner Trade")
	frappe.db.set_value("Sales Partner", alpha, "pcrm_supplier", supplier)
	frappe.db.set_value("Counterparty", owner, "supplier", supplier)
	assert refusal_of(**client, program=program, partner=alpha) == (
		f"<ul><li><strong>Owner</strong> is a card of the partner <strong>Alpha</strong>.</li></ul>{BROUGHT_HIMSELF}"
	)


def test_a_claim_is_not_reassigned_to_its_own_client(claim):
	frappe.set_user("Administrator")
	beta = make_partner("Beta")
	link_to_partner(claim.contact, "Sales Partner", beta)
	frappe.set_user(HEAD)
	with pytest.raises(SelfReferral):
		claim.update({"partner": beta, "reason": "He asks for it"}).save()


# Cards and programmes that become one


def test_of_two_merged_clients_the_one_registered_first_stays_claimed(growth, alpha, beta):
	kept, lost = make_full_counterparty().name, make_full_counterparty().name
	late = make_lead(first_name="Anna", counterparty=kept, program=growth, partner=beta)
	early = make_lead(
		first_name="Boris", counterparty=lost, program=growth, partner=alpha, registered_on=later(-5)
	)

	told = api.merge_preview("Counterparty", kept, lost)
	(line,) = told["consequences"]
	assert line.startswith("Both are registered for the programme <strong>Growth</strong>: <a href=")
	assert line.index(early.claim) < line.index(late.claim)
	frappe.set_user(SELLER)
	assert claims.consequences_of_merge("counterparty", kept, lost) == [
		"Both are registered for the programme <strong>Growth</strong>: a claim that you may not see holds on,"
		" a claim that you may not see is released."
	]
	frappe.set_user("Administrator")

	api.merge_cards("Counterparty", kept, lost)

	assert states() == [(alpha, "Active"), (beta, "Released")]
	assert claim_of(early).claim_key == f"{growth}|{kept}"
	assert (
		claim_of(late).reason == "The client was registered before: two cards or programmes have become one."
	)
	assert {claim_of(lead).client for lead in (early, late)} == {kept}
	assert frappe.db.get_value("Partner Lead", late.name, "claim") == late.claim
	with pytest.raises(ClientClaimed):
		make_lead(first_name="Clara", counterparty=kept, program=growth, partner=beta)


def test_a_claim_that_is_over_does_not_stand_in_the_way_of_a_merge(growth, alpha, beta):
	kept, lost = make_full_counterparty().name, make_full_counterparty().name
	over = make_lead(first_name="Anna", counterparty=kept, program=growth, partner=alpha)
	holds = make_lead(first_name="Boris", counterparty=lost, program=growth, partner=beta)
	frappe.db.set_value("Partner Claim", over.claim, "protected_until", later(-1))

	assert api.merge_preview("Counterparty", kept, lost)["consequences"] == []
	api.merge_cards("Counterparty", kept, lost)

	assert (claim_of(over).status, claim_of(over).claim_key) == ("Expired", None)
	assert (claim_of(holds).status, claim_of(holds).claim_key) == ("Active", f"{growth}|{kept}")


def test_persons_are_merged_with_their_claims(growth, alpha):
	kept, lost = make_contact().name, make_contact().name
	lead = make_lead(contact=lost, program=growth, partner=alpha)
	api.merge_cards("Contact", kept, lost)
	assert claim_of(lead).claim_key == f"{growth}|{kept}"


def test_a_renamed_programme_keeps_its_claims(growth, alpha, beta, client):
	lead = make_lead(**client, program=growth, partner=alpha)
	frappe.rename_doc("Partner Program", growth, "Growth 2")
	assert claim_of(lead).claim_key == f"Growth 2|{client['counterparty']}"
	with pytest.raises(ClientClaimed):
		make_lead(**client, program="Growth 2", partner=beta)


def test_merged_programmes_claim_a_client_once(growth, alpha, beta, client):
	make_lead(**client, program=growth, partner=alpha)
	make_lead(**client, program=make_program(title="Other").name, partner=beta)
	frappe.rename_doc("Partner Program", "Other", growth, merge=True)
	assert states() == [(alpha, "Active"), (beta, "Released")]


def test_a_renamed_partner_keeps_what_is_his(growth, alpha, beta, client):
	lead = make_lead(**client, program=growth, partner=alpha)
	frappe.rename_doc("Sales Partner", alpha, "Alpha 2")
	assert claims.shares_of(lead.claim, None) == (("Alpha 2", Decimal(100)),)
	assert make_lead(**client, program=growth, partner="Alpha 2").claim == lead.claim


# Terms

USED = (
	"<ul><li>Rows {0}: clients were registered or won under these terms, so terms and currency stay as they are."
	" End them today or later, and add their successors from the day after.</li></ul>"
)


def test_used_terms_are_only_ended_and_succeeded(growth, alpha, client):
	make_lead(**client, program=growth, partner=alpha)
	program = frappe.get_doc("Partner Program", growth)

	def refused(change) -> str:
		changed = frappe.get_doc("Partner Program", growth)
		change(changed)
		with pytest.raises(frappe.ValidationError) as refusal:
			changed.save()
		return str(refusal.value)

	row = {"basis": "Fixed", "value": 100, "valid_from": "2026-01-01"}
	for change in (
		lambda doc: doc.terms[0].update({"value": 50}),
		lambda doc: doc.terms[0].update({"valid_from": "2026-02-01"}),
		lambda doc: doc.terms[0].update({"valid_to": later(-1)}),
		lambda doc: doc.set("terms", []),
		lambda doc: doc.set("terms", [row | {"cap": 50}]),
		lambda doc: doc.update({"currency": "EUR"}),
	):
		assert refused(change) == USED.format(1)
	assert "its direction stays" in refused(lambda doc: doc.update({"direction": "Receivable"}))

	program.terms[0].valid_to = nowdate()
	program.append("terms", row | {"value": 50, "valid_from": later(1)})
	program.save()
	program.terms[1].value = 60  # nobody was registered by these yet
	program.set("terms", [{**term.as_dict(), "name": None} for term in program.terms])  # as REST sends them
	program.save()
	assert [term.value for term in program.terms] == [100, 60]


def test_terms_that_nobody_has_used_can_be_changed(growth):
	program = frappe.get_doc("Partner Program", growth)
	program.terms[0].value = 50
	program.update({"currency": "EUR", "direction": "Receivable"})
	program.save()
	assert frappe.db.get_value("Partner Program Term", program.terms[0].name, "value") == 50
