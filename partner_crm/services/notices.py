"""What the review tells people: each manager his own deals and penalties, once a day; administrators what failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import blake2b

import frappe
from frappe import _
from frappe.utils import escape_html, fmt_money, format_date, get_url_to_form
from pypika import Criterion, Field, Table
from pypika.functions import Count

from partner_crm.rules.activity import CONTACT, DEAL, INTERACTION, LEAD
from partner_crm.services.todos import language_of, users_with

LISTED = 50
"""How many deals and how many penalties a letter names; of the rest it gives the number."""

NOTIFICATION = "Notification Log"
PENALTY = "Manager Penalty"


@dataclass
class News:
	"""What one manager has to know today: how many deals and penalties, and the first of them."""

	deal_count: int = 0
	penalty_count: int = 0
	deals: list[frappe._dict] = field(default_factory=list)
	penalties: list[frappe._dict] = field(default_factory=list)


def news_since(night: date, since: frappe._dict) -> dict[str, News]:
	"""Of each manager who is to be told something, how much.

	`since`: the first night whose news may not have been told, and when its run began.
	"""
	news: dict[str, News] = defaultdict(News)
	deal, penalty = frappe.qb.DocType(DEAL), frappe.qb.DocType(PENALTY)
	for manager, how_many in _counted(deal.responsible, _is_announced(deal, night, since.night)):
		news[manager].deal_count = how_many
	for manager, how_many in _counted(penalty.manager, _is_new(penalty, since.started_at)):
		news[manager].penalty_count = how_many
	return {manager: news[manager] for manager in _users(list(news))}


def tell(manager: str, night: date, since: frappe._dict, news: News) -> bool:
	"""One notification and one letter a day; whether he had not been told yet.

	The notification's name is made of manager and day. The caller lets nobody else tell meanwhile, and commits
	letter and notification together.
	"""
	name = blake2b(f"{manager}\n{night}".encode(), digest_size=10).hexdigest()
	if frappe.db.exists(NOTIFICATION, name):
		return False
	lang = language_of(manager)
	news.deals = _announced(manager, night, since.night) if news.deal_count else []
	news.penalties = _imposed(manager, since.started_at) if news.penalty_count else []
	subject, body = _subject(news, lang), _body(news, night, lang)
	notify(manager, subject, body, name=name, document=_document(news))
	_write_letter(manager, subject, body)
	return True


def _is_announced(deal: Table, night: date, since: date) -> Criterion:
	is_now = (deal.announced_on >= since) & (deal.announced_on <= night) & (deal.active_until >= night)
	return is_now & (deal.in_pool == 0) & deal.responsible.isnotnull()


def _is_new(penalty: Table, since: datetime) -> Criterion:
	"""What is new was modified since, too; and that has an index, however long the ledger grows."""
	return (penalty.creation >= since) & (penalty.modified >= since) & (penalty.status == "Imposed")


def _counted(manager: Field, which: Criterion) -> list[tuple[str, int]]:
	return list(
		frappe.qb.from_(manager.table).select(manager, Count("*")).where(which).groupby(manager).run()
	)


def _announced(manager: str, night: date, since: date) -> list[frappe._dict]:
	deal = frappe.qb.DocType(DEAL)
	return (
		frappe.qb.from_(deal)
		.select(deal.name, deal.deal_title, deal.active_until)
		.where((deal.responsible == manager) & _is_announced(deal, night, since))
		.orderby(deal.active_until, deal.name)
		.limit(LISTED)
		.run(as_dict=True)
	)


def _imposed(manager: str, since: datetime) -> list[frappe._dict]:
	"""Each with `client`, whom it is about."""
	penalty = frappe.qb.DocType(PENALTY)
	found = (
		frappe.qb.from_(penalty)
		.select(penalty.name, penalty.rule, penalty.violated_on, penalty.amount, penalty.currency)
		.select(penalty.reference_doctype, penalty.reference_name)
		.where((penalty.manager == manager) & _is_new(penalty, since))
		.orderby(penalty.violated_on, penalty.name)
		.limit(LISTED)
		.run(as_dict=True)
	)
	for doctype, title in _CLIENTS.items():
		about = [each for each in found if each.reference_doctype == doctype]
		titles = _titles(doctype, title, {each.reference_name for each in about})
		for each in about:
			each.client = titles.get(each.reference_name)
	return found


_CLIENTS = {DEAL: "deal_title", LEAD: "lead_title", CONTACT: "full_name", INTERACTION: "contact"}
"""Where each kind of document says whom it is about."""


def _titles(doctype: str, title: str, names: Collection[str]) -> dict[str, str]:
	if not names:
		return {}
	table, contact = frappe.qb.DocType(doctype), frappe.qb.DocType(CONTACT)
	query = frappe.qb.from_(table).where(table.name.isin(sorted(names)))
	if title == "contact":
		query = query.join(contact).on(contact.name == table.contact).select(table.name, contact.full_name)
	else:
		query = query.select(table.name, table[title])
	return dict(query.run())


def _users(names: Sequence[str]) -> list[str]:
	if not names:
		return []
	user = frappe.qb.DocType("User")
	query = frappe.qb.from_(user).select(user.name).where(user.name.isin(names) & (user.enabled == 1))
	return query.orderby(user.name).run(pluck=True)


def notify(user: str, subject: str, body: str, name: str | None = None, document: tuple = ()) -> None:
	"""A notification in the desk. Nobody has the right to write another's, so the app does."""
	log = frappe.new_doc(NOTIFICATION)
	log.update({"for_user": user, "type": "Alert", "subject": subject, "email_content": body})
	if document:
		log.document_type, log.document_name = document
	log.insert(ignore_permissions=True, set_name=name)


