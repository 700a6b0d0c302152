"""On any site, every report equals a count record by record."""

from __future__ import annotations

from random import Random

import pytest
import reports_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.reports.filters import Filters

# A site of a dozen documents, forty times over, finds what a larger one would, and quicker.
MODEST = settings(max_examples=40, deadline=None)

# By seed: drawing each value from hypothesis takes longer than all reports together.
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("module", reference.CHECKS)
@MODEST
@given(seed=seeds)
def test_a_report_equals_a_count_record_by_record(module, seed):
	random = Random(seed)
	site, chosen = reference.a_site(random), reference.any_filters(random, module)
	reference.CHECKS[module](site.run(module, chosen), site, chosen)


@pytest.mark.parametrize("module", reference.CHECKS)
def test_empty_site(module):
	site = reference.Site()
	for groups in ((), module.GROUPS[:1]):
		report = site.run(module, Filters(group_by=groups))
		fieldnames = [column.fieldname for column in report.columns]
		assert len(set(fieldnames)) == len(fieldnames)
		assert all(set(row) == set(fieldnames) for row in (*report.rows, report.totals))
		assert all(not value for row in report.rows for name, value in row.items() if name != "stage")
