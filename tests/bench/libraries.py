"""What the app and its tests import and the bench's Python lacks, kept in our cache instead of the bench."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.bench.place import CACHE, CHECKOUT, Bench, NoBenchError, digest, one_at_a_time

TEST_TOOLS = ("pytest>=7.4", "hypothesis>=6.80", "playwright>=1.40", "requests")

_ASK = """
import json, sys
from importlib.metadata import distributions
print(json.dumps([list(sys.version_info[:2]), {d.metadata["Name"]: d.version for d in distributions()}]))
"""


def libraries(bench: Bench) -> Path:
	"""A directory for the end of sys.path: what the bench has wins."""
	asked = subprocess.run([bench.python, "-I", "-c", _ASK], capture_output=True, text=True)
	if asked.returncode:
		raise NoBenchError(f"{bench.python} does not run: {asked.stderr.strip()[-200:]}")
	version, installed = json.loads(asked.stdout)
	present = {_normalised(name) for name in installed}
	missing = [wanted for wanted in _wanted() if _normalised(wanted) not in present]
	directory = CACHE / f"libraries-{digest([str(version), str(sorted(present)), *_wanted()])}"
	with one_at_a_time("libraries"):
		if not directory.exists():
			_install(bench, missing, installed, directory)
	return directory


def _wanted() -> list[str]:
	"""Read without tomllib, which Python 3.10 lacks."""
	text = (CHECKOUT / "pyproject.toml").read_text()
	block = re.search(r"^dependencies = \[(.*?)^\]", text, re.S | re.M)[1]
	return [*re.findall(r'^\s*"([^"]+)"', block, re.M), *TEST_TOOLS]


def _install(bench: Bench, missing: list[str], installed: dict[str, str], directory: Path) -> None:
	partial = directory.with_suffix(".partial")
	shutil.rmtree(partial, ignore_errors=True)
	partial.mkdir(parents=True)
	constraints = partial / "constraints.txt"
	constraints.write_text("".join(f"{name}=={version}\n" for name, version in installed.items() if name))
	pip = [
		bench.python,
		"-B",
		"-m",
		"pip",
		"install",
		"--quiet",
		"--disable-pip-version-check",
		"--no-compile",
	]
	command = [*pip, "--target", partial, *missing]
	if missing and subprocess.run([*command, "--constraint", constraints], capture_output=True).returncode:
		done = subprocess.run(command, capture_output=True, text=True)
		if done.returncode:
			raise NoBenchError(f"could not install {', '.join(missing)}: {done.stderr.strip()[-300:]}")
	partial.rename(directory)


def _normalised(requirement: str) -> str:
	return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", requirement)[0]).lower()
