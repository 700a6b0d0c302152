PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test unit lint bench integration browser bench-up bench-down desk clean

# Sets up its own environment, then audits the client bases in examples/.
demo: $(STAMP)
	@for base in examples/*.csv examples/*.xlsx; do \
		$(BIN)/partner-crm audit $$base --today 2024-09-30 --out build/demo || [ $$? -eq 1 ] || exit 1; \
	done

# Everything; the suites that need a bench are skipped in one line where there is none (REQUIRE_BENCH=1: fail).
test: $(STAMP) lint
	@$(BIN)/python -m tests.bench test

unit: $(STAMP)
	$(BIN)/python -m pytest tests/unit

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# On a throw-away site of the bench found: $FRAPPE_BENCH, where this checkout is installed, or ~/frappe-bench.
integration: $(STAMP)
	@$(BIN)/python -m tests.bench pytest tests/integration

browser: $(STAMP)
	@$(BIN)/python -m tests.bench pytest tests/browser

# Between these two, runs share one database server and hand clean sites on to each other: a run then starts in seconds.
bench-up: $(STAMP)
	@$(BIN)/python -m tests.bench up

bench-down: $(STAMP)
	@$(BIN)/python -m tests.bench down

# The demonstration site in the desk, until Ctrl-C.
desk: $(STAMP)
	@$(BIN)/python -m tests.bench desk

# Ratios against a floor or a peer in the same run.
bench: $(STAMP)
	$(BIN)/python -m benchmarks

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed; try make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

clean:
	@test ! -f .cache/bench/up.json || $(PYTHON) -m tests.bench down
	rm -rf $(VENV) .cache .hypothesis .pytest_cache .ruff_cache
