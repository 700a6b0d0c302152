"""A throw-away sites directory beside the bench, and the sites in it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from tests.bench import services
from tests.bench.libraries import libraries
from tests.bench.place import (
	APP,
	APPS,
	CACHE,
	CHECKOUT,
	Bench,
	app_fingerprint,
	digest,
	one_at_a_time,
	traces,
)
from tests.bench.processes import is_alive
from tests.bench.restore import DUMPED, remember, restore
from tests.bench.services import MariaDB
from tests.bench.shared import shared_mariadb

STATE = "PARTNER_CRM_HARNESS"
ADMIN_PASSWORD = "admin"
DUMPS_KEPT = 12
DIRECTORY_PREFIX = "partner-crm-"

# Goes last in sys.path, so that what the bench has wins; PYTHONPATH would put it first.
_SITECUSTOMIZE = "import sys\nsys.path.append({!r})\n"


class HarnessError(Exception):
	"""Something of ours failed on the bench; the message holds its output."""


@dataclass(frozen=True)
class Site:
	name: str
	database: str
	password: str
	made_from: str = ""

	@classmethod
	def of_directory(cls, directory: Path) -> Site:
		config = json.loads((directory / "site_config.json").read_text())
		return cls(directory.name, config["db_name"], config["db_password"], config.get("made_from", ""))


@dataclass(frozen=True)
class Harness:
	bench: Bench
	directory: Path
	mariadb: MariaDB
	redis: str
	pool: Path  # where clean sites wait to be taken

	@property
	def sites(self) -> Path:
		return self.directory / "sites"

	@property
	def python(self) -> Path:
		return self.bench.python

	@cached_property
	def environment(self) -> dict[str, str]:
		"""For the bench's Python: the checkout under test first, no compiled files left in the bench."""
		foreign = ("FRAPPE_", "PYTHON", "VIRTUAL_ENV", "COVERAGE_")
		kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
		return kept | {
			"FRAPPE_BENCH_ROOT": str(self.directory),
			"PYTHONPATH": os.pathsep.join([str(self.directory / "python"), str(CHECKOUT)]),
			"PYTHONPYCACHEPREFIX": str(CACHE / "compiled"),
			"PYTHONUNBUFFERED": "1",
			STATE: str(self.directory / "harness.json"),
		}

	def save(self) -> None:
		state = self.directory / "harness.json"
		state.touch(mode=0o600)
		state.write_text(
			json.dumps(
				{
					"bench": str(self.bench.path),
					"directory": str(self.directory),
					"mariadb": asdict(self.mariadb),
					"redis": self.redis,
					"pool": str(self.pool),
					"owner": os.getpid(),
					"traces": traces(self.bench),
				}
			)
		)

	@classmethod
	def of_environment(cls) -> Harness | None:
		"""The harness that the surrounding `python -m tests.bench` has made, if there is one."""
		if STATE not in os.environ:
			return None
		return cls.of_state(json.loads(Path(os.environ[STATE]).read_text()))

	@classmethod
	def of_state(cls, state: dict) -> Harness:
		bench, directory = Bench(Path(state["bench"])), Path(state["directory"])
		return cls(bench, directory, MariaDB(**state["mariadb"]), state["redis"], Path(state["pool"]))

	def changes_of_bench(self) -> list[str]:
		"""What differs in the bench since this run began."""
		before = json.loads((self.directory / "harness.json").read_text())["traces"]
		now = traces(self.bench)
		return sorted(entry for entry in before | now if before.get(entry) != now.get(entry))

	def frappe(self, *arguments: str) -> str:
		"""What `bench` does, in our sites directory."""
		return self.run("-m", "frappe.utils.bench_helper", "frappe", *arguments)

	def run(self, *arguments: str) -> str:
		done = subprocess.run(
			[self.python, *arguments],
			cwd=self.sites,
			env=self.environment,
			stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE,
			stderr=subprocess.STDOUT,
			text=True,
		)
		if done.returncode:
			raise HarnessError(f"python {' '.join(arguments)} failed:\n{done.stdout[-6000:]}")
		return done.stdout

	def take_site(self) -> Site:
		"""A clean site with the app installed: one that was given back, else a new one."""
		dump = self.app_dump()
		for waiting in self.pool.glob(f"{dump.name}/*"):
			with suppress(OSError):  # another run took it
				return Site.of_directory(waiting.rename(self.sites / waiting.name))
		return self.clone(dump)

	def give_back(self, site: Site) -> None:
		"""Cleans the site for the next who takes one."""
		dump = CACHE / site.made_from
		if not dump.exists():
			return self.drop(site)
		restore(self.mariadb, site.database, dump)
		self._lay_out_site(site, dump)
		waiting = self.pool / dump.name
		waiting.mkdir(parents=True, exist_ok=True)
		(self.sites / site.name).rename(waiting / site.name)
		self._drop_outdated(keep=waiting)

	def new_site_without_app(self) -> Site:
		"""A site that has only frappe, erpnext and the company; drop it afterwards."""
		return self.clone(self.base_dump())

	def add_app(self, app: str) -> None:
		"""Makes another app of the bench known to the sites of this run; they install it or not."""
		link = self.directory / "apps" / app
		if not link.exists():
			link.symlink_to(self.bench.path / "apps" / app)
			with (self.sites / "apps.txt").open("a") as listed:
				listed.write(f"{app}\n")

	def base_dump(self) -> Path:
		return self._dump(f"base-{self.bench.fingerprint}", self._make_base)

	def app_dump(self) -> Path:
		"""The same for a whole run, whatever is edited meanwhile."""
		chosen = self.directory / "app_dump"
		if not chosen.exists():
			chosen.write_text(self._current_app_dump().name)
		return CACHE / chosen.read_text()

	def clone(self, dump: Path) -> Site:
		site = self._unmade_site(dump.name)
		self._lay_out_site(site, dump)
		self.mariadb.execute(
			f"CREATE DATABASE `{site.database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;"
			f"CREATE USER '{site.database}'@'%' IDENTIFIED BY '{site.password}';"
			f"GRANT ALL ON `{site.database}`.* TO '{site.database}'@'%';"
		)
		self.mariadb.load(site.database, (dump / DUMPED).read_bytes())
		remember(self.mariadb, site.database, dump)
		return site

	def drop(self, site: Site) -> None:
		"""Without waiting for it: dropping the 700 tables takes longer than many a test."""
		shutil.rmtree(self.sites / site.name, ignore_errors=True)
		self.mariadb.begin_to_drop(site.database)

	def drop_all(self) -> None:
		ours = [
			*self.directory.glob("sites/*/site_config.json"),
			*self.directory.glob("pool/*/*/site_config.json"),
		]
		for config in ours:
			self.drop(Site.of_directory(config.parent))

	def _drop_outdated(self, keep: Path) -> None:
		for outdated in [path for path in self.pool.glob("*/*") if path.parent != keep]:
			with suppress(OSError):
				self.drop(Site.of_directory(outdated.rename(self.sites / outdated.name)))

	def _dump(self, name: str, make: Callable[[], Site]) -> Path:
		dump = CACHE / name
		if dump.exists():  # another run may be making another one, which takes minutes
			os.utime(dump)
			return dump
		with one_at_a_time("dumps"):
			if not dump.exists():
				site = make()
				self._save_dump(site, dump)
				self.drop(site)
				_forget_old_dumps(name.partition("-")[0])
			os.utime(dump)
		return dump

	def _make_base(self) -> Site:
		print("Making the site to start from (frappe, erpnext, a company); this happens once ...", flush=True)
		site = self._unmade_site()
		root = ["--db-root-username", self.mariadb.root]  # the password stands in the common configuration
		own = ["--db-name", site.database, "--db-password", site.password, "--admin-password", ADMIN_PASSWORD]
		self.frappe("new-site", site.name, *root, *own)
		self.frappe("--site", site.name, "install-app", "erpnext")
		self.run("-m", "tests.bench.inside.setup_wizard", site.name)
		return site

	def _current_app_dump(self) -> Path:
		"""Made again when somebody changed the app meanwhile."""
		for _attempt in range(3):
			name = self._name_of_app_dump()
			dump = self._dump(name, self._make_with_app)
			if name == self._name_of_app_dump():
				return dump
		raise HarnessError("The app's DocTypes or setup keep changing while it is being installed.")

	def _make_with_app(self) -> Site:
		base = CACHE / f"base-{self.bench.fingerprint}"
		if not base.exists():
			self._save_dump(site := self._make_base(), base)
		else:
			site = self.clone(base)
		print(f"Installing {APP} (its DocTypes or setup differ from those installed before) ...", flush=True)
		self.frappe("--site", site.name, "install-app", APP)
		return site

	def _name_of_app_dump(self) -> str:
		if os.environ.get("STALE_SITE") == "1" and (dumps := _dumps("app")):
			return dumps[-1].name
		return f"app-{digest([self.bench.fingerprint, app_fingerprint()])}"

	def _unmade_site(self, made_from: str = "") -> Site:
		token = secrets.token_hex(5)
		return Site(f"{token}.test", f"_pcrm_{token}", secrets.token_urlsafe(12), made_from)

	def _lay_out_site(self, site: Site, dump: Path) -> None:
		shutil.rmtree(self.sites / site.name, ignore_errors=True)
		shutil.copytree(dump / "site", self.sites / site.name)
		path = self.sites / site.name / "site_config.json"
		config = json.loads(path.read_text())
		config |= {"db_name": site.database, "db_password": site.password, "made_from": site.made_from}
		path.write_text(json.dumps(config, indent=1))

	def _save_dump(self, site: Site, dump: Path) -> None:
		partial = dump.with_suffix(".partial")
		shutil.rmtree(partial, ignore_errors=True)
		shutil.copytree(
			self.sites / site.name, partial / "site", ignore=shutil.ignore_patterns("*.log", "*.lock")
		)
		command, environment = self.mariadb.client(
			"--single-transaction", "--quick", site.database, program=("mariadb-dump", "mysqldump")
		)
		process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
		with (partial / DUMPED).open("wb") as target:
			for line in process.stdout:
				if not line.startswith(b"/*M!999999"):  # older clients stumble over it
					target.write(line)
		if process.wait():
			raise HarnessError(f"mariadb-dump of {site.name} failed.")
		partial.rename(dump)


