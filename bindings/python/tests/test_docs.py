"""The documentation, whose examples pytest runs by itself, and the type stubs."""

import importlib.util
import pathlib
import subprocess
import sys

import ackcast
import pytest


def documented():
    for kind in (ackcast.Channel, ackcast.Producer, ackcast.Consumer, ackcast.Borrow, ackcast.Loan):
        yield kind.__name__, kind.__doc__
        for name, value in vars(kind).items():
            if not name.startswith("_"):
                doc = value.__func__.__doc__ if isinstance(value, classmethod | staticmethod) else value.__doc__
                yield f"{kind.__name__}.{name}", doc


@pytest.mark.parametrize(("item", "doc"), list(documented()), ids=[item for item, _ in documented()])
def test_every_item_is_documented(item, doc):
    assert doc, item


def test_examples_are_there():
    assert sum(">>>" in (doc or "") for _, doc in documented()) >= 20


def test_every_exception_is_documented():
    errors = [value for value in vars(ackcast).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(errors) > 50
    for error in errors:
        assert error.__doc__ and error.__module__ == "ackcast"
        assert issubclass(error, ackcast.Error)


STUBTEST = [sys.executable, "-m", "mypy.stubtest", "ackcast"]


@pytest.mark.seconds(300)
@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_stubs_are_those_of_the_module(pytestconfig):
    package = pathlib.Path(__file__).parent.parent
    cache = {"MYPY_CACHE_DIR": str(pytestconfig.cache.mkdir("mypy")), "PATH": "/usr/bin:/bin"}
    strict = [sys.executable, "-m", "mypy", "--strict", "-p", "ackcast"]
    for command in (strict, STUBTEST):
        done = subprocess.run(command, cwd=package / "python", env=cache, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stdout + done.stderr
