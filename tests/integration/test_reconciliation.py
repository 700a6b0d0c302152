"""What reconciliation finds, each provoked by documents and mended by them; and the letter that asks for what is open."""

from __future__ import annotations

import frappe
import pytest
from frappe.desk.query_report import run as run_report
from frappe.utils import add_days, nowdate

from partner_crm import api
from partner_crm.reports.reconciliation import FINDINGS
from partner_crm.services import payout_status, payouts, programme_letters
from tests.factories import (
	make_counterparty,
	make_invoice,
	make_item,
	make_lead,
	make_partner,
	make_payout,
	make_program,
	make_receipt,
	make_row,
	make_user_row,
	make_won_deal,
)

REPORT = "Payout Reconciliation"
TERM = {"basis": "Fixed", "value": 100, "valid_from": "2026-01-01"}
HEAD, MANAGER, MARKETING, ACCOUNTANT = (
	"Partner CRM Manager",
	"Partner CRM User",
	"Partner CRM Marketing",
	"Partner CRM Accountant",
)


def found(**filters) -> dict[str, list[str]]:
	"""By kind of finding, the documents."""
	codes = {finding.label: code for code, finding in FINDINGS.items()}
	documents: dict[str, list[str]] = {}
	for row in run_report(REPORT, filters)["result"]:
		documents.setdefault(codes[row["finding"]], []).append(row["document"])
	return documents


def texts(code: str) -> dict[str, str]:
	rows = run_report(REPORT, {})["result"]
	return {row["document"]: row["text"] for row in rows if row["finding"] == FINDINGS[code].label}


def program(*terms, **fields) -> str:
	return make_program(terms=[TERM | term for term in terms] or [TERM], **fields).name


def won(program: str, partner: str | None = None, **fields):
	return make_won_deal(program=program, partner=partner or make_partner(), **fields)


def settle(deal) -> list[str]:
	return payouts.settle(deal.doctype, deal.name)


# Won clients


def test_a_deal_that_nobody_was_paid_for_until_it_is_settled():
	late_terms = program({"valid_from": "2099-01-01"})
	deal = won(late_terms)
	settle(deal)
	assert found()["deal_without_payout"] == [deal.name]

	terms = frappe.get_doc("Partner Program", late_terms)
	terms.terms[0].valid_from = "2020-01-01"
	terms.save()
	settle(deal)

	assert "deal_without_payout" not in found()


def test_a_deal_that_waits_for_its_first_payment_is_no_gap():
	deal = won(program({"basis": "Percent of Paid", "value": 10}))

	assert settle(deal) == []

	assert "deal_without_payout" not in found()


def referral(**fields):
	values = {
		"track": "Referral",
		"stage": "Client",
		"lead_title": "Anna",
		"program": program(direction="Receivable"),
		"potential_value": 300,
		"currency": "USD",
		"won_on": "2026-01-20",
		"company": frappe.defaults.get_global_default("company"),
	}
	return make_row("Partner Lead", **(values | fields))


def test_a_referral_that_nothing_is_expected_for_until_it_is_settled():
	lead = referral()
	assert found()["lead_without_payout"] == [lead.name]

	settle(lead)

	assert "lead_without_payout" not in found()


def test_clients_who_are_registered_for_no_one():
	claim = make_row("Partner Claim", status="Active")
	deal, lead = won(program()), referral()
	won(program(), claim=claim.name)
	assert (found()["deal_without_claim"], found()["lead_without_claim"]) == ([deal.name], [lead.name])

	for document in (deal, lead):
		frappe.db.set_value(document.doctype, document.name, "claim", claim.name)

	assert not found().keys() & {"deal_without_claim", "lead_without_claim"}


def test_a_lead_that_registers_its_client_is_no_gap_once_it_is_won():
	lead = make_lead(
		track="Referral", program=program(direction="Receivable"), potential_value=300, currency="USD"
	)
	for stage in ("Handed Over", "Client"):
		lead.stage = stage
		lead.save()

	assert not found().keys() & {"lead_without_payout", "lead_without_claim"}


# Payouts that wait


