"""The life of a guest, on a site that was at work before the app came: installed, used, migrated twice, uninstalled.

The fixture `life` lives it once and takes pictures of the site on the way; each test compares two of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import frappe
import pytest
from frappe.desk.form.load import getdoc, getdoctype
from frappe.email.receive import InboundMail
from frappe.permissions import add_permission

from partner_crm.setup.core_permissions import CORE_PERMISSIONS
from partner_crm.setup.custom_fields import CUSTOM_FIELDS
from partner_crm.setup.roles import ROLES
from partner_crm.setup.uninstall import names_of
from tests.bench.plugin import connect
from tests.factories import make_row, make_user

pytestmark = pytest.mark.commits

APP = "partner_crm"

# They tell what has happened on the site.
LOGS = {"Deleted Document", "Error Log", "Scheduled Job Log", "Version"}

# What makes a site what it is, by what tells one row from another.
_RIGHTS = ["parent", "role", "permlevel", "if_owner", "select", "read", "write", "create", "export"]
METADATA = {
	"Client Script": ["name"],
	"Custom DocPerm": _RIGHTS,
	"Custom Field": ["name"],
	"DocField": ["parent", "fieldname", "fieldtype", "options"],
	"DocPerm": _RIGHTS,
	"DocType": ["name"],
	"Has Role": ["parenttype", "parent", "role"],
	"Kanban Board": ["name"],
	"Module Def": ["name"],
	"Notification": ["name"],
	"Number Card": ["name"],
	"Page": ["name"],
	"Patch Log": ["patch"],
	"Print Format": ["name"],
	"Property Setter": ["name"],
	"Report": ["name"],
	"Role": ["name"],
	"Scheduled Job Type": ["name"],
	"Server Script": ["name"],
	"Web Form": ["name"],
	"Workspace": ["name"],
}

# What an administrator may have made or changed that no migrate may touch.
EDITED = [
	"Acquisition Channel",
	"Custom DocPerm",
	"Custom Field",
	"Interaction Kind",
	"Interaction Outcome",
	"Kanban Board",
	"Kanban Board Column",
	"Partner CRM Stage Field",
	"Property Setter",
]


@pytest.fixture(scope="module")
def site(harness) -> Iterator:
	own = harness.new_site_without_app()
	yield own
	harness.drop(own)


@pytest.fixture(scope="module")
def life(harness, site) -> SimpleNamespace:
	bench = partial(harness.frappe, "--site", site.name)
	life = SimpleNamespace()
	with at(site):
		make_host()
		frappe.db.commit()
		life.saves_before = what_saving_does()
		life.before = picture()

	bench("install-app", APP)
	with at(site):
		life.installed = picture()
		life.presets = presets()
		life.saves_installed = what_saving_does()
		work_with_the_app()
		edit_as_administrator()
		life.edited = contents(EDITED)

	bench("migrate", "--skip-search-index")
	bench("migrate", "--skip-search-index")
	with at(site):
		life.migrated = contents(EDITED)
		life.working = picture()

	bench("uninstall-app", APP, "--dry-run", "--yes")
	with at(site):
		life.dry_run = picture()

	bench("uninstall-app", APP, "--yes", "--no-backup")
	with at(site):
		life.uninstalled = picture()
		life.saves_uninstalled = what_saving_does()
		life.left_over = left_over()
		life.opened = open_and_save_everything()

	bench("install-app", APP)
	with at(site):
		life.presets_again = presets()
	return life


@contextmanager
def at(site) -> Iterator[None]:
	connect(site)
	yield
	frappe.db.commit()
	frappe.destroy()


def test_saving_what_is_not_ours_is_the_same_with_the_app_and_after_it(life):
	assert life.saves_installed == life.saves_before
	assert life.saves_uninstalled == life.saves_before


def test_installing_takes_nothing_away(life):
	for what, before in life.before.items():
		assert before - life.installed[what] == set()


def test_installing_adds_to_the_host_only_what_is_ours(life):
	added = {
		column for column in life.installed["columns"] - life.before["columns"] if not is_ours(column[0])
	}

	assert added == {
		(f"tab{doctype}", field["fieldname"])
		for doctype, fields in CUSTOM_FIELDS.items()
		for field in fields
		if is_stored(field)
	}


def test_installing_gives_rights_to_our_roles_only(life):
	assert {right[1] for right in life.installed["rights"] - life.before["rights"]} <= set(ROLES)


def test_presets_are_there_after_installing(life):
	assert life.presets == {
		"Interaction Kind": 15,
		"Interaction Outcome": 8,
		"Acquisition Channel": 9,
		"Kanban Board": 2,
		"stage_fields": 30,
		"activity_months": 2,
	}


def test_migrating_leaves_what_the_administrator_has_made_of_it(life):
	assert life.migrated == life.edited


def test_a_dry_run_removes_nothing(life):
	assert life.dry_run == life.working


def test_uninstalling_leaves_tables_columns_and_indexes_as_they_were(life):
	assert life.uninstalled["columns"] == life.before["columns"] | {("tabCustomer", "their_company")}
	assert life.uninstalled["indexes"] == life.before["indexes"]


def test_uninstalling_gives_everybody_the_rights_he_had(life):
	assert life.uninstalled["rights"] == life.before["rights"]


def test_uninstalling_leaves_the_metadata_as_it_was(life):
	"""But for what Frappe itself clears away when it migrates."""
	of_the_host = {("Custom Field", "Customer-their_company")}
	before = life.before["metadata"] & life.working["metadata"]

	assert life.uninstalled["metadata"] == before | of_the_host


def test_uninstalling_leaves_nothing_that_speaks_of_the_app(life):
	assert life.left_over == []


def test_after_uninstalling_everything_opens_and_saves(life):
	assert {"Contact", "Address", "Communication", "Customer", "File", "User"} <= life.opened.keys()
	assert all(life.opened.values())


def test_the_app_can_come_back(life):
	assert life.presets_again == life.presets


# What there is before the app comes


def make_host() -> None:
	"""People, companies and an administrator's own changes, duplicates among them."""
	for _twice in range(2):
		make_contact_of_the_host("Ivan", "ivan@host.example")
	frappe.get_doc(doctype="Customer", customer_name="Host Client", customer_type="Company").insert()
	frappe.get_doc(
		doctype="Supplier", supplier_name="Host Supplier", supplier_group="All Supplier Groups"
	).insert()
	frappe.get_doc(
		doctype="Custom Field", dt="Contact", fieldname="vip", label="VIP", fieldtype="Check"
	).insert()
	add_permission("Territory", "Employee")
	frappe.get_doc(
		doctype="Email Account",
		email_account_name="Office",
		email_id="office@host.example",
		enable_incoming=0,
		create_contact=1,
	).insert()


