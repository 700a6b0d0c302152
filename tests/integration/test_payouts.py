"""What the terms of a programme make of a client who is won, and of all that happens to him afterwards."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import frappe
import pytest

from partner_crm.services import merging, payouts
from tests.factories import (
	make_counterparty,
	make_partner,
	make_payout,
	make_program,
	make_row,
	make_won_deal,
)

TODAY = date(2026, 1, 25)
TERM = {"basis": "Fixed", "value": 100, "valid_from": "2026-01-01"}


def program(*terms, **fields) -> str:
	rows = [TERM | term for term in terms] or [TERM]
	return make_program(terms=rows, **fields).name


def won(program: str, partner: str | None = None, **fields):
	return make_won_deal(program=program, partner=partner or make_partner(), **fields)


def settle(deal, today: date = TODAY) -> None:
	payouts.settle(deal.doctype, deal.name, today)


def ledger(deal, *columns: str) -> list[tuple]:
	columns = columns or ("instalment", "amount", "status")
	field = "deal" if deal.doctype == "Partner Deal" else "lead"
	payout = frappe.qb.DocType("Payout")
	rows = (
		frappe.qb.from_(payout)
		.select(*[payout[name] for name in columns])
		.where(payout[field] == deal.name)
		.orderby(payout.creation)
		.orderby(payout.instalment)
		.orderby(payout.partner)
	)
	return [tuple(row) for row in rows.run()]


def total(deal) -> Decimal:
	return sum((Decimal(str(amount)) for (amount,) in ledger(deal, "amount")), Decimal(0))


def change(deal, **fields) -> None:
	"""Another fact, without the work of a save."""
	frappe.db.set_value(deal.doctype, deal.name, fields)


# Born when the client is won


def test_a_fixed_reward():
	deal = won(program(hold_days=10, due_days=20))

	settle(deal)

	(row,) = frappe.get_all("Payout", {"deal": deal.name}, ["*"])
	assert (row.amount, row.currency, row.base_amount, row.conversion_rate) == (100, "USD", 100, 1)
	assert (row.status, row.direction, row.instalment) == ("Expected", "Payable", 1)
	assert (row.won_on, row.hold_until, row.due_on) == (
		date(2026, 1, 20),
		date(2026, 1, 30),
		date(2026, 2, 19),
	)
	assert (row.basis, row.rate, row.basis_amount, row.share) == ("Fixed", 0, 1000, 100)
	assert (row.client, row.client_title, row.company) == (deal.contact, deal.deal_title, deal.company)
	assert (row.root, row.reversal_of, row.days_to_client) == (row.name, None, 10)
	assert row.payout_key == f"{deal.name}|{deal.program}|{deal.partner}|1|0"


def test_run_again_it_issues_nothing():
	deal = won(program())

	settle(deal)
	settle(deal)

	assert ledger(deal) == [(1, 100, "Confirmed")]


def test_a_percentage_of_the_deal_in_instalments_that_add_up_to_it():
	deal = won(program({"basis": "Percent of Deal", "value": 10, "recurring_months": 3}), amount=1000.10)

	settle(deal)

	assert ledger(deal, "instalment", "amount", "hold_until") == [
		(1, 33.34, date(2026, 1, 20)),
		(2, 33.34, date(2026, 2, 20)),
		(3, 33.33, date(2026, 3, 20)),
	]


def shared_deal() -> tuple:
	"""Won for two partners, who have 60 and 30 per cent."""
	name, first, second = program(), make_partner(), make_partner()
	shares = [{"partner": first, "share": 60}, {"partner": second, "share": 30}]
	claim = make_row("Partner Claim", program=name, partner=first, status="Active", shares=shares)
	return won(name, first, claim=claim.name), first, second


def test_the_shares_of_a_split_claim():
	deal, first, second = shared_deal()

	settle(deal)

	assert dict(ledger(deal, "partner", "amount")) == {first: 60, second: 30}


def test_where_we_are_the_partner_ourselves():
	deal = won(program(direction="Receivable"))

	settle(deal)

	assert ledger(deal, "direction", "partner", "amount") == [("Receivable", None, 100)]


def test_a_referral_lead():
	lead = make_row(
		"Partner Lead",
		track="Referral",
		stage="Client",
		lead_title="Anna",
		program=program({"basis": "Percent of Deal", "value": 5}, direction="Receivable"),
		potential_value=300,
		currency="USD",
		won_on="2026-01-20",
		company=frappe.defaults.get_global_default("company"),
	)

	settle(lead)

	assert ledger(lead, "deal", "lead", "amount") == [(None, lead.name, 15)]


def test_without_terms_on_that_day_nothing_is_made_and_somebody_is_told():
	deal = won(program({"valid_from": "2026-02-01"}))

	settle(deal)

	assert ledger(deal) == []
	assert "has no terms in force" in frappe.message_log[-1]["message"]


def test_a_client_who_is_saved_again_once_terms_were_entered_has_his_payout():
	name = program({"valid_from": "2099-01-01"})
	deal = won(name)
	settle(deal)
	terms = frappe.get_doc("Partner Program", name)
	terms.terms[0].valid_from = "2020-01-01"
	terms.save()
	deal.reload()

	payouts.follow(deal)

	assert len(ledger(deal)) == 1


def test_without_a_partner_nobody_is_paid():
	deal = make_won_deal(program=program())

	settle(deal)

	assert ledger(deal) == []
	assert "none is named here" in frappe.message_log[-1]["message"]


# Other currencies


def exchange(from_currency: str, to_currency: str, rate: float, on: str = "2026-01-01") -> None:
	make_row(
		"Currency Exchange",
		from_currency=from_currency,
		to_currency=to_currency,
		exchange_rate=rate,
		date=on,
		for_buying=1,
		for_selling=1,
	)


def test_a_deal_in_another_currency_is_converted_at_the_rate_of_the_winning_day():
	exchange("KZT", "EUR", 0.002)
	exchange("EUR", "USD", 1.25)
	exchange("EUR", "USD", 9, "2026-01-21")
	name = program({"basis": "Percent of Deal", "value": 10}, currency="EUR")
	deal = won(name, amount=500_000, currency="KZT")

	settle(deal)

	assert ledger(deal, "basis_amount", "amount", "currency", "base_amount") == [(1000, 100, "EUR", 125)]


def test_a_missing_rate_is_named_and_the_payout_is_made_once_it_is_there():
	deal = won(program({"basis": "Percent of Deal", "value": 10}, currency="EUR"), currency="EUR")

	settle(deal)
	assert ledger(deal) == []
	assert "no exchange rate from EUR to USD" in frappe.message_log[-1]["message"]

	exchange("EUR", "USD", 1.25)
	settle(deal)
	assert ledger(deal, "amount", "base_amount") == [(100, 125)]


# What came before


def test_tiers_by_count_go_by_the_partners_clients():
	name = program({"value": 100, "tier_by": "Count"}, {"value": 150, "tier_by": "Count", "tier_from": 3})
	partner = make_partner()
	deals = [won(name, partner) for _ in range(3)] + [won(name)]

	for deal in deals:
		settle(deal)

	assert [total(deal) for deal in deals] == [100, 100, 150, 100]


def test_tiers_by_volume_and_their_parts():
	tiers = {"basis": "Percent of Deal", "tier_by": "Volume", "tier_mode": "Marginal"}
	name = program({"value": 10} | tiers, {"value": 20, "tier_from": 1500} | tiers)
	partner = make_partner()
	first, second = won(name, partner), won(name, partner)

	settle(first)
	settle(second)

	assert (total(first), total(second)) == (100, 150)
	assert ledger(second, "rate") == [(15,)]


def test_a_fixed_reward_is_paid_once_for_a_client():
	name, partner = program(), make_partner()
	first, second = (won(name, partner, contact="Anna") for _ in range(2))

	settle(first)
	settle(second)

	assert (ledger(first), ledger(second)) == ([(1, 100, "Confirmed")], [(1, 0, "Paid")])


def test_the_cap_of_a_client_holds_over_all_his_deals():
	name = program({"basis": "Percent of Deal", "value": 10, "cap": 150})
	first, second = (won(name, contact="Anna") for _ in range(2))

	settle(first)
	settle(second)

	assert (total(first), total(second)) == (100, 50)


def test_what_was_rejected_or_taken_back_is_no_client_any_more():
	name, partner = program(), make_partner()
	make_payout(program=name, partner=partner, client="Anna", status="Rejected")
	deal = won(name, partner, contact="Anna")

	settle(deal)

	assert total(deal) == 100


# What happens afterwards


def test_terms_that_change_later_change_nothing():
	deal = won(program({"basis": "Percent of Deal", "value": 10}))
	settle(deal)
	frappe.db.set_value("Partner Program Term", {"parent": deal.program}, "value", 50)
	frappe.clear_document_cache("Partner Program", deal.program)

	change(deal, amount=2000)
	settle(deal)

	assert ledger(deal) == [(1, 100, "Confirmed"), (1, 100, "Confirmed")]


def test_an_amount_that_is_corrected_gives_the_difference():
	deal = won(program({"basis": "Percent of Deal", "value": 10}))
	settle(deal)

	change(deal, amount=700)
	settle(deal)
	assert ledger(deal) == [(1, 100, "Confirmed"), (1, -30, "Confirmed")]

	change(deal, amount=900)
	settle(deal)
	change(deal, amount=1200)
	settle(deal)

	rows = ledger(deal, "amount", "basis_amount")
	assert rows[:3] == [(100, 1000), (-30, -300), (20, 200)]
	assert sorted(rows[3:]) == [(10, 100), (20, 200)]


def test_a_deal_that_is_reopened_has_nothing_and_won_again_everything_anew():
	deal = won(program())
	settle(deal)

	change(deal, stage="Negotiation", won_on=None)
	settle(deal)
	assert ledger(deal) == [(1, 100, "Clawed Back"), (1, -100, "Clawed Back")]

	change(deal, stage="Client", won_on="2026-01-24")
	settle(deal)
	assert ledger(deal, "amount", "status", "won_on")[2:] == [(100, "Confirmed", date(2026, 1, 24))]
	assert total(deal) == 100


def test_what_was_paid_before_a_deal_was_reopened_waits_to_be_netted():
	deal = won(program())
	settle(deal)
	frappe.db.set_value(
		"Payout", {"deal": deal.name}, {"statement": "PS-1", "paid_amount": 100, "status": "Paid"}
	)

	change(deal, stage="Negotiation", won_on=None)
	settle(deal)

	assert ledger(deal) == [(1, 100, "Clawed Back"), (1, -100, "Confirmed")]


def test_of_a_contract_that_is_given_up_the_instalments_stay_that_were_earned():
	deal = won(program({"value": 120, "recurring_months": 12}))
	settle(deal)

	change(deal, stage="Negotiation", won_on=None)
	make_row(
		"Stage Change",
		reference_doctype="Partner Deal",
		reference_name=deal.name,
		from_stage="Client",
		to_stage="Negotiation",
		changed_at="2026-03-19 12:00:00",
	)
	settle(deal)
	assert total(deal) == 0

	change(deal, stage="Lost")
	settle(deal, date(2026, 3, 25))

	assert total(deal) == 20
	live = [row for row in ledger(deal) if row[2] != "Clawed Back"]
	assert live == [(1, 10, "Confirmed"), (2, 10, "Confirmed")]


def test_another_programme_takes_back_what_the_first_gave():
	deal = won(program())
	settle(deal)

	change(deal, program=program({"value": 70}))
	settle(deal)

	assert total(deal) == 70


def test_another_partner_by_a_programme_that_can_not_be_reckoned_takes_back_all_the_same():
	deal = won(program())
	settle(deal)

	change(deal, program=program({"valid_from": "2026-02-01"}), partner=make_partner())
	settle(deal)

	assert ledger(deal) == [(1, 100, "Clawed Back"), (1, -100, "Clawed Back")]


def test_what_was_rejected_stays_so():
	deal = won(program({"basis": "Percent of Deal", "value": 10}))
	settle(deal)
	frappe.db.set_value("Payout", {"deal": deal.name}, "status", "Rejected")

	change(deal, amount=5000)
	settle(deal)
	change(deal, stage="Negotiation", won_on=None)
	settle(deal)

	assert ledger(deal) == [(1, 100, "Rejected")]


def test_the_database_takes_each_payout_once():
	deal = won(program())
	settle(deal)
	key = frappe.db.get_value("Payout", {"deal": deal.name}, "payout_key")

	with pytest.raises(frappe.UniqueValidationError):
		make_payout(payout_key=key, program=deal.program, partner=deal.partner)


# Other names


def test_a_renamed_programme_and_partner_keep_what_was_agreed():
	deal = won(program({"basis": "Percent of Deal", "value": 10}))
	settle(deal)

	frappe.rename_doc("Partner Program", deal.program, 'New "Programme" at 5% of 2026\'s')
	frappe.rename_doc("Sales Partner", deal.partner, "New Partner")
	settle(deal)

	assert ledger(deal, "program", "partner", "amount") == [
		('New "Programme" at 5% of 2026\'s', "New Partner", 100),
	]
	assert ledger(deal, "payout_key")[0][0].endswith("|New Partner|1|0")


def test_two_partners_who_become_one_have_one_share():
	deal, first, second = shared_deal()
	settle(deal)

	frappe.rename_doc("Sales Partner", second, first, merge=True)
	settle(deal)

	assert total(deal) == 90


def test_merged_cards_keep_their_payouts():
	lost, kept = make_counterparty(), make_counterparty()
	deal = won(program(), counterparty=lost.name)
	settle(deal)

	merging.merge("Counterparty", kept.name, lost.name)

	assert ledger(deal, "counterparty", "client") == [(kept.name, kept.name)]
