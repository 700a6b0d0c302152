"""Who may do what, told as tables: users against documents, and users against the functions that HTTP reaches."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import frappe
import pytest
from frappe import client
from frappe.desk.form import assign_to
from frappe.desk.form.load import getdoc
from frappe.desk.form.utils import add_comment
from frappe.desk.reportview import execute as report_view
from frappe.desk.search import search_link
from frappe.model.document import Document

import partner_crm
from partner_crm import api
from partner_crm.permissions.criteria import CRITERIA
from partner_crm.permissions.link_search import link_query
from partner_crm.rules.stages import set_of
from partner_crm.services import pairs
from tests.factories import (
	make_contact,
	make_counterparty,
	make_partner,
	make_payout,
	make_program,
	make_region,
	make_row,
	make_sales_person,
	make_user_row,
)

# anna is responsible for every document of the tables; lena leads her team; uma and vera were given anna and her team by
# User Permissions; pavel is a manager of another team.
ROLES = {
	"anna": ["Partner CRM User"],
	"lena": ["Partner CRM User"],
	"uma": ["Partner CRM User"],
	"vera": ["Partner CRM User"],
	"pavel": ["Partner CRM User"],
	"head": ["Partner CRM Manager"],
	"marketing": ["Partner CRM Marketing"],
	"accountant": ["Partner CRM Accountant"],
	"seller": ["Sales User"],  # of ERPNext, without a role of ours
}

# l: in lists, r: read, w: write, c: create, d: delete, p: in report views, s: found by link fields
DOCUMENTS = """
                       anna     lena     uma      vera     pavel    head     marketing  accountant  seller
Partner Lead           lrwc-ps  lrwc-ps  lrwc-ps  lrwc-ps  ---c---  lrwcdps  lr---ps    lr---ps     -------
Partner Deal           lrwc-ps  lrwc-ps  lrwc-ps  lrwc-ps  ---c---  lrwcdps  lr---ps    lr---ps     -------
Deal in the pool       lr-c-ps  lr-c-ps  lr-c-ps  lr-c-ps  lr-c-ps  lrwcdps  lr---ps    lr---ps     -------
Counterparty           lrwc-ps  lrwc-ps  lrwc-ps  lrwc-ps  ---c---  lrwcdps  lr---ps    lr---ps     -------
Its counterparty       lr-c-ps  lr-c-ps  lr-c-ps  lr-c-ps  lr-c-ps  lrwcdps  lr---ps    lr---ps     -------
Contact                lrwc-ps  lrwc-ps  lrwc-ps  lrwc-ps  ---c---  lrwc-ps  lr-c-ps    lr-c-ps     lrwc-ps
Unmanaged contact      ---c---  ---c---  ---c---  ---c---  ---c---  lrwc-ps  lr-c-ps    lr-c-ps     lrwc-ps
Client Interaction     lrwc-ps  lrwc-ps  lrwc-ps  lrwc-ps  ---c---  lrwcdps  lr---ps    -------     -------
Stage Change           lr---ps  lr---ps  lr---ps  lr---ps  -------  lr---ps  lr---ps    -------     -------
Deal Pause             lrwc-ps  lrwc-ps  lrwc-ps  lrwc-ps  ---c---  lrwcdps  -------    -------     -------
Manager Penalty        lrw--ps  lrw--ps  lrw--ps  lrw--ps  -------  lrw--ps  -------    -------     -------
Partner Claim          lr---ps  lr---ps  lr---ps  lr---ps  -------  lrwc-ps  lr---ps    lr---ps     -------
Deal Review            -------  -------  -------  -------  -------  lr---ps  -------    -------     -------
Possible Duplicate     -------  -------  -------  -------  -------  lrw--ps  -------    -------     -------
Identity Run           -------  -------  -------  -------  -------  lr---ps  -------    -------     -------
Acquisition Channel    lr---ps  lr---ps  lr---ps  lr---ps  lr---ps  lrwcdps  lrwc-ps    lr---ps     -------
ICP Profile            lr---ps  lr---ps  lr---ps  lr---ps  lr---ps  lrwcdps  lrwc-ps    -------     -------
Interaction Kind       lr----s  lr----s  lr----s  lr----s  lr----s  lrwcdps  lr----s    -------     -------
Interaction Outcome    lr----s  lr----s  lr----s  lr----s  lr----s  lrwcdps  lr----s    -------     -------
Partner Program        lr---ps  lr---ps  lr---ps  lr---ps  lr---ps  lrwcdps  lr---ps    lrwc-ps     -------
Payout                 lr---ps  lr---ps  lr---ps  lr---ps  -------  lrw--ps  -------    lrw--ps     -------
Payout Statement       -------  -------  -------  -------  -------  lr---ps  -------    lrwcdps     -------
Program Statement      -------  -------  -------  -------  -------  lrwcdps  -------    lrwcdps     -------
Partner CRM Settings   -------  -------  -------  -------  -------  -rw----  -------    -------     -------
"""


@pytest.fixture
def office() -> SimpleNamespace:
	"""The users, by their first names, and the documents, by the names of the table's rows."""
	users = {name: make_user_row(f"{name}@staff.example", roles).name for name, roles in ROLES.items()}
	team = make_sales_person(users["lena"])
	make_sales_person(users["anna"], above=team.name)
	make_sales_person(users["pavel"])
	permit(users["uma"], "User", users["anna"])
	permit(users["vera"], "Sales Person", team.name)
	return SimpleNamespace(users=users, documents=make_documents(users["anna"], users["pavel"]))


