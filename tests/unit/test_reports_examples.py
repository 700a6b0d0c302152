from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from pypika.dialects import SQLLiteQuery
from reports_reference import TODAY, Site, code_of

from partner_crm.reports import activity, base, channels, funnel, income, reconciliation, win_loss, work
from partner_crm.reports.filters import Filters
from partner_crm.reports.sql import Reader, Restrict
from partner_crm.rules.agreements import Agreement, dump, text_of
from partner_crm.rules.commission import NOTHING_BEFORE, Prior, Term
from partner_crm.texts import translate


@pytest.fixture
def site():
	return Site()


def by_stage(report):
	return {row["stage"]: row for row in report.rows}


# --- funnel -------------------------------------------------------------------------------------------------


def test_a_converted_lead_and_its_deal_are_one_journey_of_the_deals_manager(site):
	site.add("Partner Lead", name="L", stage="Converted", deal="D", responsible="ann", base_potential_value=5)
	site.passed("Partner Lead", "L", "Cold Lead", "MQL", "Converted", seconds=[86_400, 43_200])
	site.add(
		"Partner Deal", name="D", stage="Negotiation", responsible="bob", base_amount=1000, probability=40
	)
	site.passed("Partner Deal", "D", "SQL", "Negotiation", seconds=[0])
	rows = site.run(funnel, Filters(group_by=("responsible",))).rows
	assert {row["responsible"] for row in rows} == {"bob"}
	figures = ("entered", "entered_amount", "now", "weighted", "went_on", "conversion", "median_days")
	assert {row["stage"]: tuple(row[name] for name in figures) for row in rows if row["entered"]} == {
		"Cold Lead": (1, 1000, 0, 0, 1, 100, 1),
		"MQL": (1, 1000, 0, 0, 1, 100, Decimal("0.5")),
		"SQL": (1, 1000, 0, 0, 1, 100, 0),
		"Negotiation": (1, 1000, 1, 400, 0, 100, None),
	}


def test_a_stage_entered_twice_counts_once_and_both_stays_count(site):
	site.add("Partner Deal", name="D", stage="Lost", base_amount=7)
	stays = [86_400, 5, 3 * 86_400, 9, 2 * 86_400]
	site.passed("Partner Deal", "D", "SQL", "Lost", "SQL", "Negotiation", "SQL", "Lost", seconds=stays)
	rows = by_stage(site.run(funnel))
	assert (rows["SQL"]["entered"], rows["SQL"]["lost"], rows["SQL"]["median_days"]) == (1, 1, 2)
	assert (rows["Lost"]["entered"], rows["Lost"]["now"], rows["Lost"]["weighted"]) == (1, 1, 0)
	assert rows["Negotiation"]["median_days"] == Decimal("0.00")


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two(site):
	for place, days in enumerate((1, 2, 4, 100)):
		site.add("Partner Lead", name=f"L{place}", stage="MQL")
		site.passed("Partner Lead", f"L{place}", "Cold Lead", "MQL", seconds=[days * 86_400])
	assert by_stage(site.run(funnel))["Cold Lead"]["median_days"] == 3


def test_a_lead_whose_deal_was_deleted_stands_for_nothing(site):
	site.add("Partner Lead", name="L", stage="Converted", deal="gone")
	site.passed("Partner Lead", "L", "Cold Lead", "MQL", "Converted")
	assert all(row["entered"] == row["now"] == 0 for row in site.run(funnel).rows)


def test_a_stage_that_no_change_records_was_not_entered(site):
	site.add("Partner Deal", name="D", stage="Client", base_amount=3)
	rows = by_stage(site.run(funnel))
	assert (rows["Client"]["now"], rows["Client"]["entered"], rows["SQL"]["entered"]) == (1, 0, 0)


