"""What a programme's owner says he owes us: his file read line by line, compared with our payouts, decided by hand."""

from __future__ import annotations

from datetime import date

import frappe
import pytest

from partner_crm import api
from partner_crm.services import program_statements
from tests.factories import make_contact, make_counterparty, make_payout, make_program, make_user_row

PROGRAM = "Hosting"

LIST = """\
Client,E-mail,Phone,Company,Commission,Date paid
Anna Smirnova,ANNA@altyn.example,,,100.50,2026-01-22
Boris Akhmetov,,8 (701) 222-33-44,,40,2026-01-23
,,,Zerde LLP,200,2026-01-24
Nobody Known,nobody@else.example,,,70,2026-01-25
Anna Smirnova,anna@altyn.example,,,70,2026-01-26
Dana,dana@dana.example,,,many,2026-01-26
"""


@pytest.fixture
def payouts() -> dict[str, str]:
	return make_payouts()


def make_payouts() -> dict[str, str]:
	"""Names of the payouts by their clients: 100 for Anna, 50 for Boris, 200 for a company, and 30 for Carl, 9 last year."""
	make_program(title=PROGRAM, direction="Receivable")
	anna = make_contact("anna@altyn.example", first_name="Anna", last_name="Smirnova")
	boris = make_contact(phone="+7 701 222 33 44", first_name="Boris", last_name="Akhmetov")
	carl = make_contact("carl@c.example", first_name="Carl", last_name="Orff")
	company = make_counterparty(title="ТОО «Зерде»")
	made = {
		"anna": payout(100, contact=anna.name),
		"boris": payout(50, contact=boris.name),
		"company": payout(200, counterparty=company.name),
		"carl": payout(30, contact=carl.name, client_title="Carl Orff"),
	}
	payout(9, contact=carl.name, won_on="2025-12-01")
	payout(77, contact=carl.name, status="Rejected")
	return made


def payout(amount: float, **fields) -> str:
	return make_payout(direction="Receivable", program=PROGRAM, amount=amount, **fields).name


def attach(content: str | bytes, name: str = "list.csv", **fields) -> str:
	values = {"doctype": "File", "file_name": name, "is_private": 1, "content": content, **fields}
	return frappe.get_doc(values).insert().file_url


def make_statement(content: str | bytes = LIST, name: str = "list.csv", **fields):
	values = {
		"program": PROGRAM,
		"company": frappe.defaults.get_global_default("company"),
		"from_date": "2026-01-01",
		"to_date": "2026-01-31",
		"file": attach(content, name),
	}
	return frappe.get_doc({"doctype": "Program Statement", **values, **fields}).insert()


def read(content: str | bytes = LIST, **fields):
	statement = make_statement(content, **fields)
	api.read_program_statement(statement.name)
	return statement.reload()


def told(statement) -> list[tuple]:
	return [(line.row, line.result, line.payout, line.difference) for line in statement.lines]


def line_of(statement, row: int):
	return next(line for line in statement.lines if line.row == row)


def test_each_line_is_compared_with_the_payout_it_is_about(payouts):
	statement = read()

	assert told(statement) == [
		(2, "Matched", payouts["anna"], 0.5),
		(3, "Amount Differs", payouts["boris"], -10),
		(4, "Matched", payouts["company"], 0),
		(5, "Unknown Client", None, 70),
		(6, "Twice", None, 70),
		(7, "Refused", None, 0),
		(0, "Not Listed", payouts["carl"], -30),
	]
	assert (statement.status, statement.matched_lines, statement.open_lines) == ("Open Differences", 2, 5)
	assert (statement.listed_total, statement.expected_total, statement.difference) == (480.5, 380, 100.5)
	assert (line_of(statement, 0).client, line_of(statement, 0).on_date) == ("Carl Orff", date(2026, 1, 20))


def test_a_refused_row_is_kept_with_its_reason(payouts):
	line = line_of(read(), 7)

	assert (line.client, line.emails, line.amount) == ("Dana", "dana@dana.example", 0)
	assert line.problem == (
		"There is no amount in this row.\n"
		"list.csv, row 7, column “Commission”: “many” is not an amount of money."
	)


