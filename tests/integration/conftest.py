"""The fixtures are in tests/bench/plugin.py, which the browser's tests use too."""

import tests.bench.guard  # noqa: F401
