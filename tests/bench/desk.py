"""The demonstration site, in the desk, until Ctrl-C."""

from __future__ import annotations

import signal
from contextlib import suppress

from tests.bench.harness import ADMIN_PASSWORD, harness
from tests.bench.place import find_bench
from tests.bench.web import served, worked_for


def open_desk(port: int | None = None) -> None:
	with harness(find_bench()) as made:
		site = made.take_site()
		print(made.run("-m", "tests.bench.inside.demo", site.name).strip(), flush=True)
		with served(made, site, port) as address, worked_for(made):
			print(f"\n    {address}/app\n    Administrator / {ADMIN_PASSWORD}\n\nCtrl-C ends it.", flush=True)
			with suppress(KeyboardInterrupt):
				signal.pause()
