"""A demonstration company: its people, programmes and channels, and clients at every stage with what was said to them.

Everything is entered by the users it belongs to and passes the same rules as on any day; only then is it dated back,
because the rules stamp what happens with the present. The clients stand in demo_clients.csv, counted in days from today.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from importlib.resources import files

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import add_months, get_first_day, getdate, now_datetime
from frappe.utils.nestedset import get_root_of
from frappe.utils.password import update_password

from partner_crm.rules import stages
from partner_crm.services import conversion, demo_money, near_matches, pairs, rollups, settings
from partner_crm.services.demo_site import ACCOUNTANT, HEAD, address, as_user, ensure
from partner_crm.setup import roles

MANAGERS = ("maria", "daniel", "olga")
STAFF = {
	HEAD: ("Helen", "Head of Sales", (roles.SALES_HEAD, "Sales Manager", "Sales User")),
	"maria": ("Maria", "Manager", (roles.SALES_MANAGER, "Sales User")),
	"daniel": ("Daniel", "Manager", (roles.SALES_MANAGER, "Sales User")),
	"olga": ("Olga", "Manager", (roles.SALES_MANAGER, "Sales User")),
	"mark": ("Mark", "Marketing", (roles.MARKETING,)),
	ACCOUNTANT: ("Alice", "Accountant", (roles.ACCOUNTANT, "Accounts User")),
}

REGIONS = ("Almaty", "Astana", "Sofia")
SERVICES = {
	"Advertising Campaigns": "Advertising campaign",
	"Exhibition Stands": "Exhibition stand",
	"Market Research": "Market research",
}
PARTNERS = ("Silk Road Agency", "Balkan Partners", "Caspian Events")
CHANNEL_COSTS = {"Website": 600, "Advertising": 1800, "Social networks": 700, "Event": 2500, "Mailing": 150}

# How far into its life a lead gets to each stage, and its talks take place.
PACE = {
	stages.COLD_LEAD: 0.0,
	stages.MQL: 0.15,
	stages.HANDED_OVER: 0.2,
	stages.SQL: 0.35,
	stages.NEGOTIATION: 0.6,
	stages.CLIENT: 0.9,
}
TALKS = (
	(0.02, "Call", "Outgoing", "No answer", "", ""),
	(
		*(0.08, "Call", "Outgoing", "Interested"),
		"What they want from {service}, whom it should reach and what they tried last year",
		"We send two examples of similar work, they name the date by which it has to be ready",
	),
	(
		*(0.3, "Meeting", None, "Reached"),
		"The brief for {service}: budget, deadline, and who signs on their side",
		"They fill in the gaps of the brief, we prepare a proposal with two options",
	),
	(
		*(0.55, "Call", "Incoming", "Meeting agreed"),
		"Questions on the proposal: what the second option includes and how payment is split",
		"We take the design out of the first option and show the new total at a meeting",
	),
	(
		*(0.8, "Meeting", None, "Reached"),
		"The contract for {service}: penalties for delay, acceptance, the first payment",
		"Their lawyer sends remarks, both sides sign after one round of changes",
	),
)
LAST_TALK = (
	*(1.0, "Call", "Outgoing", "Decision postponed"),
	"Where the decision on {service} stands and what the director still wants to know",
	"They come back with the answer of the board, we keep the dates until then",
)
HANDOVER_AFTER = 5  # days


class DemoRefused(frappe.ValidationError):
	"""The site has no company yet, or holds clients that are not the demonstration's."""


