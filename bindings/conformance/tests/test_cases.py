"""Plays every case with every language."""

import pytest

from cases import __all__ as _themes  # noqa: F401  (the import fills the table)
from suite.languages import missing
from suite.page import Results, title
from suite.registry import CASES, Case, Columns
from suite.stage import Pool, play

PLAYS = [
    pytest.param(case, columns, backend, id=f"{case.name}-{title(columns)}-{backend}")
    for case in CASES.values()
    for columns in case.columns
    for backend in case.backends
]


@pytest.mark.parametrize(("case", "columns", "backend"), PLAYS)
def test_case(case: Case, columns: Columns, backend: str, pool: Pool, results: Results) -> None:
    for language in columns:
        if reason := missing(language):
            results.skipped[f"{language}: {reason}"] += 1
            pytest.skip(f"{language}: {reason}")
    try:
        passed, notes = play(case, columns, backend, pool)
    except BaseException:
        results.failed.add((case.name, columns))
        raise
    results.passed[case.name, columns] += passed
    results.notes += notes
