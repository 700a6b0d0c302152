"""The pure half of the app must work where no frappe is, and must not take it in where it is."""

import subprocess
import sys

import pytest

PURE = ("rules", "rules.identity", "rules.similarity", "reports", "client_base", "audit", "cli")


@pytest.mark.parametrize("package", PURE)
def test_importing_does_not_import_frappe(package):
	code = (
		"import importlib, pkgutil, sys\n"
		f"package = importlib.import_module('partner_crm.{package}')\n"
		"for found in pkgutil.walk_packages(getattr(package, '__path__', []), package.__name__ + '.'):\n"
		"	importlib.import_module(found.name)\n"
		"taken = sorted(name for name in sys.modules if name.split('.')[0] in ('frappe', 'erpnext'))\n"
		"assert not taken, taken\n"
	)
	done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
	assert (done.returncode, done.stderr) == (0, "")
