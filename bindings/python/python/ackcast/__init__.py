"""Acknowledged broadcast over shared memory: processes on one machine send messages to every consumer."""

from . import _fork as _fork
from ._ackcast import Borrow, Channel, Consumer, Loan, Producer, __version__
from ._errors import *  # noqa: F403
from ._errors import __all__ as _errors_all
from ._types import ConsumerStats, Drained, ProducerStats, Published, Stats
from ._value_type import ValueType

__all__ = [
    "Borrow",
    "Channel",
    "Consumer",
    "ConsumerStats",
    "Drained",
    "Loan",
    "Producer",
    "ProducerStats",
    "Published",
    "Stats",
    "ValueType",
    "__version__",
    "aio",
    *_errors_all,
]


def __getattr__(name: str) -> object:
    """Imports `ackcast.aio`, and with it asyncio, when it is used first."""
    if name == "aio":
        import importlib

        return importlib.import_module(".aio", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
