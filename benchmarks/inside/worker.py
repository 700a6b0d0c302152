"""Does what it is told on one site, line by line: python -m benchmarks.inside.worker SITE

Each line is a JSON list, the name of an order and its arguments; so is the answer: [what it returned, null] or [null, error].
It runs as a background job does: signed in, nothing told that it is a test, each piece of work committed.
"""

from __future__ import annotations

import json
import sys
import traceback

import frappe

from benchmarks.inside import orders


def main(site: str) -> None:
	answers = sys.stdout
	sys.stdout = sys.stderr
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	for line in sys.stdin:
		name, *arguments = json.loads(line)
		try:
			answer = [getattr(orders, name)(*arguments), None]
		except BaseException:
			frappe.db.rollback()
			answer = [None, traceback.format_exc()]
		print(json.dumps(answer), file=answers, flush=True)
	frappe.destroy()


if __name__ == "__main__":
	main(*sys.argv[1:])
