"""Partners' money from payout to payment by REST, as an accountant's script does it; and by several people at once."""

from __future__ import annotations

import shutil
from collections import Counter

import frappe
import pytest
from frappe.utils import nowdate

from partner_crm.services import payout_status, statements
from tests.factories import make_counterparty, make_item, make_partner, make_payout, make_program, make_user
from tests.integration.test_lead_to_client import Rest

pytestmark = pytest.mark.commits

PROCESSES = 6


@pytest.fixture(autouse=True)
def set_up(transaction) -> None:
	settings = frappe.get_doc("Partner CRM Settings")
	settings.payout_item = make_item("Partner reward")
	settings.save()


@pytest.fixture
def partner() -> str:
	name, group = f"Agent {frappe.generate_hash(length=6)}", "All Supplier Groups"
	supplier = frappe.get_doc(
		{"doctype": "Supplier", "supplier_name": name, "supplier_group": group}
	).insert()
	return make_partner(pcrm_supplier=supplier.name)


@pytest.fixture
def owner() -> str:
	if not frappe.db.exists("Customer", "Owner Ltd"):
		frappe.get_doc({"doctype": "Customer", "customer_name": "Owner Ltd"}).insert()
	return make_counterparty(title="Programme Owner", customer="Owner Ltd").name


@pytest.fixture
def rest(http) -> Rest:
	roles = ["Partner CRM Accountant", "Accounts User", "Accounts Manager"]
	return Rest(http.login(make_user(roles=roles).name))


def company() -> str:
	return frappe.defaults.get_global_default("company")


def cash() -> str:
	return frappe.db.get_value("Account", {"account_type": "Cash", "company": company(), "is_group": 0})


def new_statement(party_type: str, party: str) -> dict:
	return {"party_type": party_type, "party": party, "company": company(), "currency": "USD"}


def pay(rest: Rest, invoice: dict, amount: float) -> str:
	is_sale = invoice["doctype"] == "Sales Invoice"
	account = invoice["debit_to"] if is_sale else invoice["credit_to"]
	payment = {
		"payment_type": "Receive" if is_sale else "Pay",
		"party_type": "Customer" if is_sale else "Supplier",
		"party": invoice["customer"] if is_sale else invoice["supplier"],
		"company": invoice["company"],
		"posting_date": nowdate(),
		"paid_from": account if is_sale else cash(),
		"paid_to": cash() if is_sale else account,
		"paid_amount": amount,
		"received_amount": amount,
		"source_exchange_rate": 1,
		"target_exchange_rate": 1,
		"references": [
			{
				"reference_doctype": invoice["doctype"],
				"reference_name": invoice["name"],
				"allocated_amount": amount,
			}
		],
		"docstatus": 1,
	}
	return rest.create("Payment Entry", payment)["name"]


def ledger(*vouchers: str) -> Counter:
	"""What these documents left on each account."""
	rows = frappe.get_all(
		"GL Entry",
		{"voucher_no": ("in", vouchers), "is_cancelled": 0},
		["account", "debit", "credit"],
		order_by="name",
	)
	sums: Counter = Counter()
	for row in rows:
		sums[row.account] += row.debit - row.credit
	return Counter({account: amount for account, amount in sums.items() if amount})


