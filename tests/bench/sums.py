"""After every test the sums of reports tell what the documents tell, so whatever the app does leaves its notes.

A test that itself writes leads, deals, payouts, claims or their log by statements, past the documents, proves nothing
about that and is let pass; what it leaves behind is noted for those after it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import frappe

import tests
from partner_crm.services import rollups

TESTS = str(Path(tests.__file__).parent)
APP = str(Path(rollups.__file__).parents[1])
BY_DOCUMENT = frozenset({"insert", "save", "delete_doc", "rename_doc", "reload_doc", "make_row"})
WRITTEN = re.compile(
	rf"\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b.*?`tab(?:{'|'.join((*rollups.FACTS, 'Stage Change'))})`",
	re.IGNORECASE | re.DOTALL,
)


@contextmanager
def told_as_the_documents_tell(*, stays: bool) -> Iterator[list[str]]:
	"""Gives a list that has, once it is left, what differs. `stays`: what the test has committed is there for the next."""
	differing: list[str] = []
	past_documents: list[str] = []
	original = frappe.db.sql

	def watched(query, *args, **kwargs):
		if WRITTEN.match(str(query)) and _is_by_statement(str(query)):
			past_documents.append(str(query))
		return original(query, *args, **kwargs)

	frappe.db.sql = watched
	yield differing
	frappe.db.sql = original
	if past_documents and stays:
		rollups.distrust()
		frappe.db.commit()
	elif not past_documents and frappe.db.table_exists(rollups.NOTE, cached=False):  # the app is still there
		differing += rollups.check()


def reckon_all() -> None:
	"""As the scheduler does, but in this transaction."""
	for rollup in rollups.ROLLUPS.values():
		rollups._reckon(rollup, None)
	frappe.db.delete(rollups.NOTE)


def _is_by_statement(query: str) -> bool:
	"""Whether a test sends this statement with nothing but Frappe's database in between."""
	by_document = BY_DOCUMENT - {"make_row"} if "`tabStage Change`" in query else BY_DOCUMENT
	frame = sys._getframe(2)
	while frame:
		if frame.f_code.co_name in by_document or frame.f_code.co_filename.startswith(APP):
			return False
		if frame.f_code.co_filename.startswith(TESTS):
			return True
		frame = frame.f_back
	return False