def make_documents(anna: str, pavel: str) -> dict:
	company = {"company": frappe.defaults.get_global_default("company")}
	counterparty = make_counterparty(title="Secret Ltd")
	contact = make_contact("secret@client.example", first_name="Secret")
	client = {"contact": contact.name, "counterparty": counterparty.name, **company}
	lead = make_row(
		"Partner Lead",
		lead_title="Secret lead",
		track="Own Sale",
		stage="MQL",
		stages_entered=set_of(["Cold Lead", "MQL"]),
		responsible=anna,
		**client,
	)
	deal = make_row("Partner Deal", deal_title="Secret deal", stage="SQL", responsible=anna, **client)
	free = make_row("Counterparty", title="Free Ltd")
	program = make_row(
		"Partner Program", title="Programme", direction="Receivable", manager_email="manager@bank.example"
	)
	pooled = {"counterparty": free.name, "responsible": pavel, "in_pool": 1, **company}
	return {
		"Partner Lead": lead,
		"Partner Deal": deal,
		"Deal in the pool": make_row("Partner Deal", deal_title="Free deal", stage="SQL", **pooled),
		"Counterparty": counterparty,
		"Its counterparty": free,
		"Contact": contact,
		"Unmanaged contact": make_row("Contact", first_name="Supplier", full_name="Supplier Person"),
		"Client Interaction": make_row(
			"Client Interaction", kind="Call", lead=lead.name, discussed="Secret talk", **client
		),
		"Stage Change": make_row(
			"Stage Change", reference_doctype="Partner Lead", reference_name=lead.name, to_stage="MQL"
		),
		"Deal Pause": make_row("Deal Pause", deal=deal.name, status="Asked", reason="Secret", **company),
		"Manager Penalty": make_row(
			"Manager Penalty",
			rule="Deal Lapsed",
			status="Imposed",
			manager=anna,
			reference_doctype="Partner Deal",
			reference_name=deal.name,
			**company,
		),
		"Partner Claim": make_row(
			"Partner Claim", client_title="Secret", status="Active", responsible=anna, **client
		),
		"Deal Review": make_row("Deal Review", night="2026-01-01", status="Done"),
		"Possible Duplicate": make_row(
			"Possible Duplicate",
			name=pairs.name_of("Counterparty", counterparty.name, free.name),
			card_doctype="Counterparty",
			card=counterparty.name,
			other_card=free.name,
			status="Not a Duplicate",
		),
		"Identity Run": make_row("Identity Run", kind="Check Keys", status="Done"),
		"Acquisition Channel": frappe.get_doc("Acquisition Channel", "Website"),
		"ICP Profile": make_row("ICP Profile", title="Everywhere"),
		"Interaction Kind": frappe.get_doc("Interaction Kind", "Call"),
		"Interaction Outcome": frappe.get_doc("Interaction Outcome", "Reached"),
		"Partner Program": program,
		"Payout": make_row(
			"Payout",
			status="Confirmed",
			deal=deal.name,
			amount=100,
			currency="USD",
			direction="Receivable",
			program=program.name,
			client_title="Secret",
			hold_until="2026-01-31",
			**client,
		),
		"Payout Statement": make_statement(company),
		"Program Statement": make_owners_statement(company),
		"Partner CRM Settings": frappe.get_doc("Partner CRM Settings"),
	}


