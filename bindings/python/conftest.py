"""What the tests have in common."""

import itertools
import os
import signal
from collections.abc import Iterator
from types import FrameType

import ackcast
import pytest

_numbers = itertools.count()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    """A channel's name that no other test has. Its file is removed even if the test fails."""
    test = "".join(c if c.isalnum() else "-" for c in request.node.name)[:100]
    name = f"py-{test}-{os.getpid()}-{next(_numbers)}"
    yield name
    path = f"/dev/shm/ackcast.{name}"
    if os.path.exists(path):
        os.unlink(path)


class Hung(BaseException):
    """A test took too long. No `except Exception` catches it."""


@pytest.fixture(autouse=True)
def bounded(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that hangs fails, and the next one runs: every wait of the package is ended by a signal handler."""
    marker = request.node.get_closest_marker("seconds")
    seconds = marker.args[0] if marker else 30

    def fail(_signal: int, _frame: FrameType | None) -> None:
        raise Hung(f"the test took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def attached(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> Iterator[None]:
    """What an example in the documentation has: a `channel` of 4 slots, its `name`, a `producer` and a `consumer`."""
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    name = request.getfixturevalue("name")
    with ackcast.Channel.create(name, slots=4) as channel:
        producer, consumer = ackcast.Producer(name), ackcast.Consumer(name)
        doctest_namespace.update(ackcast=ackcast, channel=channel, name=name, producer=producer, consumer=consumer)
        yield
        doctest_namespace.clear()
