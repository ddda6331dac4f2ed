"""Acknowledged broadcast over shared memory: processes on one machine send messages to every consumer."""

from ._ackcast import Borrow, Channel, Consumer, Loan, Producer, __version__
from ._errors import *  # noqa: F403
from ._errors import __all__ as _errors_all
from ._types import ConsumerStats, Drained, ProducerStats, Published, Stats

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
    "__version__",
    *_errors_all,
]
