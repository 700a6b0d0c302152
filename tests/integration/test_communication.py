"""Letters become interactions by themselves: one for each thread with a client of ours."""

from __future__ import annotations

import email.message

import frappe
import pytest
from frappe.email.receive import InboundMail
from frappe.utils import add_days, get_datetime, getdate, now_datetime

from partner_crm.overrides.communication import on_update
from tests.factories import make_contact, make_row, make_user_row
from tests.sql import reads_all, statements

ANNA, BORIS = "anna@staff.example", "boris@staff.example"
CLIENT = "ivan@client.example"


@pytest.fixture(autouse=True)
def people():
	make_user_row(ANNA)
	make_user_row(BORIS)


@pytest.fixture
def contact() -> str:
	return make_contact(email=CLIENT).name


@pytest.fixture
def deal(contact) -> str:
	made_on = add_days(getdate(), -40)
	return make_row(
		"Partner Deal",
		contact=contact,
		responsible=ANNA,
		stage="SQL",
		is_correct=1,
		clock_started_on=made_on,
		active_until=frappe.utils.add_months(made_on, 2),
		activity_status="Active",
	).name


def write(days_ago: float = 0, **fields):
	"""A letter of Anna's to the client."""
	letter = {
		"doctype": "Communication",
		"communication_type": "Communication",
		"communication_medium": "Email",
		"sent_or_received": "Sent",
		"subject": "Proposal",
		"content": "Here it is",
		"sender": ANNA,
		"recipients": CLIENT,
		"communication_date": add_days(now_datetime(), -days_ago).replace(microsecond=0),
	}
	return frappe.get_doc(letter | fields).insert(ignore_permissions=True)


def receive(days_ago: float = 0, **fields):
	"""A letter of the client's to Anna."""
	letter = {"sent_or_received": "Received", "subject": "Re: Proposal", "sender": CLIENT, "recipients": ANNA}
	return write(days_ago, **(letter | fields))


def threads(**filters) -> list:
	names = frappe.get_all("Client Interaction", filters, pluck="name", order_by="creation asc, name asc")
	return [frappe.get_doc("Client Interaction", name) for name in names]


def only_thread():
	(found,) = threads()
	return found


def errors() -> int:
	return frappe.db.count("Error Log")


@pytest.fixture(autouse=True)
def nothing_goes_wrong(people):
	before = errors()
	yield
	assert errors() == before, frappe.get_last_doc("Error Log").error


# One interaction for each thread


def test_a_letter_sent_is_an_interaction_that_proves_nothing_yet(contact, deal):
	letter = write()
	thread = only_thread()
	assert (thread.kind, thread.direction, thread.contact, thread.deal) == (
		"Email",
		"Outgoing",
		contact,
		deal,
	)
	assert (thread.responsible, thread.communication, thread.is_automatic) == (ANNA, letter.name, 1)
	assert (thread.is_two_way, thread.qualifies, thread.without_right) == (0, 0, 0)
	assert thread.occurred_at == letter.communication_date


def test_a_reply_makes_it_two_way_dated_at_the_later(deal):
	sent = write(3)
	reply = receive(1, in_reply_to=sent.name)
	thread = only_thread()
	assert (thread.is_two_way, thread.direction) == (1, "Outgoing")
	assert thread.occurred_at == reply.communication_date


def test_so_does_our_answer_to_the_clients_letter(deal):
	received = receive(3, subject="Question")
	thread = only_thread()
	assert (thread.is_two_way, thread.direction, thread.responsible) == (0, "Incoming", ANNA)
	answer = write(1, subject="Re: Question", in_reply_to=received.name)
	thread = only_thread()
	assert (thread.is_two_way, thread.occurred_at) == (1, answer.communication_date)


def test_writing_on_alone_does_not_move_its_date(deal):
	sent = write(5)
	reply = receive(4, in_reply_to=sent.name)
	ours = write(3, in_reply_to=reply.name)
	write(1, in_reply_to=ours.name)
	assert only_thread().occurred_at == ours.communication_date


def test_letters_may_arrive_in_any_order(deal):
	reply = receive(1)
	write(3)
	thread = only_thread()
	assert (thread.is_two_way, thread.direction, thread.occurred_at) == (
		1,
		"Outgoing",
		reply.communication_date,
	)


def test_a_reply_without_a_reference_is_known_by_its_subject(deal):
	write(3)
	receive(1, subject="RE: Fwd: proposal")
	assert only_thread().is_two_way == 1


def test_another_subject_is_another_thread(deal):
	write(3)
	receive(1, subject="Invoice for January")
	assert [thread.is_two_way for thread in threads()] == [0, 0]


def test_the_same_subject_months_later_is_another_thread(deal):
	write(100)
	receive(1)
	assert [thread.is_two_way for thread in threads()] == [0, 0]


def test_the_same_subject_with_another_client_is_another_thread(deal):
	other = make_contact(email="petr@other.example").name
	write(3)
	receive(1, sender="petr@other.example")
	assert {thread.contact for thread in threads(is_two_way=0)} == {threads()[0].contact, other}


