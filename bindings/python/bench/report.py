"""The tables, for a terminal and for the page."""

from statistics import mean, median

PAGE_TOP = """# Python: beside Queue, Pipe and the peers

Written by `bindings/python/bench/run --write`; [python.md](../python.md#how-fast-it-is) says what it means.
"""


NONE = "–"  # noqa: RUF001


class Results:
    """The readings of all rounds, and what other programs took of the processors meanwhile.

    Of each cell, the quieter half of its rounds counts, the same rounds for all participants.
    """

    def __init__(self, peers, cells):
        self.peers, self.cells = peers, cells
        self.found: dict = {}
        self.others: dict = {}
        self.failures: dict = {}

    def add(self, turn: int, peer, cell, reading: dict, others: float = 0.0) -> None:
        """A reading of a round, during which others took this part of the processors."""
        for key, value in reading.items():
            self.found.setdefault((peer, cell, key), {})[turn] = value
        self.others.setdefault((cell, turn), []).append(others)

    def fail(self, peer, cell, reason: str) -> None:
        self.failures.setdefault((peer, cell), []).append(reason)

    def quiet(self, cell) -> list[int]:
        """The rounds that count."""
        turns = [turn for place, turn in self.others if place is cell]
        turns.sort(key=lambda turn: mean(self.others[cell, turn]))
        return turns[: (len(turns) + 1) // 2]

    def readings(self, peer, cell, key) -> list[float]:
        found = self.found.get((peer, cell, key), {})
        return [found[turn] for turn in self.quiet(cell) if turn in found]

    def disturbance(self) -> str:
        """What others took, in the rounds that count."""
        parts = [mean(self.others[cell, turn]) for cell in self.cells for turn in self.quiet(cell)]
        return f"{mean(parts):.0%} of the processors, and {max(parts):.0%} at most" if parts else "nothing"

    def middle(self, peer, cell, key):
        """The median, or None where a round failed or there is no reading."""
        found = self.readings(peer, cell, key)
        return median(found) if found and (peer, cell) not in self.failures else None

    def spread(self, peer, cell, key):
        found = self.readings(peer, cell, key)
        return min(found), max(found)

    def columns(self):
        """Title, cell, key, and whether more is better."""
        for cell in self.cells:
            if cell.kind == "ping-pong":
                yield "p50", cell, "p50", False
                yield "p99", cell, "p99", False
            else:
                yield cell.title, cell, "rate", True

    def best(self, cell, key, more: bool, ours: bool):
        found = [(self.middle(peer, cell, key), peer) for peer in self.peers if peer.ours is ours]
        found = [(value, peer) for value, peer in found if value is not None]
        return (max if more else min)(found, key=lambda pair: pair[0], default=(None, None))


def rate(value: float) -> str:
    for unit, scale in (("M/s", 1e6), ("k/s", 1e3), ("/s", 1.0)):
        if value >= scale or scale == 1.0:
            number = value / scale
            return f"{number:.{0 if number >= 100 else 1 if number >= 10 else 2}f} {unit}"
    raise ValueError(value)


def duration(value: float) -> str:
    for unit, scale in (("ms", 1e6), ("µs", 1e3), ("ns", 1.0)):
        if value >= scale or scale == 1.0:
            number = value / scale
            return f"{number:.{0 if number >= 100 else 1 if number >= 10 else 2}f} {unit}"
    raise ValueError(value)


def shown(value, more: bool) -> str:
    return rate(value) if more else duration(value)


def table(results: Results, columns, spreads: bool) -> list[str]:
    """One row for each participant that has a figure in one of the columns."""
    lines = ["| | " + " | ".join(title for title, *_ in columns) + " |"]
    lines += ["| --- |" + " ---: |" * len(columns)]
    for peer in results.peers:
        texts = [text(results, peer, column, spreads) for column in columns]
        if any(text != NONE for text in texts):
            name = f"**{peer.row}**" if peer.ours else peer.row
            lines.append(f"| {name} | " + " | ".join(texts) + " |")
    return lines


def text(results: Results, peer, column, spreads: bool) -> str:
    _, cell, key, more = column
    if (peer, cell) in results.failures:
        return "failed"
    value = results.middle(peer, cell, key)
    if value is None:
        return NONE
    low, high = results.spread(peer, cell, key)
    figure = shown(value, more)
    best = value in (results.best(cell, key, more, True)[0], results.best(cell, key, more, False)[0])
    figure = f"**{figure}**" if best and spreads else figure
    return f"{figure} ({shown(low, more)} to {shown(high, more)})" if spreads and low != high else figure


def tables(results: Results, spreads: bool) -> list[str]:
    """Four tables: messages of each size, latency, frames."""
    columns = list(results.columns())
    groups = [
        ("Messages of 64 bytes a second", lambda cell: cell.size == 64 and cell.kind != "ping-pong"),
        ("Messages of 1 MiB a second", lambda cell: cell.size == 1 << 20),
        ("Ping-pong, 64 bytes: half of a round trip", lambda cell: cell.kind == "ping-pong"),
        ("NumPy frames of 8 MiB a second", lambda cell: cell.kind in ("stamped", "whole")),
    ]
    lines = []
    for title, belongs in groups:
        chosen = [column for column in columns if belongs(column[1])]
        if chosen:
            lines += [f"## {title}", "", *table(results, chosen, spreads), ""]
    return lines


def comparison(results: Results) -> list[str]:
    """The best of ours beside the best peer, for each column."""
    lines = ["## The best of ours beside the best peer", ""]
    lines += ["| | ours | by | the best peer | which | times as good |", "| --- | ---: | --- | ---: | --- | ---: |"]
    for title, cell, key, more in results.columns():
        (ours, our), (theirs, their) = (results.best(cell, key, more, which) for which in (True, False))
        if ours is None or theirs is None:
            continue
        factor = ours / theirs if more else theirs / ours
        name = title if more else f"{cell.title}, {title}"
        lines.append(
            f"| {name} | {shown(ours, more)} | {our.row.removeprefix('ackcast, ')} | {shown(theirs, more)} "
            f"| {their.row} | {factor:.2f} |"
        )
    return [*lines, ""]


def failures(results: Results) -> list[str]:
    if not results.failures:
        return []
    lines = ["## What failed", ""]
    for (peer, cell), reasons in results.failures.items():
        lines.append(f"- {peer.row}, {cell.title}: {len(reasons)} times; first: {reasons[0].splitlines()[-1]}")
    return [*lines, ""]


def ways(results: Results) -> list[str]:
    return ["## How each is used", ""] + [f"- **{peer.row}**: {peer.how}." for peer in results.peers] + [""]
