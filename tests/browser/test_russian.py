"""A Russian user finds nothing in English that comes from us: every page, dialog and message of leads, deals and companies."""

from __future__ import annotations

import re

import frappe
import pytest

from partner_crm.texts import translate
from tests.browser.test_lead_to_client import open_dialog, open_form
from tests.factories import make_contact, make_counterparty, make_region, make_row, make_user
from tests.unit import sentences

# What Frappe writes of ours without asking for its translation.
FRAPPES_OWN = (
	".tooltip-content",  # fieldnames, for developers
	".timeline-items",  # the stored values before and after a change
	".dropdown-menu [data-label*='%20by%20stage']",  # names of boards
	".menu-btn-group .dropdown-menu",
	"[data-fieldname=label_en]",  # the stage table has a column for each language
	"[data-fieldname=field]",  # and fieldnames
)

SHOWN = """(ignored) => {
	const is_visible = (element) => element.getClientRects().length > 0;
	const texts = [];
	for (const root of document.querySelectorAll(".page-container, .modal.show, .desk-alert")) {
		const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
		while (walker.nextNode()) {
			const parent = walker.currentNode.parentElement;
			const is_shown = is_visible(parent) || (parent.tagName === "OPTION" && is_visible(parent.parentElement));
			if (is_shown && !parent.closest(ignored)) {
				texts.push(walker.currentNode.textContent);
			}
		}
		for (const field of root.querySelectorAll("[placeholder]")) {
			is_visible(field) && texts.push(field.getAttribute("placeholder"));
		}
	}
	return [...new Set(texts.map((text) => text.trim()).filter(Boolean))];
}"""


def pattern(sentence: str) -> str:
	"""The sentence with anything in its placeholders."""
	parts = re.split(r"\{\w*\}", sentence)
	return r".+?".join(map(re.escape, parts))


def ours() -> re.Pattern:
	"""Every English sentence of the app that says more than its placeholders."""
	english = {sentence for sentence in sentences.of_the_app() if translate(sentence, "ru") != sentence}
	whole = [sentence for sentence in english if re.search(r"[A-Za-z]{2}", re.sub(r"\{\w*\}", "", sentence))]
	return re.compile("|".join(map(pattern, sorted(whole))), re.DOTALL)


OURS = ours()
LATIN = re.compile(r"[A-Za-z]{2,}")
NAMES = {"MQL", "SQL", "ICP", "Google", "Drive", "ERPNext", "Email", "email"}


def assert_russian(page) -> None:
	page.wait_for_load_state("networkidle")
	shown = page.evaluate(SHOWN, ", ".join(FRAPPES_OWN))
	assert shown
	assert [text for text in shown if OURS.fullmatch(text)] == []


def assert_no_latin(text: str) -> None:
	"""Where everything is ours and the data are Russian."""
	assert text.strip()
	assert [word for word in LATIN.findall(text) if word not in NAMES] == []


@pytest.fixture(scope="module")
def boris(site) -> str:
	return "boris@staff.example"


@pytest.fixture
def clients(boris) -> dict[str, str]:
	"""Of a Russian head of sales: a cold lead, one ready for conversion, a deal and what it rests on."""
	if not frappe.db.exists("User", boris):
		roles = ["Partner CRM Manager", "Sales Manager", "System Manager"]
		make_user(boris, roles=roles, language="ru")
		region = make_region("Алматы")
		company = make_counterparty(title="Алтын Банк", region=region)
		contact = make_contact(first_name="Анна", last_name="Смирнова", pcrm_counterparty=company.name)
		shared = {
			"contact": contact.name,
			"counterparty": company.name,
			"responsible": boris,
			"company": frappe.defaults.get_global_default("company"),
			"next_contact_on": frappe.utils.nowdate(),
			"region": region,
		}
		for stage in ("Cold Lead", "MQL", "Unqualified"):
			make_row("Partner Lead", lead_title="Анна", track="Own Sale", stage=stage, **shared)
		for stage in ("SQL", "Client", "Lost"):
			make_row("Partner Deal", deal_title="Анна", stage=stage, activity_status="Active", **shared)
	return {
		**{lead.stage: lead.name for lead in frappe.get_all("Partner Lead", fields=["name", "stage"])},
		**{deal.stage: deal.name for deal in frappe.get_all("Partner Deal", fields=["name", "stage"])},
		"company": frappe.db.get_value("Counterparty", {"title": "Алтын Банк"}),
	}


