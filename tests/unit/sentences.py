"""Collects every sentence that a person may see, by how it is written in the sources.

- the literal that is handed to a translating function: `_("...")`, `wording.text("...")`, `__("...")` in JavaScript;
- the words of a table that is handed to one: `_(LABELS[name])`;
- in the pure packages, which only return sentences: every literal that reads like one, a whole sentence or words with a
  {placeholder};
- the labels of report columns, figures, charts and groupings;
- labels, descriptions, choices and names in the JSON of the Frappe module, and the like in Python (custom fields);
- the funnel's own words: stages, what they need, the rules of discipline; segments; the titles of the master lists.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, nodes

from partner_crm.reports import segments
from partner_crm.rules import activity, stages

APP = Path(__file__).parents[2] / "partner_crm"

COMMAND_LINE = ("audit", "client_base", "cli.py")
SAYING_SENTENCES = ("rules", "reports", "client_base", "audit")

TRANSLATING_FUNCTIONS = frozenset({"_", "_lt", "translate", "progress"})
TRANSLATING_METHODS = frozenset({"text", "in_currency", "step"})
# The place of the label, or of what is full of labels, among the arguments.
LABELLED = {"Column": 1, "Figure": 0, "Dimension": 0, "Finding": 0, "Chart": 2}
BUILT = frozenset({"dist", "node_modules"})

WHOLE_SENTENCE = re.compile(r"[A-Z“{].* .*[.!?]", re.DOTALL)
WITH_PLACEHOLDER = re.compile(r"[^\n]*\{[a-z_]+\}[^\n]*")
IN_JAVASCRIPT = re.compile(r"""\b__\(\s*(["'`])(.+?)(?<!\\)\1""", re.DOTALL)

# What Frappe shows of a record that an app brings, besides the choices of a Select field.
SHOWN_KEYS = frozenset(
	{
		"label",
		"description",
		"group",
		"title",
		"subject",
		"subtitle",
		"success_message",
		"header",
		"empty_state",
		"role_name",
	}
)
NAMED_RECORDS = frozenset(
	{
		"DocType",
		"Report",
		"Workspace",
		"Number Card",
		"Dashboard Chart",
		"Dashboard",
		"Print Format",
		"Web Form",
	}
)


def of_the_command_line() -> set[str]:
	"""Everything that `partner-crm` can print or write."""
	return _with_letters(_in_files(COMMAND_LINE), _of_the_funnel())


def of_the_app() -> set[str]:
	"""Everything: the command line, the desk and the portal."""
	everything = sorted(path.name for path in APP.iterdir())
	return _with_letters(_in_files(everything), _of_the_funnel(), _of_the_master_lists(), segments.SEGMENTS)


def of_the_doctype(name: str) -> set[str]:
	"""What the form of one of our DocTypes shows."""
	folder = name.lower().replace(" ", "_")
	return set(_in_file(APP / "partner_crm" / "doctype" / folder / f"{folder}.json"))


def stage_table() -> list[stages.StageField]:
	"""Every row that asks something of a stage, whoever brings it."""
	return [
		*stages.shipped_stage_fields(),
		*(row for track in stages.TRACKS for row in stages.stage_conditions(track)),
		*stages.identity_fields(stages.AT_CREATION),
	]


def _with_letters(*collections: Iterable[str]) -> set[str]:
	"""Figures and signs, such as a choice of "11-50" or ">=", are the same in every language."""
	return {text for texts in collections for text in texts if any(map(str.isalpha, text))}


def _of_the_funnel() -> Iterator[str]:
	for track, line in stages.TRACKS.items():
		yield from (track, *line.stages)
	for row in stage_table():
		yield from (row.entity, row.label_en)
	for rule in activity.shipped_penalty_rules():
		yield rule.rule


def _of_the_master_lists() -> Iterator[str]:
	"""What the presets put into the lists whose titles Frappe translates, and the names of the boards."""
	for assignment in _constants(APP / "setup" / "presets.py").values():
		yield from _literals(assignment)
	for board in ast.literal_eval(_constants(APP / "setup" / "kanban_boards.py")["BOARDS"]):
		yield board["title"]


def _in_files(names: Iterable[str]) -> Iterator[str]:
	for name in names:
		for path in _files(APP / name):
			yield from _in_file(path)


def _files(path: Path) -> list[Path]:
	"""The sources under a path, without what was built or fetched there."""
	found = path.rglob("*.*") if path.is_dir() else [path]
	return sorted(file for file in found if BUILT.isdisjoint(file.parts))


@cache
def _in_file(path: Path) -> tuple[str, ...]:
	read = {
		".py": _in_python,
		".html": _in_template,
		".js": _in_javascript,
		".json": _in_json,
		".csv": _in_table,
	}
	return tuple(read[path.suffix](path)) if path.suffix in read else ()


# Python


def _in_python(path: Path) -> Iterator[str]:
	for node in ast.walk(_tree(path)):
		if isinstance(node, ast.Call):
			yield from _in_call(node, path)
		elif isinstance(node, ast.Dict):
			yield from _in_field(node)
	if path.relative_to(APP).parts[0] in SAYING_SENTENCES:
		for text in _spoken(_tree(path)):
			if WHOLE_SENTENCE.fullmatch(text) or (" " in text and WITH_PLACEHOLDER.fullmatch(text)):
				yield text


def _in_call(call: ast.Call, path: Path) -> Iterator[str]:
	name, method = getattr(call.func, "id", ""), getattr(call.func, "attr", "")
	if call.args and (name in TRANSLATING_FUNCTIONS or method in TRANSLATING_METHODS):
		yield from _said(call.args[0], path)
	elif len(call.args) > LABELLED.get(name, len(call.args)):
		labels = _literals(call.args[LABELLED[name]])
		# Beside labels stand the names of columns, which begin with a small letter.
		yield from (label for label in labels if label[:1].isupper())


def _said(argument: ast.expr, path: Path) -> Iterator[str]:
	"""The sentences that an argument of a translating function stands for."""
	match argument:
		case ast.Constant(value=str(text)):
			yield text
		case ast.IfExp(body=one, orelse=other):
			yield from _said(one, path)
			yield from _said(other, path)
		case (
			ast.Subscript(value=ast.Name(id=table))
			| ast.Call(func=ast.Attribute(value=ast.Name(id=table), attr="get"))
		):
			yield from _values(table, path)
		case ast.Name(id=name) if name.isupper():
			yield from _values(name, path)


def _values(name: str, path: Path) -> Iterator[str]:
	"""The texts that a constant of this module holds, or of the module of ours that it comes from."""
	constants = _constants(path)
	if name in constants:
		value = constants[name]
		yield from _literals(*value.values) if isinstance(value, ast.Dict) else _literals(value)
		return
	for node in ast.walk(_tree(path)):
		if isinstance(node, ast.ImportFrom) and any(
			name == (found.asname or found.name) for found in node.names
		):
			source = APP.parent.joinpath(*node.module.split(".")).with_suffix(".py")
			if source.is_file():
				yield from _values(name, source)


def _in_field(node: ast.Dict) -> Iterator[str]:
	"""The label, description and choices of a field that is defined in Python."""
	field = {
		key.value: value.value
		for key, value in zip(node.keys, node.values, strict=True)
		if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
	}
	if "fieldtype" in field:
		yield from _in_record(field)


@cache
def _tree(path: Path) -> ast.Module:
	return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _constants(path: Path) -> dict[str, ast.expr]:
	"""What a module assigns to names in capitals."""
	found = {}
	for node in _tree(path).body:
		targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
		for target in targets:
			if isinstance(target, ast.Name) and target.id.isupper() and node.value is not None:
				found[target.id] = node.value
	return found


def _literals(*parts: ast.AST) -> Iterator[str]:
	for part in parts:
		for node in ast.walk(part):
			if isinstance(node, ast.Constant) and isinstance(node.value, str):
				yield node.value


def _spoken(tree: ast.Module) -> Iterator[str]:
	"""The literals of a module, without its documentation and without the pieces of f-strings."""
	silent: set[ast.AST] = set()
	for node in ast.walk(tree):
		if isinstance(node, ast.Expr):
			silent.add(node.value)
		elif isinstance(node, ast.JoinedStr):
			silent.update(node.values)
	for node in ast.walk(tree):
		if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent:
			yield node.value


# Other files


def _in_template(path: Path) -> Iterator[str]:
	for call in Environment(autoescape=True).parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
		name, method = getattr(call.node, "name", ""), getattr(call.node, "attr", "")
		is_translated = name in TRANSLATING_FUNCTIONS or method in TRANSLATING_METHODS
		if is_translated and call.args and isinstance(call.args[0], nodes.Const):
			yield call.args[0].value


def _in_javascript(path: Path) -> Iterator[str]:
	for _quote, text in IN_JAVASCRIPT.findall(path.read_text(encoding="utf-8")):
		yield text


def _in_json(path: Path) -> Iterator[str]:
	yield from _in_record(json.loads(path.read_text(encoding="utf-8")))


def _in_record(record: object) -> Iterator[str]:
	if isinstance(record, list):
		for item in record:
			yield from _in_record(item)
	elif isinstance(record, dict):
		if record.get("doctype") in NAMED_RECORDS:
			yield record["name"]
		if record.get("fieldtype") == "Select":
			yield from filter(None, (record.get("options") or "").split("\n"))
		for key, value in record.items():
			if key in SHOWN_KEYS and isinstance(value, str) and value:
				yield value
			elif not isinstance(value, str):
				yield from _in_record(value)


def _in_table(path: Path) -> Iterator[str]:
	"""The columns of a table that are sentences: why a stage refuses."""
	with path.open(encoding="utf-8", newline="") as lines:
		for row in csv.DictReader(lines):
			yield from filter(None, (row.get("reason"),))
