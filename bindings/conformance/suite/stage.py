"""What a case plays on: agents, channels of unique names, and the cleaning up afterwards."""

import itertools
import os
import time
from pathlib import Path

from .agent import Agent
from .checks import Checks
from .languages import command
from .registry import Case, Columns

SHM = Path("/dev/shm")
_numbers = itertools.count()


class Pool:
    """Agents that wait for the next case. An agent that was killed, or owes an answer, is not used again."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._environment = environment
        self._idle: dict[str, list[Agent]] = {}

    def take(self, language: str) -> Agent:
        idle = self._idle.setdefault(language, [])
        while idle:
            agent = idle.pop()
            if agent.idle:
                return agent
            agent.kill()
        return Agent(language, command(language), self._environment)

    def give_back(self, agent: Agent) -> None:
        agent.peers = []
        if agent.idle and agent.call("reset").ok:
            self._idle[agent.language].append(agent)
        else:
            agent.kill()

    def close(self) -> None:
        agents = [*itertools.chain(*self._idle.values())]
        self._idle.clear()
        for agent in agents:
            agent.end()


class Stage:
    """A case's agents, its channel and its checks."""

    def __init__(self, pool: Pool, columns: tuple[str, ...], backend: str) -> None:
        self.columns, self.backend, self.check = columns, backend, Checks()
        self.name = f"conformance-{os.getpid()}-{next(_numbers)}"
        self._pool, self._taken = pool, []
        self._keeper: Agent | None = None
        self.notes: list[str] = []
        """What the table's reader should know beside the number of checks."""

    def agent(self, language: str) -> Agent:
        """Another agent of this language."""
        agent = self._pool.take(language)
        agent.peers = self._taken
        self._taken.append(agent)
        return agent

    def agents(self) -> list[Agent]:
        """An agent for each column of the case."""
        return [self.agent(language) for language in self.columns]

    def channel(self, agent: Agent | None = None, **settings: object) -> str:
        """Creates the case's channel. Its handle is the agent's, by the id ``channel``."""
        settings = {"backend": self.backend, **settings}
        self._keeper = agent or self.agent(self.columns[0])
        self.check.ok(self._keeper.call("create", id="channel", name=self.name, **settings))
        return self.name

    def attach(self, role: str, agent: Agent, *, id: str = "", **fields: object) -> None:  # noqa: A002
        """Attaches a producer or a consumer. Its id is its role."""
        self.check.ok(agent.call(role, id=id or role, name=self.name, **fields))

    @property
    def path(self) -> Path:
        return SHM / f"ackcast.{self.name}"

    def stats(self, key: str) -> str:
        """A fact of the channel now, as its keeper reads it."""
        assert self._keeper is not None
        return self.check.ok(self._keeper.call("stats", id="channel"))[key]

    def until(self, what: str, condition, bound: float = 20.0) -> None:
        """Waits until the condition holds."""
        end = time.monotonic() + bound
        while not condition():
            self.check.that(time.monotonic() < end, f"{what}, within {bound} s")
            time.sleep(0.002)
        self.check.that(True, what)

    def close(self) -> list[str]:
        """Gives the agents back. Returns the names of the files that were left in /dev/shm, which it removes."""
        for agent in self._taken:
            try:
                self._pool.give_back(agent)
            except (AssertionError, OSError):
                agent.kill()
        left = [path for path in SHM.iterdir() if self.name in path.name]
        for path in left:
            path.unlink(missing_ok=True)
        return [path.name for path in left]


def play(case: Case, columns: Columns, backend: str, pool: Pool) -> tuple[int, list[str]]:
    """Plays a case. Returns the number of checks that have passed, and notes."""
    stage = Stage(pool, columns, backend)
    try:
        case.run(stage)
    finally:
        left = stage.close()
    if not case.leaves_files:
        stage.check.equal(left, [], "what is left in /dev/shm")
    return stage.check.passed, stage.notes