def make_statement(company: dict) -> Document:
	"""Of an agent who has earned something since."""
	agent = make_partner("Secret agent")
	make_payout(partner=agent, client_title="Secret Ltd")
	whose = {"party_type": "Sales Partner", "party": agent, "direction": "Payable", "currency": "USD"}
	return make_row("Payout Statement", status="Draft", until="2026-01-31", total=70, **whose, **company)


def make_owners_statement(company: dict) -> Document:
	"""Of a programme whose owner sent a list of his clients."""
	program = make_program(title="Secret programme", direction="Receivable").name
	period = {"from_date": "2026-01-01", "to_date": "2026-01-31"}
	file = {"doctype": "File", "file_name": "secret.csv", "is_private": 1}
	file = frappe.get_doc({**file, "content": "Client,Commission\nSecret,5\n"}).insert()
	return frappe.get_doc(
		{"doctype": "Program Statement", "program": program, "file": file.file_url, **period, **company}
	).insert()


def permit(user: str, allow: str, value: str, **fields) -> None:
	frappe.get_doc(doctype="User Permission", user=user, allow=allow, for_value=value, **fields).insert()


def roles_of(doctype: str) -> set[str]:
	return {row.role for row in frappe.get_meta(doctype).permissions}


def employee_of(user: str) -> str:
	return frappe.db.get_value("Employee", {"user_id": user})


@dataclass(frozen=True)
class Call:
	"""A function that HTTP reaches, as it is called for anna's documents.

	Who is not `allowed` is refused, or gets an answer in which nothing of hers is found; either way nothing changes.
	"""

	call: Callable[[dict], object]
	allowed: str = ""


def two_companies(documents: dict) -> tuple[str, str]:
	return documents["Counterparty"].name, documents["Its counterparty"].name


WHO_MAY_READ = "anna lena uma vera head marketing accountant"
WHO_MAY_WRITE = "anna lena uma vera head"

CALLS = {
	"partner_crm.api.convert_lead": Call(
		lambda documents: api.convert_lead(documents["Partner Lead"].name), allowed=WHO_MAY_WRITE
	),
	"partner_crm.api.find_duplicates": Call(
		lambda documents: api.find_duplicates(
			"Contact", {"first_name": "Secret", "email": "secret@client.example"}
		),
		allowed=f"{WHO_MAY_READ} seller",
	),
	"partner_crm.api.missing_for_stage": Call(
		lambda documents: (
			api.missing_for_stage("Partner Lead", documents["Partner Lead"].name, "SQL") and "Secret"
		),
		allowed=WHO_MAY_READ,
	),
	"partner_crm.api.documents_behind": Call(
		lambda documents: api.documents_behind("Partner Funnel", "entered", {"stage": "MQL"}),
		allowed="anna lena uma vera head marketing",
	),
	"partner_crm.api.take_deal": Call(
		lambda documents: api.take_deal(documents["Deal in the pool"].name),
		allowed="anna lena uma vera pavel head",
	),
	"partner_crm.api.contest_penalty": Call(
		lambda documents: api.contest_penalty(documents["Manager Penalty"].name, "I called them"),
		allowed="anna",
	),
	"partner_crm.api.decide_penalty": Call(
		lambda documents: api.decide_penalty(documents["Manager Penalty"].name, "Waived", "He did call"),
		allowed="head",
	),
	"partner_crm.api.merge_preview": Call(
		lambda documents: api.merge_preview("Counterparty", *two_companies(documents)), allowed="head"
	),
	"partner_crm.api.merge_cards": Call(
		lambda documents: api.merge_cards("Counterparty", *two_companies(documents)), allowed="head"
	),
	"partner_crm.api.tell_apart": Call(
		lambda documents: api.tell_apart(
			"Contact", documents["Contact"].name, documents["Unmanaged contact"].name, "Two people"
		),
		allowed="head",
	),
	"partner_crm.api.take_back": Call(
		lambda documents: api.take_back("Counterparty", *two_companies(documents)), allowed="head"
	),
	"partner_crm.api.take_over_contacts": Call(
		lambda documents: api.take_over_contacts([documents["Unmanaged contact"].name]), allowed="head"
	),
	"partner_crm.api.scan_for_duplicates": Call(lambda _documents: api.scan_for_duplicates(), allowed="head"),
	"partner_crm.api.preview_statement": Call(
		lambda documents: api.preview_statement(documents["Payout Statement"].as_dict()),
		allowed="accountant",
	),
	"partner_crm.api.make_invoice": Call(
		lambda documents: api.make_invoice(documents["Payout Statement"].name), allowed="accountant"
	),
	"partner_crm.api.letter_to_programme": Call(
		lambda documents: api.letter_to_programme(documents["Partner Program"].name),
		allowed="head accountant",
	),
	"partner_crm.api.read_program_statement": Call(
		lambda documents: api.read_program_statement(documents["Program Statement"].name) and "Secret",
		allowed="head accountant",
	),
	"partner_crm.permissions.link_search.link_query": Call(
		lambda documents: link_query("Partner Lead", "Secret", "name", 0, 20),
		allowed=WHO_MAY_READ,
	),
}