def test_a_confirmed_payout_until_a_statement_claims_it_and_again_when_that_lets_it_go():
	payout = make_payout(due_on="2099-01-01")
	assert found()["not_in_statement"] == [payout.name]

	statement = statement_of(payout)
	assert "not_in_statement" not in found()

	statement.status = "Cancelled"
	statement.save()
	assert found()["not_in_statement"] == [payout.name]


def statement_of(payout, **fields):
	values = {
		"doctype": "Payout Statement",
		"party_type": "Sales Partner",
		"party": payout.partner,
		"company": payout.company,
		"currency": "USD",
	}
	return frappe.get_doc(values | fields).insert()


def test_a_payout_is_overdue_until_it_is_paid():
	payout = make_payout(due_on=add_days(nowdate(), -1))
	make_payout(due_on=nowdate())
	assert found()["overdue"] == [payout.name]

	payout.update({"paid_on": nowdate(), "paid_amount": 100})
	payout.save()

	assert "overdue" not in found()


def test_what_was_rejected_or_takes_back_is_not_overdue():
	taken = make_payout(due_on="2026-02-01", amount=60)
	back = make_payout(
		amount=-60, due_on="2026-02-01", reversal_of=taken.name, root=taken.name, partner=taken.partner
	)
	rejected = make_payout(due_on="2026-02-01")
	rejected.update({"status": "Rejected", "reason": "Their own client"})
	rejected.save()
	payout_status.refresh([taken.name, back.name])

	assert {"overdue", "refunded", "not_in_statement", "differs"}.isdisjoint(found())


def test_a_payout_that_was_taken_back_counts_as_due_until_its_status_follows():
	taken = make_payout(due_on="2099-01-01")
	make_payout(amount=-100, reversal_of=taken.name, root=taken.name, partner=taken.partner)
	assert found()["refunded"] == [taken.name]

	payout_status.refresh([taken.name])

	assert "refunded" not in found()


# Statements


@pytest.fixture
def partner() -> str:
	supplier = frappe.get_doc(
		{"doctype": "Supplier", "supplier_name": "Agent Ltd", "supplier_group": "All Supplier Groups"}
	).insert()
	settings = frappe.get_doc("Partner CRM Settings")
	settings.payout_item = make_item("Partner reward")
	settings.save()
	return make_partner("Anna Agent", pcrm_supplier=supplier.name)


def test_a_statement_until_its_invoice_is_made(partner):
	statement = statement_of(make_payout(partner=partner))
	assert found()["without_invoice"] == [statement.name]

	api.make_invoice(statement.name)

	assert not found().keys() & {"without_invoice", "invoice_differs"}


def test_a_statement_that_was_paid_without_an_invoice_needs_none(partner):
	statement = statement_of(make_payout(partner=partner))
	statement.update({"paid_amount": 40, "paid_on": nowdate()})
	statement.save()
	assert "without_invoice" not in found()

	statement.update({"paid_amount": 0, "paid_on": None})
	statement.save()
	assert found()["without_invoice"] == [statement.name]


def test_payouts_that_settle_each_other_need_no_invoice(partner):
	paid = make_payout(partner=partner, status="Paid", statement="PS-1")
	make_payout(partner=partner, amount=-100, reversal_of=paid.name, root=paid.name)
	make_payout(partner=partner)

	statement = statement_of(paid)

	assert (statement.total, "without_invoice" in found()) == (0, False)


def test_an_invoice_that_was_edited_by_hand_until_it_is_put_right(partner):
	statement = statement_of(make_payout(partner=partner))
	draft = frappe.get_doc("Purchase Invoice", api.make_invoice(statement.name)["name"])
	draft.items[0].rate = 90
	draft.save()
	assert texts("invoice_differs") == {
		statement.name: f"The invoice {draft.name} is for 90.00 USD; its statement is 100.00 USD."
	}

	draft.items[0].rate = 100
	draft.save()

	assert "invoice_differs" not in found()


# Terms


