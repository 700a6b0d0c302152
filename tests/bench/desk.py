"""The demonstration site, in the desk, until Ctrl-C."""

from __future__ import annotations

import signal
from contextlib import suppress

from tests.bench.harness import ADMIN_PASSWORD, harness
from tests.bench.place import find_bench
from tests.bench.web import served, worked_for

_WHERE = """
    {address}/app
    Administrator or any of these users / {password}

Ctrl-C ends it."""


def open_desk(port: int | None = None) -> None:
	with harness(find_bench()) as made:
		site = made.take_site()
		demo = ("partner-crm-demo", "--password", ADMIN_PASSWORD)
		print(made.frappe("--site", site.name, *demo).strip(), flush=True)
		with served(made, site, port) as address, worked_for(made):
			print(_WHERE.format(address=address, password=ADMIN_PASSWORD), flush=True)
			with suppress(KeyboardInterrupt):
				signal.pause()
