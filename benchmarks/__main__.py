"""`python -m benchmarks [--quick] [PART ...]`: every benchmark, one line a ratio."""

import argparse
import sys

from benchmarks import audit, on_bench

PARTS = ("audit", *on_bench.PARTS)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--quick", action="store_true", help="a tenth of the rows: to see that everything runs")
parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(PARTS)}")
options = parser.parse_args()
if unknown := set(options.parts) - set(PARTS):
	parser.error(f"no such part: {', '.join(sorted(unknown))}")
chosen = options.parts or PARTS

if "audit" in chosen:
	audit.run(quick=options.quick)
if on_site := tuple(part for part in chosen if part in on_bench.PARTS):
	sys.exit(on_bench.run(quick=options.quick, parts=on_site))
