"""What the app declares holds together: hooks, DocTypes, fixtures, presets, and the names that others rely on.

Everything is read from the files, so that it needs no site.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
APP = CHECKOUT / "partner_crm"
DATA = Path(__file__).parent / "data"

DOCTYPES = {
	doctype["name"]: doctype
	for file in sorted((APP / "partner_crm" / "doctype").glob("*/*.json"))
	if (doctype := json.loads(file.read_text(encoding="utf-8")))
}

# Where our links may lead besides our own DocTypes. Each is in version 15 and 16.
FRAPPE = {
	"Communication",
	"Contact",
	"Country",
	"Currency",
	"DocType",
	"File",
	"Language",
	"Role",
	"ToDo",
	"User",
}
ERPNEXT = {
	"Call Log",
	"Company",
	"Contract",
	"Customer",
	"Customer Group",
	"Industry Type",
	"Item",
	"Item Group",
	"Purchase Invoice",
	"Sales Invoice",
	"Sales Order",
	"Sales Partner",
	"Supplier",
	"Territory",
}

# Promised by the contract, not built yet.
LATER = {
	"Partner CRM Settings.identity_pairs",
}

NO_VALUE = {"Section Break", "Column Break", "Tab Break", "HTML", "Button", "Heading"}
NOT_IN_VERSION_15 = {"mask", "not_nullable", "sticky"}
DOTTED = re.compile(r"partner_crm(\.\w+)+")


def constants(module: str) -> dict[str, object]:
	"""The literals that a module assigns to names, without importing it."""
	tree = ast.parse((APP / module).read_text(encoding="utf-8"))
	found = {}
	for node in tree.body:
		if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
			try:
				found[node.targets[0].id] = ast.literal_eval(node.value)
			except ValueError:  # made of other names
				continue
	return found


HOOKS = constants("hooks.py")
ROLES = constants("setup/roles.py")
CONTACT_FIELDS = constants("setup/custom_fields.py")["CONTACT_FIELDS"]


def fields(doctype: str) -> dict[str, dict]:
	listed = CONTACT_FIELDS if doctype == "Contact" else DOCTYPES[doctype]["fields"]
	return {field["fieldname"]: field for field in listed}


def strings(value: object) -> Iterator[str]:
	if isinstance(value, str):
		yield value
	elif isinstance(value, dict):
		for part in (*value.keys(), *value.values()):
			yield from strings(part)
	elif isinstance(value, list | tuple):
		for part in value:
			yield from strings(part)


# Hooks


def test_hooks_hold_literals_only():
	tree = ast.parse((APP / "hooks.py").read_text(encoding="utf-8"))

	assert {type(node) for node in tree.body} == {ast.Assign}
	assert len(HOOKS) == len(tree.body)


def hooked_functions() -> list[str]:
	return sorted({text for text in strings(HOOKS) if DOTTED.fullmatch(text)})


@pytest.mark.parametrize("path", hooked_functions())
def test_hooks_lead_to_functions(path):
	module, function = path.rsplit(".", 1)
	tree = ast.parse((CHECKOUT / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8"))

	assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_hooks_lead_to_files():
	scripts = [text for text in strings(HOOKS) if text.endswith((".js", ".css")) and "bundle" not in text]

	files = [text.replace("/assets/partner_crm/", "public/", 1) for text in scripts]
	assert [text for text in files if not (APP / text).is_file()] == []


def test_the_hooks_of_rights_cover_every_criterion():
	tree = ast.parse((APP / "permissions" / "criteria.py").read_text(encoding="utf-8"))
	[criteria] = [
		node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "CRITERIA"
	]
	bounded = {key.value for key in criteria.keys}

	assert set(HOOKS["permission_query_conditions"]) == set(HOOKS["has_permission"]) == bounded


def test_nothing_of_ours_is_deleted_with_the_transactions_of_a_company():
	of_companies = {
		name
		for name, doctype in DOCTYPES.items()
		if not doctype.get("issingle")
		and any(
			field["fieldtype"] == "Link" and field["options"] == "Company" for field in fields(name).values()
		)
	}

	assert sorted(of_companies) == HOOKS["company_data_to_be_ignored"]


# DocTypes


def test_there_are_doctypes():
	assert len(DOCTYPES) > 15


@pytest.mark.parametrize("name", DOCTYPES)
def test_doctypes_lie_where_frappe_looks(name):
	folder = APP / "partner_crm" / "doctype" / name.lower().replace(" ", "_")
	controller = ast.parse((folder / f"{folder.name}.py").read_text(encoding="utf-8"))

	assert (folder / "__init__.py").is_file()
	assert (folder / f"{folder.name}.json").is_file()
	assert name.replace(" ", "") in {node.name for node in controller.body if isinstance(node, ast.ClassDef)}
	assert DOCTYPES[name]["module"] == "Partner CRM"


@pytest.mark.parametrize("name", DOCTYPES)
def test_fields_are_listed_once(name):
	listed = [field["fieldname"] for field in DOCTYPES[name]["fields"]]

	assert [fieldname for fieldname, times in Counter(listed).items() if times > 1] == []
	assert DOCTYPES[name]["field_order"] == listed


@pytest.mark.parametrize("name", DOCTYPES)
def test_fields_are_known_to_version_15(name):
	used = {key for field in DOCTYPES[name]["fields"] for key in field}

	assert not used & NOT_IN_VERSION_15


@pytest.mark.parametrize("name", [*DOCTYPES, "Contact"])
def test_links_lead_somewhere(name):
	links = {
		field["options"]
		for field in fields(name).values()
		if field["fieldtype"] in ("Link", "Table", "Table MultiSelect")
	}

	assert links - DOCTYPES.keys() - FRAPPE - ERPNEXT == set()


@pytest.mark.parametrize("name", DOCTYPES)
def test_tables_are_of_child_doctypes(name):
	tables = [field["options"] for field in fields(name).values() if field["fieldtype"] == "Table"]

	assert [table for table in tables if not DOCTYPES[table].get("istable")] == []


@pytest.mark.parametrize("name", DOCTYPES)
def test_dynamic_links_and_currencies_name_a_field(name):
	own = fields(name)
	for field in own.values():
		if field["fieldtype"] == "Dynamic Link":
			assert field["options"] in own
		if field["fieldtype"] == "Currency" and ":" not in field.get("options", ":"):
			assert field["options"] in own


@pytest.mark.parametrize("name", DOCTYPES)
def test_defaults_are_among_the_options(name):
	for field in fields(name).values():
		if field["fieldtype"] == "Select" and "default" in field:
			assert field["default"] in field["options"].split("\n"), field["fieldname"]


@pytest.mark.parametrize("name", DOCTYPES)
def test_yes_or_no_has_a_third_answer_and_no_default(name):
	for field in fields(name).values():
		if field["fieldtype"] == "Select" and {"Yes", "No"} == set(
			filter(None, field["options"].split("\n"))
		):
			assert field["options"].startswith("\n"), "Frappe would answer Yes by itself"
			assert "default" not in field


@pytest.mark.parametrize("name", DOCTYPES)
def test_what_people_read_has_a_label(name):
	unlabelled = [
		f["fieldname"] for f in fields(name).values() if f["fieldtype"] not in NO_VALUE and not f.get("label")
	]

	assert unlabelled == []


@pytest.mark.parametrize("name", DOCTYPES)
def test_titles_and_search_fields_exist(name):
	doctype = DOCTYPES[name]
	named = [doctype.get("title_field"), *doctype.get("search_fields", "").split(",")]

	assert {fieldname.strip() for fieldname in named if fieldname} - fields(name).keys() == set()


@pytest.mark.parametrize("name", DOCTYPES)
def test_connections_exist(name):
	for link in DOCTYPES[name].get("links", []):
		assert link["link_fieldname"] in fields(link["link_doctype"])


INTERNAL = ("Report Rollup", "Report Rollup Note")
"""Nobody's: their rows speak of documents, and no permission of a reader's could be asked for them."""


@pytest.mark.parametrize("name", DOCTYPES)
def test_permissions_are_given_to_our_roles(name):
	roles = {row["role"] for row in DOCTYPES[name].get("permissions", [])}

	assert roles - set(ROLES.values()) - {"System Manager"} == set()
	has_none = name in INTERNAL or bool(DOCTYPES[name].get("istable"))  # a child has the rights of its parent
	assert has_none is not bool(roles)


@pytest.mark.parametrize("name", HOOKS["permission_query_conditions"])
def test_what_not_everybody_sees_is_not_in_the_global_search(name):
	"""It shows every match to everybody who may read the DocType."""
	assert [field for field in fields(name).values() if field.get("in_global_search")] == []


# The names that others rely on


def test_the_contract_is_kept():
	missing = set()
	for row in csv.DictReader((DATA / "contract.csv").open(encoding="utf-8")):
		doctype, fieldname = row["doctype"], row["fieldname"]
		if doctype not in DOCTYPES and doctype != "Contact":
			missing.add(doctype)
		elif fieldname not in fields(doctype):
			missing.add(f"{doctype}.{fieldname}")
		elif row["options"]:
			options = fields(doctype)[fieldname]["options"].strip("\n").split("\n")
			assert options == row["options"].split("|"), f"{doctype}.{fieldname}"

	assert missing <= LATER


# Fixtures, custom fields, presets


def test_fixtures_are_our_roles():
	[fixture] = HOOKS["fixtures"]
	[[_name, _in, filtered]] = fixture["filters"]
	shipped = json.loads((APP / "fixtures" / "role.json").read_text(encoding="utf-8"))
	named = {value for name, value in ROLES.items() if name != "ROLES"}

	assert fixture["dt"] == "Role"
	assert [file.name for file in (APP / "fixtures").iterdir()] == ["role.json"]
	assert {role["name"] for role in shipped} == set(filtered) == named


def test_partners_stay_outside_of_the_desk():
	shipped = json.loads((APP / "fixtures" / "role.json").read_text(encoding="utf-8"))

	assert [role["name"] for role in shipped if not role["desk_access"]] == [ROLES["PARTNER"]]


def test_custom_fields_have_our_prefix():
	assert [
		field["fieldname"] for field in CONTACT_FIELDS if not field["fieldname"].startswith("pcrm_")
	] == []
	assert len(fields("Contact")) == len(CONTACT_FIELDS)


def test_custom_links_mind_no_user_permissions():
	"""Else contacts would vanish for users who saw them before the app came."""
	links = [field for field in CONTACT_FIELDS if field["fieldtype"] == "Link"]

	assert links and all(field["ignore_user_permissions"] for field in links)


def test_custom_fields_are_called_as_in_the_stage_table():
	rows = csv.DictReader((APP / "rules" / "stage_fields.csv").open(encoding="utf-8"))
	labels = {row["field"]: row["label_en"] for row in rows if row["field"].startswith("pcrm_")}

	assert {name: fields("Contact")[name]["label"] for name in labels} == labels


@pytest.mark.parametrize("board", constants("setup/kanban_boards.py")["BOARDS"])
def test_boards_have_a_column_for_each_stage(board):
	own = fields(board["doctype"])

	assert set(board["columns"]) == set(own["stage"]["options"].split("\n"))
	assert set(board["fields"]) <= set(own)


def test_the_shipped_interaction_kinds():
	presets = constants("setup/presets.py")

	assert presets["TWO_WAY_KINDS"] == ("Call", "Email", "Messenger", "Meeting")
	assert presets["OTHER_KINDS"] == (
		"Webinar",
		"Article",
		"Social Comment",
		"Need Found",
		"Brief",
		"Debrief",
		"Proposal",
		"Strategy Defence",
		"Awaiting Decision",
		"Negotiation",
		"Handover",
	)
