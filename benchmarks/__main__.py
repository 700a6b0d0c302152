"""`python -m benchmarks [--quick] [PART ...]`: every benchmark, one line a ratio."""

import argparse
import sys

from benchmarks import audit, nights, on_bench, payouts, reports

PARTS = ("audit", "nights", "payouts", "reports", *on_bench.PARTS)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--quick", action="store_true", help="a tenth of the rows: to see that everything runs")
parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(PARTS)}")
options = parser.parse_args()
if unknown := set(options.parts) - set(PARTS):
	parser.error(f"no such part: {', '.join(sorted(unknown))}")
chosen = options.parts or PARTS

if "audit" in chosen:
	audit.run(quick=options.quick)
failed = nights.run(options.quick, on_bench.server_options()) if "nights" in chosen else 0
if "payouts" in chosen:
	failed |= payouts.run(options.quick, on_bench.server_options())
if "reports" in chosen:
	failed |= reports.run(options.quick, on_bench.server_options())
if on_site := tuple(part for part in chosen if part in on_bench.PARTS):
	failed |= on_bench.run(quick=options.quick, parts=on_site)
sys.exit(failed)