def make_contact_of_the_host(first_name: str, email: str):
	return frappe.get_doc(
		doctype="Contact",
		first_name=first_name,
		email_ids=[{"email_id": email, "is_primary": 1}],
		phone_nos=[{"phone": "+7 701 000 00 00", "is_primary_phone": 1}],
	).insert()


def save_contact() -> list:
	contact = make_contact_of_the_host("Anna", "anna@host.example")
	contact.reload()
	contact.designation = "Buyer"
	contact.save()
	return [contact]


def save_user() -> list:
	user = frappe.get_doc(
		doctype="User", email="boris@host.example", first_name="Boris", send_welcome_email=0
	)
	user.insert()
	return [user, frappe.get_doc("Contact", {"email_id": user.name})]


def save_customer() -> list:
	customer = frappe.get_doc(
		doctype="Customer",
		customer_name="Vera Host",
		customer_type="Individual",
		email_id="vera@host.example",
	).insert()
	return [customer, frappe.get_doc("Contact", {"email_id": "vera@host.example"})]


def save_supplier() -> list:
	supplier = frappe.get_doc("Supplier", "Host Supplier")
	supplier.website = "https://supplier.example"
	supplier.save()
	return [supplier]


def receive_letter() -> list:
	letter = (
		"From: Gleb <gleb@elsewhere.example>\nTo: office@host.example\nSubject: Hello\nMessage-ID: <1@elsewhere.example>\n"
		"Date: Fri, 20 Nov 2026 10:00:00 +0500\nContent-Type: text/plain; charset=utf-8\n\nGood morning."
	)
	communication = InboundMail(letter, frappe.get_doc("Email Account", "Office")).process()
	return [communication, frappe.get_doc("Contact", {"email_id": "gleb@elsewhere.example"})]