def test_a_thread_to_several_clients_is_one_interaction(contact):
	make_contact(email="petr@other.example")
	write(recipients=f"{CLIENT}, petr@other.example", cc="third@elsewhere.example")
	assert only_thread().contact in frappe.get_all("Contact", {"pcrm_managed": 1}, pluck="name")


def test_a_thread_that_began_before_the_contact_was_ours_is_whole():
	contact = make_contact(email=CLIENT, pcrm_managed=0)
	sent = write(5)
	assert threads() == []
	contact.pcrm_managed = 1
	contact.save()
	receive(1, subject="Other words", in_reply_to=sent.name)
	thread = only_thread()
	assert (thread.is_two_way, thread.direction) == (1, "Outgoing")


def test_saving_a_letter_again_changes_nothing(deal):
	sent = write(3)
	receive(2, in_reply_to=sent.name)
	before = only_thread().as_dict()
	sent.reload()
	sent.content = "Here it is, with pictures"
	sent.save()
	sent.save()
	assert only_thread().as_dict() == before
	assert len([link for link in sent.timeline_links if link.link_doctype == "Client Interaction"]) == 1


def test_the_thread_shows_its_letters_in_its_timeline(deal):
	sent = write(3)
	receive(1, in_reply_to=sent.name)
	links = {"link_doctype": "Client Interaction", "link_name": only_thread().name}
	assert frappe.db.count("Communication Link", links) == 2


# What it proves


def test_with_a_comment_the_thread_prolongs_its_deal(deal):
	sent = write(9)
	receive(8, in_reply_to=sent.name)
	thread = only_thread()
	thread.discussed = "Prices of outdoor banners for summer"
	thread.agreed = "They choose the districts and write until Friday"
	frappe.set_user(ANNA)
	thread.save()
	frappe.set_user("Administrator")
	assert (thread.qualifies, thread.is_automatic) == (1, 1)
	assert frappe.db.get_value("Partner Deal", deal, "last_interaction_on") == add_days(getdate(), -8)
	write(0, in_reply_to=sent.name)
	last, until = frappe.db.get_value("Partner Deal", deal, ["last_interaction_on", "active_until"])
	assert (last, until) == (getdate(), getdate(frappe.utils.add_months(getdate(), 2)))


def test_what_happened_is_not_edited(deal):
	write(3)
	thread = only_thread()
	before = thread.occurred_at
	thread.update({"occurred_at": now_datetime(), "client_replied": 1, "kind": "Call", "duration": 60})
	thread.save()
	assert (thread.occurred_at, thread.client_replied, thread.kind) == (before, 0, "Email")
	assert (thread.duration, thread.is_two_way) == (None, 0)


def test_letters_are_evidence(deal):
	frappe.db.set_single_value("Partner CRM Settings", "require_evidence", 1)
	frappe.clear_document_cache("Partner CRM Settings")
	sent = write(3)
	receive(1, in_reply_to=sent.name)
	assert only_thread().is_two_way == 1


@pytest.mark.parametrize(
	"fields",
	[
		{"subject": "Automatic reply: Proposal"},
		{"subject": "Автоответ: Proposal"},
		{"subject": "Undeliverable: Proposal"},
		{"sender": "mailer-daemon@client.example"},
		{"communication_type": "Automated Message"},
	],
)
def test_automatic_replies_do_not_count(deal, fields):
	sent = write(3)
	receive(1, in_reply_to=sent.name, reference_doctype="Partner Deal", reference_name=deal, **fields)
	thread = only_thread()
	assert (thread.is_two_way, thread.occurred_at) == (0, sent.communication_date)


def test_spam_is_no_letter(contact):
	make_row("Email Rule", email_id=CLIENT, is_spam=1, name=CLIENT)
	receive()
	assert threads() == []


def test_colleagues_writing_to_each_other_about_a_deal_is_no_talk_with_the_client(deal):
	about = {"reference_doctype": "Partner Deal", "reference_name": deal}
	write(2, recipients=BORIS, **about)
	receive(1, sender=BORIS, **about)
	assert threads() == []


def test_what_a_colleague_sent_from_another_program_was_sent(deal):
	receive(3, sender=ANNA, recipients=f"{CLIENT}, {BORIS}", subject="Proposal")
	thread = only_thread()
	assert (thread.direction, thread.is_two_way, thread.responsible) == ("Outgoing", 0, ANNA)
	receive(1)
	assert only_thread().is_two_way == 1


# Whose it is


def test_the_deal_it_was_written_on_says_whose_it_is(contact, deal):
	other = make_row("Partner Deal", contact=contact, responsible=BORIS, stage="SQL").name
	write(reference_doctype="Partner Deal", reference_name=other, recipients="assistant@client.example")
	thread = only_thread()
	assert (thread.contact, thread.deal) == (contact, other)


