"""Measures ackcast and its peers from Python, in one run: round by round, all participants in turn."""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import report
from machine import BUSY, TRIES, Others, Patience, leftovers, load, machine, versions
from measurement import Failed, measure
from peers.all import PEERS
from plan import CELLS, Plan

PAGE = Path(__file__).resolve().parents[3] / "docs" / "tables" / "python.md"


def arguments():
    parser = argparse.ArgumentParser(prog="bindings/python/bench/run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of short measurements: below a minute")
    parser.add_argument("--rounds", type=int, help="8, or 1 with --quick")
    parser.add_argument("--seconds", type=float, help="of a measurement: 0.15, or 0.05 with --quick")
    parser.add_argument("--only", default="", help="participants whose row contains one of these (a,b)")
    parser.add_argument("--cells", default="", help="columns whose title contains one of these (a,b)")
    parser.add_argument("--patience", type=float, help="seconds to wait for moments without other programs: 60, or 0")
    parser.add_argument("--write", action="store_true", help="write docs/tables/python.md")
    return parser.parse_args()


def chosen(all_of_them, wanted: str, name):
    words = [word for word in wanted.split(",") if word]
    return [one for one in all_of_them if not words or any(word in name(one) for word in words)]


def token() -> str:
    """The beginning of each name of this run."""
    return f"ackbench-{os.getpid()}"


def quietest(peer, plan: Plan, patience: Patience) -> tuple[dict, float]:
    """The reading of the quietest of a few tries, and what others took meanwhile."""
    tries = []
    for number in range(TRIES):
        patience.wait()
        began, others = time.monotonic(), Others()
        tries.append((measure(peer, replace(plan, token=f"{plan.token}-{number}")), others.part()))
        if tries[-1][1] < BUSY or patience.left <= 0:
            break
        patience.left -= time.monotonic() - began
    return min(tries, key=lambda found: found[1])


def run(results, rounds: int, seconds: float, patience: Patience) -> None:
    number = 0
    for turn in range(rounds):
        for cell in results.cells:
            for peer in results.peers:
                if not peer.takes(cell):
                    continue
                number += 1
                plan = Plan(cell, f"{token()}-{number}", seconds)
                try:
                    reading, others = quietest(peer, plan, patience)
                    results.add(turn, peer, cell, reading, others)
                except Failed as failed:
                    results.fail(peer, cell, str(failed))
            print(f"\rround {turn + 1} of {rounds}: {cell.title:50}", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 70 + "\r", end="", file=sys.stderr)


def main() -> int:
    options = arguments()
    rounds = options.rounds or (1 if options.quick else 8)
    seconds = options.seconds or (0.05 if options.quick else 0.15)
    results = report.Results(
        chosen(PEERS, options.only, lambda peer: peer.row), chosen(CELLS, options.cells, lambda cell: cell.title)
    )
    began, load_before = time.monotonic(), load()
    patience = options.patience if options.patience is not None else (0 if options.quick else 60)
    run(results, rounds, seconds, Patience(patience))
    head = [
        f"{machine()}; load average {load_before:.1f} before the run and {load():.1f} after it, which the run itself "
        f"raises.",
        f"{versions(results.peers)}.",
        f"{rounds} rounds, all participants in turn, {seconds} s each, processes where the kernel puts them; "
        f"{time.monotonic() - began:.0f} s in all.",
        f"The quieter half of the rounds counts, for each column the same ones. Meanwhile other programs took "
        f"{results.disturbance()}.",
        "Medians of these rounds, with the least and the most. Every message is compared with what was sent; a lost or "
        "wrong one would be `failed`. PyPI has no wheel of ringfire.",
    ]
    body = report.comparison(results) + report.failures(results)
    print("\n".join([*head, "", *report.tables(results, spreads=False), *body]))
    left = leftovers(token())
    print(f"left behind: {len(left)} files, such as {left[0]}" if left else "left behind: nothing")
    if options.write:
        page = [
            report.PAGE_TOP,
            *[text for line in head for text in (line, "")],
            *body,
            *report.tables(results, spreads=True),
        ]
        PAGE.write_text("\n".join([*page, *report.ways(results)]).rstrip() + "\n")
        print(f"written: {PAGE}")
    ours_failed = any(peer.ours for peer, _ in results.failures)
    return 1 if ours_failed else 0


if __name__ == "__main__":
    sys.exit(main())
