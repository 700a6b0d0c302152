"""Real processes that do the same at the same moment, each with a connection of its own."""

from __future__ import annotations

import pickle
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench.harness import Harness, Site
from tests.bench.processes import end_with_parent

SECONDS = 600


@dataclass(frozen=True)
class Outcome:
	"""What a process returned, or the name, message and traceback of what it raised."""

	value: object = None
	error: str | None = None
	message: str = ""
	traceback: str = ""


def run_in_processes(
	harness: Harness, site: Site, count: int, function: Callable, *arguments: object
) -> list[Outcome]:
	"""Calls `function(index, *arguments)`, a function of a module's, in that many processes; each commits when it returns."""
	with ExitStack() as stack:
		directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=harness.directory)))
		orders = [directory / f"{index}.order" for index in range(count)]
		started = []
		for index, order in enumerate(orders):
			order.write_bytes(pickle.dumps((function.__module__, function.__qualname__, (index, *arguments))))
			started.append(stack.enter_context(_start(harness, site, order)))
			stack.callback(started[-1].kill)
		for process in started:  # all are connected before the first begins
			if process.stdout.readline().strip() != "ready":
				raise RuntimeError(f"A process did not start:\n{process.communicate()[0]}")
		for process in started:
			process.stdin.write("go\n")
			process.stdin.flush()
		printed = [process.communicate(timeout=SECONDS)[0] for process in started]
		return [_outcome_of(order, text) for order, text in zip(orders, printed, strict=True)]


def _start(harness: Harness, site: Site, order: Path) -> subprocess.Popen:
	return subprocess.Popen(
		[harness.python, "-m", "tests.bench.inside.call", site.name, order],
		cwd=harness.sites,
		env=harness.environment,
		stdin=subprocess.PIPE,
		stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT,
		text=True,
		preexec_fn=end_with_parent,
	)


def _outcome_of(order: Path, printed: str) -> Outcome:
	outcome = order.with_suffix(".outcome")
	if not outcome.exists():
		return Outcome(error="Ended", message="The process ended early.", traceback=printed)
	value, error = pickle.loads(outcome.read_bytes())
	return Outcome(value, *error) if error else Outcome(value)
