"""python -m tests.bench COMMAND: runs the suites that need a bench (see docs/testing.md)."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys

from tests.bench.harness import Harness, HarnessError, harness
from tests.bench.place import CHECKOUT, NoBenchError, find_bench
from tests.bench.processes import StartError
from tests.bench.shared import bench_down, bench_up


def main() -> int:
	parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
	parser.add_argument("command", choices=("pytest", "up", "down"))
	parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on to pytest")
	options = parser.parse_args()
	for number in (signal.SIGTERM, signal.SIGHUP):
		signal.signal(number, _leave)
	try:
		return COMMANDS[options.command](options.arguments)
	except (HarnessError, StartError) as error:
		print(error, file=sys.stderr)
		return 1
	except KeyboardInterrupt:
		return 130


def pytest(arguments: list[str]) -> int:
	"""Passes its arguments to pytest in the bench's Python."""
	try:
		with harness(find_bench()) as made:
			return _run_pytest(made, arguments)
	except NoBenchError as reason:
		required = os.environ.get("REQUIRE_BENCH") == "1"
		print(f"{'failed' if required else 'skipped'}: suites that need a bench ({reason})")
		return int(required)


def _run_pytest(made: Harness, arguments: list[str]) -> int:
	made.app_dump()  # here, where one sees that it takes a while
	command = [made.python, "-m", "pytest", "-p", "tests.bench.plugin", *arguments]
	process = subprocess.Popen(command, cwd=CHECKOUT, env=made.environment)
	while True:
		try:
			return process.wait()
		except KeyboardInterrupt:  # pytest got it too and is closing what it opened
			continue
		except SystemExit:
			process.terminate()
			process.wait()
			raise


def up(_arguments: list[str]) -> int:
	try:
		print(bench_up())
	except NoBenchError as reason:
		sys.exit(f"Can't start services: {reason}.")
	return 0


def down(_arguments: list[str]) -> int:
	print(bench_down())
	return 0


def _leave(number: int, _frame: object) -> None:
	sys.exit(128 + number)


COMMANDS = {"pytest": pytest, "up": up, "down": down}

if __name__ == "__main__":
	sys.exit(main())