def _document(news: News) -> tuple[str, str]:
	if news.deals:
		return DEAL, news.deals[0].name
	return PENALTY, news.penalties[0].name


def _write_letter(manager: str, subject: str, body: str) -> None:
	"""A site that sends no letters, or can't, still notifies."""
	address = frappe.db.get_value("User", manager, "email")
	point = f"pcrm_{frappe.generate_hash(length=10)}"
	frappe.db.savepoint(point)
	try:
		frappe.sendmail(recipients=[address], subject=subject, message=body, delayed=True)
	except frappe.QueryDeadlockError:
		raise
	except Exception as error:
		frappe.db.rollback(save_point=point)
		frappe.clear_last_message()
		if not isinstance(error, frappe.OutgoingEmailError):
			frappe.log_error(title="Partner CRM: no letter about deals and penalties")


def _subject(news: News, lang: str) -> str:
	if news.deals and news.penalties:
		sentence = _("Deals about to lapse: {0}. New penalties: {1}.", lang)
		return sentence.format(news.deal_count, news.penalty_count)
	if news.deals:
		return _("Deals about to lapse: {0}", lang).format(news.deal_count)
	return _("New penalties: {0}", lang).format(news.penalty_count)


def _body(news: News, night: date, lang: str) -> str:
	parts = []
	if news.deals:
		parts.append(
			_("Talk to these clients in time, and write down what was discussed and agreed:", lang)
			+ _list([_deal_line(deal, night, lang) for deal in news.deals], news.deal_count, lang)
		)
	if news.penalties:
		parts.append(
			_("If you don't agree with a penalty, open it and contest it:", lang)
			+ _list([_penalty_line(penalty, lang) for penalty in news.penalties], news.penalty_count, lang)
		)
	return "".join(f"<p>{part}</p>" for part in parts)


def _list(lines: list[str], how_many: int, lang: str) -> str:
	if how_many > len(lines):
		lines = [*lines, _("and {0} more", lang).format(how_many - len(lines))]
	return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


def _deal_line(deal: frappe._dict, night: date, lang: str) -> str:
	days_left = (deal.active_until - night).days
	sentence = _("{0}: active until {1}, days left: {2}", lang)
	return sentence.format(_link(DEAL, deal.name, deal.deal_title), format_date(deal.active_until), days_left)


def _penalty_line(penalty: frappe._dict, lang: str) -> str:
	title = _link(PENALTY, penalty.name, _(penalty.rule, lang))
	amount = escape_html(fmt_money(penalty.amount, currency=penalty.currency))
	client = escape_html(penalty.client or "")
	return ", ".join(filter(None, (title, client, f"{format_date(penalty.violated_on)}: {amount}")))


def _link(doctype: str, name: str, title: str | None) -> str:
	return f'<a href="{get_url_to_form(doctype, name)}">{escape_html(title or name)}</a>'


def tell_administrators(night: date, failures: int) -> None:
	"""That something failed, and where to read what."""
	for user in users_with("System Manager") or ["Administrator"]:
		lang = language_of(user)
		subject = _("The nightly review of deals had failures: {0}", lang).format(failures)
		body = _("What failed is said in the record of the night.", lang)
		notify(user, subject, body, document=("Deal Review", str(night)))