@dataclass(frozen=True)
class Client:
	"""One line of demo_clients.csv. `began` and `quiet`: days from the first inquiry and from the last talk until today."""

	first_name: str
	last_name: str
	role: str
	company: str
	industry: str
	region: str
	category: str
	channel: str
	manager: str
	service: str
	amount: int
	way: str
	stage: str
	left_from: str
	began: int
	quiet: int
	partner: str
	program: str
	remark: str
	number: int

	@cached_property
	def email(self) -> str:
		return f"{self.first_name}.{self.last_name}@{self.domain}".lower()

	@cached_property
	def domain(self) -> str:
		return f"{(self.company or 'people').lower().replace(' ', '-')}.example"

	@property
	def user(self) -> str:
		return address(self.manager.lower())

	@property
	def is_individual(self) -> bool:
		return not self.company

	@property
	def reached(self) -> str:
		"""The stage on the path that it stands at, or was closed at."""
		return self.left_from or self.stage

	def at(self, share: float) -> datetime:
		"""When a share of the time between the first inquiry and the last talk had passed: in the working hours."""
		lasted = self.began - (self.quiet or min(3, self.began - 1))
		day = getdate() - timedelta(days=self.began - round(lasted * share))
		hours = time(9 + (self.number + round(share * 20)) % 8, (self.number * 7) % 60)
		return min(datetime.combine(day, hours), now_datetime())


def make_demo(*, force: bool = False, password: str | None = None) -> dict[str, int]:
	"""Makes what is not there yet, and says how many of each are there then.

	`force`: also beside clients that are there already. `password`: of the demonstration's users, who can't log in
	without one. Raises `DemoRefused`.
	"""
	_refuse_without_company()
	if not force:
		_refuse_real_data()
		demo_money.price_rules()
	make_staff(password)
	make_masters()
	for client in clients():
		with as_user(address(HEAD) if client.way == "History" else client.user):
			_STORIES[client.way](client)
	enter_look_alikes()
	demo_money.settle()
	demo_money.sell()
	demo_money.impose()
	rollups.distrust()  # what lies in the past has been dated back by statements
	return _counts()


def clients() -> Iterator[Client]:
	with files(__package__).joinpath("demo_clients.csv").open(encoding="utf-8", newline="") as lines:
		for number, row in enumerate(csv.DictReader(lines), 1):
			figures = {name: int(row[name]) for name in ("amount", "began", "quiet")}
			yield Client(**row | figures, number=number)


def _refuse_without_company() -> None:
	if not frappe.db.count("Company"):
		frappe.throw(_("This site has no company yet: complete the setup of ERPNext first."), DemoRefused)


def _refuse_real_data() -> None:
	if frappe.db.exists("User", address(HEAD)):
		return
	there = [doctype for doctype in ("Partner Lead", "Counterparty", "Customer") if frappe.db.count(doctype)]
	if there:
		sentence = _(
			"This site holds data of its own: {0}. The demonstration belongs on an empty site; --force makes it there all the same."
		)
		frappe.throw(sentence.format(", ".join(_(doctype) for doctype in there)), DemoRefused)


def _counts() -> dict[str, int]:
	doctypes = ("Partner Lead", "Partner Deal", "Counterparty", "Client Interaction", "Partner Program")
	return {doctype: frappe.db.count(doctype) for doctype in doctypes}


# People and masters


def make_staff(password: str | None) -> None:
	for person, (first_name, last_name, held) in STAFF.items():
		user = address(person)
		ensure(
			"User",
			user,
			email=user,
			first_name=first_name,
			last_name=last_name,
			send_welcome_email=0,
			roles=[{"role": role} for role in held],
		)
		if password:
			update_password(user, password)


def make_masters() -> None:
	group = get_root_of("Item Group")
	for region in REGIONS:
		ensure("Territory", region, territory_name=region, parent_territory=get_root_of("Territory"))
	for service, item in SERVICES.items():
		ensure("Item Group", service, item_group_name=service, parent_item_group=group)
		ensure("Item", item, item_code=item, item_group=service, stock_uom=_unit(), is_stock_item=0)
	demo_money.make_partners(PARTNERS, REGIONS[0])
	demo_money.name_reward_item(group, _unit())
	for industry in dict.fromkeys(client.industry for client in clients() if client.industry):
		ensure("Industry Type", industry, industry=industry)
	since = get_first_day(add_months(getdate(), -24))
	demo_money.make_programs(frappe.db.get_default("currency"), since)
	_make_ideal_client()
	_spend_on_channels()
	_name_account_manager()


