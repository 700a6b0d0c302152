"""What the harness offers to tests whose doings other processes must see."""

from __future__ import annotations

import frappe
import pytest

from tests.factories import make_user

pytestmark = pytest.mark.commits


def test_jobs_wait_for_the_worker(work):
	frappe.flags.in_test = False
	frappe.enqueue("frappe.client.insert", doc={"doctype": "ToDo", "description": "Made by the worker"})
	assert not frappe.db.exists("ToDo", {"description": "Made by the worker"})

	work()

	assert frappe.db.exists("ToDo", {"description": "Made by the worker"})


def test_a_failed_job_fails_the_test(work):
	frappe.flags.in_test = False
	frappe.enqueue("frappe.client.insert", doc={"doctype": "ToDo"})

	with pytest.raises(AssertionError, match=r"MandatoryError: .*description"):
		work()


def test_a_user_logs_in_over_http(http):
	user = make_user(roles=["System Manager"])

	client = http.login(user.name)

	assert client.get("/api/method/frappe.auth.get_logged_user").json()["message"] == user.name
	assert http.guest().get("/api/resource/User").status_code == 403


def test_the_test_sees_what_the_server_wrote_and_the_other_way_round(http):
	todo = frappe.get_doc(doctype="ToDo", description="Made by the test").insert()

	response = http.login().put(
		f"/api/resource/ToDo/{todo.name}", json={"description": "Changed by the server"}
	)

	assert response.status_code == 200
	assert frappe.db.get_value("ToDo", todo.name, "description") == "Changed by the server"


def test_processes_meet_at_one_key(run_processes):
	outcomes = run_processes(4, insert_same_role, "Parallel Role")

	assert sorted(outcome.error or "" for outcome in outcomes) == ["", *["DuplicateEntryError"] * 3]
	assert frappe.db.exists("Role", "Parallel Role")


def test_a_process_returns_what_its_function_returned(run_processes):
	assert [outcome.value for outcome in run_processes(2, double, 21)] == [42, 43]


def insert_same_role(_index: int, name: str) -> None:
	frappe.get_doc(doctype="Role", role_name=name, desk_access=0).insert()


def double(index: int, number: int) -> int:
	return number * 2 + index