def test_the_funnel_totals_count_every_journey_once(site):
	site.add("Partner Lead", stage="Unqualified", base_potential_value=1)
	site.add("Partner Deal", name="D", stage="Client", base_amount=10, probability=90)
	site.passed("Partner Deal", "D", "SQL", "Client")
	totals = site.run(funnel).totals
	assert {name: totals[name] for name in ("entered", "now", "amount", "weighted", "conversion")} == {
		"entered": 2,
		"now": 2,
		"amount": 11,
		"weighted": 10,
		"conversion": 50,
	}


# --- money --------------------------------------------------------------------------------------------------


def test_many_cents_are_not_one_cent_off(site):
	rows = [
		(f"P{place}", "Bank", "Expected", TODAY.isoformat(), f"{place % 100_000}.35")
		for place in range(50_000)
	]
	site.connection.executemany(
		'INSERT INTO "tabPayout" (name, program, status, won_on, base_amount) VALUES (?, ?, ?, ?, ?)', rows
	)
	assert site.run(income).totals["amount"] == sum(Decimal(row[-1]) for row in rows)


def test_huge_and_negative_amounts_keep_their_cents(site):
	for amount in ("999999999999.99", "-0.01", "-888888888888.88"):
		site.add("Payout", program="Bank", status="Expected", base_amount=Decimal(amount), won_on=TODAY)
	totals = site.run(income).totals
	assert (totals["amount"], totals["expected"], totals["paid"]) == (
		Decimal("111111111111.10"),
		Decimal("111111111111.10"),
		0,
	)


@pytest.mark.parametrize(("precision", "text"), [(0, "1"), (2, "1.00"), (3, "1.003")])
def test_sums_have_the_decimal_places_of_the_company_currency(site, precision, text):
	for _ in range(3):
		site.add("Payout", status="Paid", base_amount=Decimal("0.3342"), won_on=TODAY)
	assert str(site.run(income, Filters(precision=precision)).totals["amount"]) == text


# --- income -------------------------------------------------------------------------------------------------


def test_income_from_the_claim_to_the_payment(site):
	site.add("Partner Claim", program="Bank", client="Acme", registered_on=TODAY)
	site.add("Partner Claim", program="Bank", client="Ivanov", registered_on=TODAY)
	payout = {"program": "Bank", "client": "Acme", "won_on": TODAY}
	site.add(
		"Payout", **payout, status="Partly Paid", base_amount=100, base_paid_amount=40, days_to_client=10
	)
	late = TODAY - timedelta(days=1)
	site.add(
		"Payout", **payout, status="Expected", base_amount=50, instalment=2, due_on=late, days_to_client=10
	)
	site.add("Payout", **payout, status="Confirmed", base_amount=-20, reversal_of="Payout 1")
	site.add("Payout", **payout, status="Rejected", base_amount=1_000_000)
	(row,) = site.run(income, Filters(group_by=("program",))).rows
	assert row == {
		"program": "Bank",
		"claims": 2,
		"clients": 1,
		"conversion": 50,
		"payouts": 2,
		"amount": 130,
		"expected": 50,
		"confirmed": 40,
		"paid": 40,
		"overdue": 50,
		"average": 65,
		"days_to_client": 10,
		"share": 100,
		"running_share": 100,
	}


def test_due_today_is_not_overdue(site):
	site.add("Payout", status="Confirmed", base_amount=5, due_on=TODAY, won_on=TODAY)
	assert site.run(income).totals["overdue"] == 0


def test_a_client_of_two_programmes_is_one_client(site):
	for program in ("Bank", "Broker"):
		site.add("Payout", program=program, client="Acme", status="Paid", base_amount=5, won_on=TODAY)
	report = site.run(income, Filters(group_by=("program",)))
	assert [row["clients"] for row in report.rows] == [1, 1]
	assert report.totals["clients"] == 1


def test_shares_of_nothing_are_not_told(site):
	site.add("Payout", program="Bank", status="Paid", base_amount=-5, won_on=TODAY)
	(row,) = site.run(income, Filters(group_by=("program",))).rows
	assert (row["share"], row["running_share"]) == (None, None)


