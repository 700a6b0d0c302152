"""A served site, and a plain client for it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.harness import Harness, Site
from tests.bench.processes import free_port, start, stop, wait_until


@contextmanager
def served(harness: Harness, site: Site, port: int | None = None) -> Iterator[str]:
	"""The address at which the site answers."""
	port = port or free_port()
	log = harness.directory / "logs" / f"serve-{port}.log"
	command = [harness.python, "-m", "tests.bench.inside.serve", site.name, str(port)]
	process = start(command, log, cwd=harness.sites, env=harness.environment)
	try:
		wait_until(lambda: _answers(port), process, log)
		yield f"http://127.0.0.1:{port}"
	finally:
		stop(process.pid)


@contextmanager
def worked_for(harness: Harness) -> Iterator[None]:
	"""A background worker does what sites enqueue."""
	log = harness.directory / "logs" / "worker.log"
	command = [harness.python, "-m", "frappe.utils.bench_helper", "frappe", "worker", "--queue", QUEUES]
	process = start(command, log, cwd=harness.sites, env=harness.environment)
	try:
		yield
	finally:
		stop(process.pid)


def work_off(harness: Harness) -> str:
	"""Does the background jobs that wait, and ends."""
	return harness.frappe("worker", "--queue", QUEUES, "--burst")


def _answers(port: int) -> bool:
	connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
	try:
		connection.request("GET", "/api/method/ping")
		return connection.getresponse().status == 200
	except OSError:
		return False
	finally:
		connection.close()


QUEUES = "short,default,long"
