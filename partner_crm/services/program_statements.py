"""What a programme's owner says he owes us: his list read from a file, and compared with our payouts.

Nothing of it changes a payout. The lines are the file's: people only choose another payout for one, and put down that a
difference was cleared up. The comparison itself is `rules/matching.py`; it is made anew at each save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cstr, escape_html, getdate

from partner_crm.client_base import UnreadableFile
from partner_crm.client_base import statements as owners_list
from partner_crm.client_base.statements import OwnersList, StatementLine
from partner_crm.reports.sql import blank, only
from partner_crm.rules import matching
from partner_crm.rules.commission import REJECTED
from partner_crm.rules.identity import Company, Person, Values, company_values, person_values
from partner_crm.rules.money import smallest_unit
from partner_crm.services import near_matches, payout_book, settings
from partner_crm.services.numbers import decimal, money
from partner_crm.services.refusals import bullets

STATEMENT, LINE, PAYOUT = "Program Statement", "Program Statement Line", "Payout"
RECEIVABLE = "Receivable"

NOT_READ, READING, NOT_READABLE = "Not Read", "Reading", "Not Readable"
OPEN, SETTLED = "Open Differences", "Settled"

AT_ONCE = 300
"""Lines that are read while the user waits; more of them are read in the background."""
MOST_LINES = 20_000
"""More lines than this can't be looked at as one document."""
LONGEST = {"client": 500, "company_title": 500, "reference": 500, "said_status": 500, "tax_id": 140}
TYPED = ("payout", "by_hand", "is_settled", "note")
"""What people change of a line."""


class NotReadable(frappe.ValidationError):
	"""Nothing can be made of the file, and the message says why."""


# Saving


def guard(statement: Document) -> None:
	"""In `validate`: which programme's list it is; all that is wrong is said at once."""
	program = frappe.db.get_value(
		"Partner Program", statement.program, ["direction", "currency"], as_dict=True
	)
	problems = []
	if program and program.direction != RECEIVABLE:
		problems.append(
			_("{0} is a programme by which we pay partners: its owner sends us no list.").format(
				frappe.bold(escape_html(statement.program))
			)
		)
	if (
		statement.from_date
		and statement.to_date
		and getdate(statement.from_date) > getdate(statement.to_date)
	):
		problems.append(_("The period ends before it begins."))
	if decimal(statement.tolerance) > 100:
		problems.append(_("The tolerance can't be more than 100 %."))
	if problems:
		frappe.throw(bullets(problems), title=_("Not accepted"))
	if program:
		statement.currency = program.currency


def restore_computed(statement: Document) -> None:
	"""In `validate`: what was made of the file is not typed."""
	if statement.flags.is_reading:
		return
	before = statement.get_doc_before_save()
	statement.status = before.status if before else NOT_READ
	statement.problems = before.problems if before else None


def follow_file(statement: Document) -> None:
	"""In `validate`: another file has to be read anew. One file makes one statement of a programme, which a unique index
	over the file's contents decides; what is looked up here only words the refusal sooner."""
	before = statement.get_doc_before_save()
	if before and before.file == statement.file and before.content_hash:
		statement.content_hash = before.content_hash
		return
	statement.content_hash = _file_of(statement).content_hash
	if not statement.flags.is_reading:
		statement.set("lines", [])
		statement.status, statement.problems = NOT_READ, None
	_refuse_same_file(statement)


def _refuse_same_file(statement: Document) -> None:
	same = {name: statement.get(name) for name in ("program", "company", "content_hash")}
	other = frappe.db.get_value(STATEMENT, {**same, "name": ("!=", statement.name)})
	if other:
		frappe.throw(
			_("This file is that of {0} already.").format(frappe.bold(other)),
			frappe.UniqueValidationError,
			title=_("Not accepted"),
		)


def keep_lines(statement: Document) -> None:
	"""In `validate`: lines come from the file, whatever is sent. A payout that was changed was chosen by hand."""
	if statement.flags.is_reading:
		return
	sent = {line.name: line for line in statement.lines}
	before = statement.get_doc_before_save()
	statement.set("lines", before.lines if before and statement.status != NOT_READ else [])
	for line in statement.lines:
		if told := sent.get(line.name):
			is_changed = line.row and (told.payout or None) != (line.payout or None)
			line.update({field: told.get(field) for field in TYPED})
			line.by_hand = int(bool(is_changed or line.by_hand))


