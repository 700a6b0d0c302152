"""pytest fixtures of the bench suites; loaded by `python -m tests.bench pytest`, in the bench's Python."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator

import frappe
import pytest

from tests.bench.harness import Harness, Site

# Costly to make again, and made of what is committed only; every other cached key is dropped after each test.
KEPT_KEYS = ("all_apps", "app_hooks", "db_tables", "doctype_meta", "merged_translations", "table_columns")
COMMITTED = pytest.StashKey[bool]()
METADATA = ("Custom DocPerm", "Custom Field", "DocType", "Property Setter", "Translation")


def pytest_configure(config: pytest.Config) -> None:
	config.addinivalue_line(
		"markers",
		"commits: the module's tests commit, so the module gets a site of its own, dropped afterwards",
	)


@pytest.fixture(scope="session")
def harness() -> Harness:
	made = Harness.of_environment()
	os.chdir(made.sites)  # parts of Frappe look for sites, logs and assets relative to it
	return made


@pytest.fixture(scope="session")
def common_site(request: pytest.FixtureRequest, harness: Harness) -> Iterator[Site]:
	site = harness.take_site()
	yield site
	if request.config.stash.get(COMMITTED, False):
		harness.drop(site)
	else:
		harness.give_back(site)


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, harness: Harness) -> Iterator[Site]:
	"""The site the tests of this module are connected to."""
	if not request.node.get_closest_marker("commits"):
		yield request.getfixturevalue("common_site")
		return
	own = harness.new_site()
	yield own
	harness.drop(own)


@pytest.fixture(autouse=True)
def transaction(request: pytest.FixtureRequest, site: Site) -> Iterator[None]:
	"""Each test starts like a request of Administrator's, with nothing in memory, and is rolled back."""
	connect(site)
	commits: list[str] = []
	if not request.node.get_closest_marker("commits"):
		frappe.db.after_commit.add(lambda: commits.append("".join(traceback.format_stack(limit=12))))
	metadata = _state_of_metadata()
	yield
	changed_metadata = _state_of_metadata() != metadata
	frappe.db.rollback()
	forget(everything=changed_metadata)
	frappe.destroy()
	if commits:
		request.config.stash[COMMITTED] = True
		pytest.fail(
			"The test committed, so others would see what it left. Say `pytestmark = pytest.mark.commits` in its "
			f"module, which then gets a site of its own.\n{commits[0]}",
			pytrace=False,
		)


def connect(site: Site) -> None:
	frappe.init(site=site.name, sites_path=".", force=True)
	frappe.connect()
	frappe.flags.in_test = True


def forget(everything: bool = False) -> None:
	"""What was cached may speak of what was rolled back."""
	kept = {frappe.cache.make_key(key) for key in KEPT_KEYS} | {key.encode() for key in KEPT_KEYS}
	keys = [key for key in frappe.cache.get_keys("") if everything or key not in kept]
	frappe.cache.delete_value(keys, make_keys=False)
	frappe.clear_cache(user="Administrator")


def _state_of_metadata() -> list:
	"""Seen from inside the transaction."""
	return [
		frappe.db.sql(f"SELECT COUNT(*), MAX(modified), SUM(idx) FROM `tab{doctype}`") for doctype in METADATA
	]
