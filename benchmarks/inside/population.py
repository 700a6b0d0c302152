"""Fills a site with clients, a lead for each, by statements over whole tables: no save of a million documents would end today.

The rows are those that saving would have left, the identity keys too: they are made by the app's own rules from
the values that its own normalisation gives, which is checked against saved cards (`check`).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import frappe

from benchmarks.inside.inquiries import CONTACT_FLOOR, LEAD_FLOOR
from benchmarks.inside.people import MANAGERS, PEOPLE_AT_A_COMPANY, name_of, resident
from partner_crm.rules.identity import EMAIL, PHONE, Person, person_values
from partner_crm.services import identity, settings
from tests.bench.harness import Harness

_STAGING = "speed_people"
_COLUMNS = (
	*("number", "contact", "lead", "counterparty", "first_name", "last_name", "email", "phone", "birth_date"),
	"responsible",
)
_WRITTEN = {
	"creation": "'2026-01-15 10:00:00'",
	"modified": "'2026-01-15 10:00:00'",
	"owner": "'Administrator'",
	"modified_by": "'Administrator'",
}
_FULL_NAME = "CONCAT(first_name, ' ', last_name)"

_CONTACT = {
	**{"name": "contact", "first_name": "first_name", "last_name": "last_name", "full_name": _FULL_NAME},
	**{"email_id": "email", "phone": "phone", "mobile_no": "phone", "status": "'Passive'"},
	**{"pcrm_managed": "1", "pcrm_birth_date": "birth_date", "pcrm_counterparty": "counterparty"},
}
_LEAD = {
	**{"name": "lead", "contact": "contact", "counterparty": "counterparty", "responsible": "responsible"},
	**{"first_name": "first_name", "last_name": "last_name", "email": "email", "phone": "phone"},
	"lead_title": _FULL_NAME,
	**{"track": "'Own Sale'", "stage": "'Cold Lead'", "partner_status": "'New'", "direction": "'Inbound'"},
	**{"channel": "'Website'", "company": "%(company)s", "currency": "'USD'"},
	"registered_on": "'2024-01-01' + INTERVAL number %% 700 DAY",
	"stage_entered_at": "'2026-01-15 10:00:00'",
	"lead_began_at": "'2026-01-15 10:00:00'",
}
_STAGE_CHANGE = {
	**{"name": "CONCAT('s', lead)", "reference_doctype": "'Partner Lead'", "reference_name": "lead"},
	**{"to_stage": "'Cold Lead'", "changed_at": "'2026-01-15 10:00:00'", "changed_by": "responsible"},
	**{"kind": "'Start'", "responsible": "responsible", "company": "%(company)s"},
}
_EMAIL = {
	**{"name": "CONCAT('e', contact)", "parent": "contact", "parenttype": "'Contact'"},
	**{"parentfield": "'email_ids'", "idx": "1", "email_id": "email", "is_primary": "1"},
}
_PHONE = {
	**{"name": "CONCAT('p', contact)", "parent": "contact", "parenttype": "'Contact'"},
	**{"parentfield": "'phone_nos'", "idx": "1", "phone": "phone"},
	**{"is_primary_phone": "1", "is_primary_mobile_no": "1"},
}
_COUNTERPARTY = {"name": "counterparty", "title": "CONCAT('Company ', counterparty)"}

TABLES = {
	"Contact": _CONTACT,
	CONTACT_FLOOR: _CONTACT,
	"Contact Email": _EMAIL,
	"Contact Phone": _PHONE,
	"Counterparty": _COUNTERPARTY,
	"Partner Lead": _LEAD,
	LEAD_FLOOR: _LEAD,
	"Stage Change": _STAGE_CHANGE,
}


def manager(number: int) -> str:
	return f"manager{number % MANAGERS}@staff.example"


def populate(count: int) -> None:
	"""`count` contacts with their keys and their leads; a fifth as many companies."""
	harness = Harness.of_environment()
	folder = harness.directory / frappe.local.site
	folder.mkdir()
	frappe.db.sql_ddl(
		f"CREATE TABLE `{_STAGING}` (number INT PRIMARY KEY, contact VARCHAR(20), lead VARCHAR(20), "
		"counterparty VARCHAR(20), first_name VARCHAR(40), last_name VARCHAR(40), email VARCHAR(80), "
		"phone VARCHAR(20), birth_date DATE NULL, responsible VARCHAR(80))"
	)
	load(harness, _STAGING, _COLUMNS, write(folder / "people.tsv", map(_row, range(count))))
	keys = in_order(write(folder / "keys.tsv", _keys(count)))
	with empty("Identity Key"):
		load(harness, "tabIdentity Key", _KEY_COLUMNS, keys, _WRITTEN | {"card_doctype": "'Contact'"})
	company = frappe.defaults.get_global_default("company")
	for doctype, columns in TABLES.items():
		with empty(doctype):
			_fill(doctype, columns, company)
	frappe.db.sql_ddl(f"DROP TABLE `{_STAGING}`")
	frappe.clear_cache()


@contextmanager
def empty(doctype: str) -> Iterator[None]:
	"""A table without rows and indexes; they are made at the end, each in one go.

	Rows that come in the order of their names then only ever fill the last page. Their names are scattered: to put a
	million of them where they belong one by one, in the table and in each of up to eighteen indexes, takes far longer.
	"""
	table = f"`tab{doctype}`"
	definition = frappe.db.sql(f"SHOW CREATE TABLE {table}")[0][1]
	indexes = re.findall(r"^\s+((?:UNIQUE )?KEY `(\w+)` .*?),?$", definition, re.MULTILINE)
	frappe.db.sql_ddl(f"TRUNCATE TABLE {table}")
	frappe.db.sql_ddl(f"ALTER TABLE {table} {', '.join(f'DROP KEY `{name}`' for _key, name in indexes)}")
	yield
	frappe.db.sql_ddl(f"ALTER TABLE {table} {', '.join(f'ADD {key}' for key, _name in indexes)}")
	frappe.db.sql(f"ANALYZE TABLE {table}")


def check(numbers: Iterable[int]) -> None:
	"""That these cards have the keys that the app would give them."""
	for number in numbers:
		card = frappe.get_doc("Contact", name_of("contact", number))
		wanted, held = set(identity.keys_for(card)), identity.held_keys("Contact", card.name)
		if wanted != held:
			raise SystemExit(f"{card.name} has not the keys that saving gives it: {wanted ^ held}")


def _row(number: int) -> tuple:
	someone = resident(number)
	return (
		number,
		name_of("contact", number),
		name_of("lead", number),
		name_of("company", number // PEOPLE_AT_A_COMPANY),
		someone["first_name"],
		someone["last_name"],
		someone["email"],
		someone["phone"],
		someone["birth_date"],
		manager(number),
	)


_KEY_COLUMNS = ("name", "card", "matched_fields")


def _keys(count: int) -> Iterator[tuple]:
	"""The phone and the e-mail are written as the app normalises them, which saves it the work."""
	scheme = settings.schemes()[0]
	for number in range(count):
		someone, contact = resident(number), name_of("contact", number)
		named = Person(
			first_name=someone["first_name"],
			last_name=someone["last_name"],
			birth_date=someone["birth_date"],
		)
		values = person_values(named, scheme.rules) | {
			PHONE: (someone["phone"],),
			EMAIL: (someone["email"],),
		}
		for name, fields in identity.keys_from("Contact", contact, values, scheme).items():
			yield name, contact, ",".join(fields)


def write(path: Path, rows: Iterable[tuple]) -> Path:
	with path.open("w") as file:
		for row in rows:
			file.write("\t".join("\\N" if value is None else str(value) for value in row) + "\n")
	return path


def in_order(path: Path) -> Path:
	"""Sorts the lines of a file: their first columns are digits, and letters of one case."""
	command = ["sort", "--buffer-size=1G", f"--temporary-directory={path.parent}", f"--output={path}", path]
	subprocess.run(command, env={"LC_ALL": "C"}, check=True)
	return path


def load(
	harness: Harness, table: str, columns: Iterable[str], path: Path, more: dict[str, str] | None = None
) -> None:
	"""`more`: what is the same in each row, as SQL."""
	same = ", ".join(f"{column} = {value}" for column, value in (more or {}).items())
	sql = (
		"SET unique_checks = 0, foreign_key_checks = 0;"
		f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE `{table}` ({', '.join(columns)}) {same and f'SET {same}'}"
	)
	command, environment = harness.mariadb.client("--local-infile=1", frappe.conf.db_name)
	subprocess.run(command, input=sql, env=environment, text=True, check=True)
	path.unlink()


def _fill(doctype: str, columns: dict[str, str], company: str) -> None:
	if doctype == "Counterparty":
		source = f"(SELECT DISTINCT counterparty FROM `{_STAGING}`) AS companies"
	else:
		source = f"`{_STAGING}`"
	columns = columns | _WRITTEN
	frappe.db.sql(
		f"INSERT INTO `tab{doctype}` ({', '.join(columns)}) "
		f"SELECT {', '.join(columns.values())} FROM {source} ORDER BY {columns['name']}",
		{"company": company},
	)
	frappe.db.commit()