def what_saving_does() -> dict[str, tuple]:
	"""For each way to save: the documents that it makes and how often it writes into which table."""
	return {
		operation.__name__: watched(operation)
		for operation in (save_contact, save_user, save_customer, save_supplier, receive_letter)
	}


def watched(operation: Callable[[], list]) -> tuple[list[dict], Counter]:
	written = Counter()
	send = frappe.db.sql

	def watch(query, *args, **kwargs):
		if found := re.match(
			r"\s*(insert into|update|delete from)\s+`?(\w[^`(]*)", str(query), re.IGNORECASE
		):
			written[found[1].lower(), found[2].strip()] += 1
		return send(query, *args, **kwargs)

	frappe.db.sql = watch
	try:
		documents = [lasting(document.as_dict(no_nulls=True)) for document in operation()]
	finally:
		frappe.db.sql = send
		frappe.db.rollback()
	return documents, written


def lasting(values: dict) -> dict:
	"""Without what differs each time, and without our fields, which must be empty."""
	differing = ("name", "creation", "modified", "parent", "userid")
	assert not any(value for name, value in values.items() if name.startswith("pcrm_"))
	return {
		name: [lasting(row) for row in value] if isinstance(value, list) else value
		for name, value in values.items()
		if name not in differing and not name.startswith("pcrm_")
	}


# What happens while the app is there


def work_with_the_app() -> None:
	"""Everything of Frappe's that can point to a document of ours does."""
	user = make_user("manager@host.example").name
	company = frappe.get_doc(doctype="Counterparty", title="Guest Ltd").insert()
	lead = make_row("Partner Lead", lead_title="Guest", track="Own Sale", stage="Cold Lead", responsible=user)
	deal = make_row("Partner Deal", deal_title="Guest", stage="SQL", responsible=user)
	about = {"reference_doctype": "Partner Deal", "reference_name": deal.name}

	company.size = "1-10"
	company.save()
	company.add_comment("Comment", "A good one.")
	company.add_tag("Important")
	frappe.get_doc(
		doctype="ToDo",
		description="Call them",
		reference_type="Counterparty",
		reference_name=company.name,
		allocated_to=user,
	).insert()
	make_row(
		"Notification Log", subject="Call them", document_type="Counterparty", document_name=company.name
	)
	frappe.share.add("Counterparty", company.name, user)
	frappe.get_doc(
		doctype="Address",
		address_title="Guest",
		address_line1="1 Street",
		city="Almaty",
		country="Kazakhstan",
		links=[{"link_doctype": "Counterparty", "link_name": company.name}],
	).insert()
	frappe.get_doc(doctype="Communication", subject="Offer", content="Here it is.", **about).insert()
	frappe.get_doc(
		doctype="File",
		file_name="contract.txt",
		content="Signed.",
		attached_to_doctype="Partner Deal",
		attached_to_name=deal.name,
	).insert()
	frappe.get_doc(
		doctype="User Permission",
		user=user,
		allow="Company",
		for_value=frappe.defaults.get_global_default("company"),
		applicable_for="Partner Deal",
		apply_to_all_doctypes=0,
	).insert()
	frappe.get_doc(
		doctype="Notification",
		name="Deal is lost",
		subject="Lost",
		document_type="Partner Deal",
		event="Save",
		channel="System Notification",
		recipients=[{"receiver_by_document_field": "owner"}],
	).insert()
	frappe.get_doc(
		doctype="Custom Field",
		dt="Customer",
		fieldname="their_company",
		label="Company of theirs",
		fieldtype="Link",
		options="Counterparty",
	).insert()
	frappe.db.set_value("Customer", "Host Client", "their_company", company.name)
	contact = frappe.get_doc("Contact", {"first_name": "Ivan"})
	contact.append("links", {"link_doctype": "Counterparty", "link_name": company.name})
	contact.pcrm_counterparty = company.name
	contact.save()
	frappe.db.set_value("Partner Lead", lead.name, "contact", contact.name)


