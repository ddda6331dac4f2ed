"""Collects what passed, and prints and writes the table."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from suite.page import Results  # noqa: E402
from suite.stage import Pool  # noqa: E402

_results = Results()


@pytest.fixture(scope="session")
def results() -> Results:
    return _results


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    pool = Pool()
    yield pool
    pool.close()


def pytest_terminal_summary(terminalreporter: object) -> None:
    terminalreporter.write_line("")
    for line in _results.summary():
        terminalreporter.write_line(line)
