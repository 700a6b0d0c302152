"""What people may count by and add up in the report builder: read from the DocTypes themselves.

Frappe's report builder groups by a Select, Link, Check or Data and adds up numbers; its charts run over dates. Of our
fields those are meant for it that a person sees. A Data is text, and one text is nobody's group: only those count
that our own reports group by. Amounts are added up in the company's currency; those that are kept only in the
document's own (`in_own_currency`) want a filter by currency, or roubles are added to dollars.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partner_crm import reports
from partner_crm.reports.tables import TABLES

FILES = Path(reports.__file__).parents[1] / "partner_crm" / "doctype"
CONTRACT = Path(__file__).parent / "unit" / "data" / "contract.csv"
COMPANYS_CURRENCY = "Company:company:default_currency"
RATES = {
	"conversion_rate",
	"rate",
	"share",
	"probability",
	"icp_score",
	"score",
	"threshold",
	"instalment",
	"nth",
}
"""Numbers of which there is an average and no sum."""


def built_reports() -> list[str]:
	"""The reports that the app ships made in the report builder."""
	records = (
		json.loads(file.read_text(encoding="utf-8")) for file in (FILES.parent / "report").glob("*/*.json")
	)
	return sorted(record["name"] for record in records if record["report_type"] == "Report Builder")


@dataclass(frozen=True, slots=True)
class Countable:
	"""Fieldnames, in the order of the form."""

	groups: tuple[str, ...]
	sums: tuple[str, ...]
	averages: tuple[str, ...]
	dates: tuple[str, ...]
	in_own_currency: frozenset[str]


def promised() -> dict[str, dict[str, Any]]:
	"""Our DocTypes of the contract that have a list, as their files have them."""
	with CONTRACT.open(encoding="utf-8") as lines:
		named = dict.fromkeys(row["doctype"] for row in csv.DictReader(lines))
	found = {}
	for name in named:
		folder = name.lower().replace(" ", "_")
		file = FILES / folder / f"{folder}.json"
		if file.exists():  # Contact is Frappe's
			doctype = json.loads(file.read_text(encoding="utf-8"))
			if not (doctype.get("istable") or doctype.get("issingle")):
				found[name] = doctype
	return found


def countable(doctype: Mapping[str, Any]) -> Countable:
	shown = [field for field in doctype["fields"] if not field.get("hidden") and not field.get("report_hide")]
	names = {field["fieldname"] for field in shown}
	own = {field["fieldname"] for field in shown if _is_in_own_currency(field, names)}
	numbers = [field["fieldname"] for field in shown if _is_number(field) or field["fieldname"] in own]
	return Countable(
		tuple(field["fieldname"] for field in shown if _is_group(doctype, field)),
		tuple(name for name in numbers if name not in RATES),
		tuple(numbers),
		tuple(field["fieldname"] for field in shown if field["fieldtype"] in ("Date", "Datetime")),
		frozenset(own),
	)


def _is_number(field: Mapping[str, Any]) -> bool:
	if field["fieldtype"] == "Currency":
		return field.get("options") == COMPANYS_CURRENCY
	return field["fieldtype"] in ("Int", "Float", "Percent", "Duration")


def _is_in_own_currency(field: Mapping[str, Any], names: set[str]) -> bool:
	is_amount = field["fieldtype"] == "Currency" and field.get("options") != COMPANYS_CURRENCY
	return is_amount and f"base_{field['fieldname']}" not in names


def _is_group(doctype: Mapping[str, Any], field: Mapping[str, Any]) -> bool:
	if field["fieldtype"] != "Data":
		return field["fieldtype"] in ("Select", "Link", "Dynamic Link", "Check")
	name = field["fieldname"]
	is_read = doctype["name"] in TABLES and name in TABLES[doctype["name"]].columns
	return is_read and not field.get("options") and name != doctype.get("title_field")


def table() -> str:
	"""What can be counted, as docs/report-builder.md has it: labels as a person reads them."""
	lines = ["| document | count by | add up | over time |", "|---|---|---|---|"]
	for name, doctype in promised().items():
		found = countable(doctype)
		labels = {field["fieldname"]: field["label"] for field in doctype["fields"] if field.get("label")}
		own = {column: f"{labels[column]}\\*" for column in found.in_own_currency}
		cells = [
			"; ".join(({**labels, **own})[column] for column in columns)
			for columns in (found.groups, found.sums, found.dates)
		]
		lines.append(f"| {name} | {' | '.join(cells)} |")
	return "\n".join(lines)
