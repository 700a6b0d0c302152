"""Processes in the bench's Python that do what they are told on one site (benchmarks.inside.worker)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.harness import Harness, HarnessError, Site
from tests.bench.processes import end_with_parent


class Worker:
	def __init__(self, process: subprocess.Popen) -> None:
		self._process = process

	def tell(self, order: str, *arguments: object) -> None:
		"""Begins the work; `answer` waits for it."""
		self._process.stdin.write(json.dumps([order, *arguments]) + "\n")
		self._process.stdin.flush()

	def answer(self) -> object:
		line = self._process.stdout.readline()
		returned, error = json.loads(line) if line else (None, "A worker ended early.")
		if error:
			raise HarnessError(error)
		return returned

	def do(self, order: str, *arguments: object) -> object:
		self.tell(order, *arguments)
		return self.answer()


@contextmanager
def worker(harness: Harness, site: Site) -> Iterator[Worker]:
	process = subprocess.Popen(
		[harness.python, "-m", "benchmarks.inside.worker", site.name],
		cwd=harness.sites,
		env=harness.environment,
		stdin=subprocess.PIPE,
		stdout=subprocess.PIPE,
		text=True,
		preexec_fn=end_with_parent,
	)
	try:
		yield Worker(process)
	finally:
		process.stdin.close()
		process.wait()