# --- channels -----------------------------------------------------------------------------------------------


@pytest.fixture
def fair(site):
	site.add("Partner Deal", channel="Fair", stage="Client", base_amount=900, registered_on=date(2024, 5, 20))
	site.add("Partner Lead", channel="Fair", stage="Cold Lead", registered_on=date(2024, 5, 21))
	for month in (4, 5, 6):
		site.add("Acquisition Channel Cost", parent="Fair", month=date(2024, month, 1), amount=300)
	site.add("Acquisition Channel Cost", parent="Ads", month=date(2024, 5, 1), amount=50)
	return site


def test_what_a_channel_costs_and_brings(fair):
	filters = Filters(
		from_date=date(2024, 5, 15), to_date=date(2024, 5, 31), group_by=("channel",), company="A"
	)
	report = fair.run(channels, Filters(**{"from_date": filters.from_date, "to_date": filters.to_date}))
	assert report.totals["cost"] == 350
	rows = {row["channel"]: row for row in fair.run(channels, Filters(group_by=("channel",))).rows}
	figures = ("leads", "sqls", "won", "cost", "cost_per_lead", "cost_per_client", "romi", "roas")
	assert [rows["Fair"][name] for name in figures] == [2, 1, 1, 900, 450, 900, 0, 1]
	assert [rows["Ads"][name] for name in figures] == [0, 0, 0, 50, None, None, -100, 0]


def test_cost_counts_for_any_company(fair):
	assert fair.run(channels, Filters(company="Alpha")).totals["cost"] == 950


@pytest.mark.parametrize("filters", [Filters(group_by=("channel", "source")), Filters(responsible="ann")])
def test_cost_is_not_told_where_it_is_not_known(fair, filters):
	totals = fair.run(channels, filters).totals
	assert [totals[name] for name in ("cost", "cost_per_lead", "romi", "roas")] == [None] * 4


def test_what_a_programme_owner_pays_is_revenue_of_the_referrals_channel(site):
	site.add("Partner Lead", name="L", stage="Client", channel="Blog", registered_on=TODAY)
	site.add("Payout", lead="L", direction="Receivable", status="Confirmed", base_amount=70)
	site.add("Payout", lead="L", direction="Receivable", status="Rejected", base_amount=500)
	site.add("Payout", lead="L", direction="Payable", status="Confirmed", base_amount=30)
	(row,) = site.run(channels, Filters(group_by=("channel",))).rows
	assert (row["channel"], row["won"], row["revenue"]) == ("Blog", 1, 70)


# --- activity -----------------------------------------------------------------------------------------------


def test_each_deal_says_how_many_days_are_left_or_why_none(site):
	day = timedelta(days=1)
	deals = {
		"lapsed": {"active_until": TODAY - day, "last_interaction_on": date(2024, 4, 14)},
		"last day": {"active_until": TODAY},
		"paused": {"active_until": None},
		"incorrect": {"active_until": TODAY + day, "is_correct": 0, "correctness_errors": "No product."},
		"silent": {"active_until": TODAY - 9 * day},
		"weak": {"active_until": TODAY - 2 * day, "last_interaction_on": date(2024, 4, 13)},
	}
	for name, values in deals.items():
		site.add("Partner Deal", name=name, stage="SQL", **{"is_correct": 1, **values})
	site.add("Partner Deal", name="won", stage="Client", active_until=TODAY - day)
	for moment in ("2024-04-12 23:59:59", "2024-05-01 09:00:00", "2024-05-02 09:00:00"):
		site.add("Client Interaction", deal="weak", occurred_at=moment, qualifies=0)
	site.add("Client Interaction", deal="weak", occurred_at="2024-05-03 09:00:00", qualifies=1)
	found = [
		(row["document"], row["activity_status"], row["days_left"], row["why"] and str(row["why"]))
		for row in site.run(activity).rows
	]
	assert found == [
		(
			"silent",
			"Inactive",
			-9,
			"There was no two-way call or correspondence with a detailed comment.",
		),
		(
			"weak",
			"Inactive",
			-2,
			"The last two-way call or correspondence with a detailed comment was on 2024-04-13."
			" Of 2 interactions since, none was both.",
		),
		(
			"lapsed",
			"Inactive",
			-1,
			"The last two-way call or correspondence with a detailed comment was on 2024-04-14.",
		),
		("last day", "Active", 0, None),
		("incorrect", "Inactive", 1, "The deal is incorrect: No product."),
		("paused", "Active", None, None),
	]


