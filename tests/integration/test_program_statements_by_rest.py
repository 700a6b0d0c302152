"""A programme's own statement by REST, in the background, and by several people at once."""

from __future__ import annotations

from collections import Counter

import frappe
import pytest

from partner_crm import api
from partner_crm.services import program_statements
from tests.factories import make_user
from tests.integration.test_lead_to_client import Rest
from tests.integration.test_program_statements import LIST, PROGRAM, attach, make_payouts

pytestmark = pytest.mark.commits

PROCESSES = 5
MANY = 10_000


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
	"""Filled by the first test."""
	return {}


@pytest.fixture
def payouts(made) -> dict[str, str]:
	if not made:
		made.update(make_payouts())
	for name in frappe.get_all("Program Statement", pluck="name", order_by="name"):
		frappe.delete_doc("Program Statement", name)
	return made


def values() -> dict:
	company = frappe.defaults.get_global_default("company")
	return {"program": PROGRAM, "company": company, "from_date": "2026-01-01", "to_date": "2026-01-31"}


def upload(client, content: str) -> str:
	answer = client.post(
		"/api/method/upload_file", files={"file": ("list.csv", content.encode())}, data={"is_private": 1}
	)
	assert answer.ok, answer.text
	return answer.json()["message"]["file_url"]


@pytest.mark.parametrize("role", ["Partner CRM Accountant", "Partner CRM Manager"])
def test_upload_read_and_correct(http, payouts, role):
	client = http.login(make_user(roles=[role]).name)
	rest = Rest(client)

	statement = rest.create("Program Statement", values() | {"file": upload(client, LIST)})
	assert statement["status"] == "Not Read"
	assert (
		rest.call("partner_crm.api.read_program_statement", statement=statement["name"]) == "Open Differences"
	)
	read = rest.read("Program Statement", statement["name"])
	assert [line["result"] for line in read["lines"]] == [
		"Matched",
		"Amount Differs",
		"Matched",
		"Unknown Client",
		"Twice",
		"Refused",
		"Not Listed",
	]

	for line in read["lines"]:
		line.update({"payout": payouts["carl"]} if line["row"] == 5 else {"is_settled": 1})
	corrected = rest.change("Program Statement", statement["name"], lines=read["lines"])
	assert (corrected["status"], corrected["open_lines"]) == ("Open Differences", 1)
	assert rest.client.delete(f"/api/resource/Program Statement/{statement['name']}").ok
	assert not frappe.db.count("Program Statement Line", {"parent": statement["name"]})


@pytest.mark.parametrize("roles", [["Partner CRM User"], ["Partner CRM Marketing"], ["Accounts Manager"]])
def test_who_has_no_right_to_it(http, payouts, roles):
	statement = frappe.get_doc({"doctype": "Program Statement", **values(), "file": attach(LIST)}).insert()
	client = http.login(make_user(roles=roles).name)

	assert client.get(f"/api/resource/Program Statement/{statement.name}").status_code == 403
	assert client.get("/api/resource/Program Statement").status_code == 403
	call = "/api/method/partner_crm.api.read_program_statement"
	assert client.post(call, json={"statement": statement.name}).status_code == 403
	assert statement.reload().status == "Not Read"


def test_a_long_list_is_read_in_the_background(work, payouts):
	rows = [f"Client {number},client{number}@many.example,1" for number in range(MANY - 1)]
	content = "\n".join(["Client,E-mail,Commission", "Anna Smirnova,anna@altyn.example,100", *rows])
	statement = frappe.get_doc({"doctype": "Program Statement", **values(), "file": attach(content)}).insert()

	assert api.read_program_statement(statement.name) == "Reading"
	frappe.db.commit()
	work()
	frappe.db.rollback()

	results = Counter(
		frappe.get_all("Program Statement Line", {"parent": statement.name}, pluck="result", order_by="name")
	)
	assert results == {"Matched": 1, "Unknown Client": MANY - 1, "Not Listed": 3}
	assert statement.reload().status == "Open Differences"


def test_a_file_that_is_gone_when_its_turn_comes(work, payouts):
	content = "Client,E-mail,Commission\n" + "Anna,anna@altyn.example,1\n" * 400
	statement = frappe.get_doc({"doctype": "Program Statement", **values(), "file": attach(content)}).insert()
	assert api.read_program_statement(statement.name) == "Reading"
	frappe.delete_doc("File", frappe.db.get_value("File", {"file_url": statement.file}), force=True)
	frappe.db.commit()
	work()
	frappe.db.rollback()

	statement.reload()
	assert (statement.status, statement.problems) == (
		"Not Readable",
		"There is no such file, or you may not read it. Upload the list.",
	)


LONG = "Client,E-mail,Commission\n" + "Anna,anna@altyn.example,many\n" * 400


def test_a_failure_in_the_background_is_told_and_may_be_tried_again(monkeypatch, work, payouts):
	statement = frappe.get_doc({"doctype": "Program Statement", **values(), "file": attach(LONG)}).insert()
	assert api.read_program_statement(statement.name) == "Reading"
	frappe.db.commit()

	def fail(*_arguments, **_named):
		raise MemoryError

	with monkeypatch.context() as patch:
		patch.setattr(program_statements.owners_list, "read_list", fail)
		program_statements.read_in_background(statement.name)

	statement.reload()
	assert (statement.status, statement.problems) == (
		"Not Readable",
		"Reading the file failed. Read it again; if that fails too, an administrator finds why in Error Log.",
	)
	assert "MemoryError" in frappe.db.get_value("Error Log", {"reference_name": statement.name}, "error")
	assert api.read_program_statement(statement.name) == "Reading"
	work()
	assert statement.reload().status == "Open Differences"


def test_what_is_read_in_the_background_is_told_in_the_language_of_who_asked(work, payouts):
	user = make_user(roles=["Partner CRM Accountant"], language="ru").name
	frappe.set_user(user)
	statement = frappe.get_doc({"doctype": "Program Statement", **values(), "file": attach(LONG)}).insert()
	assert api.read_program_statement(statement.name) == "Reading"
	work()
	frappe.set_user("Administrator")

	problem = frappe.db.get_value("Program Statement Line", {"parent": statement.name, "row": 2}, "problem")
	assert problem.startswith("В этой строке нет суммы.")


def insert(index: int, url: str) -> str:
	name = frappe.get_doc({"doctype": "Program Statement", **values(), "file": url}).insert().name
	frappe.db.commit()
	return name


def test_at_once_one_file_makes_one_statement(run_processes, payouts):
	outcomes = run_processes(PROCESSES, insert, attach(LIST))

	assert Counter(outcome.error for outcome in outcomes) == {
		None: 1,
		"UniqueValidationError": PROCESSES - 1,
	}, [outcome.traceback for outcome in outcomes]
	assert frappe.db.count("Program Statement") == 1
