"""Fills a site with ten years of sales, by statements over whole tables: leads, deals, payouts and all that reports count.

Of `count` deals a fifth grew from leads, with each change of their stages in the log, and the others were imported
as history. One in fifty is open; of the others half were won, each with two payouts. Who and what a document
belongs to is scattered over its table, as it is where people work side by side.
"""

from __future__ import annotations

import frappe
from frappe.utils import add_months

from benchmarks.inside.population import empty
from partner_crm.reports import journeys
from tests.factories import make_row, make_user_row

MANAGERS, CHANNELS, PROGRAMS, PARTNERS, REGIONS = 20, 10, 20, 50, 10
FIRST_DAY, DAYS = "2015-01-01", 3900
WRITTEN = {
	**{"creation": "'2025-10-01 10:00:00'", "modified": "'2025-10-01 10:00:00'"},
	**{"owner": "'Administrator'", "modified_by": "'Administrator'"},
}
SALES = 100_000
"""Orders and opportunities at the least: so many the reports of ERPNext are timed with."""


def name_of(kind: str, number: str = "seq") -> str:
	"""Ten letters and digits, scattered like those that Frappe makes up; of two million none comes twice."""
	return f"LPAD(LOWER(CONV(LEFT(MD5(CONCAT('{kind}', {number})), 12), 16, 36)), 10, '0')"


def any_of(kind: str, many: int, number: str = "seq") -> str:
	"""A number below `many`, as good as random, and always the same for the same document."""
	return f"(CRC32(CONCAT('{kind}', {number})) %% {many})"


def one_of(*values: str | None, by: str) -> str:
	said = (f"'{value}'" if value else "NULL" for value in values)
	return f"ELT({by} + 1, {', '.join(said)})"


def who(number: str = "seq") -> dict[str, str]:
	return {
		"company": "%(company)s",
		"responsible": f"CONCAT('manager', {any_of('manager', MANAGERS, number)}, '@staff.example')",
		"channel": f"CONCAT('Channel ', {any_of('channel', CHANNELS, number)})",
		"program": f"CONCAT('Programme ', {any_of('program', PROGRAMS, number)})",
		"partner": f"CONCAT('Partner ', {any_of('partner', PARTNERS, number)})",
		"region": f"CONCAT('Region ', {any_of('region', REGIONS, number)})",
	}


def _sources(number: str = "seq") -> dict[str, str]:
	return {
		"utm_source": one_of("ads", "mail", "fair", None, by=any_of("source", 4, number)),
		"utm_medium": one_of("cpc", "letter", None, by=any_of("medium", 3, number)),
		"utm_campaign": f"CONCAT('campaign ', {any_of('campaign', 40, number)})",
		"product_group": f"CONCAT('Group ', {any_of('group', 12, number)})",
	}


def _began(number: str = "seq") -> str:
	return f"('{FIRST_DAY}' + INTERVAL {any_of('began', DAYS, number)} DAY)"


def _days(number: str = "seq") -> str:
	return f"(1 + {any_of('days', 120, number)})"


def amount_of(number: str = "seq") -> str:
	return f"(({any_of('amount', 9_000_000, number)} + 10000) / 100)"


def _decided(number: str = "seq") -> str:
	return f"({_began(number)} + INTERVAL {_days(number)} DAY)"


DEAL_STAGE = "CASE WHEN seq %% 100 = 0 THEN 'SQL' WHEN seq %% 100 = 1 THEN 'Negotiation' WHEN seq %% 2 = 0 THEN 'Client' ELSE 'Lost' END"
WON = "(seq %% 2 = 0 AND seq %% 100 > 1)"
LOST = "(seq %% 2 = 1 AND seq %% 100 > 1)"
# The lead number n is that of the deal 5 n, as long as there is such a deal.
LEAD_DEAL = "(seq * 5)"
IS_CONVERTED = "(seq * 5 < %(count)s)"
LEAD_STAGE = (
	f"IF({IS_CONVERTED}, 'Converted', "
	"ELT(1 + seq %% 10, 'Cold Lead', 'Cold Lead', 'Cold Lead', 'MQL', 'MQL', 'Unqualified', 'Unqualified', "
	"'Unqualified', 'Handed Over', 'Client'))"
)
CUSTOMER = "CONCAT('Customer ', {number} %% %(customers)s)"


