"""`python -m benchmarks [--quick]`: every benchmark, one line a ratio."""

import argparse

from benchmarks import audit

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--quick", action="store_true", help="a tenth of the rows: to see that everything runs")
options = parser.parse_args()

audit.run(quick=options.quick)