def test_sales_of_our_customers_without_a_deal_are_listed(site):
	site.add("Counterparty", customer="Acme")
	site.add("Partner Deal", customer="Ivanov", stage="Client")
	sale = {"customer": "Acme", "docstatus": 1, "transaction_date": TODAY, "base_grand_total": 10}
	site.add("Sales Order", name="SO-1", **sale)
	site.add("Sales Order", name="SO-2", **{**sale, "pcrm_deal": "D"})
	site.add("Sales Order", name="SO-3", **{**sale, "docstatus": 0})
	site.add("Sales Order", name="SO-4", **{**sale, "customer": "A stranger"})
	site.add(
		"Sales Invoice", name="SI-1", customer="Ivanov", docstatus=1, posting_date=TODAY, base_grand_total=-3
	)
	report = site.run(activity)
	assert [
		(row["doctype"], row["document"], row["client"], row["amount"], row["sold_on"], str(row["why"]))
		for row in report.rows
	] == [
		("Sales Order", "SO-1", "Acme", 10, TODAY, "This sale has no deal."),
		("Sales Invoice", "SI-1", "Ivanov", -3, TODAY, "This sale has no deal."),
	]
	assert report.summary[-1] == base.Figure("Sales without a Deal", 2, "Int")


def test_what_is_wrong_with_a_deal_is_said_line_by_line_in_the_readers_language(site):
	errors = "There is no product with an amount above zero.\nProduct 2: the item is not chosen.\nNo {idea}."
	site.add("Partner Deal", stage="SQL", correctness_errors=errors)
	(row,) = site.run(activity).rows

	assert str(row["why"]) == "The deal is incorrect: " + errors.replace("\n", " ")
	assert row["why"].said(lambda sentence: translate(sentence, "ru")) == (
		"Сделка некорректна: Нет ни одного товара с суммой больше нуля. Товар 2: товар не выбран. No {idea}."
	)


def test_a_deal_is_told_by_its_title(site):
	site.add("Partner Deal", name="d1", stage="SQL", deal_title="Anna · Acme", counterparty="c1")
	site.add("Partner Deal", name="d2", stage="SQL")

	assert [row["client"] for row in site.run(activity).rows] == ["Anna · Acme", "d2"]


# --- work ---------------------------------------------------------------------------------------------------


def test_work_by_day_is_drawn_by_manager(site):
	for responsible, day, kind in (
		("ann", 1, "Call"),
		("ann", 2, "Call"),
		("ann", 2, "Brief"),
		("bob", 2, "Call"),
	):
		at = datetime(2024, 5, day, 12)
		site.add("Client Interaction", responsible=responsible, kind=kind, occurred_at=at)

	report = site.run(work, Filters(group_by=("responsible", "day")))

	assert len(report.rows) == 3
	assert report.chart.labels == (("ann",), ("bob",))
	assert report.chart.datasets == (("Call", (2, 1)), ("Brief", (1, 0)))


# --- won and lost -------------------------------------------------------------------------------------------


