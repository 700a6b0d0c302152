"""The same over HTTP, as browsers and other programs save: the desk's form and REST, with one client and with four.

Served by gunicorn with four worker processes, as a production site is. All clients send one kind of request at a time, so that the
floor's don't wait for ours.
"""

from __future__ import annotations

import http.client
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter
from urllib.parse import quote, urlencode

from benchmarks.figures import line, p50, p95
from benchmarks.inside.inquiries import LEAD_FLOOR, form_of, inquiry, own_lead
from tests.bench.processes import free_port, start, stop, wait_until

SERVERS = 4
CLIENTS = (1, 4)
ROUNDS, REQUESTS = 10, 8
BOUND = 1.5
LEAD = "Partner Lead"


class Refused(Exception):
	"""A request of ours was answered with an error."""


class Caller:
	"""One client with one connection."""

	def __init__(self, port: int, site, authorization: str) -> None:
		self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
		self._headers = {"Authorization": authorization, "X-Frappe-Site-Name": site.name}

	def send(self, method: str, path: str, body: str, kind: str) -> float:
		"""Seconds until the answer was read."""
		began = perf_counter()
		headers = self._headers | {"Content-Type": kind, "Accept": "application/json"}
		self._connection.request(method, path, body=body.encode(), headers=headers)
		response = self._connection.getresponse()
		answer = response.read()
		spent = perf_counter() - began
		if response.status != 200:
			raise Refused(f"{method} {path}: {response.status} {answer[:2000].decode(errors='replace')}")
		return spent


def form_save(doctype: str, number: int, existing: int) -> tuple[str, str, str, str]:
	form = json.dumps(form_of(doctype, number, existing))
	body = urlencode({"doc": form, "action": "Save"})
	return "POST", "/api/method/frappe.desk.form.save.savedocs", body, "application/x-www-form-urlencoded"


def rest_insert(doctype: str, number: int, existing: int) -> tuple[str, str, str, str]:
	return (
		"POST",
		f"/api/resource/{quote(doctype)}",
		json.dumps(inquiry(number, existing)),
		"application/json",
	)


def rest_update(doctype: str, number: int, existing: int) -> tuple[str, str, str, str]:
	path = f"/api/resource/{quote(doctype)}/{own_lead(number, existing)}"
	return "PUT", path, json.dumps({"needs": f"Number {number} of all"}), "application/json"


REQUESTED = {
	"form save of a new lead": form_save,
	"REST insert of a lead": rest_insert,
	"REST update of a lead": rest_update,
}


def run(small, large) -> None:
	with _served(large) as port, ThreadPoolExecutor(max(CLIENTS)) as pool:
		callers = [Caller(port, large.site, large.authorization) for _ in range(max(CLIENTS))]
		for what, request in REQUESTED.items():
			for clients in CLIENTS:
				spent = _compare(pool, callers[:clients], request, large)
				for name, figure in (("p50", p50), ("p95", p95)):
					ours, floor = figure(spent[LEAD]), figure(spent[LEAD_FLOOR])
					print(
						line(
							f"{what}, {name}, {clients} client{'s' * (clients > 1)}, {large.count:,} there",
							ours / floor,
							BOUND,
							f"{ours * 1000:.0f} ms against {floor * 1000:.0f} ms",
						),
						flush=True,
					)


def _compare(pool: ThreadPoolExecutor, callers: list[Caller], request: Callable, site) -> dict[str, list]:
	spent: dict[str, list[float]] = defaultdict(list)
	for round_ in range(-1, ROUNDS):
		for doctype in (LEAD_FLOOR, LEAD):
			work = [
				pool.submit(_call, caller, request, doctype, site.fresh(REQUESTS), site.count)
				for caller in callers
			]
			times = [time for each in work for time in each.result()]
			if round_ >= 0:
				spent[doctype] += times
	return spent


def _call(caller: Caller, request: Callable, doctype: str, first: int, existing: int) -> list[float]:
	return [caller.send(*request(doctype, number, existing)) for number in range(first, first + REQUESTS)]


@contextmanager
def _served(site) -> Iterator[int]:
	made, port = site.harness, free_port()
	log = made.directory / "logs" / f"gunicorn-{port}.log"
	options = ["--bind", f"127.0.0.1:{port}", "--workers", str(SERVERS), "--timeout", "120", "--preload"]
	process = start(
		[made.python, "-m", "gunicorn", *options, "frappe.app:application"],
		log,
		cwd=made.sites,
		env=made.environment,
	)
	try:
		wait_until(lambda: _answers(port, site.site.name), process, log)
		yield port
	finally:
		stop(process.pid)


def _answers(port: int, site: str) -> bool:
	connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
	try:
		connection.request("GET", "/api/method/ping", headers={"X-Frappe-Site-Name": site})
		return connection.getresponse().status == 200
	except OSError:
		return False
	finally:
		connection.close()
