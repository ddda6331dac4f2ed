"""The fixture of the tests of the examples and of the page."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
collect_ignore = [] if find_spec("numpy") else ["frames.py"]


@pytest.fixture
def programs():
    from support import Programs

    return Programs()
