"""A plain HTTP client of the served site."""

from __future__ import annotations

from urllib.parse import urljoin

import frappe
import requests
from frappe.utils.password import update_password

from tests.bench.harness import ADMIN_PASSWORD

SECONDS = 60


class Client(requests.Session):
	"""Takes paths; before a request it commits what the test made, after it the test sees what the server wrote."""

	def __init__(self, address: str) -> None:
		super().__init__()
		self.address = address
		self.headers["Accept"] = "application/json"

	def request(self, method: str, path: str, **options) -> requests.Response:
		frappe.db.commit()
		response = super().request(method, urljoin(self.address, path), **{"timeout": SECONDS, **options})
		frappe.db.rollback()
		getattr(frappe.local, "cache", {}).clear()
		return response


class Server:
	def __init__(self, address: str) -> None:
		self.address = address

	def guest(self) -> Client:
		return Client(self.address)

	def login(self, user: str = "Administrator") -> Client:
		"""A client with the session of a user, whose password is set here."""
		client = self.guest()
		response = client.post("/api/method/login", data={"usr": user, "pwd": password_of(user)})
		response.raise_for_status()
		return client


def password_of(user: str) -> str:
	"""Sets a password that tests know."""
	if user == "Administrator":
		return ADMIN_PASSWORD
	update_password(user, password := f"{user} may log in")
	return password
