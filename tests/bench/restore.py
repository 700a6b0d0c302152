"""Puts a used site back to what its dump says, table by table: most tests touch a few of the 700."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.bench.services import MariaDB

DUMPED = "database.sql"

_SECTION = re.compile(rb"^--\n-- (?:Table structure for table|Sequence structure for) `(.+)`$", re.M)


def fingerprint(mariadb: MariaDB, database: str) -> dict[str, str]:
	"""Definition and checksum of each table; a sequence has neither and is always put back."""
	listed = mariadb.execute(
		f"SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = '{database}'"
	)
	tables = [name for name, kind in (row.split("\t") for row in listed) if kind == "BASE TABLE"]
	names = ", ".join(f"`{database}`.`{table}`" for table in tables)
	checksums = dict(row.split("\t") for row in mariadb.execute(f"CHECKSUM TABLE {names}"))
	defined = mariadb.execute("; ".join(f"SHOW CREATE TABLE `{database}`.`{table}`" for table in tables))
	definitions = dict(row.split("\t", 1) for row in defined)
	return {table: f"{checksums[f'{database}.{table}']} {definitions[table]}" for table in tables}


def remember(mariadb: MariaDB, database: str, dump: Path) -> None:
	"""The database has just been loaded from the dump."""
	if not (known := _known(mariadb, dump)).exists():
		known.write_text(json.dumps(fingerprint(mariadb, database)))


def restore(mariadb: MariaDB, database: str, dump: Path) -> None:
	before = json.loads(_known(mariadb, dump).read_text())
	now = fingerprint(mariadb, database)
	head, sections = _read(dump / DUMPED)
	added = "".join(f"DROP TABLE `{table}`;\n" for table in now.keys() - before.keys())
	changed = [
		text for table, text in sections.items() if now.get(table) != before.get(table) or table not in before
	]
	mariadb.load(database, head + added.encode() + b"".join(changed))


def _read(dump: Path) -> tuple[bytes, dict[str, bytes]]:
	head, *parts = _SECTION.split(dump.read_bytes())
	return head, {name.decode(): text for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _known(mariadb: MariaDB, dump: Path) -> Path:
	"""Checksums depend on the server's version."""
	version = mariadb.execute("SELECT VERSION()")[0]
	return dump / f"fingerprint-{version}.json"