@pytest.mark.parametrize(
	("terms", "wrong", "due"),
	[
		([{}], 90, "100.00"),
		([{"recurring_months": 3}], 100, "33.33"),
		([{"basis": "Percent of Deal", "value": 10}], 110, "100.00"),
		([{"basis": "Percent of Deal", "value": 50, "cap": 80}], 100, "80.00"),
		(
			[
				{"basis": "Percent of Deal", "value": 10, "tier_by": "Count"},
				{"basis": "Percent of Deal", "value": 20, "tier_by": "Count", "tier_from": 2},
			],
			200,
			"100.00",
		),
	],
)
def test_an_amount_that_the_terms_do_not_give_until_it_is_given(terms, wrong, due):
	deal = won(program(*terms))
	name = settle(deal)[0]
	right = frappe.db.get_value("Payout", name, "amount")
	assert "differs" not in found()

	frappe.db.set_value("Payout", name, "amount", wrong)
	assert texts("differs") == {name: f"The payout is {wrong:.2f} USD; by its terms it would be {due}."}

	frappe.db.set_value("Payout", name, "amount", right)
	assert "differs" not in found()


def test_shares_instalments_corrections_and_refunds_are_all_by_the_terms():
	name, first, second = (
		program({"basis": "Percent of Deal", "value": 7.77, "recurring_months": 3}),
		make_partner(),
		make_partner(),
	)
	shares = [{"partner": first, "share": 60}, {"partner": second, "share": 30}]
	claim = make_row("Partner Claim", program=name, partner=first, status="Active", shares=shares)
	deal = won(name, first, claim=claim.name, amount=1234.57)
	settle(deal)
	for amount in (999.99, 2000.01, 3.33):
		frappe.db.set_value("Partner Deal", deal.name, "amount", amount)
		settle(deal)

	assert "differs" not in found()


def test_payments_are_all_by_the_terms():
	deal = won(program({"basis": "Percent of Paid", "value": 12.5, "cap": 50}))
	settle(deal)
	invoice = make_invoice(deal.name, 333.33, tax=12)
	for amount in (100.01, 33.33, 120):
		make_receipt(invoice, amount)
		settle(deal)

	assert len(frappe.get_all("Payout", {"deal": deal.name})) == 3
	assert "differs" not in found()


# Lost clients


def test_a_lost_client_is_still_expected_until_the_payout_is_taken_back():
	deal = won(program())
	name = settle(deal)[0]
	frappe.db.set_value("Partner Deal", deal.name, {"stage": "Lost", "closed_on": "2026-03-01"})
	assert found()["deal_lost"] == [name]

	settle(deal)

	assert "deal_lost" not in found()


def test_what_had_been_earned_of_a_contract_that_was_given_up_is_no_gap():
	deal = won(program({"recurring_months": 12}))
	settle(deal)
	make_row(
		"Stage Change",
		reference_doctype="Partner Deal",
		reference_name=deal.name,
		from_stage="Client",
		to_stage="Negotiation",
		changed_at="2026-03-01 10:00:00",
	)
	frappe.db.set_value("Partner Deal", deal.name, {"stage": "Lost", "closed_on": "2026-03-01"})
	assert len(found()["deal_lost"]) == 10

	settle(deal)

	assert "deal_lost" not in found()
	kept = frappe.get_all("Payout", {"deal": deal.name, "status": "Confirmed", "amount": (">", 0)})
	assert len(kept) == 2


def test_a_rejected_referral_is_still_expected_until_the_payout_is_taken_back():
	lead = referral()
	name = settle(lead)[0]
	frappe.db.set_value("Partner Lead", lead.name, "stage", "Unqualified")
	assert found()["lead_lost"] == [name]

	settle(lead)

	assert "lead_lost" not in found()


# Programmes


def test_a_programme_that_has_gone_silent_until_it_pays():
	name = program(direction="Receivable", manager_email="manager@bank.example")
	for weeks in (8, 7, 6, 5):
		paid = make_payout(direction="Receivable", program=name, due_on="2099-01-01")
		paid.update({"paid_on": add_days(nowdate(), -7 * weeks), "paid_amount": 100})
		paid.save()
	assert found()["silent"] == [name]
	(row,) = [row for row in run_report(REPORT, {})["result"] if row["document"] == name]
	assert (row["manager_email"], row["direction"]) == ("manager@bank.example", "Receivable")

	paid = make_payout(direction="Receivable", program=name, due_on="2099-01-01")
	paid.update({"paid_on": nowdate(), "paid_amount": 100})
	paid.save()

	assert "silent" not in found()


