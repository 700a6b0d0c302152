"""What the app and its tests import and the bench's Python lacks, kept in our cache instead of the bench."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.bench.place import CACHE, CHECKOUT, Bench, NoBenchError, digest, one_at_a_time

TEST_TOOLS = ("pytest>=7.4", "hypothesis>=6.80", "requests", "freezegun>=1.2")
BROWSER_TOOLS = ("playwright>=1.40",)  # without it the browser's tests are skipped

_ASK = """
import json, sys
from importlib.metadata import distributions
print(json.dumps([sys.version, {d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"]}]))
"""


def libraries(bench: Bench) -> Path:
	"""A directory for the end of sys.path: what the bench has wins."""
	asked = subprocess.run([bench.python, "-B", "-I", "-c", _ASK], capture_output=True, text=True)
	if asked.returncode:
		raise NoBenchError(f"{bench.python} does not run: {asked.stderr.strip()[-200:]}")
	version, installed = json.loads(asked.stdout)
	wanted = [*_wanted(), *TEST_TOOLS, *BROWSER_TOOLS]
	directory = CACHE / f"libraries-{digest([version, str(sorted(installed.items())), *wanted])}"
	with one_at_a_time("libraries"):
		if not directory.exists():
			_make(bench, installed, directory)
	return directory


def _make(bench: Bench, installed: dict[str, str], directory: Path) -> None:
	partial = directory.with_suffix(".partial")
	shutil.rmtree(partial, ignore_errors=True)
	partial.mkdir(parents=True)
	(partial / "constraints.txt").write_text("".join(f"{name}=={is_}\n" for name, is_ in installed.items()))
	present = {_normalised(name) for name in installed}
	missing = [wanted for wanted in (*_wanted(), *TEST_TOOLS) if _normalised(wanted) not in present]
	if refused := _install(bench, missing, partial):
		raise NoBenchError(f"could not install {', '.join(missing)}: {refused}")
	_install(bench, [wanted for wanted in BROWSER_TOOLS if _normalised(wanted) not in present], partial)
	partial.rename(directory)


def _install(bench: Bench, missing: list[str], target: Path) -> str:
	"""Returns why that failed. In the bench's versions where possible: some of its packages may be needed by ours."""
	if not missing:
		return ""
	options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--target", target]
	command = [bench.python, "-B", "-m", "pip", "install", *options, *missing]
	constrained = [*command, "--constraint", target / "constraints.txt"]
	if subprocess.run(constrained, capture_output=True).returncode == 0:
		return ""
	done = subprocess.run(command, capture_output=True, text=True)
	return done.stderr.strip()[-300:] if done.returncode else ""


def _wanted() -> list[str]:
	"""Read without tomllib, which Python 3.10 lacks."""
	text = (CHECKOUT / "pyproject.toml").read_text()
	block = re.search(r"^dependencies = \[(.*?)^\]", text, re.S | re.M)[1]
	return re.findall(r'^\s*"([^"]+)"', block, re.M)


def _normalised(requirement: str) -> str:
	return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", requirement)[0]).lower()