def test_reasons_are_told_from_the_most_frequent_down(site):
	for reason in ("Price", "Price", "Time", "", None, "Budget"):
		site.add("Partner Deal", stage="Lost", closed_on=TODAY, lost_reason=reason, base_amount=1)
	report = site.run(win_loss)
	assert [(figure.label, figure.value) for figure in report.summary[-3:]] == [
		("Price", 2),
		("Budget", 1),
		("Time", 1),
	]
	assert (report.rows[0]["top_reason"], report.rows[0]["top_reason_deals"]) == ("Price", 2)
	assert report.rows[0]["win_rate"] == 0


# --- reconciliation -----------------------------------------------------------------------------------------


def found_texts(site):
	return [(code_of(row), row["document"], str(row["text"])) for row in site.run(reconciliation).rows]


def percentage(amount, currency="EUR", **more):
	return {
		"status": "Paid",
		"basis_amount": 333,
		"rate": Decimal("10.05"),
		"amount": Decimal(amount),
		"currency": currency,
		"share": 100,
		"won_on": date(2024, 3, 5),
		**more,
	}


def agreed(*terms, currency="EUR", prior=NOTHING_BEFORE, shares=("100",)):
	"""As it is copied onto a payout of the programme Bank."""
	rows = tuple(
		Term(basis=basis, value=Decimal(value), currency=currency, **more) for basis, value, more in terms
	)
	agreement = Agreement(
		program="Bank",
		direction="Payable",
		partner="Petrov",
		claim="",
		won_on=date(2024, 3, 5),
		deal_currency=currency,
		currency=currency,
		company_currency=currency,
		rate=Decimal(1),
		base_rate=Decimal(1),
		hold_days=0,
		due_days=0,
		partners=("Petrov", "Ivanov")[: len(shares)],
		shares=tuple(map(Decimal, shares)),
		terms=rows,
		prior=prior,
	)
	return text_of({"agreement": dump(agreement)})


def of_terms(amount, terms, **more):
	return percentage(amount, program="Bank", partner="Petrov", rate=0, terms=terms, **more)


FIXED_100 = ("Fixed", "100", {})
CAPPED = ("Percent of Deal", "10.05", {"cap": Decimal(20)})
BY_COUNT = (
	("Percent of Deal", "10", {"tier_by": "Count", "tier_from": Decimal(0)}),
	("Percent of Deal", "20", {"tier_by": "Count", "tier_from": Decimal(3)}),
)
BY_VOLUME = (
	("Percent of Deal", "10", {"tier_by": "Volume"}),
	("Percent of Deal", "20", {"tier_by": "Volume", "tier_from": Decimal(300)}),
)


@pytest.mark.parametrize(
	("payout", "due"),
	[
		(percentage("33.47"), None),
		(percentage("33.49"), None),
		(percentage("33.50"), "33.47"),
		(percentage("33.40"), "33.47"),
		(percentage("33", "JPY"), None),
		(percentage("35", "JPY"), None),
		(percentage("36", "JPY"), "33"),
		(percentage("-33.50", reversal_of="P0"), None),
		(percentage("33.50", status="Rejected"), None),
		(percentage("33.50", status="Clawed Back"), None),
		(percentage("99.00", rate=0), None),
		(of_terms("100", agreed(FIXED_100)), None),
		(of_terms("90", agreed(FIXED_100)), "100.00"),
		(of_terms("60", agreed(FIXED_100, shares=("60", "30"))), None),
		(of_terms("100", agreed(FIXED_100, shares=("60", "30"))), "60.00"),
		(of_terms("33.34", agreed(("Fixed", "100", {"recurring_months": 3}))), None),
		(of_terms("100", agreed(("Fixed", "100", {"recurring_months": 3}))), "33.33"),
		(of_terms("0", agreed(FIXED_100, prior=Prior(clients=1, client_known=True))), None),
		(of_terms("100", agreed(FIXED_100, prior=Prior(clients=1, client_known=True))), "0.00"),
		(of_terms("20", agreed(CAPPED)), None),
		(of_terms("12.50", agreed(CAPPED)), None),
		(of_terms("33.47", agreed(CAPPED)), "20.00"),
		(of_terms("-5", agreed(CAPPED)), "0.00"),
		(of_terms("33.30", agreed(*BY_COUNT, prior=Prior(clients=1))), None),
		(of_terms("66.60", agreed(*BY_COUNT, prior=Prior(clients=1))), "33.30"),
		(of_terms("66.60", agreed(*BY_COUNT, prior=Prior(clients=2))), None),
		(of_terms("66.60", agreed(*BY_VOLUME)), None),
	],
)
def test_an_amount_that_its_terms_do_not_explain(site, payout, due):
	site.add("Payout", name="P1", **payout)
	given = payout["amount"].quantize(Decimal(1) if payout["currency"] == "JPY" else Decimal("0.01"))
	text = f"The payout is {given} {payout['currency']}; by its terms it would be {due}."
	assert found_texts(site) == ([("differs", "P1", text)] if due else [])


