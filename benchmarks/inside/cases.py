"""What is timed. Each case takes the number of a person, does what must be there before, and returns the work itself.

`existing` is how many contacts the site was filled with; numbers beyond are new people.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import frappe

from benchmarks.inside.inquiries import (
	CONTACT_FLOOR,
	LEAD_FLOOR,
	TYPED,
	inquiry,
	own_lead,
	own_number,
	someone,
)
from benchmarks.inside.people import COMMON_NAME, person, resident
from tests.factories import (
	FOR_CLIENT,
	FOR_NEGOTIATION,
	make_deal,
	make_full_counterparty,
	make_partner,
	make_program,
	make_ready_mql,
)

Work = Callable[[], object]


def insert(values: dict) -> Work:
	return lambda: frappe.get_doc(values).insert()


def lead(number: int, existing: int) -> Work:
	return insert({"doctype": "Partner Lead", **inquiry(number, existing)})


def lead_floor(number: int, existing: int) -> Work:
	return insert({"doctype": LEAD_FLOOR, **inquiry(number, existing)})


def capture(number: int, existing: int) -> Work:
	return insert({"doctype": "Partner Lead", **TYPED, **person(number)})


def capture_namesake(number: int, existing: int) -> Work:
	"""Of a new person whose name one in a hundred has, and nobody the number and the address."""
	return insert({"doctype": "Partner Lead", **TYPED, **person(number + 6_000_000), **COMMON_NAME})


def capture_floor(number: int, existing: int) -> Work:
	return insert({"doctype": LEAD_FLOOR, **TYPED, **person(number)})


def _edit(doctype: str, number: int, existing: int) -> Work:
	name = own_lead(number, existing)

	def edit() -> None:
		doc = frappe.get_doc(doctype, name)
		doc.needs = f"Number {number} of all"
		doc.save()

	return edit


def edit(number: int, existing: int) -> Work:
	return _edit("Partner Lead", number, existing)


def edit_floor(number: int, existing: int) -> Work:
	return _edit(LEAD_FLOOR, number, existing)


def card(number: int) -> dict:
	"""A contact whose values make ten pairs: three numbers, three addresses and a birth date."""
	someone = person(number)
	mailbox = someone["email"].partition("@")[0]
	phones = [someone["phone"], f"+7702{number:07d}", f"+7707{number:07d}"]
	emails = [someone["email"], f"{mailbox}@home.example", f"{mailbox}@club.example"]
	return {
		"first_name": someone["first_name"],
		"last_name": someone["last_name"],
		"image": "/assets/frappe/images/ui/avatar.png",  # Frappe would ask a web service for one
		"pcrm_birth_date": date(
			1930 + number % 20, number % 12 + 1, number % 28 + 1
		),  # of nobody who is there
		"phone_nos": [
			{"phone": phone, "is_primary_phone": not row, "is_primary_mobile_no": not row}
			for row, phone in enumerate(phones)
		],
		"email_ids": [{"email_id": email, "is_primary": not row} for row, email in enumerate(emails)],
	}


def contact(number: int, existing: int) -> Work:
	return insert({"doctype": "Contact", "pcrm_managed": 1, **card(number)})


def contact_unchecked(number: int, existing: int) -> Work:
	"""Somebody else: for one whose name was entered before, Frappe reads all names of contacts to find him a free one."""
	return insert({"doctype": "Contact", "pcrm_managed": 0, **card(number + 7_000_000)})


def contact_floor(number: int, existing: int) -> Work:
	return insert({"doctype": CONTACT_FLOOR, **card(number)})


def duplicate(number: int, existing: int) -> Work:
	"""Of a contact that is there, mostly another manager's client."""
	return _entered_again(someone(number, existing), number)


def duplicate_of_own(number: int, existing: int) -> Work:
	"""Of a client of the first manager's, who is told which card it is."""
	return _entered_again(own_number(number, existing), number)


def _entered_again(there: int, number: int) -> Work:
	"""The same name and e-mail, everything else new. Raises `DuplicateCard`."""
	known = resident(there)
	nobody = number + 5_000_000  # the other cases of this turn have entered `number`
	values = {"doctype": "Contact", "pcrm_managed": 1, **card(nobody)}
	values["first_name"], values["last_name"] = known["first_name"], known["last_name"]
	values["email_ids"][0]["email_id"] = known["email"]

	def refused() -> None:
		frappe.get_doc(values).insert()
		raise AssertionError("It was let in.")

	return refused


def _win(with_payouts: bool) -> Work:
	"""Prepared by Administrator, as the head of sales would have seen to it; won by the manager."""
	manager = frappe.session.user
	frappe.set_user("Administrator")
	fields = {"program": _program(), "partner": make_partner("Partner")} if with_payouts else {}
	group = frappe.db.get_value("Customer Group", {"is_group": 0}, order_by="name")
	company = make_full_counterparty(client_group=group).name
	lead = make_ready_mql(counterparty=company, responsible=manager, region=None, **fields)
	deal = make_deal(lead, responsible=manager)
	deal.update({"stage": "Negotiation", **FOR_NEGOTIATION}).save()
	frappe.db.commit()
	frappe.set_user(manager)
	deal = frappe.get_doc(deal.doctype, deal.name)
	deal.update({"stage": "Client", **FOR_CLIENT})
	return deal.save


def win(number: int, existing: int) -> Work:
	"""A deal for which a partner gets a percentage in twelve months."""
	return _win(with_payouts=True)


def win_without(number: int, existing: int) -> Work:
	return _win(with_payouts=False)


def _program() -> str:
	term = {"basis": "Percent of Deal", "value": 10, "valid_from": "2020-01-01", "recurring_months": 12}
	if not frappe.db.exists("Partner Program", "Monthly"):
		make_program(title="Monthly", terms=[term])
	return "Monthly"


CASES: dict[str, Callable[[int, int], Work]] = {
	case.__name__: case
	for case in (
		*(lead, lead_floor, capture, capture_namesake, capture_floor, edit, edit_floor),
		*(contact, contact_unchecked, contact_floor, duplicate, duplicate_of_own),
		*(win, win_without),
	)
}
