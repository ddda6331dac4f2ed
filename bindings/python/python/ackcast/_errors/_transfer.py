"""Why a message was not sent, received or acknowledged."""

from __future__ import annotations

from ._base import (
    Corrupt,
    DrainError,
    Ended,
    Inherited,
    LivenessUnknown,
    RecvError,
    SendError,
    TimedOut,
)

# Sending.


class TooLong(SendError, ValueError):
    """The message is longer than a slot."""

    len: int
    slot_size: int


class SendTimedOut(SendError, TimedOut):
    """The time was up, and there was no free slot, or another producer had the write lock."""

    blocked_on: str
    """What the call waited for: "lock", "acknowledgement", "start", or "thread", another one that uses the handle."""
    owner: int | None
    """"lock": the producer that holds it, where that is known."""
    consumer: int | None
    """"acknowledgement": the consumer that has not acknowledged."""
    message: int | None
    """"acknowledgement": the message whose slot is needed."""
    joined: int | None
    """"start": how many consumers have joined."""
    wanted: int | None
    """"start": how many consumers the first message waits for."""


class SendEnded(SendError, Ended):
    """END was published: nothing can follow."""


class SendInherited(SendError, Inherited):
    """The producer was attached by the process that forked this one."""


class SendLivenessUnknown(SendError, LivenessUnknown):
    """The call waits for a participant, and the system does not say whether it lives."""


class SendCorrupt(SendError, Corrupt):
    """The segment holds a value that no participant can have written."""


# Receiving.


class RecvTimedOut(RecvError, TimedOut):
    """The time was up before the next message was published."""

    next: int | None
    """The message waited for, counted from 0. None: another thread used the handle."""


class RecvEnded(RecvError, Ended):
    """END: every message was received, and none follows."""


class ProducersLost(RecvError):
    """Every published message was received, and every attached producer died without finishing.

    If another producer joins, receiving goes on.
    """

    producers: tuple[int, ...]
    """The numbers of the dead producers."""


class RecvInherited(RecvError, Inherited):
    """The consumer was attached by the process that forked this one."""


class RecvLivenessUnknown(RecvError, LivenessUnknown):
    """The call waits for the producers, and the system does not say whether they live."""


class RecvCorrupt(RecvError, Corrupt):
    """The segment holds a value that no participant can have written."""


class BufferTooSmall(RecvError, ValueError):
    """The message does not fit the buffer of `recv_into`. It is not acknowledged, and is received again."""

    len: int
    """The message's length in bytes."""
    capacity: int
    """The buffer's size in bytes."""


class NotAValue(RecvError, ValueError):
    """The message has another length than a value of the type. It is not acknowledged, and is received again."""

    found: int
    """The message's length in bytes."""
    expected: int
    """The type's size in bytes."""


# Draining.


class DrainTimedOut(DrainError, TimedOut):
    """The time was up, and a living consumer has not acknowledged everything."""

    consumer: int | None
    """The consumer that is furthest behind. None: another thread used the handle."""
    acknowledged: int | None
    published: int | None
    behind: int | None
    """How many consumers are behind."""


class DrainInherited(DrainError, Inherited):
    """The producer was attached by the process that forked this one."""


class DrainLivenessUnknown(DrainError, LivenessUnknown):
    """The system does not say whether the consumers live."""


class DrainCorrupt(DrainError, Corrupt):
    """The segment holds a value that no participant can have written."""