def edit_as_administrator() -> None:
	frappe.delete_doc("Interaction Outcome", "No answer")
	frappe.delete_doc("Acquisition Channel", "Event")
	frappe.delete_doc("Kanban Board", "Leads by stage")
	frappe.db.set_value("Interaction Kind", "Webinar", "can_be_two_way", 1)
	frappe.db.set_value("Custom Field", "Contact-pcrm_messenger", "label", "Telegram")
	frappe.db.set_value("Custom DocPerm", {"parent": "Contact", "role": "Partner CRM Marketing"}, "export", 0)
	settings = frappe.get_doc("Partner CRM Settings")
	settings.activity_months = 3
	settings.stage_fields = settings.stage_fields[:-1]
	settings.save()


def presets() -> dict[str, int]:
	settings = frappe.get_doc("Partner CRM Settings")
	counted = ("Interaction Kind", "Interaction Outcome", "Acquisition Channel", "Kanban Board")
	return {doctype: frappe.db.count(doctype) for doctype in counted} | {
		"stage_fields": len(settings.stage_fields),
		"activity_months": settings.activity_months,
	}


# Pictures


def picture() -> dict[str, set[tuple]]:
	return {
		"columns": set(of_schema("columns", "table_name, column_name")),
		"indexes": set(of_schema("statistics", "table_name, index_name, column_name")),
		"rights": {
			(doctype, *(row.get(column) for column in _RIGHTS[1:]))
			for doctype in CORE_PERMISSIONS
			for row in frappe.get_meta(doctype).permissions
		},
		"metadata": {
			(doctype, *row)
			for doctype, columns in METADATA.items()
			for row in frappe.get_all(doctype, fields=columns, as_list=True, order_by=None)
		},
	}


def of_schema(table: str, columns: str) -> list[tuple]:
	return frappe.db.sql(f"SELECT {columns} FROM information_schema.{table} WHERE table_schema = DATABASE()")


def contents(doctypes: list[str]) -> dict[str, list]:
	rows = {doctype: frappe.get_all(doctype, fields=["*"], order_by="name") for doctype in doctypes}
	return rows | {"Partner CRM Settings": frappe.db.get_singles_dict("Partner CRM Settings")}


def left_over() -> list[tuple[str, str]]:
	"""Every cell of the database that names something of ours."""
	names = [*names_of("doctype"), *ROLES, "Partner CRM"]
	found = []
	for table, columns in text_columns().items():
		named = " OR ".join(f"`{column}` IN %(names)s OR `{column}` LIKE %(app)s" for column in columns)
		count = frappe.db.sql(
			f"SELECT COUNT(*) FROM `{table}` WHERE {named}", {"names": names, "app": r"%partner\_crm%"}
		)
		if count[0][0]:
			found.append((table, count[0][0]))
	return found


def text_columns() -> dict[str, list[str]]:
	columns = {}
	for table, column, kind in of_schema("columns", "table_name, column_name, data_type"):
		if kind in ("varchar", "text", "longtext") and table.removeprefix("tab") not in LOGS:
			columns.setdefault(table, []).append(column)
	return columns


def open_and_save_everything() -> dict[str, int]:
	"""How many documents of each DocType could be opened and saved."""
	saved = Counter()
	for doctype in (
		"Contact",
		"Address",
		"Communication",
		"Customer",
		"Supplier",
		"File",
		"User",
		"ToDo",
		"Role",
	):
		getdoctype(doctype)
		for name in frappe.get_all(doctype, pluck="name"):
			getdoc(doctype, name)
			frappe.get_doc(doctype, name).save()
			saved[doctype] += 1
	return saved


def is_ours(table: str) -> bool:
	return table.removeprefix("tab") in names_of("doctype")


def is_stored(field: dict) -> bool:
	return field["fieldtype"] not in ("Tab Break", "Section Break", "Column Break")
