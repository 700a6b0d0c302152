"""The command line without a bench: `partner-crm audit FILE`."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from partner_crm import __version__
from partner_crm.texts import language, translate

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2

EXIT_CODES = "Exit status: 0 nothing found, 1 something found, 2 the file cannot be read."


def main(arguments: Sequence[str] | None = None) -> int:
	options = _parser().parse_args(arguments)
	return options.run(options)


def _parser() -> argparse.ArgumentParser:
	parser = argparse.ArgumentParser(
		prog="partner-crm",
		description="Keeps clients, deals and partners' money honest; nothing is sent anywhere.",
	)
	parser.add_argument("--version", action="version", version=__version__)
	commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

	audit = commands.add_parser(
		"audit",
		help="audit a spreadsheet of clients",
		description="Reads a spreadsheet of clients (xlsx, xls, ods, csv) and finds clients entered twice, cards incomplete for their "
		"stage, deals that went quiet and the penalties due, clients without a payout, the funnel and partner income.",
		epilog=EXIT_CODES,
	)
	audit.add_argument("file", metavar="FILE", type=Path)
	audit.add_argument(
		"--sheet", metavar="NAME", help="the sheet to read; else the one that looks most like a client base"
	)
	audit.add_argument(
		"--today", metavar="YYYY-MM-DD", type=_day, help="judge activity as of this day; else today"
	)
	audit.add_argument(
		"--country",
		metavar="XX",
		type=_country,
		help="how phone numbers without a country code are read; else guessed",
	)
	audit.add_argument(
		"--out",
		metavar="DIR",
		type=Path,
		help="where the page and the workbook go; else a folder beside you named after the file",
	)
	audit.add_argument(
		"--json", action="store_true", help="print one JSON object; writes files only with --out"
	)
	audit.set_defaults(run=_audit)
	return parser


def _day(text: str) -> date:
	try:
		return date.fromisoformat(text)
	except ValueError:
		raise argparse.ArgumentTypeError(f"{text!r} is not a day written as YYYY-MM-DD") from None


def _country(text: str) -> str:
	from phonenumbers import SUPPORTED_REGIONS

	if text.upper() not in SUPPORTED_REGIONS:
		raise argparse.ArgumentTypeError(f"{text!r} is not a country's two letters, such as RU or BG")
	return text.upper()


def _audit(options: argparse.Namespace) -> int:
	# Imported here so that --help and --version answer at once.
	from partner_crm import client_base
	from partner_crm.audit import run_audit, terminal

	# Rows, facts and findings hold no circles: looking for them costs a tenth of the time and frees nothing.
	gc.disable()
	lang = language()
	today = options.today or date.today()
	folder = options.out or (None if options.json else Path(f"{options.file.stem}-audit"))
	try:
		with terminal.Progress(lang) as progress:
			progress.step("Reading the file")
			base = client_base.read(options.file, sheet=options.sheet, country=options.country, today=today)
			audit, written = run_audit(base, today, lang, folder, progress.step)
	except client_base.UnreadableFile as error:
		print(translate(error.sentence, lang).format(**error.params), file=sys.stderr)
		return UNREADABLE
	if options.json:
		print(audit.to_json())
	else:
		terminal.show(audit, lang, written)
	return CLEAN if audit.is_clean else FINDINGS


if __name__ == "__main__":
	sys.exit(main())