def test_what_the_terms_of_the_programme_explain_is_told_by_the_database(site):
	"""Only what it can't explain is fetched, with the terms."""
	site.add("Partner Program Term", parent="Bank", basis="Fixed", value=100, valid_from=date(2024, 1, 1))
	site.add(
		"Partner Program Term",
		parent="Bank",
		basis="Fixed",
		value=70,
		recurring_months=2,
		valid_to=date(2023, 12, 31),
	)
	site.add("Payout", name="P1", **of_terms("100", agreed(FIXED_100)))
	site.add("Payout", name="P2", **of_terms("35", agreed(FIXED_100), won_on=date(2023, 12, 31)))
	site.add("Payout", name="P3", **of_terms("35", agreed(FIXED_100)))
	query = reconciliation.queries(Reader(SQLLiteQuery, Filters()), TODAY)["differs"]
	assert [row[0] for row in site.connection.execute(query.get_sql())] == ["P3"]


RECURRING = ("Fixed", "90", {"recurring_months": 3})
OF_PAID = ("Percent of Paid", "10", {})


@pytest.mark.parametrize(
	("terms", "instalment", "is_found"),
	[
		(None, 1, True),
		(agreed(FIXED_100), 1, True),
		(agreed(RECURRING), 1, False),
		(agreed(RECURRING), 2, False),
		(agreed(RECURRING), 3, True),
		(agreed(OF_PAID), 1, False),
	],
)
def test_of_a_lost_contract_what_was_earned_stays(site, terms, instalment, is_found):
	site.add("Partner Deal", name="D", stage="Lost", closed_on=date(2024, 4, 20))
	site.add(
		"Payout",
		name="P1",
		deal="D",
		status="Expected",
		terms=terms,
		instalment=instalment,
		won_on=date(2024, 3, 5),
		amount=30,
		base_amount=30,
		basis_amount=300,
		share=100,
		partner="Petrov",
	)
	assert ("deal_lost" in [code for code, *_rest in found_texts(site)]) is is_found


def test_of_a_reopened_deal_nothing_stays(site):
	site.add("Partner Deal", name="D", stage="Negotiation")
	site.add(
		"Payout", name="P1", deal="D", status="Expected", terms=agreed(RECURRING), instalment=1, amount=30
	)
	assert ("deal_lost", "P1") in [found[:2] for found in found_texts(site)]


def test_statements_without_an_invoice(site):
	made = "2024-06-01 10:00:00.000000"
	for name, more in {
		"S1": {},
		"S2": {"invoice": "PINV-1"},
		"S3": {"status": "Cancelled"},
		"S4": {"status": "Paid"},
		"S5": {"status": "Partly Paid"},
		"S6": {"total": 0, "status": "Paid"},
		"S7": {"total": -5},
	}.items():
		site.add("Payout Statement", **{"name": name, "status": "Draft", "total": 5, "creation": made} | more)
	assert found_texts(site) == [
		("without_invoice", name, "The statement of 2024-06-01 has no invoice.") for name in ("S1", "S7")
	]


