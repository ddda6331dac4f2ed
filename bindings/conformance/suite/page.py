"""The table of what passed: printed at the end, and written with `ACKCAST_BLESS=1`."""

import os
from collections import defaultdict

from .languages import LANGUAGES, ROOT, missing
from .registry import CASES, FANS, ONE, PAIRS, TRIPLES, Case, Columns

PAGE = ROOT.parents[1] / "docs" / "tables" / "conformance.md"
KINDS = [
    (ONE, "One language", "What each binding does by itself, or as the one that the case is about."),
    (PAIRS, "Two languages", "Producer → consumer, unless the case says what its two columns are."),
    (FANS, "One producer, a consumer of each language", "The producer's language → the consumers'."),
    (TRIPLES, "Two producers", "The producers' languages → the consumer's."),
]


def title(columns: Columns) -> str:
    if len(columns) == 1:
        return columns[0]
    if columns in FANS:
        return f"{columns[0]}→all"
    return "+".join(columns[:-1]) + "→" + columns[-1]


def kind_of(case: Case) -> list[Columns]:
    return next(columns for columns, _, _ in KINDS if tuple(columns) == case.columns)


def rows() -> list[str]:
    """The cases as the page has to list them."""
    return [f"| {case.name} | {case.about} |" for columns, _, _ in KINDS for case in of_kind(columns)]


def of_kind(columns: list[Columns]) -> list[Case]:
    return [case for case in CASES.values() if case.columns == tuple(columns)]


class Results:
    """The number of checks that passed, by case, languages and backend."""

    def __init__(self) -> None:
        self.passed: dict[tuple[str, Columns], int] = defaultdict(int)
        self.failed: set[tuple[str, Columns]] = set()
        self.notes: list[str] = []
        self.skipped: dict[str, int] = defaultdict(int)

    def cell(self, case: Case, columns: Columns) -> str:
        key = (case.name, columns)
        if key in self.failed:
            return "FAILED"
        return str(self.passed[key]) if key in self.passed else "-"

    def complete(self) -> bool:
        return not self.failed and all(
            (case.name, one) in self.passed for case in CASES.values() for one in case.columns
        )

    def table(self, columns: list[Columns]) -> list[str]:
        lines = ["| case | what it shows | " + " | ".join(title(one) for one in columns) + " |"]
        lines.append("| --- | --- |" + " ---: |" * len(columns))
        for case in of_kind(columns):
            cells = " | ".join(self.cell(case, one) for one in columns)
            lines.append(f"| {case.name} | {case.about} | {cells} |")
        return lines

    def total(self) -> int:
        return sum(self.passed.values())

    def summary(self) -> list[str]:
        if not (self.passed or self.failed or self.skipped):
            return []
        lines: list[str] = []
        for columns, heading, _ in KINDS:
            lines += [heading, *self.table(columns), ""]
        for reason, count in self.skipped.items():
            lines.append(f"SKIPPED: {count} tests, because {reason}")
        lines += self.notes
        cells = len(self.passed) + len(self.failed)
        lines.append(f"{self.total()} checks passed in {cells} cells of {len(CASES)} cases; {len(self.failed)} failed")
        return lines

    def bless(self) -> None:
        """Writes the page, if it was asked for, and every case was played in every language."""
        if os.environ.get("ACKCAST_BLESS") == "1" and self.complete():
            PAGE.write_text("\n".join(self.page()) + "\n")

    def page(self) -> list[str]:
        per_language = ", ".join(f"{language} in {self.by_language(language)}" for language in LANGUAGES)
        lines = [
            "# The conformance suite: what passed",
            "",
            "Written by `ACKCAST_BLESS=1 bindings/conformance/run --long`. The same cases hold for Rust, Python and C.",
            "A cell has the number of checks that passed, on both backends. Each participant is a process of its own.",
            f"{self.total()} checks of {len(CASES)} cases passed, and none failed: {per_language}.",
        ]
        for columns, heading, about in KINDS:
            lines += ["", f"## {heading}", "", about, "", *self.table(columns)]
        lines += ["", "## Kills at random moments", "", *(f"- {note}" for note in self.notes)]
        return lines

    def by_language(self, language: str) -> int:
        return sum(passed for (_, columns), passed in self.passed.items() if language in columns)


def present() -> list[str]:
    return [language for language in LANGUAGES if missing(language) is None]
