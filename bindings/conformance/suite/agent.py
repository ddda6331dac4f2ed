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

    def __init__(self, language: str, command: Sequence[str], environment: dict[str, str] | None = None) -> None:
        self.language = language
        self._buffer = b""
        self._asked: list[Line] = []
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

    def answer(self, bound: float = BOUND) -> Line:
        """The answer to the oldest request that has none."""
        assert self._process.stdout is not None
        asked, end = self._asked[0], time.monotonic() + bound
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                self.kill()
                raise AgentFailed(f"the {self.language} agent hangs: no answer to `{str(asked)[:200]}` in {bound} s")
            part = os.read(self._process.stdout.fileno(), 1 << 20)
            if not part:
                raise AgentFailed(f"the {self.language} agent ended at `{str(asked)[:200]}`: {self._end()}")
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\n")
        self._asked.pop(0)
        line = parse(text.decode())
        line.language = self.language
        if line.verb not in ("ok", "error"):
            raise AgentFailed(f"the {self.language} agent says of `{str(asked)[:200]}`: {line}")
        return line

    def call(self, verb: str, **fields: object) -> Line:
        self.ask(verb, **fields)
        return self.answer()

    def is_answering(self) -> bool:
        """Whether an answer has begun to come."""
        assert self._process.stdout is not None
        return bool(self._buffer or select.select([self._process.stdout], [], [], 0)[0])

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

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
