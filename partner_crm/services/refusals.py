"""How a refusal is worded: everything that is missing at once, by entity, with the labels that the user sees."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html

from partner_crm.rules.stages import Missing


class StageRefused(frappe.ValidationError):
	"""A change of stage that does not exist or leaves something out, or a save that takes away what a stage needs."""


def label_of(missing: Missing) -> str:
	return missing.label_ru if frappe.local.lang == "ru" and missing.label_ru else _(missing.label_en)


def reason_of(missing: Missing) -> str:
	return _(missing.reason).format(label=label_of(missing))


def describe(missing: Missing) -> dict[str, str]:
	"""One missing thing as the API tells it."""
	return {
		"entity": missing.entity,
		"fieldname": missing.field,
		"label": label_of(missing),
		"reason": reason_of(missing),
	}


def as_list(missing: Iterable[Missing]) -> str:
	"""One line for each, those of one entity together."""
	by_entity: dict[str, list[str]] = {}
	for gap in missing:
		by_entity.setdefault(gap.entity, []).append(f"{escape_html(_(gap.entity))}: {_in_a_line(gap)}")
	return bullets(chain.from_iterable(by_entity.values()))


def _in_a_line(gap: Missing) -> str:
	label = frappe.bold(escape_html(label_of(gap)))
	sentence = escape_html(_(gap.reason))
	return sentence.format(label=label) if "{label}" in gap.reason else f"{label} – {sentence}"


def bullets(lines: Iterable[str]) -> str:
	return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


def name_of(doc: Document) -> str:
	"""The document as its reader knows it: by its title, else its name, else its kind."""
	title = doc.get(doc.meta.get_title_field()) or doc.name or _(doc.doctype)
	return frappe.bold(escape_html(title))
