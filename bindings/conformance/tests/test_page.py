"""The page lists the cases that there are."""

from cases import __all__ as _themes  # noqa: F401  (the import fills the table)
from suite.page import PAGE, Results, rows


def stale(page: str) -> list[str]:
    """Rows that the page has and should not have, or should have and has not."""
    listed = {"|".join(line.split("|")[:3]) + "|" for line in page.splitlines() if line.startswith("| ")}
    listed = {line for line in listed if not line.startswith(("| case |", "| --- |"))}
    return sorted(listed ^ set(rows()))


def test_page_lists_every_case(results: Results) -> None:
    results.bless()
    assert stale(PAGE.read_text()) == [], "write it anew: ACKCAST_BLESS=1 bindings/conformance/run --long"


def test_stale_page_is_noticed() -> None:
    page = "\n".join(row + " 1 |" for row in rows())
    assert stale(page) == []
    assert len(stale(page.replace(rows()[0], ""))) == 1
    assert len(stale(page + "\n| removed_case | what it showed | 3 |")) == 1
