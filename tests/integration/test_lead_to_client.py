"""One inquiry over REST, with a plain HTTP client, from its capture until its client is a Customer of ERPNext."""

from __future__ import annotations

import json

import frappe
import pytest

from tests.factories import FOR_CLIENT, FOR_MQL, FOR_NEGOTIATION, FOR_SQL, make_region, make_user

pytestmark = pytest.mark.commits

INQUIRY = {
	"first_name": "Anna",
	"last_name": "Smirnova",
	"email": "anna@altyn.example",
	"company_name": "Altyn Bank",
	"channel": "Website",
	"direction": "Inbound",
}
CONTACT = {
	"designation": "Director",
	"pcrm_additional_information": "Decides on marketing",
	"pcrm_is_decision_maker": "Yes",
}
COUNTERPARTY = {
	"industry": "Banking",
	"category": "A",
	"client_group": "Commercial",
	"website": "https://altyn.example",
	"additional_information": "Ten offices in the country",
	"documents_url": "https://files.example/altyn",
}


class Rest:
	"""A sales manager's own script."""

	def __init__(self, client) -> None:
		self.client = client

	def create(self, doctype: str, values: dict) -> dict:
		return self._done(self.client.post(f"/api/resource/{doctype}", json=values))

	def change(self, doctype: str, name: str, **values) -> dict:
		return self._done(self.client.put(f"/api/resource/{doctype}/{name}", json=values))

	def read(self, doctype: str, name: str) -> dict:
		return self._done(self.client.get(f"/api/resource/{doctype}/{name}"))

	def refusal(self, doctype: str, name: str, **values) -> str:
		answer = self.client.put(f"/api/resource/{doctype}/{name}", json=values)
		assert answer.status_code == 417, answer.text
		return " ".join(json.loads(line)["message"] for line in json.loads(answer.json()["_server_messages"]))

	def call(self, method: str, **arguments):
		answer = self.client.post(f"/api/method/{method}", json=arguments)
		assert answer.ok, answer.text
		return answer.json()["message"]

	def missing(self, doctype: str, name: str, stage: str) -> set[str]:
		gaps = self.call("partner_crm.api.missing_for_stage", doctype=doctype, name=name, stage=stage)
		return {gap["label"] for gap in gaps}

	def _done(self, answer) -> dict:
		assert answer.ok, answer.text
		return answer.json()["data"]


@pytest.fixture
def rest(http) -> Rest:
	return Rest(http.login(make_user("anna@staff.example", roles=["Partner CRM User"]).name))


def test_an_inquiry_becomes_a_client(rest):
	lead = rest.create("Partner Lead", INQUIRY | {"region": make_region()})
	assert (lead["stage"], lead["partner_status"], lead["company"]) == (
		*("Cold Lead", "New"),
		frappe.defaults.get_global_default("company"),
	)

	said = rest.refusal("Partner Lead", lead["name"], stage="MQL")
	assert "can't go from Cold Lead to <strong>MQL</strong> yet" in said
	for gap in rest.missing("Partner Lead", lead["name"], "MQL"):
		assert gap in said
	assert rest.read("Partner Lead", lead["name"])["stage"] == "Cold Lead"

	rest.change("Contact", lead["contact"], **CONTACT)
	rest.change("Counterparty", lead["counterparty"], **COUNTERPARTY)
	assert (
		rest.change("Partner Lead", lead["name"], stage="MQL", **FOR_MQL)["partner_status"] == "In Progress"
	)
	assert "Interaction with the client" in rest.missing("Partner Lead", lead["name"], "SQL")

	call = rest.create(
		"Client Interaction",
		{
			"kind": "Call",
			"lead": lead["name"],
			"contact": lead["contact"],
			"duration": 300,
			"discussed": "Budget and dates of the spring campaign",
			"agreed": "We send a media plan by Friday",
		},
	)
	assert call["qualifies"] == 1

	rest.change("Partner Lead", lead["name"], brief_received_on=frappe.utils.nowdate())
	name = rest.call("partner_crm.api.convert_lead", lead=lead["name"], **FOR_SQL)
	deal = rest.read("Partner Deal", name)
	assert (deal["stage"], deal["amount"], deal["contact"]) == ("SQL", 1000, lead["contact"])
	assert rest.read("Partner Lead", lead["name"])["deal"] == name

	rest.change("Partner Deal", name, stage="Negotiation", **FOR_NEGOTIATION)
	assert "The contract is not signed." in rest.refusal("Partner Deal", name, stage="Client")
	deal = rest.change("Partner Deal", name, stage="Client", **FOR_CLIENT)
	assert (deal["stage"], deal["probability"], deal["activity_status"]) == ("Client", 100, "Closed")

	customer = frappe.get_doc("Customer", rest.read("Partner Deal", name)["customer"])
	assert (customer.customer_name, customer.customer_type, customer.territory) == (
		*("Altyn Bank", "Company"),
		make_region(),
	)
	changes = frappe.get_all(
		"Stage Change", {"reference_name": name}, pluck="to_stage", order_by="changed_at"
	)
	assert changes == ["SQL", "Negotiation", "Client"]
	assert rest.read("Partner Lead", lead["name"])["partner_status"] == "Client"
	assert {"Birth date", "Industry holiday"} <= rest.missing("Partner Deal", name, "Handed Over")