@contextmanager
def harness(bench: Bench, own_server: tuple[str, ...] | None = None) -> Iterator[Harness]:
	"""Services and a sites directory for one run; nothing of it stays.

	`own_server`: options of a database server that this run shares with nobody.
	"""
	clear_away_killed_runs()
	behind = libraries(bench)
	directory = Path(tempfile.mkdtemp(prefix=DIRECTORY_PREFIX))
	try:
		with (
			_mariadb(bench, directory, own_server) as (mariadb, pool),
			services.redis(bench, directory) as redis,
		):
			made = Harness(bench, directory, mariadb, redis, pool)
			_lay_out(made, behind)
			made.save()
			try:
				yield made
			finally:
				if mariadb.outlives_run:
					made.drop_all()
	finally:
		shutil.rmtree(directory, ignore_errors=True)


def clear_away_killed_runs() -> None:
	"""A run that could not clean up after itself leaves its directory, which tells of its databases."""
	for state in Path(tempfile.gettempdir()).glob(f"{DIRECTORY_PREFIX}*/harness.json"):
		with suppress(OSError):
			left = json.loads(state.read_text())
			if not is_alive(left["owner"]):
				made = Harness.of_state(left)
				if made.mariadb.answers():
					made.drop_all()
				shutil.rmtree(made.directory, ignore_errors=True)


