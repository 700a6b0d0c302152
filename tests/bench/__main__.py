"""Runs the suites that need a bench (see docs/testing.md).

python -m tests.bench test              all suites, those without a bench too
python -m tests.bench pytest ARGUMENTS  pytest in the bench's Python, on a site of its own
python -m tests.bench up | down         shares a database server between runs
python -m tests.bench desk [PORT]       opens the demonstration site
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from tests.bench.desk import open_desk
from tests.bench.harness import HarnessError
from tests.bench.place import NoBenchError
from tests.bench.processes import StartError
from tests.bench.shared import bench_down, bench_up
from tests.bench.suites import is_required, no_bench, run_all, run_on_bench


def main(arguments: list[str]) -> int:
	for number in (signal.SIGTERM, signal.SIGHUP):
		signal.signal(number, _leave)
	if not arguments or arguments[0] not in COMMANDS:
		print(__doc__, file=sys.stderr)
		return 2
	try:
		return COMMANDS[arguments[0]](arguments[1:])
	except (HarnessError, StartError) as error:
		print(error, file=sys.stderr)
		return 1
	except KeyboardInterrupt:
		return 130


def test(_arguments: list[str]) -> int:
	return run_all()


def pytest(arguments: list[str]) -> int:
	try:
		return run_on_bench(arguments)
	except NoBenchError as reason:
		print(f"{no_bench(reason)}.")
		return int(is_required())


def up(_arguments: list[str]) -> int:
	return _on_a_bench(lambda: print(bench_up()))


def down(_arguments: list[str]) -> int:
	print(bench_down())
	return 0


def desk(arguments: list[str]) -> int:
	return _on_a_bench(lambda: open_desk(*map(int, arguments)))


def _on_a_bench(do: Callable[[], None]) -> int:
	try:
		do()
	except NoBenchError as reason:
		print(f"This needs a bench: {reason}.", file=sys.stderr)
		return 1
	return 0


def _leave(number: int, _frame: object) -> None:
	sys.exit(128 + number)


COMMANDS = {"test": test, "pytest": pytest, "up": up, "down": down, "desk": desk}

if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
