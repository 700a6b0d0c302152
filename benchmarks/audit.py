"""`partner-crm audit` against reading the same file with python-calamine and touching every cell.

Both are whole processes, in turn, so that a machine whose speed drifts slows both. Bounds: 6x the reading and 600 MB at 100,000 rows,
page and workbook written; at 1,000,000 rows no more than 1.3x of that for each row.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client_bases import HEADINGS, write

READ = """
import sys
from python_calamine import CalamineWorkbook
touched = 0
for row in CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows():
	for cell in row:
		touched += cell != ""
assert touched
"""
PAIRS = 3


@dataclass(frozen=True, slots=True)
class Cost:
	"""Of one process: seconds on the clock, seconds of processor, peak memory in MB."""

	wall: float
	cpu: float
	megabytes: float


def run(quick: bool = False) -> None:
	small, large = (10_000, 100_000) if quick else (100_000, 1_000_000)
	with tempfile.TemporaryDirectory() as folder:
		per_row = {}
		for count, pairs in ((small, PAIRS), (large, 1)):
			path = Path(folder) / f"clients-{count}.xlsx"
			write(path, count)
			costs = [
				(_cost([sys.executable, "-c", READ, str(path)]), _audit(path, Path(folder)))
				for _ in range(pairs)
			]
			per_row[count] = statistics.median(audit.cpu for _read, audit in costs) / count
			wall, cpu = (
				statistics.median(getattr(audit, kind) / getattr(read, kind) for read, audit in costs)
				for kind in ("wall", "cpu")
			)
			peak = max(audit.megabytes for _read, audit in costs)
			print(
				f"audit of {count:,} rows x {len(HEADINGS)} columns, page and workbook written: {wall:.1f}x reading it on the clock, {cpu:.1f}x of"
				f" processor, {per_row[count] * 1e6:.0f} µs a row, {peak:.0f} MB"
			)
		print(f"cost of a row at {large:,} rows: {per_row[large] / per_row[small]:.2f}x of that at {small:,}")


def _audit(path: Path, folder: Path) -> Cost:
	command = [
		sys.executable,
		"-m",
		"partner_crm.cli",
		"audit",
		str(path),
		"--today",
		"2024-09-30",
		"--json",
		"--out",
		str(folder / "out"),
	]
	return _cost(command)


def _cost(command: list[str]) -> Cost:
	began = time.perf_counter()
	process = os.posix_spawn(
		command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
	)
	_process, status, usage = os.wait4(process, 0)
	if os.waitstatus_to_exitcode(status) not in (0, 1):
		raise SystemExit(f"{' '.join(command)} failed")
	kilobyte = 1024 if sys.platform != "darwin" else 1
	return Cost(
		time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * kilobyte / 1024**2
	)