def test_a_list_of_a_programmes_owner_until_its_differences_are_cleared_up():
	name = program(direction="Receivable")
	payout = make_payout(direction="Receivable", program=name, due_on="2099-01-01")
	statement = owners_list(name)
	assert texts("owner_differs") == {
		statement.name: "The statement of the programme's owner until 31-01-2026 differs from our payouts. Open lines: 2."
	}
	assert found(program=name, to_date="2026-01-31")["owner_differs"] == [statement.name]
	assert "owner_differs" not in found(program=name, from_date="2026-02-01")
	frappe.set_user(make_user_row("manager@reconcile.example", [MANAGER]).name)
	assert "owner_differs" not in found()
	frappe.set_user("Administrator")

	statement.lines[0].payout = payout.name
	statement.save()
	statement.lines[0].update({"is_settled": 1, "note": "He deducts a fee"})
	statement.save()

	assert "owner_differs" not in found()


def owners_list(program: str):
	"""Of a client whom nobody knows."""
	content = "Client,E-mail,Commission\nNobody,nobody@else.example,70\n"
	file = {"doctype": "File", "file_name": "list.csv", "is_private": 1, "content": content}
	values = {
		"doctype": "Program Statement",
		"program": program,
		"company": frappe.defaults.get_global_default("company"),
		"from_date": "2026-01-01",
		"to_date": "2026-01-31",
		"file": frappe.get_doc(file).insert().file_url,
	}
	statement = frappe.get_doc(values).insert()
	api.read_program_statement(statement.name)
	return statement.reload()


# Who is told


def test_each_reader_is_told_of_what_he_may_see(partner):
	users = {
		role: make_user_row(f"{role.replace(' ', '')}@reconcile.example", [role]).name
		for role in (HEAD, MANAGER, ACCOUNTANT)
	}
	mine = make_payout(due_on="2026-02-01", responsible=users[MANAGER])
	other = make_payout(due_on="2026-02-02")
	statement = statement_of(make_payout(partner=partner, due_on="2099-01-01"))
	seen = {}
	for role, user in users.items():
		frappe.set_user(user)
		seen[role] = found()
		assert run_report(REPORT, {})["message"] is None
	frappe.set_user("Administrator")

	for role in (HEAD, ACCOUNTANT):
		assert seen[role]["overdue"] == [mine.name, other.name]
		assert seen[role]["without_invoice"] == [statement.name]
	assert seen[MANAGER] == {"not_in_statement": [mine.name], "overdue": [mine.name]}


def test_marketing_does_not_open_it():
	frappe.set_user(make_user_row("m@reconcile.example", [MARKETING]).name)

	with pytest.raises(frappe.PermissionError):
		run_report(REPORT, {})


def test_the_amount_of_a_finding_leads_to_its_documents(partner):
	payout = make_payout(partner=partner)
	statement = statement_of(payout)
	(row,) = [row for row in run_report(REPORT, {})["result"] if row["document"] == statement.name]

	lists = api.documents_behind(REPORT, "amount", row["key"], {})

	assert lists == [
		{"doctype": "Payout", "filters": [["name", "in", [payout.name]]], "is_cut": False},
	]


# The letter


@pytest.fixture
def receivable() -> str:
	return program(direction="Receivable", title="Bank & Co", manager_email="manager@bank.example")


def owed(program: str, amount: float = 100, **fields):
	values = {"direction": "Receivable", "program": program, "amount": amount}
	return make_payout(**(values | fields))


