"""Whichever door a change comes through, the rules hold: each door by a real request, each time by what is stored then."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count

import frappe
import pytest
from frappe.core.doctype.data_import.data_import import start_import

from tests.factories import (
	FOR_MQL,
	FOR_SQL,
	make_deal,
	make_full_contact,
	make_full_counterparty,
	make_lead,
	make_ready_mql,
)

pytestmark = pytest.mark.commits

_numbers = count(1)


@pytest.fixture
def client(http):
	return http.login()


def call(client, method: str, **arguments):
	return client.post(f"/api/method/{method}", json=arguments)


# Doors to what is there


def form(client, doc, change):
	return call(
		client, "frappe.desk.form.save.savedocs", doc=frappe.as_json(doc.as_dict() | change), action="Save"
	)


def kanban(client, doc, change):
	"""Dragging a card; other fields can't be changed that way."""
	board = {"Partner Lead": "Leads by stage", "Partner Deal": "Deals by stage"}[doc.doctype]
	return call(
		client,
		"frappe.desk.doctype.kanban_board.kanban_board.update_order_for_single_card",
		board_name=board,
		docname=doc.name,
		from_colname=doc.stage,
		to_colname=change["stage"],
		old_index="0",
		new_index="0",
	)


def set_value(client, doc, change):
	return call(client, "frappe.client.set_value", doctype=doc.doctype, name=doc.name, fieldname=change)


def list_edit(client, doc, change):
	return call(
		client,
		"frappe.desk.doctype.bulk_update.bulk_update.submit_cancel_or_update_docs",
		doctype=doc.doctype,
		docnames=json.dumps([doc.name]),
		action="update",
		data=json.dumps(change),
	)


def rest(client, doc, change):
	return client.put(f"/api/resource/{doc.doctype}/{doc.name}", json=change)


def rest_v2(client, doc, change):
	return client.patch(f"/api/v2/document/{doc.doctype}/{doc.name}", json=change)


def client_save(client, doc, change):
	return call(client, "frappe.client.save", doc=frappe.as_json(doc.as_dict() | change))


def client_bulk_update(client, doc, change):
	"""It swallows refusals and commits."""
	docs = [{"doctype": doc.doctype, "docname": doc.name, **change}]
	return call(client, "frappe.client.bulk_update", docs=json.dumps(docs))


def data_import_of_changes(client, doc, change):
	return import_rows(doc.doctype, "Update Existing Records", {"name": doc.name} | change)


CHANGES = (
	form,
	kanban,
	set_value,
	list_edit,
	rest,
	rest_v2,
	client_save,
	client_bulk_update,
	data_import_of_changes,
)


# Doors for what is new


def quick_entry(client, doctype, values):
	local = {"doctype": doctype, "name": f"new-x-{next(_numbers)}", "__islocal": 1, "__unsaved": 1}
	return call(client, "frappe.client.save", doc=json.dumps(local | values))


def new_form(client, doctype, values):
	local = {
		"doctype": doctype,
		"name": f"new-x-{next(_numbers)}",
		"__islocal": 1,
		"__unsaved": 1,
		"docstatus": 0,
	}
	return call(client, "frappe.desk.form.save.savedocs", doc=json.dumps(local | values), action="Save")


def rest_insert(client, doctype, values):
	return client.post(f"/api/resource/{doctype}", json=values)


def client_insert(client, doctype, values):
	return call(client, "frappe.client.insert", doc={"doctype": doctype, **values})


def insert_many(client, doctype, values):
	return call(client, "frappe.client.insert_many", docs=json.dumps([{"doctype": doctype, **values}]))


def data_import(client, doctype, values):
	return import_rows(doctype, "Insert New Records", values)


INSERTS = (quick_entry, new_form, rest_insert, client_insert, insert_many, data_import)


def import_rows(doctype: str, import_type: str, values: dict):
	"""A real Data Import of one row; its headings are fieldnames."""
	header, cells = ",".join(values), ",".join(f'"{value or ""}"' for value in values.values())
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"rows{next(_numbers)}.csv",
			"is_private": 1,
			"content": f"{header.replace('name', 'ID', 1) if 'Update' in import_type else header}\n{cells}\n",
		}
	).insert()
	job = frappe.get_doc(
		{
			"doctype": "Data Import",
			"reference_doctype": doctype,
			"import_type": import_type,
			"import_file": file.file_url,
		}
	).insert()
	frappe.db.commit()
	start_import(job.name)
	job.reload()
	assert not job.template_warnings or job.template_warnings == "[]", job.template_warnings
	return job


# Leads