def _make_ideal_client() -> None:
	"""Unless there is a profile of the whole company already: there is only one."""
	if frappe.db.exists("ICP Profile", {"region": ("is", "not set")}):
		return
	criteria = [
		{"fieldname": "Counterparty.category", "operator": "in", "value": "A, B", "weight": 2},
		{"fieldname": "Counterparty.website", "operator": "is set", "weight": 1},
		{"fieldname": "Contact.designation", "operator": "is set", "weight": 1},
	]
	ensure("ICP Profile", "Ideal client", title="Ideal client", threshold=1, criteria=criteria)


def _spend_on_channels() -> None:
	"""Half a year of costs, each month a little more."""
	months = [get_first_day(add_months(getdate(), -back)) for back in range(5, -1, -1)]
	for title, amount in CHANNEL_COSTS.items():
		if not frappe.db.exists("Acquisition Channel", title):
			continue
		channel = frappe.get_doc("Acquisition Channel", title)
		if not channel.costs:
			for number, month in enumerate(months):
				channel.append("costs", {"month": month, "amount": amount + 50 * number})
			channel.save()


def _name_account_manager() -> None:
	own = settings.get_settings()
	if not own.account_manager:
		changed = frappe.get_doc(settings.DOCTYPE)
		changed.account_manager = address(HEAD)
		changed.save()


def _unit() -> str:
	return frappe.db.get_single_value("Stock Settings", "stock_uom") or "Nos"


# The story of each client


def sell(client: Client) -> None:
	lead = _capture(client, "Own Sale")
	if not lead:
		return
	_talk(client, lead, stages.COLD_LEAD)
	if client.reached == stages.COLD_LEAD:
		return _close(client, lead)
	_qualify(client, lead)
	_talk(client, lead, stages.MQL)
	if client.reached == stages.MQL:
		return _close(client, lead)
	deal = _convert(client, lead)
	lead.reload()
	_talk(client, lead, stages.SQL)
	if client.reached != stages.SQL:
		_propose(client, deal)
		_talk(client, lead, stages.NEGOTIATION)
	if client.reached in (stages.CLIENT, stages.HANDED_OVER):
		_win(client, deal)
	if client.reached == stages.HANDED_OVER:
		_hand_over(client, deal)
	_close(client, deal)
	_judge_again(deal)


def refer(client: Client) -> None:
	"""The client buys from the owner of a programme that we take part in."""
	lead = _capture(client, "Referral", program=client.program)
	if not lead or client.reached == stages.COLD_LEAD:
		return
	for stage in (stages.HANDED_OVER, stages.CLIENT)[: 1 + (client.stage == stages.CLIENT)]:
		_move(lead, stage, client.at(PACE[stage]))
	_close(client, lead)


def remember(client: Client) -> None:
	"""A sale from before the app came, as the head of sales imports it."""
	contact = _contact(client)
	if frappe.db.exists("Partner Deal", {"contact": contact}):
		return
	closed_on = getdate(client.at(PACE[stages.CLIENT]))
	is_won = client.stage == stages.CLIENT
	deal = frappe.new_doc("Partner Deal")
	deal.update(
		{
			"is_historical": 1,
			"contact": contact,
			"counterparty": frappe.db.get_value("Contact", contact, "pcrm_counterparty"),
			"responsible": client.user,
			"product_group": client.service,
			"region": client.region,
			"channel": client.channel,
			"stage": client.stage,
			"items": [_product(client)],
			"registered_on": getdate(client.at(0)),
			"closed_on": closed_on,
			"contract_signed_on": closed_on if is_won else None,
			"key_learnings": _LEARNED[client.number % len(_LEARNED)] if is_won else None,
			"lost_reason": client.remark,
		}
	)
	deal.insert()
	_date_back(deal, client.at(PACE[stages.CLIENT]))


_STORIES = {"Own Sale": sell, "Referral": refer, "History": remember}


