"""pytest fixtures of the bench suites; loaded by `python -m tests.bench pytest`, in the bench's Python."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator

import frappe
import pytest
from frappe.utils.background_jobs import get_queues
from redis import Redis

from partner_crm.services import rollups
from tests.bench import sums
from tests.bench.client import Server
from tests.bench.harness import Harness, Site
from tests.bench.parallel import run_in_processes
from tests.bench.web import served, work_off

# Costly to make again, and made of what is committed only; every other cached key is dropped after each test.
KEPT_KEYS = ("all_apps", "app_hooks", "db_tables", "doctype_meta", "merged_translations", "table_columns")
METADATA = ("Custom DocPerm", "Custom Field", "DocType", "Property Setter", "Translation")


def pytest_configure(config: pytest.Config) -> None:
	config.addinivalue_line(
		"markers",
		"commits: the module's tests commit, so the module gets a site of its own, cleaned afterwards",
	)


@pytest.fixture(scope="session")
def harness() -> Harness:
	made = Harness.of_environment()
	os.chdir(made.sites)  # parts of Frappe look for sites, logs and assets relative to it
	return made


@pytest.fixture(scope="session")
def common_site(harness: Harness) -> Iterator[Site]:
	site = harness.take_site()
	_keep_sums(site)
	yield site
	harness.give_back(site)


def _keep_sums(site: Site) -> None:
	connect(site)
	rollups.refresh()
	frappe.destroy()


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, harness: Harness) -> Iterator[Site]:
	"""The site the tests of this module are connected to."""
	if not _may_commit(request):
		yield request.getfixturevalue("common_site")
		return
	own = harness.take_site()
	_keep_sums(own)
	yield own
	Redis.from_url(harness.redis).flushdb()  # sessions, jobs
	harness.give_back(own)


@pytest.fixture(autouse=True)
def transaction(request: pytest.FixtureRequest, site: Site) -> Iterator[None]:
	"""Each test starts like a request of Administrator's, with nothing in memory, and is rolled back."""
	connect(site)
	commits: list[str] = []
	if not _may_commit(request):
		frappe.db.after_commit.add(lambda: commits.append("".join(traceback.format_stack(limit=12))))
	metadata = _state_of_metadata()
	with sums.told_as_the_documents_tell(stays=_may_commit(request)) as differing:
		yield
	changed_metadata = _state_of_metadata() != metadata
	frappe.db.rollback()
	forget(everything=changed_metadata)
	frappe.destroy()
	if differing:
		pytest.fail(
			"The sums of reports tell something else than the documents:\n" + "\n".join(differing),
			pytrace=False,
		)
	if commits:
		pytest.fail(
			"The test committed, so others would see what it left. Say `pytestmark = pytest.mark.commits` in its "
			f"module, which then gets a site of its own.\n{commits[0]}",
			pytrace=False,
		)


@pytest.fixture(scope="module")
def http(request: pytest.FixtureRequest, harness: Harness, site: Site) -> Iterator[Server]:
	"""The module's site, served: `http.login("user@staff.example").get("/api/resource/Partner Lead")`."""
	_require_commits(request)
	with served(harness, site) as address:
		yield Server(address)


@pytest.fixture
def run_processes(request: pytest.FixtureRequest, harness: Harness, site: Site) -> Callable:
	"""`run_processes(8, function, *arguments)`: see tests.bench.parallel. What the test made is committed first."""
	_require_commits(request)

	def run(count: int, function: Callable, *arguments: object) -> list:
		frappe.db.commit()
		outcomes = run_in_processes(harness, site, count, function, *arguments)
		frappe.db.rollback()
		return outcomes

	return run


@pytest.fixture
def work(request: pytest.FixtureRequest, harness: Harness) -> Callable[[], None]:
	"""Does the background jobs that are waiting, in a real worker; one that fails fails the test."""
	_require_commits(request)

	def run() -> None:
		frappe.db.commit()
		printed = work_off(harness)
		frappe.db.rollback()
		registries = [queue.failed_job_registry for queue in get_queues()]
		failed = [(registry, job) for registry in registries for job in registry.get_job_ids()]
		for registry, job in failed:
			registry.remove(job)
		assert not failed, f"{len(failed)} background jobs failed.\n{printed}"

	return run


def _may_commit(request: pytest.FixtureRequest) -> bool:
	return request.node.get_closest_marker("commits") is not None


def _require_commits(request: pytest.FixtureRequest) -> None:
	if not _may_commit(request):
		pytest.fail(
			f"Other processes see what is committed only: say `pytestmark = pytest.mark.commits` in {request.path.name}.",
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
	if client_cache := getattr(frappe, "client_cache", None):  # from version 16 on
		client_cache.clear_cache()
	frappe.clear_cache(user="Administrator")


def _state_of_metadata() -> list:
	"""Seen from inside the transaction."""
	return [
		frappe.db.sql(f"SELECT COUNT(*), MAX(modified), SUM(idx) FROM `tab{doctype}`") for doctype in METADATA
	]