@pytest.mark.parametrize(
	("row", "reason"),
	[
		("Anna,anna@altyn.example,-5,USD", "“-5” is negative"),
		("Anna,anna@altyn.example,5,EUR", "The amount is in EUR, and the programme pays in USD."),
		("Anna,anna@altyn.example,5,BYN", "The amount is in BYN, and the programme pays in USD."),
		("Anna,anna@altyn.example,5,", "This row does not say in which currency the amount is."),
		("Anna,anna@altyn.example,=2+3,USD", "“=2+3” is not an amount of money."),
		(",,5,USD", "Nothing in this row says which client it is about."),
	],
)
def test_what_can_not_be_compared(payouts, row, reason):
	statement = read(f"Client,E-mail,Commission,Currency\n{row}\nBoris,b@b.example,1,USD\n")

	assert line_of(statement, 2).result == "Refused"
	assert reason in line_of(statement, 2).problem


def test_taken_back_payouts_are_expected_less(payouts):
	make_payout(
		direction="Receivable",
		program=PROGRAM,
		amount=-60,
		reversal_of=payouts["anna"],
		root=payouts["anna"],
	)

	line = line_of(read(), 6)
	assert (line.result, line.expected_amount, line.difference) == ("Amount Differs", 40, 30)


FEBRUARY = {"from_date": "2026-02-01", "to_date": "2026-02-28"}
PAID = {"payment_type": "Payment Entry", "paid_invoice": "SINV-1"}


def listing(*rows: tuple[str, float]) -> str:
	"""A list of clients' e-mails and amounts."""
	return "\n".join(["Client,E-mail,Commission", *(f"Client,{email},{amount}" for email, amount in rows)])


def test_instalments_are_missed_in_the_month_in_which_they_are_earned(payouts):
	deal = {"contact": frappe.db.get_value("Payout", payouts["carl"], "contact"), "won_on": "2026-01-31"}
	second, third = (payout(20, instalment=number, **deal) for number in (2, 3))
	february = read(listing(("anna@altyn.example", 100)), **FEBRUARY)

	assert told(february) == [(2, "Matched", payouts["anna"], 0), (0, "Not Listed", second, -20)]
	assert line_of(february, 0).on_date == date(2026, 2, 28)
	march = read(listing(("carl@c.example", 20)), from_date="2026-03-01", to_date="2026-03-31")
	assert told(march) == [(2, "Matched", third, 0)]


def test_a_part_of_a_payment_is_missed_in_the_month_of_the_payment(payouts):
	parts = []
	for number, paid_on in enumerate(("2026-01-25", "2026-02-10"), 1):
		paid = {"allocated": "1", "invoice_total": "1", "invoice_net": "1", "returned_on": ""}
		terms = frappe.as_json({"payment": paid | {"paid_on": paid_on}})
		parts.append(payout(20, instalment=number, payment=f"PAY-{number}", terms=terms, **PAID))
	parts.append(payout(20, instalment=3, payment="PAY-3", **PAID))

	missed = [line.payout for line in read(listing(("anna@altyn.example", 100))).lines if not line.row]
	assert sorted(set(parts) & set(missed)) == sorted([parts[0], parts[2]])
	february = read(listing(("anna@altyn.example", 99)), **FEBRUARY)
	assert [(line.payout, line.on_date) for line in february.lines if not line.row] == [
		(parts[1], date(2026, 2, 10))
	]


def test_what_one_statement_has_a_line_for_is_not_offered_to_another(payouts):
	deal = {"contact": frappe.db.get_value("Payout", payouts["anna"], "contact")}
	second = payout(100, instalment=2, **deal)
	both = [("anna@altyn.example", 100), ("anna@altyn.example", 100)]
	january = read(listing(*both[:1]))
	february = read(listing(*both), **FEBRUARY)
	listed = [(2, "Matched", payouts["anna"], 0)]
	assert told(january)[:1] == listed
	assert told(february) == [(2, "Matched", second, 0), (3, "Twice", None, 100)]
	assert payouts["anna"] not in [line.payout for line in read(listing(("x@x.example", 1))).lines]

	line_of(february, 3).payout = payouts["anna"]
	february.save()
	assert told(february)[1] == (3, "Matched", payouts["anna"], 0)
	january.save()
	assert told(january)[0] == (2, "Twice", None, 100)