@contextmanager
def _mariadb(
	bench: Bench, directory: Path, own_server: tuple[str, ...] | None
) -> Iterator[tuple[MariaDB, Path]]:
	"""The server, and the directory for clean sites: of all runs where they share a server of ours."""
	if own_server is not None:
		with services.own_mariadb(directory, own_server) as server:
			yield server, directory / "pool"
	elif shared := shared_mariadb():
		yield shared
	else:
		with services.mariadb(bench, directory) as server:
			yield server, directory / "pool"


def _lay_out(made: Harness, behind: Path) -> None:
	directory, bench = made.directory, made.bench
	for name in ("sites/assets", "logs", "config/pids", "archived", "apps", "python"):
		(directory / name).mkdir(parents=True)
	(directory / "env").symlink_to(bench.path / "env")
	for app in APPS:
		(directory / "apps" / app).symlink_to(bench.path / "apps" / app)
	(directory / "apps" / APP).symlink_to(CHECKOUT)
	_lay_out_assets(directory / "sites" / "assets", bench)
	(directory / "python" / "sitecustomize.py").write_text(_SITECUSTOMIZE.format(str(behind)))
	(directory / "sites" / "apps.txt").write_text("".join(f"{app}\n" for app in (*APPS, APP)))
	(directory / "sites" / "common_site_config.json").write_text(json.dumps(_common_config(made), indent=1))


def _lay_out_assets(assets: Path, bench: Bench) -> None:
	"""The bench's own built assets, and ours beside them.

	An app's assets are its public folder; some benches have a folder with only what was built of it, and the rest,
	such as sounds and images, comes from the app itself.
	"""
	if bench.assets.is_dir():
		for asset in bench.assets.iterdir():
			public = bench.path / "apps" / asset.name / asset.name / "public"
			if asset.is_symlink() or not public.is_dir():
				if asset.name != APP:
					(assets / asset.name).symlink_to(asset.resolve())
				continue
			(assets / asset.name).mkdir()
			for part in {part.name: part for folder in (public, asset) for part in folder.iterdir()}.values():
				(assets / asset.name / part.name).symlink_to(part.resolve())
	(assets / APP).symlink_to(CHECKOUT / APP / "public")


def _common_config(made: Harness) -> dict:
	return {
		"db_host": made.mariadb.host,
		"db_port": made.mariadb.port,
		"root_password": made.mariadb.password,
		"redis_cache": made.redis,
		"redis_queue": made.redis,
		"redis_socketio": made.redis,
		"bench_id": made.directory.name,
		"developer_mode": 0,
		"allow_tests": True,
		"server_script_enabled": True,
		"mute_emails": 1,
		"pause_scheduler": 1,
	}


def _forget_old_dumps(kind: str) -> None:
	for old in _dumps(kind)[:-DUMPS_KEPT]:
		shutil.rmtree(old, ignore_errors=True)


def _dumps(kind: str) -> list[Path]:
	"""The one used last comes last."""
	dumps = [path for path in CACHE.glob(f"{kind}-*") if path.is_dir() and path.suffix != ".partial"]
	return sorted(dumps, key=lambda path: path.stat().st_mtime)