def _capture(client: Client, track: str, **fields) -> Document | None:
	"""The inquiry; None where it is there already."""
	if frappe.db.exists("Partner Lead", {"email": client.email, "product_group": client.service}):
		return None
	lead = frappe.new_doc("Partner Lead")
	lead.update(
		{
			"track": track,
			"first_name": client.first_name,
			"last_name": client.last_name,
			"email": client.email,
			"phone": _phone(client.number),
			"company_name": client.company,
			"is_individual": int(client.is_individual),
			"registered_on": getdate(client.at(0)),
			"channel": client.channel,
			"direction": frappe.db.get_value("Acquisition Channel", client.channel, "direction"),
			"region": client.region,
			"responsible": client.user,
			"product_group": client.service,
			"potential_value": client.amount,
			"partner": client.partner,
			"program": client.program or None,
			"next_contact_on": getdate() + timedelta(days=client.number * 5 % 12 - 2),
			**fields,
		}
	)
	lead.insert()
	_date_back(lead, client.at(0))
	return lead


def _qualify(client: Client, lead: Document) -> None:
	_complete_contact(client, lead.contact)
	if lead.counterparty:
		_complete_counterparty(client, lead.counterparty)
	lead.interest = ("Warm", "Hot", "Cold")[client.number % 3]
	lead.needs = f"{client.service}, to be ready within a quarter"
	lead.additional_information = "Compares us with two other agencies and decides by quality"
	if client.reached != stages.MQL:
		lead.brief_received_on = getdate(client.at(0.3))
	_move(lead, stages.MQL, client.at(PACE[stages.MQL]))


def _convert(client: Client, lead: Document) -> Document:
	given = {
		"is_tender": "Yes" if client.remark == "tender" else "No",
		"comment": _COMMENT.format(service=client.service.lower()),
	}
	if client.remark == "tender":
		given["tender_on"] = getdate() + timedelta(days=20 + client.number)
	if client.remark != "no products":
		given["items"] = [_product(client)]
	deal = frappe.get_doc("Partner Deal", conversion.convert(lead.name, given))
	_date_back(deal, client.at(PACE[stages.SQL]))
	_date_back(frappe.get_doc("Partner Lead", lead.name), client.at(PACE[stages.SQL]))
	return deal


def _propose(client: Client, deal: Document) -> None:
	deal.proposal_sent_on = getdate(client.at(PACE[stages.NEGOTIATION]))
	deal.documents_url = f"https://files.example/deals/{client.number}"
	deal.media_plan = f"https://files.example/deals/{client.number}/plan.xlsx"
	_move(deal, stages.NEGOTIATION, client.at(PACE[stages.NEGOTIATION]))


def _win(client: Client, deal: Document) -> None:
	deal.contract_signed_on = getdate(client.at(PACE[stages.CLIENT]))
	deal.contract_ends_on = deal.contract_signed_on + timedelta(days=365)
	deal.contract_file = f"https://files.example/deals/{client.number}/contract.pdf"
	deal.key_learnings = _LEARNED[client.number % len(_LEARNED)]
	_move(deal, stages.CLIENT, client.at(PACE[stages.CLIENT]))


def _hand_over(client: Client, deal: Document) -> None:
	card = frappe.get_doc("Contact", deal.contact)
	card.append("email_ids", {"email_id": f"private.{client.email}"})
	card.save()
	company = frappe.get_doc("Counterparty", deal.counterparty)
	company.update({"industry_holiday": "Food Industry Day, 17 October", "founded_on": date(2004, 5, 17)})
	company.append("additional_emails", {"email": f"orders@{client.domain}"})
	company.append("additional_titles", {"title": f"{client.company} Ltd"})
	company.save()
	deal.handed_over_on = getdate(client.at(PACE[stages.CLIENT])) + timedelta(days=HANDOVER_AFTER)
	deal.save()


def _close(client: Client, doc: Document) -> None:
	if client.stage == stages.UNQUALIFIED:
		doc.disqualification_reason = client.remark
	elif client.stage == stages.LOST:
		doc.lost_reason = client.remark
	else:
		return
	_move(doc, client.stage, client.at(1.0))