def compare(statement: Document) -> None:
	"""In `validate`: which payout each line is about, what differs, and what the owner does not list."""
	if statement.status in (NOT_READ, READING, NOT_READABLE):
		_sum_up(statement, [])
		return
	dues = _dues_of(statement)
	_refuse_choices(statement, {due.matched.name for due in dues})
	before = _told_before(statement)
	listed = [line for line in statement.lines if line.row]
	told = [line for line in listed if line.result != matching.REFUSED]
	tolerance = matching.Tolerance(_tolerance(statement), smallest_unit(statement.currency))
	outcomes = matching.match(
		[*_lines_to_match(told, statement.currency)], [due.matched for due in dues], tolerance
	)
	_put_down(statement, listed, outcomes, {due.matched.name: due for due in dues})
	_reopen_changed(statement, before)
	_sum_up(statement, dues)


def _tolerance(statement: Document) -> Decimal:
	return decimal(statement.tolerance) or decimal(settings.get_settings().match_tolerance)


def _refuse_choices(statement: Document, known: set[str]) -> None:
	problems, chosen = [], {}
	for line in statement.lines:
		if not (line.row and line.by_hand and line.payout):
			continue
		if line.payout not in known:
			problems.append(
				_("Row {0}: {1} is no payout of this programme, company and currency.").format(
					line.row, frappe.bold(escape_html(line.payout))
				)
			)
		elif line.payout in chosen:
			problems.append(
				_("Rows {0} and {1} have the same payout. Each payout is listed once.").format(
					chosen[line.payout], line.row
				)
			)
		chosen.setdefault(line.payout, line.row)
	if problems:
		frappe.throw(bullets(problems), title=_("Not accepted"))


def _put_down(
	statement: Document,
	listed: Sequence[Document],
	outcomes: Sequence[matching.Outcome],
	dues: Mapping[str, Due],
) -> None:
	by_row = {line.row: line for line in listed}
	not_listed = {line.payout: line for line in statement.lines if not line.row}
	lines = [*listed]
	for outcome in outcomes:
		if outcome.row is None:
			line = not_listed.get(outcome.payout) or frappe._dict(row=0, payout=outcome.payout)
			lines.append(line)
		else:
			line = by_row[outcome.row]
		due = dues.get(outcome.payout)
		line.update(
			{
				"result": outcome.result,
				"payout": outcome.payout,
				"expected_amount": due.matched.amount if due else None,
				"difference": outcome.difference,
				"currency": statement.currency,
			}
		)
		if outcome.row is None:
			line.update({"client": due.client_title, "on_date": due.matched.on})
	statement.set("lines", [])
	for place, line in enumerate(lines, 1):
		line.idx = place
		statement.append("lines", line)


def _told_before(statement: Document) -> dict[tuple, tuple]:
	"""What was told of each line when the statement was last saved: result, payout, difference."""
	line = frappe.qb.DocType(LINE)
	query = frappe.qb.from_(line).select(line.row, line.result, line.payout, line.difference)
	lines = query.where(line.parent == statement.name).orderby(line.idx).run(as_dict=True)
	return {_key_of(line): _told_of(line, statement.currency) for line in lines}


def _reopen_changed(statement: Document, before: Mapping[tuple, tuple]) -> None:
	"""A difference was cleared up as it was then: another one is open, and only the note is kept."""
	for line in statement.lines:
		if line.is_settled and before.get(_key_of(line)) != _told_of(line, statement.currency):
			line.is_settled = 0


def _key_of(line: Document | frappe._dict) -> tuple[int, str | None]:
	return (line.row, None) if line.row else (0, line.payout)


def _told_of(line: Document | frappe._dict, currency: str) -> tuple:
	return line.result, line.payout or None, money(line.difference, currency)


def _sum_up(statement: Document, dues: Sequence[Due]) -> None:
	lines = statement.lines
	matched = {line.payout for line in lines if line.payout}
	expected = [due.matched.amount for due in dues if due.matched.name in matched]
	told = [
		money(line.amount, statement.currency)
		for line in lines
		if line.row and line.result != matching.REFUSED
	]
	statement.listed_total, statement.expected_total = sum(told), sum(expected)
	statement.difference = statement.listed_total - statement.expected_total
	statement.matched_lines = sum(line.result == matching.MATCHED for line in lines)
	statement.open_lines = sum(line.result != matching.MATCHED and not line.is_settled for line in lines)
	if statement.status in (OPEN, SETTLED):
		statement.status = OPEN if statement.open_lines else SETTLED


# What is compared


def _lines_to_match(lines: Sequence[Document], currency: str) -> Iterator[matching.Line]:
	rules = settings.identity()
	for line in lines:
		emails, phones = _words(line.emails), _words(line.phones)
		titles = tuple(dict.fromkeys(filter(None, (line.company_title, line.client))))
		person = Person(full_name=line.client or "", phones=phones, emails=emails)
		company = Company(titles, line.tax_id or "", emails=emails, phones=phones)
		by_hand = (line.payout or matching.NO_PAYOUT) if line.by_hand else None
		yield matching.Line(
			line.row,
			money(line.amount, currency),
			_united(person_values(person, rules), company_values(company, rules)),
			line.reference or None,
			line.on_date and getdate(line.on_date),
			by_hand,
		)