@pytest.mark.parametrize(
	("invoice", "is_found"),
	[
		({"net_total": 50, "grand_total": 50}, False),
		({"net_total": 50, "grand_total": 60}, False),
		({"net_total": Decimal("41.67"), "grand_total": 50}, False),
		({"net_total": 45, "grand_total": 54}, True),
		({"net_total": 45, "grand_total": 54, "docstatus": 2}, False),
		({"net_total": -50, "grand_total": -50}, True),
		({"net_total": 50, "grand_total": 50, "currency": "USD"}, True),
	],
)
@pytest.mark.parametrize("doctype", ["Purchase Invoice", "Sales Invoice"])
def test_an_invoice_for_something_else_than_its_statement(site, doctype, invoice, is_found):
	site.add(doctype, **{"name": "INV-1", "currency": "EUR", "docstatus": 0} | invoice)
	its = {"invoice_type": doctype, "invoice": "INV-1"}
	site.add("Payout Statement", name="S1", status="Draft", total=50, currency="EUR", **its)
	given = f"{Decimal(invoice['net_total']).quantize(Decimal('0.01'))} {invoice.get('currency', 'EUR')}"
	text = f"The invoice INV-1 is for {given}; its statement is 50.00 EUR."
	assert found_texts(site) == ([("invoice_differs", "S1", text)] if is_found else [])


def test_what_has_been_reckoned_waits_for_a_payment(site):
	won = {"stage": "Client", "program": "Bank", "claim": "C", "won_on": date(2024, 5, 1)}
	site.add("Partner Deal", name="D1", payout_terms="{}", **won)
	site.add("Partner Deal", name="D2", **won)
	site.add("Partner Lead", name="L1", **won)
	site.add("Partner Lead", name="L2", **won | {"claim": None, "payout_terms": "{}"})
	assert found_texts(site) == [
		("deal_without_payout", "D2", "The deal was won on 2024-05-01, and no payout was made for it."),
		("lead_without_payout", "L1", "The client was won on 2024-05-01, and no payout is expected."),
		(
			"lead_without_claim",
			"L2",
			"The client was won on 2024-05-01, and is registered for no one under the programme.",
		),
	]


def test_an_invoice_of_the_other_kind_and_the_same_name_is_somebody_else_s(site):
	site.add("Purchase Invoice", name="INV-1", currency="EUR", docstatus=0, net_total=9, grand_total=9)
	site.add("Sales Invoice", name="INV-1", currency="EUR", docstatus=0, net_total=50, grand_total=50)
	its = {"invoice_type": "Sales Invoice", "invoice": "INV-1"}
	site.add("Payout Statement", name="S1", status="Draft", total=50, currency="EUR", **its)
	assert found_texts(site) == []


def test_what_is_overdue_is_what_is_left_of_a_payout(site):
	late = {"status": "Confirmed", "statement": "S", "due_on": date(2024, 1, 1)}
	site.add("Payout", name="P1", base_amount=100, client="c1", client_title="Anna Petrova", **late)
	site.add("Payout", name="P2", base_amount=-60, reversal_of="P1", root="P1", **late)
	rows = site.run(reconciliation).rows
	told = [tuple(row[name] for name in ("finding", "document", "client", "amount")) for row in rows]
	assert told == [("Overdue", "P1", "Anna Petrova", 40)]


def test_what_was_taken_back_and_given_back_is_not_refunded(site):
	chain = {"status": "Confirmed", "root": "P1", "statement": "S"}
	site.add("Payout", name="P1", base_amount=50, **chain)
	site.add("Payout", name="P2", base_amount=-50, reversal_of="P1", **chain)
	assert ("refunded", "P1") in [found[:2] for found in found_texts(site)]
	site.add("Payout", name="P3", base_amount=50, reversal_of="P2", **chain)
	assert found_texts(site) == []