def test_from_payout_to_payment_and_the_next_statement_nets(rest, partner):
	program = make_program().name
	first, second = (
		make_payout(partner=partner, program=program, amount=amount).name for amount in (100, 50)
	)

	statement = rest.create("Payout Statement", new_statement("Sales Partner", partner))
	assert (statement["total"], statement["status"]) == (150, "Draft")
	made = rest.call("partner_crm.api.make_invoice", statement=statement["name"])
	invoice = rest.change(made["doctype"], made["name"], docstatus=1)
	assert rest.read("Payout Statement", statement["name"])["status"] == "Invoiced"

	payments = [pay(rest, invoice, 90)]
	assert rest.read("Payout Statement", statement["name"])["status"] == "Partly Paid"
	payments += [pay(rest, invoice, 60)]
	paid = rest.read("Payout Statement", statement["name"])
	assert (paid["status"], paid["paid_amount"], paid["paid_on"]) == ("Paid", 150, nowdate())
	for name in (first, second):
		assert rest.read("Payout", name)["status"] == "Paid"
	expense = invoice["items"][0]["expense_account"]
	assert ledger(invoice["name"], *payments) == {expense: 150, cash(): -150}

	taken = make_payout(partner=partner, program=program, amount=-100, reversal_of=first, root=first).name
	payout_status.refresh([taken])
	make_payout(partner=partner, program=program, amount=130)
	following = rest.create("Payout Statement", new_statement("Sales Partner", partner))
	assert following["total"] == 30
	made = rest.call("partner_crm.api.make_invoice", statement=following["name"])
	invoice = rest.change(made["doctype"], made["name"], docstatus=1)
	assert (invoice["grand_total"], len(invoice["items"])) == (30, 1)
	pay(rest, invoice, 30)
	assert rest.read("Payout", taken)["paid_amount"] == -100
	assert rest.read("Payout", first)["status"] == "Clawed Back"


def test_the_same_where_we_are_the_partner(rest, owner):
	program = make_program(direction="Receivable", counterparty=owner).name
	first = make_payout(direction="Receivable", program=program, amount=200).name

	statement = rest.create("Payout Statement", new_statement("Counterparty", owner))
	made = rest.call("partner_crm.api.make_invoice", statement=statement["name"])
	invoice = rest.change(made["doctype"], made["name"], docstatus=1)
	payment = pay(rest, invoice, 200)

	assert rest.read("Payout Statement", statement["name"])["status"] == "Paid"
	income = invoice["items"][0]["income_account"]
	assert ledger(invoice["name"], payment) == {income: -200, cash(): 200}

	rest.change("Payment Entry", payment, docstatus=2)
	assert rest.read("Payout", first)["status"] == "Confirmed"
	rest.change("Sales Invoice", invoice["name"], docstatus=2)
	assert not rest.read("Payout Statement", statement["name"]).get("invoice")
	assert not ledger(invoice["name"], payment)
	amended = {**invoice, "amended_from": invoice["name"], "docstatus": 0, "pcrm_statement": None}
	for gone in ("name", "creation", "modified", "owner", "modified_by"):
		amended.pop(gone)
	for row in (*amended["items"], *amended["payment_schedule"]):
		row.pop("name")
	amended = rest.create("Sales Invoice", amended)
	assert rest.read("Payout Statement", statement["name"])["invoice"] == amended["name"]


def test_an_accountant_of_payouts_makes_the_draft_that_another_submits(http, partner):
	make_payout(partner=partner)
	accountant = Rest(http.login(make_user(roles=["Partner CRM Accountant"]).name))

	statement = accountant.create("Payout Statement", new_statement("Sales Partner", partner))
	made = accountant.call("partner_crm.api.make_invoice", statement=statement["name"])

	assert frappe.db.get_value(made["doctype"], made["name"], "docstatus") == 0
	assert accountant.client.get(f"/api/resource/{made['doctype']}/{made['name']}").status_code == 403


def claim(index: int, partner: str) -> tuple[str, list[str]]:
	statement = frappe.get_doc({"doctype": "Payout Statement", **new_statement("Sales Partner", partner)})
	statement.insert()
	frappe.db.commit()
	return statement.name, [line.payout for line in statement.payouts]