def _tables(count: int) -> list[tuple[str, int, dict[str, str]]]:
	"""DocType, how many, and what stands in each column, as SQL."""
	deal = {
		"name": name_of("deal"),
		**who(),
		**_sources(),
		"deal_title": "CONCAT('Deal ', seq)",
		"lead": f"IF(seq %% 5 = 0, {name_of('lead', 'seq DIV 5')}, NULL)",
		"stage": DEAL_STAGE,
		"counterparty": f"CONCAT('Company ', {any_of('client', count // 10)})",
		"contact": name_of("contact"),
		"customer": f"IF({WON}, {CUSTOMER.format(number='seq')}, NULL)",
		"amount": amount_of(),
		"base_amount": amount_of(),
		"currency": "'USD'",
		"probability": f"CASE WHEN {WON} THEN 100 WHEN {LOST} THEN 0 ELSE 10 * {any_of('chance', 10)} END",
		"registered_on": _began(),
		"won_on": f"IF({WON}, {_decided()}, NULL)",
		"closed_on": f"IF({WON} OR {LOST}, {_decided()}, NULL)",
		"days_to_client": f"IF({WON}, {_days()}, 0)",
		"lost_reason": f"IF({LOST}, CONCAT('Reason ', {any_of('reason', 12)}), NULL)",
		"key_learnings": f"IF({WON}, CONCAT('Learning ', {any_of('learning', 12)}), NULL)",
		"is_correct": f"({any_of('correct', 5)} > 0)",
		"correctness_errors": f"IF({any_of('correct', 5)} > 0, NULL, 'The comment says nothing.')",
		"activity_status": f"IF({WON} OR {LOST}, 'Closed', 'Active')",
		"last_interaction_on": _began(),
		"active_until": f"IF({WON} OR {LOST}, NULL, {_decided()})",
		"clock_started_on": _began(),
	}
	lead = {
		"name": name_of("lead"),
		**who(LEAD_DEAL),
		**_sources(LEAD_DEAL),
		"lead_title": "CONCAT('Lead ', seq)",
		"track": f"IF({IS_CONVERTED} OR seq %% 10 < 8, 'Own Sale', 'Referral')",
		"stage": LEAD_STAGE,
		"deal": f"IF({IS_CONVERTED}, {name_of('deal', LEAD_DEAL)}, NULL)",
		"contact": name_of("contact", LEAD_DEAL),
		"registered_on": _began(LEAD_DEAL),
		"base_potential_value": amount_of(LEAD_DEAL),
		"potential_value": amount_of(LEAD_DEAL),
		"currency": "'USD'",
	}
	# Two for each client: the numbers 0 and 1 are those of the first.
	of = "(2 + (seq DIV 2) * 2)"
	status = one_of("Expected", "Confirmed", "Paid", "Paid", "Rejected", by=any_of("status", 5))
	payout = {
		"name": name_of("payout"),
		**who(of),
		"direction": f"IF({any_of('direction', 4, of)} = 0, 'Receivable', 'Payable')",
		"deal": name_of("deal", of),
		"client": f"CONCAT('Company ', {any_of('client', count // 10, of)})",
		"counterparty": f"CONCAT('Company ', {any_of('client', count // 10, of)})",
		"contact": name_of("contact", of),
		"instalment": "1 + seq %% 2",
		"currency": "'USD'",
		"basis": "'Percent of Deal'",
		"rate": "10",
		"share": "100",
		"basis_amount": amount_of(of),
		"amount": f"ROUND({amount_of(of)} / 10, 2)",
		"base_amount": f"ROUND({amount_of(of)} / 10, 2)",
		"conversion_rate": "1",
		"status": status,
		"base_paid_amount": f"IF({any_of('status', 5)} IN (2, 3), ROUND({amount_of(of)} / 10, 2), 0)",
		"paid_amount": f"IF({any_of('status', 5)} IN (2, 3), ROUND({amount_of(of)} / 10, 2), 0)",
		"won_on": _decided(of),
		"hold_until": _decided(of),
		"due_on": f"{_decided(of)} + INTERVAL 30 DAY",
		"paid_on": f"IF({any_of('status', 5)} IN (2, 3), {_decided(of)} + INTERVAL 40 DAY, NULL)",
		"days_to_client": _days(of),
		"payout_key": name_of("key of a payout"),
	}
	claim = {
		"name": name_of("claim"),
		**who(LEAD_DEAL),
		"direction": "'Payable'",
		"status": "'Expired'",
		"client": f"CONCAT('Company ', {any_of('client', count // 10, LEAD_DEAL)})",
		"registered_on": _began(LEAD_DEAL),
		"claim_key": name_of("key of a claim"),
	}
	interaction = {
		"name": name_of("talk"),
		"company": "%(company)s",
		"responsible": who()["responsible"],
		"kind": one_of("Call", "Email", "Meeting", "Messenger", "Proposal", "Brief", by=any_of("kind", 6)),
		"deal": name_of("deal"),
		"contact": name_of("contact", "seq DIV 3"),
		"occurred_at": f"{_began()} + INTERVAL {any_of('minute', 1440)} MINUTE",
		"recorded_at": f"{_began()} + INTERVAL 1439 MINUTE",
		"duration": any_of("duration", 1800),
		"qualifies": f"({any_of('qualifies', 3)} = 0)",
	}
	penalty = {
		"name": name_of("penalty"),
		"company": "%(company)s",
		"manager": who()["responsible"],
		"rule": one_of("Deal Lapsed", "Lead Untouched", "Stub Comment", by=any_of("rule", 3)),
		"reference_doctype": "'Partner Deal'",
		"reference_name": name_of("deal"),
		"violated_on": _began(),
		"status": one_of("Imposed", "Contested", "Confirmed", "Waived", by=any_of("status", 4)),
		"amount": "10 + " + any_of("fine", 90),
		"currency": "'USD'",
	}
	customer = {
		"name": "CONCAT('Customer ', seq)",
		"customer_name": "CONCAT('Customer ', seq)",
		"account_manager": who()["responsible"],
		"territory": who()["region"],
	}
	order = {
		"name": "CONCAT('ORDER-', LPAD(seq, 9, '0'))",
		"company": "%(company)s",
		"customer": CUSTOMER.format(number=any_of("buyer", 10**9)),
		"transaction_date": _began(),
		"docstatus": "1",
		"status": one_of("Completed", "Completed", "To Bill", by=any_of("status", 3)),
		"currency": "'USD'",
		"base_grand_total": amount_of(),
		"base_net_total": amount_of(),
		"sales_partner": who()["partner"],
		"commission_rate": "10",
		"total_commission": f"{amount_of()} / 10",
		"pcrm_deal": f"IF({any_of('known', 50)}, {name_of('deal')}, NULL)",
	}
	invoice = {
		"name": "CONCAT('INVOICE-', LPAD(seq, 9, '0'))",
		"company": "%(company)s",
		"customer": CUSTOMER.format(number=any_of("buyer", 10**9)),
		"posting_date": _began(),
		"docstatus": "1",
		"currency": "'USD'",
		"party_account_currency": "'USD'",
		"conversion_rate": "1",
		"base_grand_total": amount_of(),
		"outstanding_amount": f"IF({any_of('owed', 10)}, 0, {amount_of()})",
		"pcrm_deal": f"IF({any_of('known', 50)}, {name_of('deal')}, NULL)",
	}
	item = {
		"name": name_of("item"),
		"parent": invoice["name"],
		"parenttype": "'Sales Invoice'",
		"parentfield": "'items'",
		"sales_order": f"IF(seq %% 4, {order['name']}, NULL)",
	}
	opportunity = {
		"name": name_of("opportunity"),
		"company": "%(company)s",
		"sales_stage": one_of("Prospecting", "Qualification", "Proposal", "Won", by=any_of("stage", 4)),
		"source": one_of("Channel 1", "Channel 2", "Channel 3", by=any_of("source", 3)),
		"opportunity_type": one_of("Sales", "Support", "Maintenance", by=any_of("type", 3)),
		"opportunity_amount": amount_of(),
		"currency": "'USD'",
		"transaction_date": _began(),
		"status": "'Open'",
	}
	orders = max(count // 4, SALES)
	return [
		(LEAD, count // 4, lead),  # before the deals, which take over their stages
		(DEAL, count, deal),
		("Payout", count * 98 // 100, payout),
		("Partner Claim", count // 4, claim),
		("Client Interaction", count, interaction),
		("Manager Penalty", count // 10, penalty),
		("Customer", count // 10, customer),
		("Counterparty", count // 10, {"name": "CONCAT('Company ', seq)", "customer": customer["name"]}),
		("Sales Order", orders, order),
		("Sales Invoice", count // 10, invoice),
		("Sales Invoice Item", count // 10, item),
		("Opportunity", SALES, opportunity),
	]


DEAL, LEAD = "Partner Deal", "Partner Lead"
IN_DEAL = "seq %% 5 = 0"

CHANGES = (
	# DocType, from, to, which of its documents, kind
	(DEAL, "NULL", DEAL_STAGE, "seq %% 5 > 0", "History"),
	(DEAL, "NULL", "'SQL'", IN_DEAL, "Start"),
	(DEAL, "'SQL'", "'Negotiation'", f"{IN_DEAL} AND seq %% 100 > 0", "Forward"),
	(DEAL, "'Negotiation'", "'SQL'", f"{IN_DEAL} AND seq %% 100 = 30", "Back"),
	(DEAL, "'SQL'", "'Negotiation'", f"{IN_DEAL} AND seq %% 100 = 30", "Forward"),
	(DEAL, "'Negotiation'", DEAL_STAGE, f"{IN_DEAL} AND seq %% 100 > 1", "Forward"),
	(LEAD, "NULL", "'Cold Lead'", "1 = 1", "Start"),
	(LEAD, "'Cold Lead'", "'MQL'", f"({IS_CONVERTED} OR seq %% 10 IN (3, 4, 5))", "Forward"),
	(LEAD, "'MQL'", "'Converted'", IS_CONVERTED, "Forward"),
	(LEAD, "'MQL'", "'Unqualified'", f"NOT {IS_CONVERTED} AND seq %% 10 = 5", "Exit"),
	(LEAD, "'Cold Lead'", "'Unqualified'", f"NOT {IS_CONVERTED} AND seq %% 10 IN (6, 7)", "Exit"),
	(LEAD, "'Cold Lead'", "'Handed Over'", f"NOT {IS_CONVERTED} AND seq %% 10 > 7", "Forward"),
	(LEAD, "'Handed Over'", "'Client'", f"NOT {IS_CONVERTED} AND seq %% 10 = 9", "Forward"),
)


def fill_sales(count: int) -> dict[str, int]:
	"""How many rows there are of each DocType."""
	values = {
		"company": frappe.defaults.get_global_default("company"),
		"count": count,
		"customers": count // 10,
	}
	for number in range(MANAGERS):
		make_user_row(f"manager{number}@staff.example")
	_fill_costs()
	tables = _tables(count)
	with empty("Stage Change"):
		_insert_changes(count, values)
	for doctype, many, columns in tables:
		with empty(doctype):
			insert(doctype, many, columns, values)
			for statement in journeys.sets_of(frappe.qb, doctype) if doctype in (LEAD, DEAL) else ():
				statement.run()
			frappe.db.commit()
	frappe.clear_cache()
	found = {doctype: frappe.db.count(doctype) for doctype in (*(row[0] for row in tables), "Stage Change")}
	frappe.db.commit()  # or the worker would keep every table from being altered
	return found


def _fill_costs() -> None:
	for channel in range(CHANNELS):
		for months in range(DAYS // 30):
			month = add_months(FIRST_DAY, months)
			make_row(
				"Acquisition Channel Cost", parent=f"Channel {channel}", month=month, amount=100 + months
			)


def insert(doctype: str, many: int, columns: dict[str, str], values: dict) -> None:
	"""In the order of the names, in which the table keeps its rows."""
	columns = WRITTEN | columns
	frappe.db.sql(
		f"INSERT INTO `tab{doctype}` ({', '.join(columns)}) "
		f"SELECT {', '.join(columns.values())} FROM seq_0_to_{many - 1} ORDER BY {columns['name']}",
		values,
	)
	frappe.db.commit()


def _insert_changes(count: int, values: dict) -> None:
	columns = (
		*WRITTEN,
		*("name", "reference_doctype", "reference_name", "from_stage", "to_stage", "kind"),
		*("changed_at", "changed_by", "seconds_in_stage", "responsible", "company", "registered_on"),
	)
	parts = []
	for place, (doctype, before, after, which, kind) in enumerate(CHANGES):
		of = "seq" if doctype == DEAL else LEAD_DEAL
		salt = f"change {place} "
		said = (
			*WRITTEN.values(),
			*(name_of(salt), f"'{doctype}'", name_of("deal" if doctype == DEAL else "lead"), before, after),
			*(f"'{kind}'", f"{_began(of)} + INTERVAL {place * 10} DAY", who(of)["responsible"]),
			"0" if before == "NULL" else any_of(salt, 40 * 86400),
			*(who(of)["responsible"], "%(company)s", _began(of)),
		)
		named = (f"{value} AS {column}" for value, column in zip(said, columns, strict=True))
		many = count if doctype == DEAL else count // 4
		parts.append(f"SELECT {', '.join(named)} FROM seq_0_to_{many - 1} WHERE {which}")
	frappe.db.sql(
		f"INSERT INTO `tabStage Change` ({', '.join(columns)}) "
		f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS changes ORDER BY name",
		values,
	)
	frappe.db.commit()