def test_a_letter_lists_what_is_open_and_adds_it_up_by_currency(receivable):
	first = owed(receivable, client_title="Anna <script>", due_on=add_days(nowdate(), -12))
	owed(receivable, -30, client_title="Back", due_on=nowdate(), reversal_of=first.name, root=first.name)
	owed(receivable, 50, client_title="Zoe", currency="EUR", due_on=add_days(nowdate(), 3))
	owed(receivable, 7, client_title="On hold", status="Expected", hold_until=add_days(nowdate(), 3))
	owed(receivable, 9, client_title="Rejected", status="Rejected")
	owed(receivable, 11, client_title="In part", paid_amount=4, status="Partly Paid", due_on="2026-02-01")

	letter = api.letter_to_programme(receivable)

	assert letter["recipients"] == "manager@bank.example"
	message = letter["message"]
	assert "Anna &lt;script&gt;" in message and "<script>" not in message
	assert letter["subject"].startswith("Bank & Co: rewards open on ")
	assert "the programme Bank &amp; Co" in message
	assert "12 days" in message and "not yet" in message
	assert "On hold" not in message and "Rejected" not in message
	places = [message.index(client) for client in ("In part", "Anna", "Back", "Zoe")]
	assert places == sorted(places)
	assert "$ 7.00 USD" in message
	assert "<b>Total: € 50.00 EUR</b>" in message and "<b>Total: $ 77.00 USD</b>" in message


def test_nothing_is_asked_for_where_more_is_taken_back_than_owed(receivable):
	paid = owed(receivable, status="Paid", paid_amount=100)
	back = {"reversal_of": paid.name, "root": paid.name, "due_on": "2026-02-01"}
	owed(receivable, -100, client_title="Back", **back)

	with pytest.raises(programme_letters.NothingToAskFor, match="Nothing is open"):
		api.letter_to_programme(receivable)

	owed(receivable, 150, client_title="Zoe", due_on=nowdate())
	message = api.letter_to_programme(receivable)["message"]
	assert "<b>Total: $ 50.00 USD</b>" in message and "days" not in message


def test_a_letter_is_in_the_language_of_the_programmes_owner(receivable):
	customer = make_row("Customer", customer_name="Банк", language="ru")
	owner = make_counterparty(customer=customer.name)
	frappe.db.set_value("Partner Program", receivable, "counterparty", owner.name)
	owed(receivable)

	assert "Здравствуйте!" in api.letter_to_programme(receivable)["message"]


def test_a_letter_as_the_site_words_it(receivable):
	template = frappe.get_doc("Email Template", programme_letters.TEMPLATE)
	template.update({"subject": "Pay {{ totals[0].amount }}", "response_html": "{{ rows | length }} rows"})
	template.save()
	owed(receivable)

	letter = api.letter_to_programme(receivable)

	assert (letter["subject"], letter["message"]) == ("Pay $ 100.00", "1 rows")


def test_a_letter_says_all_that_is_missing():
	name = program(direction="Receivable", title="Poor")
	for template in frappe.get_all("Email Template", {"name": ("like", f"{programme_letters.TEMPLATE}%")}):
		frappe.delete_doc("Email Template", template.name)

	with pytest.raises(programme_letters.NothingToAskFor) as refusal:
		api.letter_to_programme(name)

	text = frappe.utils.strip_html(str(refusal.value))
	places = [
		text.index(part)
		for part in (
			"The letter to Poor can't be written:",
			"The programme has no Manager's e-mail: enter it there.",
			"There is no Email Template Open Payouts of a Programme: make one.",
			"Nothing is open that you may see.",
		)
	]
	assert places == sorted(places)


def test_a_programme_that_we_pay_gets_no_letter():
	name = program(title="Ours")

	with pytest.raises(programme_letters.NothingToAskFor) as refusal:
		api.letter_to_programme(name)

	assert frappe.utils.strip_html(str(refusal.value)) == (
		"Ours pays partners, so its owner owes us nothing. Letters go to programmes that pay us."
	)


@pytest.mark.parametrize("role", [MANAGER, MARKETING])
def test_who_may_not_send_payouts_gets_no_letter(receivable, role):
	owed(receivable)
	frappe.set_user(make_user_row("nobody@reconcile.example", [role]).name)

	with pytest.raises(frappe.PermissionError):
		api.letter_to_programme(receivable)


@pytest.mark.parametrize("role", [HEAD, ACCOUNTANT])
def test_the_accountant_and_the_head_of_sales_write_letters(receivable, role):
	owed(receivable)
	frappe.set_user(make_user_row("writer@reconcile.example", [role]).name)

	assert "$ 100.00 USD" in api.letter_to_programme(receivable)["message"]