def _words(text: str | None) -> tuple[str, ...]:
	return tuple((text or "").splitlines())


def _united(*cards: Values) -> dict[str, tuple[str, ...]]:
	"""The values of a person and of his company, since a list of payouts says either."""
	found: dict[str, dict[str, None]] = {}
	for card in cards:
		for name, values in card.items():
			found.setdefault(name, {}).update(dict.fromkeys(values))
	return {name: tuple(values) for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class Due:
	client_title: str
	matched: matching.Due


def _dues_of(statement: Document) -> list[Due]:
	"""The programme's payouts that were not rejected, each less what takes it back."""
	payout = frappe.qb.DocType(PAYOUT)
	rows = (
		frappe.qb.from_(payout)
		.select(payout.name, payout.root, payout.amount, payout.client_title, payout.contact)
		.select(payout.counterparty, payout.deal, payout.lead)
		.select(payout.won_on, payout.instalment, payout.payment)
		.select(only(~blank(payout.payment), payout.terms).as_("terms"))
		.where((payout.program == statement.program) & (payout.company == statement.company))
		.where((payout.currency == statement.currency) & (payout.status != REJECTED))
		.orderby(payout.name)
		.run(as_dict=True)
	)
	net: dict[str, Decimal] = {}
	for row in rows:
		root = row.root or row.name
		net[root] = net.get(root, Decimal(0)) + money(row.amount, statement.currency)
	firsts = [row for row in rows if (row.root or row.name) == row.name]
	people = _values_of("Contact", [row.contact for row in firsts])
	companies = _values_of("Counterparty", [row.counterparty for row in firsts])
	first, last = getdate(statement.from_date), getdate(statement.to_date)
	elsewhere = _listed_elsewhere(statement)
	earned = {row.name: payout_book.earned_on(row) for row in firsts}
	return [
		Due(
			row.client_title,
			matching.Due(
				row.name,
				net[row.name],
				_united(people.get(row.contact, {}), companies.get(row.counterparty, {})),
				frozenset(filter(None, (row.name, row.deal, row.lead))),
				earned[row.name],
				bool(earned[row.name] and first <= earned[row.name] <= last),
				row.name in elsewhere,
			),
		)
		for row in firsts
	]


def _listed_elsewhere(statement: Document) -> set[str]:
	"""The payouts for which other statements of the programme have lines."""
	line, other = frappe.qb.DocType(LINE), frappe.qb.DocType(STATEMENT)
	found = (
		frappe.qb.from_(line)
		.join(other)
		.on(line.parent == other.name)
		.select(line.payout)
		.distinct()
		.where((other.program == statement.program) & (other.company == statement.company))
		.where((other.name != statement.name) & (line.row > 0) & (line.result != matching.REFUSED))
		.where(~blank(line.payout))
		.orderby(line.payout)
	)
	return set(found.run(pluck=True))


def _values_of(doctype: str, cards: Sequence[str | None]) -> dict[str, Values]:
	names = sorted(set(filter(None, cards)))
	return dict(zip(names, near_matches.values_of(doctype, names), strict=True))


# Reading


def start(name: str) -> str:
	"""Reads the file of a statement, at once or in the background; returns the statement's status.

	What a person has decided about a row stays with it when the same file is read again.
	"""
	statement = frappe.get_doc(STATEMENT, name, for_update=True)
	statement.check_permission("write")
	found = _read(statement)
	if len(found.lines) <= AT_ONCE:
		_keep(statement, found)
		return statement.status
	statement.db_set({"status": READING, "problems": None}, notify=True)
	frappe.enqueue(
		"partner_crm.services.program_statements.read_in_background",
		queue="long",
		job_id=f"partner_crm_read_{name}",
		deduplicate=True,
		enqueue_after_commit=True,
		name=name,
	)
	return READING


def read_in_background(name: str) -> None:
	"""Every statement ends as read or as *Not Readable*, in the language of whoever asked: a worker has the site's."""
	frappe.set_user_lang(frappe.session.user)
	statement = frappe.get_doc(STATEMENT, name, for_update=True)
	if statement.status != READING:
		return
	try:
		_keep(statement, _read(statement))
	except frappe.ValidationError as refusal:
		frappe.db.rollback()
		_give_up(statement, cstr(refusal))
	except Exception:
		frappe.db.rollback()
		about = {"reference_doctype": STATEMENT, "reference_name": name}
		frappe.log_error("Partner CRM: a programme's statement not read", **about)
		_give_up(
			statement,
			_(
				"Reading the file failed. Read it again; if that fails too, an administrator finds why in Error Log."
			),
		)


def _give_up(statement: Document, problem: str) -> None:
	statement.reload()
	statement.db_set({"status": NOT_READABLE, "problems": problem}, notify=True)


def _read(statement: Document) -> OwnersList:
	"""Raises `NotReadable`."""
	file = _file_of(statement)
	name = Path(file.file_name).name
	try:
		with TemporaryDirectory() as folder:
			# By itself: beside a text file the reader looks for lists of products and managers.
			path = Path(folder) / name
			path.symlink_to(Path(file.get_full_path()).resolve())
			found = owners_list.read_list(path, settings.identity().country, today=getdate())
	except UnreadableFile as error:
		told = {name: escape_html(cstr(value)) for name, value in error.params.items()}
		frappe.throw(_(error.sentence).format(**told), NotReadable)
	if not found.has_amounts:
		frappe.throw(
			_("No column of {0} is understood as amounts. Name it “Commission” or “Amount”.").format(
				frappe.bold(escape_html(name))
			),
			NotReadable,
		)
	if len(found.lines) > MOST_LINES:
		frappe.throw(
			_("The file has {0} rows, and {1} are the most that can be compared at once. Divide it.").format(
				len(found.lines), MOST_LINES
			),
			NotReadable,
		)
	return found


def _file_of(statement: Document) -> Document:
	"""The uploaded file, which the user may read. A web address or somebody else's file is refused."""
	for name in frappe.get_all("File", {"file_url": statement.file}, pluck="name", order_by="creation"):
		file = frappe.get_doc("File", name)
		if not file.is_remote_file and file.has_permission("read"):
			if not file.is_private:
				frappe.throw(
					_(
						"The file can be read by anybody. Upload it as private: it says what clients are worth."
					),
					NotReadable,
				)
			return file
	frappe.throw(_("There is no such file, or you may not read it. Upload the list."), NotReadable)


def _keep(statement: Document, found: OwnersList) -> None:
	decided = {line.row: line for line in statement.lines if line.row}
	settled = [line for line in statement.lines if not line.row]
	statement.set("lines", [])
	for line in found.lines:
		row = statement.append("lines", _columns_of(line, statement.currency))
		if was := decided.get(line.row):
			row.update({"is_settled": was.is_settled, "note": was.note, "by_hand": was.by_hand})
			row.payout = was.payout if was.by_hand else None
	for line in settled:
		statement.append("lines", {field: line.get(field) for field in ("row", *TYPED)})
	statement.problems = "\n".join(_notes(found)) or None
	statement.status = OPEN
	statement.flags.is_reading = True
	statement.save()


def _columns_of(line: StatementLine, currency: str) -> dict:
	refusal = _refusal_of(line, currency)
	columns = {
		"row": line.row,
		"result": matching.REFUSED if refusal else None,
		"client": line.client,
		"company_title": line.company,
		"tax_id": line.tax_id,
		"emails": "\n".join(line.emails),
		"phones": "\n".join(line.phones),
		"reference": line.reference,
		"on_date": line.on,
		"amount": line.amount,
		"currency": line.currency or currency,
		"said_status": line.status,
		"problem": "\n".join([*refusal, *(problem.text(_) for problem in line.problems)]),
	}
	return {name: _cut(name, value) for name, value in columns.items()}


def _refusal_of(line: StatementLine, currency: str) -> list[str]:
	"""Why a row can't be compared; nothing where it can."""
	if line.refusal:
		return [_REFUSALS[line.refusal]()]
	if line.currency and line.currency != currency:
		return [_("The amount is in {0}, and the programme pays in {1}.").format(line.currency, currency)]
	return []


_REFUSALS: Mapping[str, Callable[[], str]] = {
	owners_list.NO_AMOUNT: lambda: _("There is no amount in this row."),
	owners_list.NO_CLIENT: lambda: _("Nothing in this row says which client it is about."),
	owners_list.NO_CURRENCY: lambda: _("This row does not say in which currency the amount is."),
	owners_list.LEFT_OUT: lambda: _("Nothing in this row is understood."),
}


def _cut(name: str, value: object) -> object:
	longest = LONGEST.get(name)
	return value[:longest] if longest and isinstance(value, str) else value


def _notes(found: OwnersList) -> Iterator[str]:
	yield from (problem.text(_) for problem in found.notes)
	if found.unknown_columns:
		yield _("Columns that were not understood: {0}.").format(", ".join(found.unknown_columns))
