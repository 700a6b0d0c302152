"""A partner's right to a client: registered by leads, held once, lapsing by itself, changed by the head of sales."""

from __future__ import annotations

from decimal import Decimal

import frappe

from partner_crm.services import claims
from tests.factories import make_contact, make_full_counterparty, make_lead, make_partner, make_program


def registered(**fields):
	return make_lead(**fields)


def claim_of(lead):
	return frappe.get_doc("Partner Claim", lead.claim)


def test_a_lead_with_a_programme_and_a_partner_registers_its_client():
	program, partner = make_program(attribution_days=30).name, make_partner()
	contact, counterparty = make_contact().name, make_full_counterparty().name

	lead = registered(
		contact=contact,
		counterparty=counterparty,
		program=program,
		partner=partner,
		registered_on="2026-03-01",
	)

	claim = claim_of(lead)
	assert (claim.program, claim.partner, claim.direction) == (program, partner, "Payable")
	assert (claim.contact, claim.counterparty, claim.lead) == (contact, counterparty, lead.name)
	assert str(claim.protected_until) == "2026-03-31"
	assert claims.shares_of(lead.claim, None) == ((partner, Decimal(100)),)


def test_without_a_claim_the_partner_gets_all():
	assert claims.shares_of(None, "Alpha") == (("Alpha", Decimal(100)),)
