"""The report in a terminal: what was found in one screen, examples of each kind, and where the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.bar import Bar
from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import Progress as RichProgress
from rich.progress import TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from partner_crm.audit.findings import Audit
from partner_crm.audit.wording import KINDS, Wording

# Enough to recognise a kind of mistake; the workbook has them all.
EXAMPLES = 5
BAR_WIDTH = 30


class Progress:
	"""Tells on stderr what is being done, and is gone when it is done; silent where stderr is no terminal."""

	def __init__(self, lang: str):
		self._wording = Wording(lang)
		console = Console(stderr=True)
		# It is redrawn when there is news: a thread that redraws it would not survive into the work done beside.
		self._bar = RichProgress(
			TextColumn("{task.description}"),
			TextColumn("{task.fields[done]}"),
			TimeElapsedColumn(),
			console=console,
			transient=True,
			auto_refresh=False,
			disable=not console.is_terminal,
		)
		self._task = self._bar.add_task("", done="")

	def __enter__(self) -> Progress:
		self._bar.start()
		return self

	def __exit__(
		self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
	) -> None:
		self._bar.stop()

	def step(self, sentence: str, done: int | None = None) -> None:
		"""Now doing `sentence`, and with `done` rows of it."""
		counted = "" if done is None else self._wording.count(done)
		self._bar.update(self._task, description=self._wording.text(sentence), done=counted, refresh=True)


def show(audit: Audit, lang: str, written: Sequence[Path] = (), console: Console | None = None) -> None:
	"""Prints the report. Text from the file is shown as it is, never read as markup."""
	wording = Wording(lang)
	_ = wording.text
	console = console or Console(highlight=False, markup=False, emoji=False)
	about = _(
		"{rows} rows, judged as of {day}.", rows=wording.count(audit.rows), day=wording.day(audit.today)
	)
	if audit.sheet:
		about = f"{about} {_('Sheet: {sheet}.', sheet=audit.sheet)}"
	console.print(
		Panel(
			Text(about), title=Text(_("Audit of {file}", file=audit.file)), title_align="left", expand=False
		)
	)
	console.print(_totals(audit, wording))
	for part in (
		_income(audit, wording),
		_funnel(audit, wording),
		_channels(audit, wording),
		_examples(audit, wording),
	):
		if part:
			console.print()
			console.print(part)
	_notes(audit, wording, console)
	if written:
		console.print()
		for path in written:
			console.print(Text(_("Written: {path}", path=path)), soft_wrap=True)


def _totals(audit: Audit, wording: Wording) -> Table:
	table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
	table.add_column(justify="right")
	for heading, number, meaning in wording.totals(audit):
		style = "bold red" if number else "green"
		table.add_row(Text(wording.count(number), style), Text(heading, style), Text(meaning, "dim"))
	return table


def _table(title: str, *columns: str, numbers: Sequence[int] = ()) -> Table:
	table = Table(
		title=Text(title, "bold"),
		title_justify="left",
		box=None,
		pad_edge=False,
		header_style="dim",
		padding=(0, 2, 0, 0),
	)
	for index, column in enumerate(columns):
		table.add_column(Text(column), justify="right" if index in numbers else "left", overflow="fold")
	return table


def _share_bar(size: float, begin: float, end: float, style: str) -> Bar:
	return Bar(size=size, begin=begin, end=end, width=BAR_WIDTH, color=style)


def _funnel(audit: Audit, wording: Wording) -> Table | None:
	_ = wording.text
	if not audit.funnel:
		return None
	table = _table(
		_("Funnel"),
		_("Stage"),
		"",
		_("Ever entered"),
		_("Now in"),
		_("Amount now in"),
		_("Of all"),
		_("Went on"),
		numbers=(2, 3, 4, 5, 6),
	)
	widest = max((stage.entered for stage in audit.funnel), default=0) or 1
	for stage in audit.funnel:
		table.add_row(
			Text(_(stage.stage)),
			_share_bar(widest, 0, stage.entered, "blue"),
			wording.count(stage.entered),
			wording.count(stage.now),
			wording.money(stage.amount or None),
			wording.percent(stage.conversion),
			wording.percent(stage.to_next),
		)
	return table


def _income(audit: Audit, wording: Wording) -> Table | None:
	_ = wording.text
	if not audit.income:
		return None
	currency = audit.income[0].currency
	table = _table(
		_("Income by programme"),
		_("Programme"),
		"",
		_("Clients"),
		wording.in_currency("Expected", currency),
		wording.in_currency("Paid", currency),
		_("Share"),
		_("Running share"),
		numbers=(2, 3, 4, 5, 6),
	)
	before = 0.0
	for program in audit.income:
		running = float(program.running_share) if program.running_share is not None else before
		# The bars climb to 100 %; those that start below the 80 % line are the vital few.
		style = "bold" if before < 0.8 and program.running_share is not None else ""
		table.add_row(
			Text(program.program or _("No programme"), style),
			_share_bar(1, before, running, "cyan" if style else "bright_black"),
			wording.count(program.clients),
			wording.money(program.expected),
			wording.money(program.paid),
			wording.percent(program.share),
			wording.percent(program.running_share),
		)
		before = running
	return table


def _channels(audit: Audit, wording: Wording) -> Table | None:
	_ = wording.text
	if not audit.channels:
		return None
	table = _table(
		_("Conversion by channel"),
		_("Channel"),
		"",
		_("Leads"),
		_("Won"),
		_("Conversion"),
		_("Revenue"),
		numbers=(2, 3, 4, 5),
	)
	for channel in audit.channels:
		table.add_row(
			Text(channel.channel or _("No channel")),
			_share_bar(1, 0, float(channel.conversion or 0), "green"),
			wording.count(channel.leads),
			wording.count(channel.won),
			wording.percent(channel.conversion),
			wording.money(channel.revenue or None),
		)
	return table


def _examples(audit: Audit, wording: Wording) -> Group | None:
	"""The first findings of each kind."""
	by_kind: dict[str, list[tuple[str, str]]] = {}
	for kind, rows, sentence in wording.findings(audit):
		by_kind.setdefault(kind, []).append((wording.rows(rows), sentence))
	parts = []
	for kind in KINDS:
		findings = by_kind.get(kind)
		if not findings:
			continue
		table = _table(wording.text(kind), wording.text("Row"), "", numbers=(0,))
		for rows, sentence in findings[:EXAMPLES]:
			table.add_row(rows, Text(sentence))
		if len(findings) > EXAMPLES:
			table.add_row(
				"",
				Text(wording.text("and {count} more", count=wording.count(len(findings) - EXAMPLES)), "dim"),
			)
		parts += [table, ""]
	return Group(*parts[:-1]) if parts else None


def _notes(audit: Audit, wording: Wording, console: Console) -> None:
	lines = [note.message for note in audit.notes]
	if audit.unknown_columns:
		lines.insert(
			0,
			wording.text("Columns not understood: {columns}.", columns=wording.listed(audit.unknown_columns)),
		)
	if lines:
		console.print()
		console.print(Text(wording.text("What this file does not tell"), "bold"))
		for line in lines:
			console.print(Text(f"- {line}", "dim"), soft_wrap=False)
