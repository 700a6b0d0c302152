"""Imported by the conftest of each suite that needs a bench, before anything of frappe is."""

import os

import pytest

from tests.bench.harness import STATE

if STATE not in os.environ:
	pytest.exit(
		"These tests need a throw-away site: run `make integration` or `make browser`, "
		"or `python -m tests.bench pytest ARGUMENTS` (docs/testing.md).",
		returncode=pytest.ExitCode.USAGE_ERROR,
	)
