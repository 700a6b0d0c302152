"""What an accountant does with the list that a programme's owner sends: upload it, have it compared, decide.

With SCREENSHOTS=1 the page is kept in docs/images.
"""

from __future__ import annotations

import frappe
import pytest

from tests.browser.test_lead_to_client import keep_picture, press, save
from tests.browser.test_russian import assert_russian
from tests.factories import make_contact, make_payout, make_program, make_user

LIST = """\
Order ID,Client,Client e-mail,Commission,Payment date
H-1,Anna Smirnova,anna@altyn.example,100,2026-01-22
H-2,Boris Akhmetov,boris@caspian.example,40,2026-01-23
H-3,Nobody Known,nobody@else.example,70,2026-01-25
H-4,Dana Orazova,dana@zerde.example,many,2026-01-26
"""


@pytest.fixture
def program() -> str:
	title = f"Hosting {frappe.db.count('Partner Program')}"
	make_program(title=title, direction="Receivable")
	for first, last, email, amount in (
		("Anna", "Smirnova", "anna@altyn.example", 100),
		("Boris", "Akhmetov", "boris@caspian.example", 50),
		("Carl", "Orff", "carl@steppe.example", 30),
	):
		name = frappe.db.get_value("Contact Email", {"email_id": email}, "parent")
		contact = name or make_contact(email, first_name=first, last_name=last).name
		client = {"contact": contact, "client_title": f"{first} {last}"}
		make_payout(direction="Receivable", program=title, amount=amount, **client)
	return title


def fill(page, program: str, file_url: str) -> None:
	values = {
		"program": program,
		"company": frappe.defaults.get_global_default("company"),
		"from_date": "2026-01-01",
		"to_date": "2026-01-31",
		"file": file_url,
	}
	page.wait_for_function("cur_frm && cur_frm.doctype === 'Program Statement' && cur_frm.is_new()")
	page.evaluate("values => cur_frm.set_value(values)", values)


def upload(user: str, program: str) -> str:
	content = f"{LIST}H-5,Erik Blom,,1{program.split()[-1]},\n"
	values = {"doctype": "File", "file_name": "hosting-january.csv", "is_private": 1, "content": content}
	file = frappe.get_doc(values).insert()
	file.db_set("owner", user)
	frappe.db.commit()
	return file.file_url


@pytest.mark.parametrize("language", ["en", "ru"])
def test_from_the_file_to_decisions(desk, program, language):
	user = make_user(roles=["Partner CRM Accountant"], language=language).name
	page = desk.login(user).open("program-statement/new")
	page.set_default_timeout(30_000)
	fill(page, program, upload(user, program))
	save(page)
	if language == "ru":
		assert_russian(page)
	press(page, {"en": "Read the File", "ru": "Прочитать файл"}[language])
	page.wait_for_function("cur_frm.doc.status === 'Open Differences'")

	results = page.evaluate("cur_frm.doc.lines.map(line => [line.row, line.result])")
	assert results == [
		[2, "Matched"],
		[3, "Amount Differs"],
		[4, "Unknown Client"],
		[5, "Refused"],
		[6, "Unknown Client"],
		[0, "Not Listed"],
	]
	said = {"en": ["Matched: 1", "Unknown Client: 2"], "ru": ["Сошлось: 1", "Неизвестный клиент: 2"]}[
		language
	]
	for text in said:
		page.locator(".form-dashboard .indicator", has_text=text).first.wait_for()
	page.locator(".grid-row .indicator.green").first.wait_for()
	if language == "ru":
		assert_russian(page)
		return
	page.locator("[data-fieldname=lines] .grid-row").last.scroll_into_view_if_needed()
	keep_picture(page, "program-statement")

	page.evaluate(
		"""() => {
			for (const line of cur_frm.doc.lines) {
				frappe.model.set_value(line.doctype, line.name, "is_settled", 1);
			}
		}"""
	)
	save(page)
	page.wait_for_function("cur_frm.doc.status === 'Settled' && cur_frm.doc.open_lines === 0")
