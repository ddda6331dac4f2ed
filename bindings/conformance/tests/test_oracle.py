"""The suite notices lies: of an agent that loses, doubles, swaps or tears a message, or names another error."""

import pytest

from cases import __all__ as _themes  # noqa: F401  (the import fills the table)
from cases.common import STREAM
from suite.agent import Agent
from suite.languages import command, missing
from suite.registry import CASES, Case, Columns
from suite.stage import Pool, play

BOUND = 1.5
"""A lie may keep an agent waiting for a message that does not come. That is noticed after so many seconds."""


class LyingPool(Pool):
    """Its agent number `liar` lies, and the others do not."""

    def __init__(self, liar: int, lie: str) -> None:
        super().__init__()
        self._liar, self._lie, self._taken = liar, lie, 0

    def take(self, language: str) -> Agent:
        lies = {"ACKCAST_AGENT_LIE": self._lie} if self._taken == self._liar else {}
        self._taken += 1
        return Agent(language, command(language), lies, BOUND)

    def give_back(self, agent: Agent) -> None:
        if agent.idle:
            agent.call("reset")  # a handle that is dropped removes its name
        agent.kill()


def columns_of(case: Case) -> Columns:
    """Languages of the case, so that a Rust agent, which can lie, is the first and the last one."""
    return next(one for one in case.columns if one[0] == "rust" and "rust" in (one[-1], one[1:2][0] if one[1:] else ""))


def is_noticed(case: Case, liar: int, lie: str) -> bool:
    pool = LyingPool(liar, lie)
    try:
        play(case, columns_of(case), case.backends[0], pool)
    except AssertionError as error:
        print(f"{case.name}, agent {liar}, {lie}: {error}")
        return True
    return False


LIES = [pytest.param(case, lie, id=f"{case.name}-{lie}") for case in CASES.values() for lie in case.lies]


@pytest.mark.parametrize(("case", "lie"), LIES)
def test_lie_is_noticed(case: Case, lie: str) -> None:
    columns = columns_of(case)
    for language in columns:
        if reason := missing(language):
            pytest.skip(f"{language}: {reason}")
    liars = [at for at, language in enumerate(columns * 2 if len(columns) == 1 else columns) if language == "rust"]
    noticed = [is_noticed(case, liar, lie) for liar in liars]
    # A lie in a stream has to be noticed on either side. In the other cases only one side says what the case is about.
    assert all(noticed) if case.lies == STREAM else any(noticed)


def test_every_lie_is_told() -> None:
    told = {lie for case in CASES.values() for lie in case.lies}
    assert told == {*STREAM, "error"}


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.lies], ids=lambda case: case.name)
def test_honest_agent_passes(case: Case) -> None:
    for language in columns_of(case):
        if reason := missing(language):
            pytest.skip(f"{language}: {reason}")
    assert not is_noticed(case, -1, "none")
