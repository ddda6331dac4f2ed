"""What the tests have in common."""

import itertools
import os
from collections.abc import Iterator

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