# A free text of each, which anybody who may write may change.
TEXTS = {
	"Partner Lead": "needs",
	"Partner Deal": "comment",
	"Counterparty": "industry_holiday",
	"Contact": "department",
	"Client Interaction": "agreed",
}

DOORS = {
	"form": lambda row: getdoc(row.doctype, row.name) or frappe.response.docs,
	"client.get": lambda row: client.get(row.doctype, row.name),
	"client.get by filter": lambda row: client.get(row.doctype, filters={"name": row.name}),
	"client.get_value": lambda row: client.get_value(row.doctype, "*", {"name": row.name}),
	"client.get_list": lambda row: client.get_list(row.doctype, fields=["*"]),
	"client.set_value": lambda row: client.set_value(row.doctype, row.name, TEXTS[row.doctype], "Mine now"),
	"comment": lambda row: add_comment(row.doctype, row.name, "Mine now", "p@staff.example", "P"),
	"assignment": lambda row: assign_to.add(
		{"doctype": row.doctype, "name": row.name, "assign_to": [frappe.session.user]}
	),
}


def test_documents_by_user(office):
	expected = read_table(DOCUMENTS)
	actual = {
		row: {name: rights(document, office.users[name]) for name in expected[row]}
		for row, document in office.documents.items()
	}

	assert actual == expected


def test_the_table_has_every_doctype_that_anybody_may_open():
	ours = frappe.get_all("DocType", {"module": "Partner CRM", "istable": 0}, pluck="name")
	opened = {doctype for doctype in ours if roles_of(doctype) - {"System Manager"}}

	assert opened <= set(read_table(DOCUMENTS))


def test_writing_ones_own_name_into_a_document_gains_nothing(office):
	frappe.set_user(office.users["pavel"])
	lead = office.documents["Partner Lead"]
	lead.responsible = office.users["pavel"]

	with pytest.raises(frappe.PermissionError):
		lead.save()


def test_a_document_that_calls_itself_new_is_asked_all_the_same(office):
	frappe.set_user(office.users["pavel"])
	lead = office.documents["Partner Lead"]

	assert not frappe.get_doc({"doctype": lead.doctype, "name": lead.name, "__islocal": 1}).has_permission()
	assert frappe.new_doc(lead.doctype).has_permission()


def test_who_hands_a_lead_over_no_longer_sees_it(office):
	lead = office.documents["Partner Lead"]
	lead.db_set("responsible", office.users["pavel"])

	assert rights(lead, office.users["pavel"]) == "lrwc-ps"
	assert rights(lead, office.users["anna"]) == rights(lead, office.users["lena"]) == "---c---"