def test_at_once_each_payout_comes_into_one_statement(run_processes, partner):
	program = make_program().name
	names = {make_payout(partner=partner, program=program).name for _number in range(40)}

	outcomes = run_processes(PROCESSES, claim, partner)

	assert Counter(outcome.error for outcome in outcomes) == {None: 1, "NothingToPay": PROCESSES - 1}
	[(statement, claimed)] = [outcome.value for outcome in outcomes if not outcome.error]
	assert set(claimed) == names and len(claimed) == 40
	assert set(frappe.get_all("Payout", {"statement": statement}, pluck="name", order_by="name")) == names
	assert frappe.db.count("Payout Statement", {"party": partner, "status": "Draft"}) == 1


def make_invoice(index: int, statement: str) -> dict:
	made = frappe.get_attr("partner_crm.api.make_invoice")(statement)
	frappe.db.commit()
	return made


def test_at_once_a_statement_gets_one_invoice(run_processes, partner):
	make_payout(partner=partner)
	statement = frappe.get_doc({"doctype": "Payout Statement", **new_statement("Sales Partner", partner)})
	statement.insert()

	outcomes = run_processes(PROCESSES, make_invoice, statement.name)

	assert [outcome.error for outcome in outcomes] == [None] * PROCESSES, outcomes[0].traceback
	assert len({outcome.value["name"] for outcome in outcomes}) == 1
	assert frappe.db.count("Purchase Invoice", {"pcrm_statement": statement.name}) == 1


def test_a_refused_statement_leaves_nothing_behind(rest, partner):
	make_payout(partner=partner, amount=-10)
	answer = rest.client.post("/api/resource/Payout Statement", json=new_statement("Sales Partner", partner))

	assert answer.status_code == 417
	assert not frappe.db.exists("Payout Statement", {"party": partner, "docstatus": 0, "total": -10})
	assert not frappe.db.exists("Payout", {"partner": partner, "amount": -10, "statement": ("is", "set")})


def test_the_partner_reads_it_in_his_language(rest, partner):
	supplier = frappe.db.get_value("Sales Partner", partner, "pcrm_supplier")
	frappe.db.set_value("Supplier", supplier, "language", "ru")
	program = make_program().name
	reckoned = {"basis_amount": 1000, "rate": 10}
	first = make_payout(partner=partner, program=program, client_title="ТОО <Алтын>", **reckoned).name
	paid = statement_of(partner)
	paid.update({"paid_amount": paid.total, "paid_on": nowdate()})
	paid.save()
	taken = make_payout(partner=partner, program=program, amount=-30, reversal_of=first, root=first)
	payout_status.refresh([taken.name])
	make_payout(partner=partner, program=program, amount=80, client_title="Next client")
	statement = statement_of(partner)

	assert statement.language == "ru"
	english, russian = printed(rest, paid.name, "en"), printed(rest, statement.name, statement.language)
	for said in ("ТОО &lt;Алтын&gt;", "$ 1,000.00", "10.00 %", "Rewards", "Still to pay"):
		assert said in english, said
	assert "Taken back" not in english
	for said in (
		"Ведомость выплат",
		"Возврат",
		f"Выплачено по ведомости {paid.name}",
		"Next client",
		"$ 50.00",
	):
		assert said in russian, said


def printed(rest: Rest, name: str, language: str) -> str:
	what = {"doctype": "Payout Statement", "name": name, "format": "Payout Statement", "_lang": language}
	answer = rest.client.get("/printview", params=what)
	assert answer.ok, answer.text
	return answer.text


@pytest.mark.skipif(
	not shutil.which("wkhtmltopdf"), reason="Frappe makes PDF with wkhtmltopdf, which is not here"
)
def test_a_statement_as_pdf(rest, partner):
	make_payout(partner=partner)
	what = {"doctype": "Payout Statement", "name": statement_of(partner).name, "format": "Payout Statement"}
	answer = rest.client.get("/api/method/frappe.utils.print_format.download_pdf", params=what)

	assert answer.ok and answer.content.startswith(b"%PDF"), answer.text


def statement_of(partner: str):
	return frappe.get_doc(
		{"doctype": statements.STATEMENT, **new_statement("Sales Partner", partner)}
	).insert()
