"""MariaDB and Redis for a run: those that answer where the bench says, else our own on free ports."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.place import Bench, NoBenchError, find_program
from tests.bench.processes import free_port, start, stop, tail, wait_until

# A crash of the machine may lose everything: it is a throw-away database.
FAST = (
	"--innodb-flush-method=nosync",
	"--innodb-flush-log-at-trx-commit=2",
	"--innodb-doublewrite=0",
	"--innodb-buffer-pool-size=512M",
	"--skip-log-bin",
)
AS_FRAPPE_WANTS = ("--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci")


@dataclass(frozen=True)
class MariaDB:
	host: str
	port: int
	root: str
	password: str
	outlives_run: bool = False

	def client(
		self, *arguments: str, program: tuple[str, ...] = ("mariadb", "mysql")
	) -> tuple[list[str], dict]:
		"""Command and environment of a client with root's rights; the password stays out of the list of processes."""
		where = [f"--host={self.host}", f"--port={self.port}", f"--user={self.root}", "--protocol=tcp"]
		command = [
			find_program(*program),
			"--no-defaults",
			*where,
			"--default-character-set=utf8mb4",
			*arguments,
		]
		return command, os.environ | {"MYSQL_PWD": self.password}

	def execute(self, sql: str) -> list[str]:
		command, environment = self.client("--batch", "--skip-column-names")
		done = subprocess.run(command, input=sql, env=environment, capture_output=True, text=True)
		if done.returncode:
			raise RuntimeError(f"MariaDB refused: {done.stderr.strip()}")
		return done.stdout.splitlines()

	def load(self, database: str, sql: bytes) -> None:
		command, environment = self.client(database)
		done = subprocess.run(command, input=sql, env=environment, capture_output=True)
		if done.returncode:
			raise RuntimeError(f"MariaDB refused: {done.stderr.decode().strip()}")

	def begin_to_drop(self, database: str) -> None:
		sql = f"DROP USER IF EXISTS '{database}'@'%', '{database}'@'127.0.0.1', '{database}'@'localhost';"
		command, environment = self.client(f"--execute={sql} DROP DATABASE IF EXISTS `{database}`")
		subprocess.Popen(
			command,
			env=environment,
			stdin=subprocess.DEVNULL,
			stdout=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL,
			start_new_session=True,
		)

	def answers(self) -> bool:
		try:
			return self.execute("SELECT 1") == ["1"]
		except RuntimeError:
			return False

	def may_make_databases(self) -> bool:
		try:
			grants = self.execute("SHOW GRANTS")
		except RuntimeError:
			return False
		return any("ALL PRIVILEGES ON *.*" in grant and "GRANT OPTION" in grant for grant in grants)


def require_programs() -> None:
	for names in (("mariadb", "mysql"), ("mariadb-dump", "mysqldump")):
		if not find_program(*names):
			raise NoBenchError(f"there is no MariaDB client here ({names[0]})")


@contextmanager
def mariadb(bench: Bench, directory: Path) -> Iterator[MariaDB]:
	require_programs()
	if server := _mariadb_of(bench):
		yield server
		return
	server, pid = start_mariadb(directory)
	try:
		yield server
	finally:
		stop(pid)


