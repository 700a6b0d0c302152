"""Where things are: the checkout, its cache, the bench."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".cache" / "bench"
APPS = ("frappe", "erpnext")
APP = "partner_crm"


class NoBenchError(Exception):
	"""The suites can't run here; the message says why."""


@dataclass(frozen=True)
class Bench:
	"""An installation of frappe and erpnext that is read, never written."""

	path: Path

	@property
	def python(self) -> Path:
		return self.path / "env" / "bin" / "python"

	@property
	def assets(self) -> Path:
		return self.path / "sites" / "assets"

	@cached_property
	def fingerprint(self) -> str:
		"""Changes when another frappe or erpnext, or another way to set the site up, calls for another dump."""
		return digest(
			[_fingerprint_of_app(self.path / "apps" / app) for app in APPS]
			+ [content_of([Path(__file__).parent / "inside" / "setup_wizard.py"])]
		)


def traces(bench: Bench) -> dict[str, list]:
	"""What an installation or a careless site would change in a bench."""
	watched = [bench.path, bench.path / "apps", bench.path / "sites", bench.assets]
	watched += [bench.path / "apps" / app / app for app in APPS]
	watched += (bench.path / "env" / "lib").glob("python*/site-packages")
	entries = (
		entry for directory in watched if directory.is_dir() for entry in (directory, *directory.iterdir())
	)
	return {str(entry): [entry.lstat().st_mtime_ns, entry.lstat().st_size] for entry in sorted(entries)}


def find_bench() -> Bench:
	"""The bench that FRAPPE_BENCH names, else the one that this checkout is installed in, else ~/frappe-bench."""
	if named := os.environ.get("FRAPPE_BENCH"):
		return _checked(Path(named).expanduser(), "FRAPPE_BENCH names {}, ")
	if CHECKOUT.parent.name == "apps" and (CHECKOUT.parent.parent / "sites").is_dir():
		return _checked(CHECKOUT.parent.parent, "the app is installed in {}, ")
	return _checked(Path.home() / "frappe-bench", "looked at {}, ")


def _checked(path: Path, how: str) -> Bench:
	bench = Bench(path)
	for needed in ("sites", "env/bin/python", *(f"apps/{app}" for app in APPS)):
		if not (path / needed).exists():
			raise NoBenchError(how.format(path) + f"where there is no {needed}")
	return bench


def find_program(*names: str) -> str | None:
	"""Full path of the first program found; daemons are often outside of an ordinary user's PATH."""
	everywhere = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"])
	return next((found for name in names if (found := shutil.which(name, path=everywhere))), None)


def app_fingerprint() -> str:
	"""Changes when installing the app would leave something else in the database."""
	package = CHECKOUT / APP
	files = [
		*package.rglob("*.json"),
		*package.rglob("*.csv"),
		*(package / "setup").rglob("*.py"),
		*(package / name for name in ("hooks.py", "modules.txt", "patches.txt")),
	]
	return content_of(file for file in files if _READ_LATER.isdisjoint(file.parts))


_READ_LATER = {"public", "services", "translations"}


def content_of(files: Iterable[Path]) -> str:
	return digest(f"{file}:{hashlib.sha256(file.read_bytes()).hexdigest()}" for file in sorted(files))


def digest(texts: Iterable[str]) -> str:
	return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _fingerprint_of_app(app: Path) -> str:
	version = re.search(r"__version__ = .(.+).", (app / app.name / "__init__.py").read_text())
	commit = subprocess.run(["git", "-C", app, "rev-parse", "HEAD"], capture_output=True, text=True)
	if (app / ".git").exists() and commit.returncode == 0:
		return f"{app.name} {version and version[1]} {commit.stdout.strip()}"
	modules = (f"{path} {path.stat().st_mtime_ns}" for path in sorted((app / app.name).rglob("*.json")))
	return f"{app.name} {version and version[1]} {digest(modules)}"


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
	"""Runs in the same checkout wait for each other here."""
	CACHE.mkdir(parents=True, exist_ok=True)
	with (CACHE / f"{name}.lock").open("w") as lock:
		fcntl.flock(lock, fcntl.LOCK_EX)
		yield