def test_a_colleague_at_the_same_height_of_the_tree_is_no_team(office):
	team = frappe.db.get_value("Sales Person", {"employee": employee_of(office.users["lena"])})
	make_sales_person(user := make_user_row("nina@staff.example").name, above=team)

	assert rights(office.documents["Partner Lead"], user) == "---c---"


def test_a_leader_who_was_switched_off_keeps_his_own_only(office):
	leader = frappe.get_doc("Sales Person", {"employee": employee_of(office.users["lena"])})
	leader.db_set("enabled", 0)

	assert rights(office.documents["Partner Lead"], office.users["lena"]) == "---c---"


def test_a_user_permission_may_be_for_one_doctype(office):
	user = make_user_row("nina@staff.example").name
	permit(user, "User", office.users["anna"], applicable_for="Partner Lead", apply_to_all_doctypes=0)

	assert rights(office.documents["Partner Lead"], user) == "lrwc-ps"
	assert rights(office.documents["Partner Deal"], user) == "---c---"


def test_user_permissions_of_frappe_hold_besides(office):
	office.documents["Partner Lead"].db_set("region", make_region("North"))
	permit(office.users["anna"], "Territory", make_region("South"))

	assert rights(office.documents["Partner Lead"], office.users["anna"]) == "---c---"


def test_what_was_shared_is_in_the_list_and_can_be_read_only(office):
	deal = office.documents["Partner Deal"]
	frappe.share.add("Partner Deal", deal.name, office.users["pavel"], read=1)

	assert rights(deal, office.users["pavel"]) == "lr-c-ps"


def test_another_role_goes_as_far_as_it_goes(office):
	"""A manager who works in marketing too reads everything, and changes his own."""
	user = make_user_row("nina@staff.example", ("Partner CRM User", "Partner CRM Marketing")).name

	assert rights(office.documents["Partner Lead"], user) == "lr-c-ps"
	assert rights(make_row("Partner Lead", responsible=user, lead_title="Own"), user) == "lrwc-ps"


def test_contacts_keep_the_rights_that_erpnext_gives(office):
	user = make_user_row("nina@staff.example", ("Partner CRM User", "Sales User")).name

	assert rights(office.documents["Unmanaged contact"], user) == "lrwc-ps"


def test_an_account_manager_sees_the_client(office):
	customer = make_row("Customer", customer_name="Secret Ltd", account_manager=office.users["pavel"])
	office.documents["Counterparty"].db_set("customer", customer.name)

	assert rights(office.documents["Counterparty"], office.users["pavel"]) == "lrwc-ps"
	assert rights(office.documents["Contact"], office.users["pavel"]) == "---c---"


def test_link_search_can_not_be_told_to_ignore_permissions(office):
	frappe.set_user(office.users["pavel"])

	for row in ("Partner Lead", "Partner Deal", "Counterparty", "Client Interaction"):
		assert not is_found(office.documents[row], ignore_user_permissions=True)


def test_no_door_of_frappe_leads_to_the_documents_of_others(office):
	for row in ("Partner Lead", "Partner Deal", "Counterparty", "Contact", "Client Interaction"):
		for door, opened in DOORS.items():
			call = Call(lambda documents, opened=opened, row=row: opened(documents[row]))
			outcomes = [outcome_of(call, office, office.users[name]) for name in ("head", "pavel")]
			assert outcomes == ["allowed", "refused"], f"{row}: {door}"


def test_global_search_has_none_of_the_doctypes_that_it_would_show_to_everybody():
	for doctype in CRITERIA:
		assert doctype == "Contact" or not frappe.get_meta(doctype).get_global_search_fields()


def test_a_check_of_a_document_costs_one_statement(office):
	frappe.set_user(office.users["anna"])
	lead = office.documents["Partner Lead"]
	lead.has_permission("read")  # from here on it is known who she and her team are

	assert statements(lambda: lead.has_permission("write")) == 1


def test_every_whitelisted_function_is_in_the_table():
	assert set(whitelisted_functions()) == set(CALLS)


@pytest.mark.parametrize("function", CALLS)
def test_functions_by_user(office, function):
	call = CALLS[function]
	outcome = {name: outcome_of(call, office, user) for name, user in office.users.items()}

	assert outcome == {name: "allowed" if name in call.allowed.split() else "refused" for name in outcome}