def _judge_again(deal: Document) -> None:
	"""Whether it is active, now that it is as old as it should be."""
	deal.reload()
	deal.save()


def _move(doc: Document, stage: str, at: datetime) -> None:
	doc.stage = stage
	doc.save()
	_date_back(doc, at)


# Cards, products, talks


def _contact(client: Client) -> str:
	"""Of a client from before the app came: made by hand."""
	found = frappe.db.get_value("Contact", {"email_id": client.email})
	if found:
		return found
	company = frappe.get_doc(
		{
			"doctype": "Counterparty",
			"title": client.company,
			"region": client.region,
			"industry": client.industry,
			"category": client.category,
			"website": f"https://{client.domain}",
		}
	).insert()
	card = frappe.get_doc(
		{
			"doctype": "Contact",
			"first_name": client.first_name,
			"last_name": client.last_name,
			"designation": client.role,
			"pcrm_managed": 1,
			"pcrm_counterparty": company.name,
			"pcrm_region": client.region,
			"email_ids": [{"email_id": client.email, "is_primary": 1}],
			"phone_nos": [{"phone": _phone(client.number), "is_primary_phone": 1, "is_primary_mobile_no": 1}],
		}
	)
	return card.insert().name


def _complete_contact(client: Client, name: str) -> None:
	card = frappe.get_doc("Contact", name)
	card.designation = client.role or "Private person"
	card.pcrm_is_decision_maker = "Yes" if client.number % 3 else "No"
	card.pcrm_additional_information = "Prefers short letters and calls before noon"
	card.pcrm_birth_date = date(1970 + client.number % 25, 1 + client.number % 12, 1 + client.number % 28)
	card.save()


def _complete_counterparty(client: Client, name: str) -> None:
	company = frappe.get_doc("Counterparty", name)
	company.update(
		{
			"industry": client.industry,
			"category": client.category,
			"client_group": _customer_group(),
			"size": ("11-50", "51-200", "201-500")[client.number % 3],
			"website": f"https://{client.domain}",
			"email": f"office@{client.domain}",
			"phone": f"+7 727 355 {client.number:02d} 00",
			"additional_information": f"Works in {client.region}, buys from agencies every year",
			"documents_url": f"https://files.example/companies/{client.number}",
		}
	)
	company.save()


def _customer_group() -> str:
	return frappe.db.get_single_value("Selling Settings", "customer_group") or frappe.db.get_value(
		"Customer Group", {"is_group": 0}, "name", order_by="lft"
	)


def _product(client: Client) -> dict:
	return {"item_code": SERVICES[client.service], "qty": 1, "rate": client.amount}


def _phone(number: int) -> str:
	return f"+7 701 555 {number:02d} 00"


def _talk(client: Client, lead: Document, stage: str) -> None:
	"""What was said while the client was at a stage."""
	path = stages.TRACKS[stages.OWN_SALE].path
	following = PACE[path[path.index(stage) + 1]]
	talks = [talk for talk in TALKS if PACE[stage] <= talk[0] < following]
	if stage == client.stage and stage != stages.COLD_LEAD:
		talks.append(LAST_TALK)
	for share, kind, direction, outcome, discussed, agreed in talks:
		_log(
			lead,
			kind=kind,
			direction=direction,
			outcome=outcome,
			occurred_at=client.at(share),
			duration=180 + client.number * 11 if kind == "Call" and discussed else 0,
			client_replied=int(kind == "Meeting"),
			discussed=discussed.format(service=client.service.lower()),
			agreed=agreed,
		)


def _log(lead: Document, **talk) -> None:
	links = {"lead": lead.name, "deal": lead.deal, "contact": lead.contact}
	interaction = frappe.get_doc({"doctype": "Client Interaction", **links, **talk}).insert()
	at = interaction.occurred_at
	dated = {"creation": at, "recorded_at": at, "qualified_at": at if interaction.qualifies else None}
	frappe.db.set_value(interaction.doctype, interaction.name, dated, update_modified=False)