def test_or_the_lead(contact):
	lead = make_row("Partner Lead", contact=contact, responsible=ANNA, stage="MQL", track="Own Sale").name
	receive(reference_doctype="Partner Lead", reference_name=lead)
	assert (only_thread().lead, only_thread().responsible) == (lead, ANNA)
	assert frappe.db.get_value("Partner Lead", lead, "last_interaction_on") == getdate()


def test_of_several_open_deals_it_is_that_of_the_sender(contact, deal):
	own = make_row("Partner Deal", contact=contact, responsible=BORIS, stage="SQL").name
	write(sender=BORIS)
	assert only_thread().deal == own


def test_of_several_nobody_guesses(contact, deal):
	make_row("Partner Deal", contact=contact, responsible=BORIS, stage="SQL")
	receive()
	thread = only_thread()
	assert (thread.contact, thread.deal, thread.responsible) == (contact, None, None)


def test_a_closed_deal_is_not_guessed(contact):
	make_row("Partner Deal", contact=contact, responsible=ANNA, stage="Lost")
	receive()
	assert only_thread().deal is None


def test_who_writes_without_the_right_is_kept_and_flagged(contact, deal):
	write(3, sender=BORIS)
	thread = only_thread()
	assert (thread.responsible, thread.without_right) == (BORIS, 1)


def test_so_is_who_joins_a_thread_without_the_right(contact, deal):
	sent = write(3)
	assert only_thread().without_right == 0
	write(1, sender=BORIS, in_reply_to=sent.name)
	thread = only_thread()
	assert (thread.responsible, thread.without_right) == (ANNA, 1)


def test_a_clients_letter_is_never_without_the_right(contact):
	receive()
	thread = only_thread()
	assert (thread.responsible, thread.without_right) == (None, 0)


def test_an_address_in_any_spelling_finds_the_client(deal):
	receive(sender='"Ivan Petrov" <Ivan@Client.Example>')
	assert only_thread().deal == deal


# Everybody else's mail


def test_letters_of_strangers_and_of_contacts_that_are_not_ours_make_nothing():
	make_contact(email="supplier@elsewhere.example", pcrm_managed=0)
	write(recipients="supplier@elsewhere.example")
	receive(sender="supplier@elsewhere.example")
	receive(sender="stranger@elsewhere.example")
	assert threads() == []


@pytest.mark.parametrize(
	"fields",
	[
		{"communication_medium": "Phone"},
		{"communication_type": "Comment"},
		{"communication_type": "Notification"},
	],
)
def test_what_is_no_letter_asks_the_database_nothing(contact, fields):
	communication = write(recipients="nobody@elsewhere.example", subject="x", **fields)
	with statements() as sent:
		on_update(communication)
	assert (sent, threads()) == ([], [])


def test_a_letter_that_is_nobodys_costs_few_statements_by_indexes():
	make_contact(email="supplier@elsewhere.example", pcrm_managed=0)
	for letter in (
		write(recipients="supplier@elsewhere.example"),
		receive(sender="stranger@elsewhere.example"),
	):
		on_update(letter)
		with statements() as sent:
			on_update(letter)
		asked = [sql for sql in sent if "savepoint" not in sql.lower()]
		assert len(asked) <= 2
		assert not any(reads_all(sql) for sql in asked), asked


def test_an_error_of_ours_is_logged_and_the_letter_is_kept(deal, nothing_goes_wrong):
	"""Somebody has emptied the list of kinds."""
	frappe.db.delete("Interaction Kind", {"name": "Email"})
	frappe.clear_document_cache("Interaction Kind", "Email")
	letter = receive()
	assert frappe.db.exists("Communication", letter.name)
	assert threads() == []
	assert frappe.get_message_log() == []
	log = frappe.get_last_doc("Error Log")
	assert (log.method, log.reference_name) == ("Partner CRM: no interaction from Communication", letter.name)
	frappe.db.delete("Error Log", {"name": log.name})


def test_a_letter_can_be_deleted(deal):
	letter = write()
	frappe.delete_doc("Communication", letter.name)
	assert only_thread().communication is None


def test_mail_that_frappe_fetches(deal):
	"""Raw mail through Frappe's own door: inserted, then saved again with its attachments."""
	account = make_row(
		"Email Account", email_id="sales@staff.example", email_account_name="Sales", name="Sales"
	)
	sent = write(1, message_id="first@site.example")
	mail = email.message.EmailMessage()
	mail["From"], mail["To"], mail["Subject"] = f"Ivan <{CLIENT}>", "sales@staff.example", "Re: Proposal"
	mail["Message-ID"], mail["In-Reply-To"] = "<second@client.example>", "<first@site.example>"
	mail.set_content("We take it, send the contract")
	received = InboundMail(mail.as_bytes(), account, uid=1).process()
	thread = only_thread()
	assert received.in_reply_to == sent.name
	assert (thread.is_two_way, thread.deal) == (1, deal)
	assert get_datetime(thread.occurred_at) == get_datetime(received.communication_date)
