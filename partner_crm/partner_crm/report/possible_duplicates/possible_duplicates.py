from __future__ import annotations

import frappe
from frappe import _

from partner_crm.services import pair_list, pairs


def execute(filters: dict | None = None) -> tuple:
	return PossibleDuplicates(frappe._dict(filters or {})).run()


class PossibleDuplicates:
	"""Pairs of cards that may be one client, for a reader who may see both."""

	def __init__(self, filters: frappe._dict):
		self.filters = filters
		self.rows = pair_list.rows(
			doctype=filters.card_doctype,
			status=filters.status or pairs.OPEN,
			kind=filters.kind,
			lowest_score=float(filters.lowest_score or 0),
		)

	def run(self) -> tuple:
		return self.columns(), self.rows, None, self.chart(), self.summary(), True

	def columns(self) -> list[dict]:
		columns = [
			("card_title", _("Card"), "Data", 180),
			("other_title", _("Other card"), "Data", 180),
			("kind", _("What it is"), "Data", 110),
			("score", _("Likeness"), "Percent", 90),
			("reasons", _("Reasons"), "Data", 380),
			("status", _("Status"), "Data", 110),
			("reason", _("Why they are two"), "Data", 160),
			("card_doctype", _("Document type"), "Data", 110),
		]
		links = [
			{
				"fieldname": name,
				"label": label,
				"fieldtype": "Dynamic Link",
				"options": "card_doctype",
				"width": 140,
			}
			for name, label in (("card", _("Card ID")), ("other_card", _("ID of the other card")))
		]
		return [
			{"fieldname": name, "label": label, "fieldtype": fieldtype, "width": width, "precision": 1}
			for name, label, fieldtype, width in columns
		] + links

	def chart(self) -> dict | None:
		if not self.rows:
			return None
		steps = ((90, 101), (80, 90), (70, 80), (60, 70), (0, 60))
		return {
			"data": {
				"labels": [f"{low}–{min(high, 100)} %" for low, high in steps],
				"datasets": [
					{
						"name": _("Pairs of cards"),
						"values": [
							sum(low <= row["score"] < high for row in self.rows) for low, high in steps
						],
					}
				],
			},
			"type": "bar",
		}

	def summary(self) -> list[dict]:
		duplicates = sum(row["is_duplicate"] for row in self.rows)
		return [
			{"label": _("Duplicates"), "value": duplicates, "datatype": "Int", "indicator": "Red"},
			{"label": _("Near matches"), "value": len(self.rows) - duplicates, "datatype": "Int"},
		]
