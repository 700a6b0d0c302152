"""Calls a function in a process of its own when told to start; see tests.bench.parallel."""

import importlib
import pickle
import sys
import traceback
from pathlib import Path

import frappe


def main(site: str, order: str) -> None:
	module, function, arguments = pickle.loads(Path(order).read_bytes())
	called = getattr(importlib.import_module(module), function)
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	print("ready", flush=True)
	sys.stdin.readline()
	Path(order).with_suffix(".outcome").write_bytes(_outcome(called, arguments))
	frappe.destroy()


def _outcome(called, arguments: tuple) -> bytes:
	"""Commits or rolls back as a web request would."""
	try:
		value, error = called(*arguments), None
		frappe.db.commit()
	except Exception as raised:
		value, error = None, (type(raised).__name__, str(raised), traceback.format_exc())
		frappe.db.rollback()
	return pickle.dumps((value, error))


if __name__ == "__main__":
	main(*sys.argv[1:])