def complete_lead():
	return make_lead(contact=make_full_contact().name, counterparty=make_full_counterparty().name, **FOR_MQL)


def state_of(doc) -> dict:
	"""Everything of a lead or deal that a refusal must leave as it was."""
	frappe.db.rollback()
	return {
		"document": frappe.get_doc(doc.doctype, doc.name).as_dict(),
		"log": frappe.get_all("Stage Change", {"reference_name": doc.name}, "*", order_by="name asc"),
		"contacts": frappe.db.count("Contact"),
		"keys": frappe.db.count("Identity Key"),
	}


@pytest.mark.parametrize("door", CHANGES)
def test_a_move_that_leaves_something_out_passes_no_door(client, door):
	lead = make_lead(last_name="Petrova", counterparty=make_full_counterparty().name)
	frappe.db.commit()
	before = state_of(lead)

	answer = door(client, lead, {"stage": "MQL"})

	assert state_of(lead) == before
	assert "Information about the contact" in said(answer, door)


@pytest.mark.parametrize("door", CHANGES)
def test_a_skipped_stage_passes_no_door(client, door):
	lead = complete_lead()
	frappe.db.commit()
	before = state_of(lead)

	answer = door(client, lead, {"stage": "Client"})

	assert state_of(lead) == before
	assert "is not a stage" in said(answer, door) or "no stage is skipped" in said(answer, door)


@pytest.mark.parametrize("door", CHANGES)
def test_a_good_move_passes_every_door_and_is_logged_once(client, door):
	lead = complete_lead()
	frappe.db.commit()

	door(client, lead, {"stage": "MQL"})
	frappe.db.rollback()

	assert frappe.db.get_value("Partner Lead", lead.name, ["stage", "partner_status"]) == (
		"MQL",
		"In Progress",
	)
	assert frappe.db.count("Stage Change", {"reference_name": lead.name, "to_stage": "MQL"}) == 1


@pytest.mark.parametrize("door", [door for door in CHANGES if door not in (kanban, data_import_of_changes)])
def test_what_a_stage_needs_is_emptied_through_no_door(client, door):
	lead = complete_lead()
	lead.stage = "MQL"
	lead.save()
	frappe.db.commit()
	before = state_of(lead)

	answer = door(client, lead, {"additional_information": ""})

	assert state_of(lead) == before
	assert "Information about the lead" in said(answer, door)


def said(answer, door: Callable) -> str:
	"""What the door answers: some say nothing to whom it may concern but keep it in a log."""
	if door is list_edit:
		return frappe.get_last_doc("Error Log").error
	if door in (data_import, data_import_of_changes):
		(log,) = frappe.get_all(
			"Data Import Log", {"data_import": answer.name}, ["messages", "success"], order_by=None
		)
		assert not log.success
		return log.messages
	assert door is client_bulk_update or answer.status_code >= 400, answer.text
	return answer.text


@pytest.mark.parametrize("door", INSERTS)
def test_an_inquiry_that_lacks_its_channel_comes_in_through_no_door(client, door):
	number = next(_numbers)
	everything = [frappe.db.count(doctype) for doctype in ("Partner Lead", "Contact", "Identity Key")]

	answer = door(client, "Partner Lead", {"first_name": "Anna", "email": f"anna{number}@door.example"})
	frappe.db.rollback()

	assert [frappe.db.count(doctype) for doctype in ("Partner Lead", "Contact", "Identity Key")] == everything
	assert "Acquisition channel" in said(answer, door)


@pytest.mark.parametrize("door", INSERTS)
def test_an_inquiry_comes_in_through_every_door_with_its_contact(client, door):
	email = f"anna{next(_numbers)}@door.example"
	values = {"first_name": "Anna", "last_name": "Doors", "email": email, "channel": "Website"}

	door(client, "Partner Lead", values | {"responsible": "Administrator"})
	frappe.db.rollback()

	(lead,) = frappe.get_all(
		"Partner Lead", {"email": email}, ["stage", "track", "contact", "company"], order_by=None
	)
	assert (lead.stage, lead.track, lead.company) == ("Cold Lead", "Own Sale", "Partner CRM Demo Ltd")
	assert frappe.db.get_value("Contact", lead.contact, ["email_id", "pcrm_managed"]) == (email, 1)


@pytest.mark.parametrize("door", INSERTS)
def test_a_company_is_entered_twice_through_no_door(client, door):
	tax_id = f"77012345{next(_numbers):02d}"
	company = make_full_counterparty(tax_id=tax_id)

	answer = door(client, "Counterparty", {"title": "Another", "tax_id": f"ИНН {tax_id}"})
	frappe.db.rollback()

	assert frappe.db.get_all("Counterparty", {"tax_id": ("like", f"%{tax_id}")}, pluck="name") == [
		company.name
	]
	assert company.title in said(answer, door)


