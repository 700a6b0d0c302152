"""The page: one HTML file with its charts in it, to be opened, printed or mailed; it loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, PackageLoader

from partner_crm.audit.findings import Audit, ProgramIncome
from partner_crm.audit.wording import Wording

# Longer lists are in the workbook, where they can be filtered; a page of 50,000 lines helps nobody.
LISTED = 200
# A chart of more bars than this cannot be read; the tables below it are complete.
CHARTED = 20
WIDTH, HEIGHT = 720, 280
# How wide a letter of a label is, in the same units.
LETTER = 7.5


@dataclass(frozen=True, slots=True)
class Bar:
	"""One bar of a chart, in the chart's own units; `line_y` is where the running share passes."""

	label: str
	title: str
	x: float
	y: float
	width: float
	height: float
	line_y: float | None = None
	is_vital: bool = False


def render(audit: Audit, lang: str) -> str:
	"""The page as text. Everything that came from the file is escaped."""
	wording = Wording(lang)
	environment = Environment(
		loader=PackageLoader("partner_crm.audit", "templates"),
		autoescape=True,
		trim_blocks=True,
		lstrip_blocks=True,
	)
	environment.filters.update(
		money=wording.money, count=wording.count, percent=wording.percent, day=wording.day
	)
	return environment.get_template("page.html").render(
		_=wording.text,
		audit=audit,
		lang=lang,
		direction="rtl" if wording.is_right_to_left else "ltr",
		wording=wording,
		listed=LISTED,
		tiles=wording.totals(audit),
		income_bars=income_bars(audit.income, from_the_right=wording.is_right_to_left),
		vital=vital_few(audit.income),
		width=WIDTH,
		height=HEIGHT,
	)


def write_page(audit: Audit, path: Path, lang: str) -> None:
	path.write_text(render(audit, lang), encoding="utf-8")


def vital_few(income: Sequence[ProgramIncome], line: Decimal = Decimal("0.8")) -> Sequence[ProgramIncome]:
	"""The few programmes that together bring `line` of the income, largest first (the 80 % line of seed "How a partner keeps his clients")."""
	few = []
	for program in income:
		if program.running_share is None:
			break
		few.append(program)
		if program.running_share >= line:
			break
	return few


def income_bars(income: Sequence[ProgramIncome], from_the_right: bool = False) -> list[Bar]:
	"""Bars of income by programme, largest first, and the running share over each on the same scale: a Pareto chart.

	It is read like a line of text, so in some languages its first bar stands at the right.
	"""
	shown = [program for program in income[:CHARTED] if program.share is not None and program.share > 0]
	if not shown:
		return []
	few = {program.program for program in vital_few(income)}
	step = WIDTH / len(shown)
	places = reversed(range(len(shown))) if from_the_right else range(len(shown))
	return [
		Bar(
			label=_shortened(program.program or "", int(step / LETTER)),
			title=program.program or "",
			x=round(place * step + step * 0.15, 1),
			y=round(HEIGHT - float(program.share) * HEIGHT, 1),
			width=round(step * 0.7, 1),
			height=round(float(program.share) * HEIGHT, 1),
			line_y=round(HEIGHT - float(program.running_share) * HEIGHT, 1),
			is_vital=program.program in few,
		)
		for place, program in zip(places, shown, strict=True)
	]


def _shortened(text: str, letters: int) -> str:
	return text if len(text) <= letters else text[: max(letters - 1, 1)].rstrip() + "…"