_COMMENT = "Talked through the budget and the dates of {service}; agreed that the proposal goes to the board"
_LEARNED = (
	"They wanted one team for the plan and for the work itself",
	"A visit to a client of ours in the same city decided it",
	"Payment in three parts mattered more than the discount",
)


# Entered twice

LOOK_ALIKES = {("Viktor", "Lee"): ("Viktor", "Li"), ("Bekzat", "Omarov"): ("Bek", "Omarov")}
"""Contacts who called again, and how the name was taken down then."""


def enter_look_alikes() -> None:
	"""What the nightly search for possible duplicates finds: same number, another spelling."""
	with as_user(address("olga")):
		for client in clients():
			again = LOOK_ALIKES.get((client.first_name, client.last_name))
			if again and not frappe.db.exists("Contact", {"first_name": again[0], "last_name": again[1]}):
				_take_down(client, *again)
	for doctype in near_matches.DOCTYPES:
		pairs.replace(doctype, near_matches.find(doctype, *near_matches.read(doctype)))


def _take_down(client: Client, first_name: str, last_name: str) -> None:
	phone = {"phone": _phone(client.number), "is_primary_phone": 1}
	card = {"doctype": "Contact", "first_name": first_name, "last_name": last_name, "phone_nos": [phone]}
	frappe.get_doc({**card, "pcrm_managed": 1, "pcrm_region": client.region}).insert()


# The past


def _date_back(doc: Document, at: datetime) -> None:
	"""Gives the stage that was reached just now its day. Written as it is: nobody may do that by the rules."""
	latest, *earlier = frappe.get_all(
		"Stage Change",
		filters={"reference_doctype": doc.doctype, "reference_name": doc.name},
		fields=["name", "changed_at"],
		order_by="changed_at desc",
		limit=2,
	)
	logged = {"changed_at": at, "creation": at}
	if earlier:
		logged["seconds_in_stage"] = int((at - earlier[0].changed_at).total_seconds())
	frappe.db.set_value("Stage Change", latest.name, logged, update_modified=False)
	frappe.db.set_value(doc.doctype, doc.name, _days(doc, at, is_new=not earlier), update_modified=False)
	doc.reload()
	_date_events_back(doc, at)
	_date_payouts_back(doc, at.date())


def _days(doc: Document, at: datetime, *, is_new: bool) -> dict:
	"""What the rules have stamped with the present."""
	days = {"stage_entered_at": at}
	if is_new:
		days["creation"] = at
	if doc.doctype != "Partner Deal":
		return days
	if is_new:
		days["clock_started_on"] = at.date()
	if doc.closed_on:
		days["closed_on"] = at.date()
	if doc.won_on:
		days |= {"won_on": at.date(), "days_to_client": (at.date() - getdate(doc.registered_on)).days}
	return days


def _date_events_back(doc: Document, at: datetime) -> None:
	"""What the nightly review is told of; whatever came before has its day already."""
	event = frappe.qb.DocType("Discipline Event")
	of_document = (event.reference_doctype == doc.doctype) & (event.reference_name == doc.name)
	frappe.qb.update(event).set(event.changed_at, at).where(of_document & (event.changed_at > at)).run()


def _date_payouts_back(doc: Document, won_on: date) -> None:
	"""A payout is born on the day the client is won, and everything else of it is counted from there."""
	link = "deal" if doc.doctype == "Partner Deal" else "lead"
	dates = ["won_on", "hold_until", "due_on"]
	for payout in frappe.get_all("Payout", {link: doc.name}, ["name", *dates], order_by="name"):
		earlier = getdate(payout.won_on) - won_on
		days = {name: payout[name] - earlier for name in dates if payout[name]}
		days["days_to_client"] = (won_on - getdate(doc.registered_on)).days
		frappe.db.set_value("Payout", payout.name, days, update_modified=False)
