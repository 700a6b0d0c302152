"""What the guide says can be counted is what the DocTypes have."""

from __future__ import annotations

from pathlib import Path

import pytest

from partner_crm.reports.tables import TABLES
from tests.countable import countable, promised, table

GUIDE = Path(__file__).parents[2] / "docs" / "report-builder.md"

DOCTYPES = promised()


def test_the_guide_lists_what_can_be_counted():
	"""Where this fails, put `table()` into the guide."""
	assert table() in GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize("doctype", sorted(TABLES.keys() & DOCTYPES.keys()))
def test_the_facts_that_our_reports_count_by_can_be_counted_by_anybody(doctype):
	found = countable(DOCTYPES[doctype])
	of_one = {"name", "creation", DOCTYPES[doctype].get("title_field")}
	left = TABLES[doctype].columns.keys() - {*of_one, *found.groups, *found.averages, *found.dates}

	fields = {field["fieldname"]: field for field in DOCTYPES[doctype]["fields"]}
	assert [name for name in left if not _is_no_fact(fields[name])] == []


def _is_no_fact(field: dict) -> bool:
	"""Kept for our reports alone; freely typed; an amount that is also there in the company's currency."""
	is_typed = field["fieldtype"] == "Small Text" or field.get("options") == "Email"
	return field.get("hidden") or is_typed or field["fieldtype"] == "Currency"
