"""Serves one site, to this machine only: python -m tests.bench.inside.serve SITE PORT"""

import sys

from frappe import app
from werkzeug.serving import run_simple


def main(site: str, port: str) -> None:
	app._site = site  # as `bench serve` does; it would listen to the whole network
	app._sites_path = "."
	run_simple("127.0.0.1", int(port), app.application_with_statics(), threaded=True)


if __name__ == "__main__":
	main(*sys.argv[1:])