def start_mariadb(
	directory: Path, survives: bool = False, more_options: tuple[str, ...] = ()
) -> tuple[MariaDB, int]:
	"""A server of our own with its data below the directory. Only this machine reaches it, and only root with a password."""
	program = find_program("mariadbd", "mysqld")
	if not program or b"MariaDB" not in subprocess.run([program, "--version"], capture_output=True).stdout:
		raise NoBenchError("no MariaDB answers with root's rights and there is no mariadbd to start")
	data, log = directory / "mariadb", directory / "mariadb.log"
	own_tmp = (
		directory / "tmp"
	)  # a server that starts empties its tmpdir, and another's tables may lie in /tmp
	own_tmp.mkdir()
	_initialise(data, log)
	server = MariaDB("127.0.0.1", free_port(), "root", secrets.token_urlsafe(18), outlives_run=survives)
	first_words = directory / "mariadb.sql"
	first_words.touch(mode=0o600)
	first_words.write_text(
		f"CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY '{server.password}';"
		"\nGRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;"
		"\nDELETE FROM mysql.global_priv WHERE User IN ('', 'root') AND Host <> '127.0.0.1';"
		"\nFLUSH PRIVILEGES;\n"
	)
	options = [
		f"--datadir={data}",
		f"--tmpdir={own_tmp}",
		f"--socket={directory / 'mariadb.sock'}",
		f"--pid-file={directory / 'mariadb.pid'}",
		f"--port={server.port}",
		"--bind-address=127.0.0.1",
		"--skip-name-resolve",
		f"--init-file={first_words}",
		*AS_FRAPPE_WANTS,
		*(f"--loose-{option[2:]}" for option in (*FAST, *more_options)),
		*_as_user(),
	]
	process = start([program, "--no-defaults", *options], log, survives)
	try:
		wait_until(server.answers, process, log)
	except BaseException:
		stop(process.pid)
		raise
	first_words.unlink()
	return server, process.pid


@contextmanager
def own_mariadb(directory: Path, options: tuple[str, ...]) -> Iterator[MariaDB]:
	"""One that nobody else uses, and that ends with the run."""
	require_programs()
	server, pid = start_mariadb(directory, more_options=options)
	try:
		yield server
	finally:
		stop(pid)


@contextmanager
def redis(bench: Bench, directory: Path) -> Iterator[str]:
	"""The address of a Redis of our own: a shared one has workers that would take our jobs."""
	if program := find_program("redis-server", "valkey-server"):
		with _own_redis(program, directory) as address:
			yield address
	elif address := _redis_of(bench):
		yield f"{address}/9"
	else:
		raise NoBenchError("no Redis answers and there is no redis-server to start")


@contextmanager
def _own_redis(program: str, directory: Path) -> Iterator[str]:
	port, log = free_port(), directory / "redis.log"
	options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory]
	process = start([program, *map(str, options)], log)
	try:
		wait_until(lambda: _redis_answers("127.0.0.1", port), process, log)
		yield f"redis://127.0.0.1:{port}"
	finally:
		stop(process.pid)


def _initialise(data: Path, log: Path) -> None:
	program = find_program("mariadb-install-db", "mysql_install_db")
	if not program:
		raise NoBenchError("there is no mariadb-install-db to make a database directory with")
	options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-flush-method=nosync"]
	with log.open("ab") as output:
		done = subprocess.run(
			[program, "--no-defaults", f"--datadir={data}", *options, *_as_user()],
			stdout=output,
			stderr=subprocess.STDOUT,
		)
	if done.returncode:
		raise NoBenchError(f"mariadb-install-db failed: {tail(log, 3)}")


def _as_user() -> list[str]:
	return [f"--user={getpass.getuser()}"] if os.geteuid() == 0 else []


def _mariadb_of(bench: Bench) -> MariaDB | None:
	config = _config_of(bench)
	password = os.environ.get("MARIADB_ROOT_PASSWORD") or config.get("root_password")
	if not password:
		return None
	server = MariaDB(
		config.get("db_host") or "127.0.0.1",
		int(config.get("db_port") or 3306),
		config.get("root_login") or "root",
		password,
		outlives_run=True,
	)
	return server if server.may_make_databases() else None


def _redis_of(bench: Bench) -> str | None:
	parts = urlsplit(_config_of(bench).get("redis_cache") or "redis://127.0.0.1:13000")
	if _redis_answers(parts.hostname, parts.port or 6379):
		return f"redis://{parts.netloc}"
	return None


def _redis_answers(host: str, port: int) -> bool:
	try:
		with socket.create_connection((host, port), timeout=2) as connection:
			connection.sendall(b"PING\r\n")
			return connection.recv(16).startswith((b"+PONG", b"-NOAUTH"))
	except OSError:
		return False


def _config_of(bench: Bench) -> dict:
	try:
		return json.loads((bench.path / "sites" / "common_site_config.json").read_text())
	except FileNotFoundError:
		return {}