def read_table(text: str) -> dict[str, dict[str, str]]:
	names, *lines = text.strip("\n").splitlines()
	rows = {line[:23].strip(): line[23:].split() for line in lines}
	return {row: dict(zip(names.split(), cells, strict=True)) for row, cells in rows.items()}


def rights(document, user: str) -> str:
	frappe.set_user(user)
	asked = {
		"l": lambda: is_listed(document),
		"r": lambda: document.has_permission("read"),
		"w": lambda: document.has_permission("write"),
		"c": lambda: frappe.has_permission(document.doctype, "create"),
		"d": lambda: document.has_permission("delete"),
		"p": lambda: is_reported(document),
		"s": lambda: is_found(document),
	}
	granted = "".join(letter if ask() else "-" for letter, ask in asked.items())
	frappe.set_user("Administrator")
	return granted


def is_listed(document) -> bool:
	if document.meta.issingle or not frappe.has_permission(document.doctype, "read"):
		return False
	return bool(frappe.get_list(document.doctype, filters={"name": document.name}))


def is_reported(document) -> bool:
	if document.meta.issingle or not frappe.has_permission(document.doctype, "report"):
		return False
	return bool(report_view(document.doctype, fields=["name"], filters={"name": document.name}))


def is_found(document, **arguments) -> bool:
	if document.meta.issingle or not frappe.has_permission(document.doctype, "read"):
		return False
	found = search_link(document.doctype, "", page_length=1000, **arguments)
	return document.name in [row["value"] for row in found]


def outcome_of(call: Call, office: SimpleNamespace, user: str) -> str:
	"""Any other refusal is none of our business here: rights let it through."""
	before = state(office.documents)
	frappe.db.savepoint("before_the_call")
	frappe.set_user(user)
	try:
		answer = frappe.as_json(call.call(office.documents))
	except frappe.PermissionError:
		answer = ""
	except frappe.ValidationError:
		answer = "Secret"
	frappe.set_user("Administrator")
	changed = state(office.documents) != before
	frappe.db.rollback(save_point="before_the_call")
	return "allowed" if changed or reveals(answer, office.documents) else "refused"


def reveals(answer: str, documents: dict) -> bool:
	names = [documents[doctype].name for doctype in TEXTS]
	return any(secret in answer for secret in ("Secret", *names))


def state(documents: dict) -> list:
	texts = [frappe.db.get_value(doctype, documents[doctype].name, text) for doctype, text in TEXTS.items()]
	stages = [
		frappe.db.get_value(doctype, documents[doctype].name, "stage")
		for doctype in ("Partner Lead", "Partner Deal")
	]
	return [
		*texts,
		*stages,
		frappe.db.count("Comment"),
		frappe.db.count("ToDo"),
		frappe.db.count("Partner Deal"),
		frappe.db.count("Counterparty"),
		frappe.db.count("Identity Run"),
		frappe.get_all("Possible Duplicate", pluck="status", order_by="name"),
	]


def statements(call: Callable[[], object]) -> int:
	"""How many statements `call` sends to the database."""
	sent = []
	original = frappe.db.sql
	frappe.db.sql = lambda *args, **kwargs: sent.append(args) or original(*args, **kwargs)
	try:
		call()
	finally:
		frappe.db.sql = original
	return len(sent)


def whitelisted_functions() -> Iterator[str]:
	"""Dotted names of all functions and methods of the app that are decorated with `frappe.whitelist`."""
	package = Path(partner_crm.__file__).parent
	for file in package.rglob("*.py"):
		module = ".".join(file.relative_to(package.parent).with_suffix("").parts)
		tree = ast.parse(file.read_text(encoding="utf-8"))
		for owner in (tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))):
			prefix = f"{module}.{owner.name}" if isinstance(owner, ast.ClassDef) else module
			yield from (f"{prefix}.{node.name}" for node in owner.body if is_whitelisted(node))


def is_whitelisted(node: ast.stmt) -> bool:
	decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
	return any("whitelist" in ast.unparse(decorator) for decorator in decorators)