@pytest.mark.parametrize(
	"path",
	[
		"partner-lead",
		"partner-lead/view/report",
		"partner-lead/view/kanban/Leads by stage",
		"partner-lead/view/calendar/default",
		"partner-deal",
		"partner-deal/view/kanban/Deals by stage",
		"partner-deal/view/calendar/default",
		"counterparty",
		"client-interaction",
		"stage-change",
	],
)
def test_lists(clients, desk, boris, path):
	assert_russian(desk.login(boris).open(path))


def open_every_tab(page) -> None:
	for tab in page.locator(".page-container:visible .form-tabs .nav-link:visible").all():
		tab.click()
		assert_russian(page)


@pytest.mark.parametrize("stage", ["Cold Lead", "MQL", "Unqualified", "SQL", "Client", "Lost"])
def test_forms_of_leads_and_deals(clients, desk, boris, stage):
	kind = "lead" if stage in ("Cold Lead", "MQL", "Unqualified") else "deal"
	page = open_form(desk.login(boris), f"partner-{kind}/{clients[stage]}")

	assert_russian(page)
	open_every_tab(page)
	panel = page.locator("[data-fieldname=missing_html]")
	if stage not in ("Unqualified", "Lost"):
		panel.locator("li").first.wait_for(state="attached")
		assert_no_latin(panel.inner_text())
	buttons = page.locator(
		".page-actions .custom-actions button, .page-actions .custom-actions .dropdown-item"
	)
	buttons.first.wait_for(state="attached")
	assert_no_latin(" ".join(buttons.all_inner_texts()))


@pytest.mark.parametrize(
	"path",
	[
		"partner-lead/new-partner-lead-1",
		"counterparty/new-counterparty-1",
		"partner-program/new-partner-program-1",
		"icp-profile/new-icp-profile-1",
		"acquisition-channel/Website",
		"client-interaction/new-client-interaction-1",
		"partner-crm-settings",
	],
)
def test_other_forms(clients, desk, boris, path):
	page = desk.login(boris).open(path)
	page.wait_for_function("() => window.cur_frm && cur_frm.doc")

	assert_russian(page)
	open_every_tab(page)


def test_the_form_of_a_company(clients, desk, boris):
	page = open_form(desk.login(boris), f"counterparty/{clients['company']}")
	open_every_tab(page)
	people = page.locator("[data-fieldname=people_html]")
	people.locator("li").first.wait_for(state="attached")
	assert_russian(page)


def test_the_dialogs(clients, desk, boris):
	page = open_form(desk.login(boris), f"partner-lead/{clients['MQL']}")
	for button in ("Конвертировать в сделку", "Записать событие"):
		dialog = open_dialog(page, button)
		assert_russian(page)
		assert_no_latin(dialog.locator(".modal-header").inner_text())
		assert_no_latin(" ".join(dialog.locator(".control-label, .btn-modal-primary").all_inner_texts()))
		page.keyboard.press("Escape")
		dialog.wait_for(state="hidden")


def test_the_refusal(clients, desk, boris):
	page = open_form(desk.login(boris), f"partner-lead/{clients['Cold Lead']}")
	page.get_by_role("button", name="Перевести в «MQL»").click()
	refusal = page.locator(".modal.show .modal-content", has=page.locator(".msgprint li"))
	refusal.wait_for()

	assert_russian(page)
	assert_no_latin(refusal.inner_text())
	desk.errors.clear()  # the browser notes the refusal itself, too


def test_what_is_wrong_with_a_deal(clients, desk, boris):
	errors = "There is no product with an amount above zero.\nProduct 2: the item is not chosen."
	wrong = {"is_correct": 0, "correctness_errors": errors}
	frappe.db.set_value("Partner Deal", clients["SQL"], wrong)
	page = open_form(desk.login(boris), f"partner-deal/{clients['SQL']}")
	open_every_tab(page)

	said = page.locator(".frappe-control[data-fieldname=correctness_errors] .control-value")
	assert said.text_content().split(".") == [
		"Нет ни одного товара с суммой больше нуля",
		"Товар 2: товар не выбран",
		"",
	]
	frappe.db.set_value("Partner Deal", clients["SQL"], {"is_correct": 1, "correctness_errors": ""})
	frappe.db.commit()
