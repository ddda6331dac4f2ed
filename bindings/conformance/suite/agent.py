"""A process of some language that serves the runner's requests."""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence

from .wire import Line, parse

BOUND = 30.0
"""Upper bound on the time that an answer may take, in seconds. A call that takes longer hangs."""


class AgentFailed(AssertionError):
    """An agent died, hung, or did not understand: a failure of the test, and not of the run."""


class Agent:
    """An agent. ``ask`` sends a request, ``answer`` waits for its answer, ``call`` does both."""

    def __init__(
        self, language: str, command: Sequence[str], environment: dict[str, str] | None = None, bound: float = BOUND
    ) -> None:
        self.language = language
        self._bound = bound
        self._buffer = b""
        self._asked: list[Line] = []
        self.peers: list[Agent] = []
        """The other agents of the case. If one of them fails, an answer need not be waited for."""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def idle(self) -> bool:
        """It lives, and owes no answer."""
        return not self._asked and self._process.poll() is None

    def ask(self, verb: str, **fields: object) -> None:
        line = Line(verb, **fields)
        self._asked.append(line)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise AgentFailed(f"the {self.language} agent is gone: {self._end()}") from None

    def answer(self) -> Line:
        """The answer to the oldest request that has none."""
        assert self._process.stdout is not None
        asked, end = self._asked[0], time.monotonic() + self._bound
        while b"\n" not in self._buffer:
            peers = [peer for peer in self.peers if peer is not self and peer._owes_lines()]
            ready, _, _ = select.select([self, *peers], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                self.kill()
                late = f"no answer to `{str(asked)[:200]}` in {self._bound} s"
                raise AgentFailed(f"the {self.language} agent hangs: {late}")
            for agent in ready:
                agent._read()
        text, _, self._buffer = self._buffer.partition(b"\n")
        self._asked.pop(0)
        return self._understood(text, asked)

    def _owes_lines(self) -> bool:
        return bool(self._asked) and b"\n" not in self._buffer and not self._process.stdout.closed

    def _read(self) -> None:
        """Reads what is there. An agent that has ended, or has not understood, fails the case."""
        part = os.read(self.fileno(), 1 << 20)
        if not part:
            raise AgentFailed(f"the {self.language} agent ended at `{str(self._asked[0])[:200]}`: {self._end()}")
        self._buffer += part
        if b"\n" in self._buffer and self._buffer.startswith(b"misuse"):
            self._understood(self._buffer.partition(b"\n")[0], self._asked[0])

    def _understood(self, text: bytes, asked: Line) -> Line:
        line = parse(text.decode())
        line.language = self.language
        if line.verb not in ("ok", "error"):
            raise AgentFailed(f"the {self.language} agent says of `{str(asked)[:200]}`: {line}")
        return line

    def fileno(self) -> int:
        return self._process.stdout.fileno()

    def call(self, verb: str, **fields: object) -> Line:
        self.ask(verb, **fields)
        return self.answer()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self, bound: float = 10) -> None:
        """Ends the process by the end of its input. It closes its handles, and exits with status 0."""
        self._process.stdin.close()
        try:
            status = self._process.wait(bound)
        except subprocess.TimeoutExpired:
            status = f"none within {bound} s"
        self.kill()
        if status != 0:
            raise AgentFailed(f"the {self.language} agent ended with exit status {status}")

    def kill(self) -> None:
        """Kills the process by SIGKILL, and waits until the kernel has released all that it held."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _end(self) -> str:
        try:
            status = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "it has closed its output"
        return f"exit status {status}"