def test_the_tolerance_of_the_settings_and_of_the_statement(payouts):
	statement = read(tolerance=0.1)
	assert line_of(statement, 2).result == "Amount Differs"
	frappe.db.set_single_value("Partner CRM Settings", "match_tolerance", 25)
	frappe.clear_document_cache("Partner CRM Settings", "Partner CRM Settings")
	statement.tolerance = 0
	statement.save()
	assert line_of(statement, 3).result == "Matched"


def test_the_deal_that_the_owner_names_is_the_surest(payouts):
	frappe.db.set_value("Payout", payouts["carl"], "deal", "PD-2026-7")
	statement = read("Client,E-mail,Commission,Deal number\nAnna,anna@altyn.example,30,pd-2026-7\n")

	assert told(statement)[0] == (2, "Matched", payouts["carl"], 0)


def test_the_same_file_is_one_statement(payouts):
	first = read()
	with pytest.raises(frappe.UniqueValidationError, match=f"This file is that of <strong>{first.name}"):
		make_statement(name="again.csv")

	before = told(first)
	api.read_program_statement(first.name)
	assert told(first.reload()) == before


def test_one_file_may_be_read_for_two_programmes(payouts):
	read()
	make_program(title="Mailing", direction="Receivable")

	assert read(program="Mailing").matched_lines == 0


def test_an_accountant_chooses_another_payout(payouts):
	statement = read()
	line_of(statement, 5).payout = payouts["carl"]
	statement.save()
	statement.reload()

	assert told(statement)[3] == (5, "Amount Differs", payouts["carl"], 40)
	assert line_of(statement, 5).by_hand == 1
	assert "Not Listed" not in [line.result for line in statement.lines]

	api.read_program_statement(statement.name)
	assert line_of(statement.reload(), 5).payout == payouts["carl"]

	line_of(statement, 5).by_hand = 0
	statement.save()
	assert told(statement)[3] == (5, "Unknown Client", None, 70)


def test_a_line_may_belong_to_no_payout(payouts):
	statement = read()
	line_of(statement, 2).payout = None
	statement.save()

	assert told(statement)[0] == (2, "Unknown Client", None, 100.5)
	assert line_of(statement, 6).payout == payouts["anna"]


def test_a_payout_that_can_not_be_chosen(payouts):
	other = make_payout(direction="Receivable").name
	statement = read()
	line_of(statement, 5).payout = payouts["carl"]
	line_of(statement, 6).payout = payouts["carl"]
	line_of(statement, 3).payout = other

	with pytest.raises(frappe.ValidationError) as refusal:
		statement.save()
	assert str(refusal.value) == (
		f"<ul><li>Row 3: <strong>{other}</strong> is no payout of this programme, company and currency.</li>"
		"<li>Rows 5 and 6 have the same payout. Each payout is listed once.</li></ul>"
	)


def test_differences_that_were_cleared_up(payouts):
	statement = read()
	for line in statement.lines:
		line.update({"is_settled": 1, "note": "He pays next month"})
	statement.save()
	assert (statement.status, statement.open_lines) == ("Settled", 0)

	api.read_program_statement(statement.name)
	assert {line.note for line in statement.reload().lines} == {"He pays next month"}
	assert statement.status == "Settled"


def test_a_difference_that_has_changed_is_not_cleared_up(payouts):
	statement = read()
	for line in statement.lines:
		line.update({"is_settled": 1, "note": "He pays next month"})
	statement.save()
	frappe.db.set_value("Payout", payouts["boris"], "amount", 60)
	line_of(statement, 5).payout = payouts["carl"]
	statement.save()

	assert {line.row for line in statement.lines if not line.is_settled} == {3, 5}
	assert {line.note for line in statement.lines} == {"He pays next month"}
	assert (statement.status, statement.open_lines) == ("Open Differences", 2)

	line_of(statement, 3).is_settled = 1
	statement.save()
	assert line_of(statement, 3).is_settled
	frappe.db.set_value("Payout", payouts["boris"], "amount", 70)
	api.read_program_statement(statement.name)
	statement.reload()
	assert (line_of(statement, 3).is_settled, line_of(statement, 3).note) == (0, "He pays next month")
	assert {line.row for line in statement.lines if line.is_settled} == {2, 4, 6, 7}


