"""Pairs of cards that may be one client, as a reader may see them: only those of whose cards he sees both."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from pypika import Order

from partner_crm.permissions import access, seen
from partner_crm.rules.similarity import REASONS
from partner_crm.services import duplicates, pairs

MOST_SHOWN = 1000


def rows(
	doctype: str | None = None, status: str = pairs.OPEN, kind: str | None = None, lowest_score: float = 0
) -> list[dict[str, Any]]:
	"""The most alike first; `lowest_score` in percent."""
	doctypes = [doctype] if doctype in duplicates.DOCTYPES else duplicates.DOCTYPES
	found = [row for name in doctypes for row in _rows(name, status, kind, lowest_score / 100)]
	return sorted(found, key=lambda row: (not row["is_duplicate"], -row["score"], row["card"]))[:MOST_SHOWN]


def reasons_in_words(reasons: str | None) -> list[str]:
	return [
		_(REASONS[code]).format(card=card)
		for code, card in frappe.parse_json(reasons) or ()
		if code in REASONS
	]


def _rows(doctype: str, status: str, kind: str | None, lowest_score: float) -> list[dict[str, Any]]:
	stored = _query(doctype, status, kind, lowest_score).run(as_dict=True)
	titles = seen.titles(doctype, {card for row in stored for card in (row.card, row.other_card)})
	return [
		{
			"card_doctype": doctype,
			"card": row.card,
			"card_title": titles[row.card],
			"other_card": row.other_card,
			"other_title": titles[row.other_card],
			"kind": _(row.kind, context=pairs.DOCTYPE),
			"is_duplicate": row.kind == pairs.DUPLICATE,
			"score": round(row.score * 100, 1),
			"reasons": " ".join(reasons_in_words(row.reasons)),
			"status": _(row.status),
			"is_told_apart": row.status == pairs.TOLD_APART,
			"reason": row.reason,
		}
		for row in stored
		if row.card in titles and row.other_card in titles
	]


def _query(doctype: str, status: str, kind: str | None, lowest_score: float):
	pair = frappe.qb.DocType(pairs.DOCTYPE)
	query = frappe.qb.from_(pair).where((pair.card_doctype == doctype) & (pair.status == status))
	for alias, link in (("one_card", pair.card), ("another_card", pair.other_card)):
		card = frappe.qb.DocType(doctype).as_(alias)
		query = query.join(card).on(card.name == link)
		if (own := access.visible(doctype, card)) is not None:
			query = query.where(own)
	if kind:
		query = query.where(pair.kind == kind)
	query = query.where(pair.score >= lowest_score).orderby(pair.kind).orderby(pair.score, order=Order.desc)
	query = query.orderby(pair.name).limit(MOST_SHOWN)
	return query.select(
		pair.card, pair.other_card, pair.kind, pair.score, pair.reasons, pair.status, pair.reason
	)
