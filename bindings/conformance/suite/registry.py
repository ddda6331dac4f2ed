"""The table of cases."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from .languages import LANGUAGES

Columns = tuple[str, ...]

ONE: list[Columns] = [(language,) for language in LANGUAGES]
"""A case of one language: who plays the other side is of the same language."""
PAIRS: list[Columns] = list(itertools.product(LANGUAGES, LANGUAGES))
"""A case of a producer of the first language and a consumer of the second."""
TRIPLES: list[Columns] = [(*pair, consumer) for pair in [("rust", "python"), ("python", "c"), ("c", "rust")]
                          for consumer in LANGUAGES]  # fmt: skip
"""A case of two producers of different languages and one consumer."""
FANS: list[Columns] = [(producer, *LANGUAGES) for producer in LANGUAGES]
"""A case of one producer and three consumers, one of each language."""
BACKENDS = ("futex", "raw_sync")


@dataclass(frozen=True)
class Case:
    """A case, and which languages it is run with."""

    run: Callable
    theme: str
    columns: tuple[Columns, ...]
    backends: tuple[str, ...]
    lies: tuple[str, ...]
    leaves_files: bool = False

    @property
    def name(self) -> str:
        return self.run.__name__

    @property
    def about(self) -> str:
        return (self.run.__doc__ or "").strip().splitlines()[0].rstrip(".")


CASES: dict[str, Case] = {}


def case(
    columns: list[Columns],
    *,
    backends: tuple[str, ...] = BACKENDS,
    lies: tuple[str, ...] = (),
    leaves_files: bool = False,
) -> Callable:
    """Adds a case. ``lies``: those that an agent can tell and this case has to notice."""

    def add(run: Callable) -> Callable:
        if run.__name__ in CASES:
            raise ValueError(f"two cases are named {run.__name__}")
        theme = run.__module__.rpartition(".")[2]
        CASES[run.__name__] = Case(run, theme, tuple(columns), backends, lies, leaves_files)
        return run

    return add
