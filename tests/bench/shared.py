"""One MariaDB for all runs of this checkout, between `make bench-up` and `make bench-down`."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.bench.place import CACHE, one_at_a_time
from tests.bench.processes import is_alive, stop
from tests.bench.services import MariaDB, require_programs, start_mariadb

STATE = CACHE / "up.json"


def bench_up() -> str:
	require_programs()
	with one_at_a_time("up"):
		if shared := shared_mariadb():
			return f"Already up: MariaDB on port {shared[0].port}."
		directory = Path(tempfile.mkdtemp(prefix="partner-crm-up-"))
		try:
			server, pid = start_mariadb(directory, survives=True)
		except BaseException:
			shutil.rmtree(directory, ignore_errors=True)
			raise
		STATE.touch(mode=0o600)
		STATE.write_text(json.dumps({"pid": pid, "directory": str(directory), "mariadb": asdict(server)}))
	return f"Up: MariaDB on port {server.port}. Runs make their own sites in it until `make bench-down`."


def bench_down() -> str:
	with one_at_a_time("up"):
		if not STATE.exists():
			return "Nothing was up."
		state = json.loads(STATE.read_text())
		STATE.unlink()
		if MariaDB(**state["mariadb"]).answers():
			stop(state["pid"])
		shutil.rmtree(state["directory"], ignore_errors=True)
	return "Down."


def shared_mariadb() -> tuple[MariaDB, Path] | None:
	"""The server, and the directory where runs leave clean sites for each other."""
	if not STATE.exists():
		return None
	state = json.loads(STATE.read_text())
	server = MariaDB(**state["mariadb"])
	if is_alive(state["pid"]) and server.answers():
		return server, Path(state["directory"]) / "pool"
	return None