def test_another_payout_of_the_same_amount_is_another_difference(payouts):
	twin = payout(30, client_title="Twin")
	statement = read()
	line_of(statement, 5).payout = payouts["carl"]
	statement.save()
	line_of(statement, 5).is_settled = 1
	statement.save()
	assert line_of(statement, 5).is_settled

	line_of(statement, 5).payout = twin
	statement.save()
	assert (line_of(statement, 5).difference, line_of(statement, 5).is_settled) == (40, 0)


def test_lines_are_those_of_the_file_whatever_is_sent(payouts):
	statement = read()
	before = told(statement)
	statement.lines[0].update({"amount": 1, "client": "Somebody", "result": "Matched", "difference": 0})
	statement.update({"status": "Settled", "open_lines": 0, "problems": "None"})
	del statement.lines[3:]
	statement.append("lines", {"row": 99, "amount": 5, "client": "Invented"})
	statement.save()

	assert told(statement.reload()) == before
	assert (statement.lines[0].client, statement.status) == ("Anna Smirnova", "Open Differences")


def test_payouts_stay_as_they_are(payouts):
	columns = ["name", "status", "amount", "paid_amount", "statement", "modified"]
	before = frappe.get_all("Payout", fields=columns, order_by="name")
	read()

	assert frappe.get_all("Payout", fields=columns, order_by="name") == before


def test_another_file_is_read_anew(payouts):
	statement = read()
	statement.file = attach("Client,E-mail,Commission\nAnna,anna@altyn.example,100\n", "other.csv")
	statement.save()
	assert (statement.status, statement.lines) == ("Not Read", [])

	api.read_program_statement(statement.name)
	assert told(statement.reload())[0] == (2, "Matched", payouts["anna"], 0)


@pytest.mark.parametrize(
	("content", "name", "said"),
	[
		(
			b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
			"list.xlsx",
			"list.xlsx is a picture (PNG), not a spreadsheet.",
		),
		(b"PK\x03\x04" + b"\x00" * 100, "list.xlsx", "list.xlsx is damaged and can't be read."),
		("a,b\n1,2\n", "list.csv", "could be understood as data of clients"),
		("Client,E-mail\nAnna,anna@altyn.example\n", "list.csv", "is understood as amounts"),
	],
)
def test_files_that_say_nothing(payouts, content, name, said):
	statement = make_statement(content, name)

	with pytest.raises(program_statements.NotReadable, match=said.replace("(", r"\(").replace(")", r"\)")):
		api.read_program_statement(statement.name)
	assert (statement.reload().status, statement.lines) == ("Not Read", [])


def test_all_that_is_wrong_with_a_statement(payouts):
	make_program(title="We pay")
	with pytest.raises(frappe.ValidationError) as refusal:
		make_statement(program="We pay", from_date="2026-02-01", tolerance=101)

	assert str(refusal.value) == (
		"<ul><li><strong>We pay</strong> is a programme by which we pay partners: its owner sends us no list.</li>"
		"<li>The period ends before it begins.</li><li>The tolerance can't be more than 100 %.</li></ul>"
	)


@pytest.mark.parametrize("url", ["/private/files/../../site_config.json", "https://files.example/list.csv"])
def test_only_uploaded_files_are_read(payouts, url):
	with pytest.raises(program_statements.NotReadable, match="There is no such file, or you may not read it"):
		make_statement(file=url)


def test_a_file_that_anybody_can_read_is_not_taken(payouts):
	with pytest.raises(program_statements.NotReadable, match="Upload it as private"):
		make_statement(file=attach(LIST, "public.csv", is_private=0))


def test_somebody_elses_file_is_not_read(payouts):
	url = attach(LIST, "secret.csv")
	frappe.set_user(make_user_row("alice@staff.example", ("Partner CRM Accountant",)).name)

	with pytest.raises(program_statements.NotReadable, match="There is no such file, or you may not read it"):
		make_statement("Client\nAnna\n", file=url)


def test_right_to_left_emoji_and_long_texts(payouts):
	name = "آنا 🎉 " + "а" * 600
	statement = read(f"Client,E-mail,Commission\n{name},anna@altyn.example,100\n")

	assert line_of(statement, 2).client == name[:500]
	assert line_of(statement, 2).payout == payouts["anna"]