def test_a_person_is_entered_twice_through_no_door(client):
	card = make_full_contact(email=f"twice{next(_numbers)}@door.example")
	rows = [{"email_id": card.email_id, "is_primary": 1}]
	same = {"first_name": card.last_name, "last_name": card.first_name, "pcrm_managed": 1, "email_ids": rows}

	for door in (quick_entry, new_form, rest_insert, client_insert, insert_many):
		assert card.name in said(door(client, "Contact", same), door)
		frappe.db.rollback()
		assert frappe.db.count("Contact Email", {"email_id": card.email_id}) == 1


# Rows


def test_a_row_by_rest_is_judged_as_its_card_would_be(client):
	card, other = make_full_contact(phone="+7 701 555 00 01"), make_full_contact()
	other.update({"first_name": card.first_name, "last_name": card.last_name})
	other.save()
	frappe.db.commit()
	alone = {"parent": other.name, "parenttype": "Contact", "parentfield": "phone_nos"}

	answer = client.post("/api/resource/Contact Phone", json={"phone": "8 701 555 00 01", **alone})
	assert answer.status_code >= 400 and card.name in answer.text
	assert not frappe.db.count("Contact Phone", {"parent": other.name})

	row = client.post("/api/resource/Contact Phone", json={"phone": "+7 701 555 00 02", **alone}).json()[
		"data"
	]
	assert frappe.db.get_value("Contact", other.name, "phone") in (None, "", "+7 701 555 00 02")

	answer = client.put(f"/api/resource/Contact Phone/{row['name']}", json={"phone": "+77015550001"})
	assert answer.status_code >= 400 and card.name in answer.text
	assert frappe.db.get_value("Contact Phone", row["name"], "phone") == "+7 701 555 00 02"

	assert client.delete(f"/api/resource/Contact Phone/{row['name']}").status_code == 202
	assert not frappe.db.count("Identity Key", {"card": other.name, "matched_fields": "phone"})


def test_a_row_that_a_lead_needs_is_not_deleted_by_rest(client):
	lead = make_lead(last_name="Petrova")
	frappe.db.commit()
	row = frappe.db.get_value("Contact Email", {"parent": lead.contact})

	answer = client.delete(f"/api/resource/Contact Email/{row}")

	assert answer.status_code >= 400 and "Email and/or phone" in answer.text
	assert frappe.db.exists("Contact Email", row)


# Deals


def test_a_deal_by_rest_converts_its_lead(client):
	lead = make_ready_mql()
	frappe.db.commit()

	answer = client.post("/api/resource/Partner Deal", json={"lead": lead.name, **FOR_SQL})

	assert answer.ok, answer.text
	assert frappe.db.get_value("Partner Lead", lead.name, "stage") == "Converted"


def test_converting_by_http_takes_what_the_transport_adds(client):
	lead = make_ready_mql()
	frappe.db.commit()

	fields = {"lead": lead.name, "amount": "500", "is_tender": "No"}
	answer = client.post("/api/method/partner_crm.api.convert_lead", data=fields)

	assert answer.ok, answer.text
	assert frappe.db.get_value("Partner Deal", answer.json()["message"], "amount") == 500


def test_what_is_missing_is_asked_by_http(client):
	lead = make_lead(last_name="Petrova")
	frappe.db.commit()

	asked = {"doctype": "Partner Lead", "name": lead.name, "stage": "MQL"}
	answer = client.get("/api/method/partner_crm.api.missing_for_stage", params=asked)

	assert {"Contact", "Counterparty", "Deal"} == {row["entity"] for row in answer.json()["message"]}


def test_a_duplicate_of_a_deal_is_none():
	deal = make_deal()
	copy = frappe.copy_doc(deal, ignore_no_copy=False)

	assert (copy.lead, copy.contact, copy.open_deal_key, copy.stage) == (None, None, None, None)
	with pytest.raises(frappe.ValidationError, match="A deal comes from a lead"):
		copy.insert()


def test_a_duplicate_of_a_lead_begins_anew(client):
	lead = complete_lead()
	lead.stage = "MQL"
	lead.save()
	copy = frappe.copy_doc(lead, ignore_no_copy=False).insert()

	assert (copy.stage, copy.contact, copy.deal, copy.brief_received_on) == (
		"Cold Lead",
		lead.contact,
		None,
		None,
	)
