"""The real desk in Chromium. Modules here serve a site of their own, so their tests may commit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import tests.bench.guard  # noqa: F401

# isort: split
import frappe
import pytest

from tests.bench.client import Server, password_of
from tests.bench.place import find_program

if TYPE_CHECKING:
	from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page

ARGUMENTS = (
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
)
PATIENCE = 60_000  # milliseconds: nothing is asserted about speed here, and machines are busy
NOT_SERVED = ("socket.io",)  # the harness has no server for it
NOT_OURS = ("/assets/frappe/", "/assets/erpnext/")  # a bench need not have their pictures, letters and sounds

CHART_RESIZED = ("removeChild", "ResizeObserver.boundDrawFn")
"""Frappe's charts draw themselves twice where a page finds its width while they are drawn, and stumble over it."""

NO_EDITOR = (("appendChild", "Unexpected token '<'"), ("reading 'config'", "/controls.bundle"))
"""The editor of code, in the forms of charts and cards, is among what a bench need not have."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
	for item in items:
		if item.path.is_relative_to(Path(__file__).parent):
			item.getparent(pytest.Module).add_marker("commits")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
	try:
		from playwright.sync_api import sync_playwright
	except ImportError:
		_give_up("Playwright can't be imported.")
	with sync_playwright() as playwright:
		program = find_program("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
		if not program and not Path(playwright.chromium.executable_path).exists():
			_give_up("There is no Chromium here.")
		browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
		yield browser
		browser.close()


def _give_up(reason: str) -> None:
	(pytest.fail if os.environ.get("REQUIRE_BENCH") == "1" else pytest.skip)(reason)


class Desk:
	"""The desk as one user sees it."""

	def __init__(self, context: BrowserContext, server: Server) -> None:
		self.context = context
		self.server = server
		self.errors: list[str] = []
		self.page: Page = context.new_page()
		self.page.set_default_timeout(PATIENCE)
		self.page.on("pageerror", self._note_uncaught)
		self.page.on("console", self._note)

	def login(self, user: str = "Administrator") -> Desk:
		credentials = {"usr": user, "pwd": password_of(user)}
		frappe.db.commit()
		assert self.context.request.post("/api/method/login", form=credentials).ok
		return self

	def open(self, path: str) -> Page:
		"""A page of the desk, such as "partner-lead/new", with everything loaded."""
		self.page.goto(f"/app/{path}")
		self.page.wait_for_function("window.frappe && frappe.boot && !frappe.dom.freeze_count")
		self.page.wait_for_load_state("networkidle")
		return self.page

	def _note_uncaught(self, error: Error) -> None:
		kinds = (CHART_RESIZED, *NO_EDITOR)
		if not any(all(known in error.stack for known in kind) for kind in kinds):
			self.errors.append(f"{error}\n{error.stack}")

	def _note(self, message: ConsoleMessage) -> None:
		where = message.location.get("url", "")
		is_theirs = message.text.startswith("Failed to load resource") and any(
			path in where for path in NOT_OURS
		)
		is_known = is_theirs or any(known in where + message.text for known in NOT_SERVED)
		if message.type == "error" and not is_known:
			self.errors.append(f"{message.text} ({where})")


@pytest.fixture
def desk(chromium: Browser, http: Server) -> Iterator[Desk]:
	"""`desk.login("user@staff.example").open("partner-lead")`; an error in the browser's console fails the test."""
	context = chromium.new_context(base_url=http.address, viewport={"width": 1440, "height": 900})
	opened = Desk(context, http)
	yield opened
	context.close()
	assert not opened.errors
