"""Runs the suites and adds up what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from tests.bench.harness import Harness, harness
from tests.bench.place import CHECKOUT, NoBenchError, find_bench
from tests.bench.processes import end_with_parent

BENCH_SUITES = ("tests/integration", "tests/browser")
NOT_OURS = ("'crypt' is deprecated:DeprecationWarning", "You are using a Python version:FutureWarning")
FAILED = ("failures", "errors")


def run_all() -> int:
	"""All suites; the last line says how many tests passed, failed and were skipped."""
	with TemporaryDirectory() as directory:
		reports = [Path(directory) / f"{suite}.xml" for suite in ("unit", "bench")]
		unit = subprocess.run(
			[sys.executable, "-m", "pytest", "tests/unit", f"--junitxml={reports[0]}"], cwd=CHECKOUT
		)
		without, code = "", 0
		try:
			code = run_on_bench([*BENCH_SUITES, f"--junitxml={reports[1]}"])
		except NoBenchError as reason:
			without = no_bench(reason)
		print(f"In all: {_sum_of(reports)}{without and f'; {without}'}.", flush=True)
		return unit.returncode or code or int(bool(without) and is_required())


def run_on_bench(arguments: list[str]) -> int:
	"""pytest in the bench's Python, on a site of its own."""
	with harness(find_bench()) as made:
		made.app_dump()  # here, where one sees that it takes a while
		code = _pytest(made, arguments)
		if changes := made.changes_of_bench():
			print(f"{made.bench.path} was changed meanwhile: {', '.join(changes)}", file=sys.stderr)
		return code or int(bool(changes))


def no_bench(reason: NoBenchError) -> str:
	verb = "FAILED" if is_required() else "skipped"
	return f"{verb} the suites that need a bench: {reason}"


def is_required() -> bool:
	return os.environ.get("REQUIRE_BENCH") == "1"


def _pytest(made: Harness, arguments: list[str]) -> int:
	warnings = (option for told in NOT_OURS for option in ("-W", f"ignore:{told}"))
	command = [made.python, "-m", "pytest", "-p", "tests.bench.plugin", *warnings, *arguments]
	process = subprocess.Popen(command, cwd=CHECKOUT, env=made.environment, preexec_fn=end_with_parent)
	with _ended(process):
		while True:
			try:
				return process.wait()
			except KeyboardInterrupt:  # pytest got it too and closes what it opened
				continue


@contextmanager
def _ended(process: subprocess.Popen) -> Iterator[None]:
	try:
		yield
	finally:
		if process.poll() is None:
			process.terminate()
			process.wait()


def _sum_of(reports: list[Path]) -> str:
	counts = Counter()
	for report in reports:
		for suite in ElementTree.parse(report).iter("testsuite") if report.exists() else ():
			counts.update({name: int(suite.get(name, 0)) for name in ("tests", "skipped", *FAILED)})
	failed = sum(counts[name] for name in FAILED)
	passed = counts["tests"] - failed - counts["skipped"]
	parts = {"failed": failed, "passed": passed, "skipped": counts["skipped"]}
	return ", ".join(f"{count} {what}" for what, count in parts.items() if count or what == "passed")