def test_a_reader_is_told_nothing_of_what_he_may_not_see(site):
	site.add("Payout", name="P1", status="Confirmed", statement="S", base_amount=5, due_on=date(2024, 1, 1))
	restrict = Restrict(
		hidden=frozenset((("Payout", "statement"), ("Payout", "base_amount"), ("Payout", "terms")))
	)
	assert site.run(reconciliation, restrict=restrict).rows == ()


def pay(site, program, *days_ago):
	for days in days_ago:
		site.add(
			"Payout",
			direction="Receivable",
			program=program,
			status="Paid",
			base_amount=1,
			paid_on=TODAY - timedelta(days=days),
		)


def test_a_programme_is_silent_against_its_own_rhythm(site):
	site.add("Partner Program", name="Weekly", manager_email="manager@bank.com")
	for name in ("Weekly, on time", "Yearly", "Paid twice only"):
		site.add("Partner Program", name=name, disabled=0)
	site.add("Partner Program", name="Ended", disabled=1)
	pay(site, "Weekly", 37, 30, 23, 16, 15)
	pay(site, "Ended", 37, 30, 23, 16, 15)
	pay(site, "Weekly, on time", 37, 30, 23, 16, 14)
	pay(site, "Yearly", 1500, 1135, 770, 405)
	pay(site, "Paid twice only", 900, 899)
	rows = site.run(reconciliation).rows
	assert [(row["document"], str(row["text"]), row["manager_email"]) for row in rows] == [
		(
			"Weekly",
			"The last payment came on 2024-05-31, 15 days ago; the usual gap is 7 days.",
			"manager@bank.com",
		)
	]


def test_findings_come_kind_by_kind_the_oldest_first(site):
	late = {"status": "Confirmed", "base_amount": 9, "program": "Bank", "partner": "Petrov"}
	site.add("Payout", name="P2", **late, due_on=date(2024, 6, 2), won_on=date(2024, 5, 2))
	site.add("Payout", name="P1", **late, due_on=date(2024, 6, 1), won_on=date(2024, 5, 3))
	site.add("Partner Deal", name="D", stage="Client", program="Bank", partner="Petrov", contact="Ivanov")
	report = site.run(reconciliation)
	assert [(code_of(row), row["document"]) for row in report.rows] == [
		("deal_without_payout", "D"),
		("deal_without_claim", "D"),
		("not_in_statement", "P2"),
		("not_in_statement", "P1"),
		("overdue", "P1"),
		("overdue", "P2"),
	]
	assert [(figure.label, figure.value) for figure in report.summary] == [
		("Won without Payout", 1),
		("Won without Claim", 1),
		("Not in a Statement", 2),
		("Overdue", 2),
	]


# --- arithmetic ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
	("value", "day"),
	[
		(None, None),
		("", None),
		("2024-02-29", date(2024, 2, 29)),
		("2024-02-29 23:59:59.999999", date(2024, 2, 29)),
		(datetime(2024, 2, 29, 23), date(2024, 2, 29)),
		(date(2024, 2, 29), date(2024, 2, 29)),
	],
)
def test_a_date_as_any_database_gives_it(value, day):
	assert base.to_date(value) == day


@pytest.mark.parametrize(
	("part", "whole", "expected"),
	[
		(1, 3, "33.33"),
		(2, 3, "66.67"),
		(1, 800, "0.13"),
		(-1, 800, "-0.13"),
		(5, 0, None),
		(5, -1, None),
		(Decimal("0.01"), Decimal("1E+20"), "0.00"),
	],
)
def test_percent_rounds_a_half_away_from_zero(part, whole, expected):
	assert base.percent(part, whole) == (expected and Decimal(expected))


def test_groups_come_in_order_and_what_is_not_set_last():
	assert base.in_order([(None, "b"), ("b", None), ("a", "b"), ("b", "a")]) == [
		("a", "b"),
		("b", "a"),
		("b", None),
		(None, "b"),
	]
